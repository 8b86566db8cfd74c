"""What Blender renders for the worker out of a comp, and that the artist's scene stays as it was.

One Blender renders all of a test's cases, since it takes seconds to start.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import PyOpenColorIO as ocio
import pytest

from robust_matte.media.frames import FloatImage

PLATE_WIDTH, PLATE_HEIGHT = 40, 30
FIRST = 1001
FRAMES = (3, 4, 5)  # of the scene, over plates 1001 to 1003

# What each script begins with: a comp with a plate and a group node as Robust Matte is.
SETUP = '''
import importlib, json, os, sys
from pathlib import Path

module, hosts, folder = sys.argv[1:4]
sys.path.insert(0, hosts)
import bpy
from blend_dump import differences, dump_blend

errors, plate_render, scene_bake, versions = (
    importlib.import_module(f"{module}.{name}")
    for name in ("errors", "plate_render", "scene_bake", "versions")
)
folder = Path(folder)
told = []


def new_scene():
    """Return a scene of 64x48 with a plate, and a node that passes its Image through."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    render = scene.render
    render.resolution_x, render.resolution_y = 64, 48
    render.compositor_device = "CPU"
    tree = versions.make_compositor_tree(scene)
    return scene, tree, add_plate(tree, folder / "plate.1001.exr"), add_group(tree, "Robust Matte")


def add_plate(tree, path):
    image = bpy.data.images.load(str(path))
    image.source = "SEQUENCE"
    node = tree.nodes.new("CompositorNodeImage")
    node.image = image
    node.frame_start, node.frame_offset, node.frame_duration = 3, 1000, 3
    return node


def add_group(tree, name):
    group = bpy.data.node_groups.new(name, "CompositorNodeTree")
    for in_out in ("INPUT", "OUTPUT"):
        group.interface.new_socket("Image", in_out=in_out, socket_type="NodeSocketColor")
    inside, outside = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
    group.links.new(inside.outputs[0], outside.inputs[0])
    node = tree.nodes.new("CompositorNodeGroup")
    node.name, node.node_tree = name, group
    return node


def add(tree, kind, socket, **values):
    node = tree.nodes.new(kind)
    tree.links.new(socket, node.inputs[0])
    for name, value in values.items():
        node.inputs[name].default_value = value
    return node.outputs[0]


def connect(tree, socket, node):
    """Have a socket go through a node to the scene's output."""
    tree.links.new(socket, node.inputs[0])
    tree.links.new(node.outputs[0], versions.output_node(tree).inputs[0])


def render_frame(scene, name, frame=4):
    """Render as the artist would, all of the frame at full size."""
    versions.set_exr(scene.render.image_settings)
    scene.render.filepath = str(folder / f"{name}_####")
    scene.frame_start = scene.frame_end = frame
    bpy.ops.render.render(animation=True)


def bake(scene, tree, node, name, first=3, last=5):
    return scene_bake.UpstreamBake(scene, tree, node, folder / name, first, last)
'''

PIXELS = '''
calls = []


def called(*_):
    calls.append(1)


def check(name, scene, tree, node):
    """Bake, and keep what was done and what changed."""
    before = dump_blend()
    with bpy.context.temp_override(window=None):  # as in the ticks of a timer
        frames = list(bake(scene, tree, node, name))
    told.append([name, frames, differences(before, dump_blend())])


# A graded plate, in a scene that is set to render something else altogether.
scene, tree, plate, node = new_scene()
reroute = add(tree, "NodeReroute", plate.outputs[0])
graded = add(tree, "CompositorNodeExposure", reroute, Exposure=1.0)
connect(tree, add(tree, "NodeReroute", graded), node)
_, written = versions.add_file_output(tree, folder / "own_files", "own_")
tree.links.new(graded, written)
render = scene.render
render.resolution_percentage = 50
render.use_border = render.use_crop_to_border = True
render.border_max_x = render.border_max_y = 0.5
render.use_multiview = True
render.use_overwrite, render.use_placeholder = False, True
render.use_stamp = True
render.filepath = str(folder / "own_files" / "render_")
scene.frame_start, scene.frame_end, scene.frame_step, scene.frame_current = 1, 9, 2, 7
strips = versions.strips(scene.sequence_editor_create())
if bpy.app.version >= (5, 0):
    strips.new_effect("colour", "COLOR", channel=1, frame_start=1, length=9)
