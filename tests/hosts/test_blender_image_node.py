"""What Blender's compositor makes of the files of `--layers`: run in its own Python, headless."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from robust_matte.colour.model_view import ModelView
from robust_matte.jobs.outputs import Outputs
from robust_matte.keying.matte import Matte
from robust_matte.media.frames import FloatImage, FrameHeader
from robust_matte.media.sequences import FramePattern
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Depth, Layers, PlateSpace

HEIGHT, WIDTH = 12, 16
Run = Callable[..., Any]

# Opens an EXR in an Image node, tells its sockets, and writes what comes out of each.
SCRIPT = """
import json, sys
import bpy

exr, folder = sys.argv[1:]
scene = bpy.context.scene
scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
scene.render.resolution_percentage = 100
scene.frame_start = scene.frame_end = 1
if bpy.app.version >= (5, 0):
    tree = bpy.data.node_groups.new("comp", "CompositorNodeTree")
    scene.compositing_node_group = tree
else:
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
image = bpy.data.images.load(exr)
image.source = "SEQUENCE"
node = tree.nodes.new("CompositorNodeImage")
node.image = image
node.frame_start, node.frame_offset, node.frame_duration = 1, 1000, 1
sockets = {one.name: one.type for one in node.outputs if one.enabled and not one.is_unavailable}
for name in sockets:
    output = tree.nodes.new("CompositorNodeOutputFile")
    if bpy.app.version >= (5, 0):
        output.directory, output.file_name = folder, name + "_"
        output.file_output_items.clear()
        output.file_output_items.new("RGBA", "x")
        output.format.media_type = "IMAGE"
    else:
        output.base_path = folder
        output.file_slots.clear()
        output.file_slots.new(name + "_x")
    output.format.file_format = "OPEN_EXR"
    output.format.color_depth = "32"
    output.format.color_mode = "RGBA"
    tree.links.new(node.outputs[name], output.inputs[0])
bpy.ops.render.render(animation=True)
print("FOUND " + json.dumps({"version": bpy.app.version_string, "sockets": sockets}))
""".replace("WIDTH", str(WIDTH)).replace("HEIGHT", str(HEIGHT))


@pytest.fixture
def matte(rng: np.random.Generator) -> Matte:
    """Layers with light past white, below black and where there is no alpha."""
    alpha = rng.random((HEIGHT, WIDTH)).astype(np.float32)
    alpha[0], alpha[1] = 0.0, 1.0
    foreground = (rng.random((HEIGHT, WIDTH, 3)) * 9 - 1).astype(np.float32)
    return Matte(
        rgb=foreground * alpha[..., None],
        alpha=alpha,
        foreground=foreground,
        network_alpha=alpha,
        window=Window(0, 0, WIDTH, HEIGHT),
    )


def opened(
    run_in_blender: Run, blender: Path, path: Path, folder: Path
) -> tuple[dict[str, str], dict[str, FloatImage]]:
    """Return the sockets by name with their types, and the RGBA that each gives."""
    found = run_in_blender(blender, SCRIPT, path, folder).found()
    pictures = {}
    for name in found["sockets"]:
        (file,) = folder.glob(f"{name}_*.exr")
        image = oiio.ImageBuf(str(file))
        pictures[name] = np.asarray(image.get_pixels(oiio.FLOAT))
    return found["sockets"], pictures


def written(matte: Matte, folder: Path, layers: Layers) -> Path:
    plate = FramePattern(folder, "m.", 4, ".exr")
    outputs = Outputs.named(str(folder / "m.####.exr"), plate, layers=layers, depth=Depth.FLOAT)
    header = FrameHeader(data_window=matte.window, display_window=matte.window)
    outputs.write(1001, matte, header, {}, ModelView(PlateSpace.LINEAR_REC709))
    return outputs.files(1001)[0]


@pytest.mark.full
def test_multipart_has_a_socket_for_each_layer_to_the_bit(
    run_in_blender: Run, blender: Path, matte: Matte, tmp_path: Path
) -> None:
    sockets, pictures = opened(
        run_in_blender, blender, written(matte, tmp_path, Layers.MULTIPART), tmp_path / "o"
    )
    assert sockets == {"rgba": "RGBA", "foreground": "RGBA", "alpha": "VALUE"}
    np.testing.assert_array_equal(pictures["rgba"][..., :3], matte.rgb)
    np.testing.assert_array_equal(pictures["rgba"][..., 3], matte.alpha)
    np.testing.assert_array_equal(pictures["foreground"][..., :3], matte.foreground)
    np.testing.assert_array_equal(pictures["alpha"][..., 0], matte.alpha)


@pytest.mark.full
def test_separate_rgba_opens_as_a_picture(
    run_in_blender: Run, blender: Path, matte: Matte, tmp_path: Path
) -> None:
    sockets, pictures = opened(
        run_in_blender, blender, written(matte, tmp_path, Layers.SEPARATE), tmp_path / "o"
    )
    assert {"Image", "Alpha"} <= set(sockets)
    np.testing.assert_array_equal(pictures["Image"][..., :3], matte.rgb)
    np.testing.assert_array_equal(pictures["Image"][..., 3], matte.alpha)
    np.testing.assert_array_equal(pictures["Alpha"][..., 0], matte.alpha)