else:
    strips.new_effect("colour", "COLOR", channel=1, frame_start=1, frame_end=9)
render.use_sequencer = True
for name in ("render_pre", "render_write", "render_complete"):
    getattr(bpy.app.handlers, name).append(called)
check("graded", scene, tree, node)
for name in ("render_pre", "render_write", "render_complete"):
    getattr(bpy.app.handlers, name).remove(called)

# Moved and scaled: as it lies in the frame.
scene, tree, plate, node = new_scene()
scaled = add(tree, "CompositorNodeScale", plate.outputs[0], X=1.3, Y=0.7)
connect(tree, add(tree, "CompositorNodeTranslate", scaled, X=9.25, Y=-5.0), node)
render_frame(scene, "placed_wanted")
check("placed", scene, tree, node)

# The same inside a group, whose own files are not written, and animated.
scene, tree, plate, node = new_scene()
outer = add_group(tree, "Moved")
inner = outer.node_tree
source = inner.nodes["Group Input"].outputs[0]
moved = add(inner, "CompositorNodeTranslate", source, X=9.25, Y=-5.0)
inner.links.new(moved, inner.nodes["Group Output"].inputs[0])
slide = moved.node.inputs["X"]
for frame, value in ((3, 0.0), (5, 30.0)):
    slide.default_value = value
    slide.keyframe_insert("default_value", frame=frame)
_, written = versions.add_file_output(inner, folder / "own_files", "inner_")
output = written.node
tree.links.new(plate.outputs[0], outer.inputs[0])
connect(tree, outer.outputs[0], node)
output.mute = True
render_frame(scene, "inner_wanted")
output.mute = False
inner.links.new(source, written)
check("inner", scene, tree, node)

# One channel.
scene, tree, plate, node = new_scene()
connect(tree, plate.outputs["Alpha"], node)
check("alpha", scene, tree, node)

# Two in a row: the first one is baked, its files are what the second one keys.
scene, tree, plate, node = new_scene()
first = add_group(tree, "Robust Matte.001")
files = add_plate(first.node_tree, folder / "baked.1001.exr")
first.node_tree.links.new(files.outputs[0], first.node_tree.nodes["Group Output"].inputs[0])
tree.links.new(plate.outputs[0], first.inputs[0])
connect(tree, first.outputs[0], node)
check("series", scene, tree, node)

print("FOUND " + json.dumps({"told": told, "calls": len(calls)}))
'''

RENDER_LAYERS = """
def add_cube(scene):
    mesh = bpy.data.meshes.new("cube")
    mesh.from_pydata([(-1, -1, 0), (1, -1, 0), (0, 1, 0)], [], [(0, 1, 2)])
    thing = bpy.data.objects.new("thing", mesh)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location.z = 4
    light = bpy.data.objects.new("light", bpy.data.lights.new("light", "POINT"))
    light.location = (1, 1, 1)
    light.data.energy = 100
    for one in (thing, camera, light):
        scene.collection.objects.link(one)
    scene.camera = camera
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.cycles.use_denoising = False
    scene.render.film_transparent = True
    scene.world = bpy.data.worlds.new("world")
    for frame in (3, 5):
        thing.location.x = (frame - 4) * 0.7
        thing.keyframe_insert("location", frame=frame)


scene, tree, plate, node = new_scene()
scene.render.resolution_x, scene.render.resolution_y = 16, 12
add_cube(scene)
other = bpy.data.scenes.new("Other")
other.frame_current = 77
add_cube(other)
layers = tree.nodes.new("CompositorNodeRLayers")
layers.scene = scene
others = tree.nodes.new("CompositorNodeRLayers")
others.scene = other
mix = tree.nodes.new("CompositorNodeAlphaOver")
under, over = (one for one in mix.inputs if one.type == "RGBA")
tree.links.new(layers.outputs["Image"], under)
tree.links.new(others.outputs["Image"], over)
both = mix.outputs[0]
connect(tree, both, node)
_, written = versions.add_file_output(tree, folder, "layers_wanted_")
tree.links.new(both, written)
scene.frame_start = scene.frame_end = 4
scene.render.filepath = str(folder / "unused")
bpy.ops.render.render(animation=True)
other.frame_current = 77
scene.frame_set(9)
before = dump_blend()
frames = list(bake(scene, tree, node, "layers", 4, 4))
told.append(["layers", frames, differences(before, dump_blend())])
print("FOUND " + json.dumps({"told": told}))
"""

FAILURES = '''
import resource


def attempt(name, make):
    """Keep what a failing bake says, what it leaves, and what changed."""
    before = dump_blend()
    said = ["", ""]
    try:
        for _ in make():
            pass
    except errors.HostError as error:
        said = [error.what, error.hint]
    place = folder / name
    left = sorted(one.name for one in place.rglob("*")) if place.is_dir() else []
    told.append([name, said, left, differences(before, dump_blend())])


scene, tree, plate, node = new_scene()
attempt("nothing", lambda: bake(scene, tree, node, "nothing"))

connect(tree, tree.nodes.new("CompositorNodeRGB").outputs[0], node)
attempt("colour", lambda: bake(scene, tree, node, "colour"))

connect(tree, plate.outputs[0], node)
group = add_group(tree, "Outer").node_tree
inside = add_group(group, "Inside")
group.links.new(group.nodes["Group Input"].outputs[0], inside.inputs[0])
attempt("nested", lambda: bake(scene, group, inside, "nested"))

twin = tree.nodes.new("CompositorNodeGroup")
twin.node_tree = node.node_tree
tree.links.new(plate.outputs[0], twin.inputs[0])
connect(tree, twin.outputs[0], node)
attempt("twin", lambda: bake(scene, tree, node, "twin"))

tree.links.new(node.outputs[0], twin.inputs[0])
attempt("circle", lambda: bake(scene, tree, node, "circle"))
tree.nodes.remove(twin)

layers = tree.nodes.new("CompositorNodeRLayers")
layers.scene = scene
connect(tree, layers.outputs["Image"], node)
attempt("camera", lambda: bake(scene, tree, node, "camera"))

connect(tree, plate.outputs[0], node)
(folder / "file").write_text("")
attempt("folder", lambda: bake(scene, tree, node, "file/plates"))


def full_disk():
    steps = bake(scene, tree, node, "full")
    yield next(steps)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        yield from steps
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


attempt("full", full_disk)


def given_up():
    steps = bake(scene, tree, node, "closed")
    yield next(steps)
    steps.close()
    assert list(steps) == []


attempt("closed", given_up)


def broken():
    kept = plate_render.is_whole

    def fail(path):
        raise KeyError("a bug")

    plate_render.is_whole = fail
    try:
        list(bake(scene, tree, node, "broken"))
    except KeyError:
        raise errors.HostError("a bug", hint="") from None
    finally:
        plate_render.is_whole = kept
    yield


attempt("broken", broken)


def gone():
    steps = bake(scene, tree, node, "gone")
    yield next(steps)
    name, node.name = node.name, "Renamed"
    try:
        yield from steps
    finally:
        node.name = name


attempt("gone", gone)


def changed(change, back):
    steps = bake(scene, tree, node, "changed")
    yield next(steps)
    scene.frame_set(4)
    yield next(steps)  # another frame shown is no change
    change()
    try:
        yield from steps
    finally:
        back()
        scene.frame_set(1)


exposure = add(tree, "CompositorNodeExposure", plate.outputs[0])
stops = exposure.node.inputs["Exposure"]
curves = tree.nodes.new("CompositorNodeCurveRGB")
tree.links.new(exposure, [one for one in curves.inputs if one.type == "RGBA"][0])
blur = add(tree, "CompositorNodeTranslate", curves.outputs[0])
slide = blur.node.inputs["X"]
for frame, value in ((3, 0.0), (5, 30.0)):
    slide.default_value = value
    slide.keyframe_insert("default_value", frame=frame)
connect(tree, blur, node)
scene.frame_set(1)
point = curves.mapping.curves[3].points[1]
top = tuple(point.location)


def set_stops(value):
    stops.default_value = value


def set_point(place):
    point.location = place


def set_offset(value):
    plate.frame_offset = value


CHANGES = {
    "value": (set_stops, 1.0, 0.0),
    "curve": (set_point, (0.5, 1.0), top),
    "frames": (set_offset, 999, 1000),
}
for name, (change, value, back) in CHANGES.items():
    attempt(name, lambda: changed(lambda: change(value), lambda: change(back)))
attempt("animated", lambda: changed(lambda: None, lambda: None))
print("FOUND " + json.dumps(told))
'''


STUDIO = """
scene, tree, plate, node = new_scene()
plate.image.colorspace_settings.name = "Linear Rec.709 (sRGB)"
connect(tree, add(tree, "CompositorNodeExposure", plate.outputs[0], Exposure=1.0), node)
told.append(list(bake(scene, tree, node, "studio")))
print("FOUND " + json.dumps({"told": told}))
"""


def plate(number: int) -> FloatImage:
    """Return a plate with numbers that show every mistake: negative, bright, colour at alpha 0."""
    pixels = np.random.default_rng(number).normal(0.5, 1, (PLATE_HEIGHT, PLATE_WIDTH, 4))
    pixels[..., 3] = pixels[..., 3].clip(0, 1)
    pixels[0, 0] = (number, 12.5, -3, 1)
    return pixels.astype(np.float32)


def write(path: Path, pixels: FloatImage) -> None:
    file = oiio.ImageBuf(np.ascontiguousarray(pixels))
    assert file.write(str(path)), file.geterror()


def read(path: Path) -> FloatImage:
    """Read an EXR of Blender's, RGBA, without Blender."""
    file = oiio.ImageBuf(str(path))
    assert list(file.spec().channelnames) == ["R", "G", "B", "A"]
    assert file.spec().format == oiio.FLOAT
    return np.asarray(file.get_pixels(oiio.FLOAT), np.float32)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def bakes(
    blender: Path, extension: Any, run_in_blender: Callable[..., Any], root: Path, tmp_path: Path
) -> Callable[[str], Any]:
    """Run a script after `SETUP`, with three plates; return what it found."""
    for number in range(FIRST, FIRST + 3):
        write(tmp_path / f"plate.{number}.exr", plate(number))
        write(tmp_path / f"baked.{number}.exr", plate(number + 50))

    def run(script: str, **environment: str) -> Any:
        hosts = root / "tests" / "hosts"
        arguments = (extension.module, hosts, tmp_path)
        ran = run_in_blender(
            blender, SETUP + script, *arguments, extension=extension, environment=environment
        )
        return ran.found()

    return run


def test_baked_plates_are_what_goes_into_the_node_and_the_scene_stays(
    bakes: Callable[[str], Any], tmp_path: Path
) -> None:
    found = bakes(PIXELS)

    assert [name for name, _, _ in found["told"]] == [
        "graded",
        "placed",
        "inner",
        "alpha",
        "series",
    ]
    for name, frames, changed in found["told"]:
        assert frames == list(FRAMES), name
        assert changed == [], name
        assert files_in(tmp_path / name) == [f"plate_{frame:04d}.exr" for frame in FRAMES]
    assert found["calls"] == 0, "another extension's handler of renders was called"
    assert not (tmp_path / "own_files").exists(), "the artist's own files were written"

    for index, frame in enumerate(FRAMES):
        source = plate(FIRST + index)
        graded = source * np.array([2, 2, 2, 1], np.float32)
        assert np.array_equal(read(tmp_path / "graded" / f"plate_{frame:04d}.exr"), graded)
        one = source[..., 3]
        alpha = np.stack([one, one, one, np.ones_like(one)], axis=2)
        assert np.array_equal(read(tmp_path / "alpha" / f"plate_{frame:04d}.exr"), alpha)
        series = read(tmp_path / "series" / f"plate_{frame:04d}.exr")
        assert np.array_equal(series, plate(FIRST + index + 50))
    for name in ("placed", "inner"):
        wanted = read(tmp_path / f"{name}_wanted_0004.exr")
        assert wanted.shape == (48, 64, 4)
        assert len(np.unique(wanted)) > 1000
        assert np.array_equal(read(tmp_path / name / "plate_0004.exr"), wanted)
    moves = [read(tmp_path / "inner" / f"plate_{frame:04d}.exr") for frame in (3, 5)]
    begins = [int(np.flatnonzero(move.any(axis=(0, 2)))[0]) for move in moves]
    assert begins[1] - begins[0] == 30, "the animation stands still"


@pytest.mark.full
def test_plates_are_linear_rec709_with_a_studios_config(
    bakes: Callable[..., Any], tmp_path: Path
) -> None:
    """OpenColorIO's own config for CG, which works in ACEScg and has no name of Blender's."""
    config = ocio.Config.CreateFromFile("ocio://cg-config-v1.0.0_aces-v1.3_ocio-v2.1")
    (tmp_path / "config.ocio").write_text(config.serialize(), "utf-8")

    found = bakes(STUDIO, OCIO=str(tmp_path / "config.ocio"))

    assert found["told"] == [list(FRAMES)]
    for index, frame in enumerate(FRAMES):
        wanted = plate(FIRST + index) * np.array([2, 2, 2, 1], np.float32)
        baked = read(tmp_path / "studio" / f"plate_{frame:04d}.exr")
        np.testing.assert_allclose(baked, wanted, rtol=1e-4, atol=0.2)  # of lights up to 2000


def test_rendered_layers_go_in_as_a_file_output_writes_them(
    bakes: Callable[[str], Any], tmp_path: Path
) -> None:
    ((_, frames, changed),) = bakes(RENDER_LAYERS)["told"]

    assert frames == [4]
    assert changed == []
    wanted = read(tmp_path / "layers_wanted_0004.exr")
    assert wanted.shape == (12, 16, 4)
    assert 0 < wanted[..., 3].mean() < 1
    assert len(np.unique(wanted)) > 50
    assert np.array_equal(read(tmp_path / "layers" / "plate_0004.exr"), wanted)


def test_a_bake_that_fails_leaves_whole_frames_and_the_scene(
    bakes: Callable[[str], Any], tmp_path: Path
) -> None:
    found = {name: (what, left, changed) for name, (what, _), left, changed in bakes(FAILURES)}

    assert {name: changed for name, (_, _, changed) in found.items() if changed} == {}
    said = {name: what for name, (what, _, _) in found.items()}
    assert said["nothing"] == 'Nothing is connected to Image of the node "Robust Matte".'
    assert "has no size in frame 3" in said["colour"]
    assert 'which is not the compositor of the scene "Scene"' in said["nested"]
    assert "is the same group, with one bake for both" in said["twin"]
    assert "goes back into its Image" in said["circle"]
    assert "Blender could not render frame 3: " in said["camera"]
    assert "amera" in said["camera"]
    assert str(tmp_path / "file/plates/plate_0003.exr") in said["folder"]
    assert str(tmp_path / "full/plate_0004.exr") in said["full"]
    assert "went while it was rendered" in said["gone"]
    assert said["closed"] == said["animated"] == ""
    for name in ("value", "curve", "frames"):
        assert "was changed while it was rendered" in said[name], name
    left = {name: left for name, (_, left, _) in found.items() if left}
    assert left == {name: ["plate_0003.exr"] for name in ("full", "closed", "gone")}
