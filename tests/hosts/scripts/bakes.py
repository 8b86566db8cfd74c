"""Run in Blender: nodes are added, baked by a real worker, rendered, and previewed.

Arguments: a folder with plates, a folder for what is rendered. What a case finds is told as JSON.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import bpy

MODULE = "bl_ext.user_default.robust_matte"
WIDTH, HEIGHT = 64, 48
media, out = Path(sys.argv[1]), Path(sys.argv[2])
ops: Any = bpy.ops


def ours(name: str) -> Any:
    """A module of the extension."""
    return import_module(f"{MODULE}.{name}")


versions, properties, targets = ours("versions"), ours("properties"), ours("targets")


def fresh() -> tuple[Any, Any]:
    """An empty file; returns its scene and compositing tree."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=MODULE)  # a factory reset turns all add-ons off
    scene: Any = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.resolution_percentage = 100
    scene.render.compositor_device = "CPU"
    scene.render.filepath = str(out / "unused" / "f")
    tree = versions.make_compositor_tree(scene)
    tree.nodes.remove(versions.output_node(tree))
    preferences: Any = bpy.context.preferences
    preferences.addons[MODULE].preferences.device = "cpu"
    return scene, tree


def plate(tree: Any, path: Path, start: int, offset: int, duration: int) -> Any:
    node = tree.nodes.new("CompositorNodeImage")
    node.image = bpy.data.images.load(str(path))
    if path.suffix == ".exr":
        node.image.source = "SEQUENCE"
    node.frame_start, node.frame_offset, node.frame_duration = start, offset, duration
    return node


def keyed(tree: Any, source: Any) -> Any:
    """A node, as the menu makes it."""
    assert ops.robust_matte.add_node() == {"FINISHED"}
    node = tree.nodes.active
    tree.links.new(source.outputs[0], node.inputs["Image"])
    settings = properties.settings_of(node.node_tree)
    settings.model, settings.warm_up = "draft", 2
    return node


def render(scene: Any, tree: Any, node: Any, name: str, first: int, last: int) -> None:
    made = []
    for socket in node.outputs:
        output, into = versions.add_file_output(tree, out / name, f"{socket.name}_")
        tree.links.new(socket, into)
        made.append(output)
    scene.frame_start, scene.frame_end = first, last
    bpy.ops.render.render(animation=True)
    for output in made:
        tree.nodes.remove(output)


def state(node: Any) -> dict[str, Any]:
    settings = properties.settings_of(node.node_tree)
    folder = bpy.path.abspath(settings.baked_folder)
    names = ("baked_frames", "baked_approximate")
    files = sorted(path.name for path in Path(folder).iterdir()) if folder else []
    told = {name: getattr(settings, name) for name in names}
    return {"folder": folder, "files": files, **told}


def inodes(node: Any) -> dict[str, int]:
    """The frames of a bake, and which file of the disk each is."""
    folder = Path(state(node)["folder"])
    return {path.name: path.stat().st_ino for path in folder.glob("*.exr")}


def case_sequence() -> object:
    """A sequence from 1001, seen from scene frame 5 on; only a part of it is baked."""
    scene, tree = fresh()
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "shot.blend"))
    node = keyed(tree, plate(tree, media / "p.1001.exr", 5, 1000, 4))
    settings = properties.settings_of(node.node_tree)
    settings.range_mode, settings.first, settings.last = "CUSTOM", 5, 7
    assert ops.robust_matte.bake() == {"FINISHED"}
    render(scene, tree, node, "sequence", 5, 7)
    first = state(node)
    assert ops.robust_matte.bake() == {"FINISHED"}
    again = state(node)
    kept = inodes(node)
    settings.last = 8
    assert ops.robust_matte.bake() == {"FINISHED"}
    extended, more = state(node), inodes(node)
    render(scene, tree, node, "extended", 5, 8)
    settings.first = 6
    assert ops.robust_matte.bake() == {"FINISHED"}
    shrunk, less = state(node), inodes(node)
    render(scene, tree, node, "shrunk", 5, 8)
    settings.gain = "1"
    assert ops.robust_matte.bake(node=node.name) == {"FINISHED"}
    other = state(node)
    (plan,) = Path(other["folder"]).glob("*/plan.json")
    changed = json.loads(plan.read_text("utf-8"))
    changed["request"]["weights"]["sha256"] = "0" * 64  # as of weights of another release
    plan.write_text(json.dumps(changed), "utf-8")
    anew = []
    for _ in range(2):
        assert ops.robust_matte.bake() == {"FINISHED"}
        anew.append([state(node)["folder"], inodes(node)])
    return {
        "first": first,
        "again": again,
        "extended": extended,
        "shrunk": shrunk,
        "inodes": [kept, more, less],
        "other": other,
        "anew": anew,
        "settings": settings.baked_folder,
    }


def case_movie() -> object:
    """A movie from its third frame on, in a file that was never saved."""
    scene, tree = fresh()
    node = keyed(tree, plate(tree, media / "m.mp4", 1, 2, 5))
    assert ops.robust_matte.bake() == {"FINISHED"}
    render(scene, tree, node, "movie", 1, 3)
    return state(node)


def case_preview() -> object:
    """One frame of a movie, then quickly, then the bake that takes its place."""
    scene, tree = fresh()
    node = keyed(tree, plate(tree, media / "m.mp4", 1, 2, 5))
    scene.frame_set(2)
    assert ops.robust_matte.preview() == {"FINISHED"}
    told = {"exact": state(node)}
    render(scene, tree, node, "preview", 1, 3)
    assert ops.robust_matte.preview(quick=True) == {"FINISHED"}
    told["quick"] = state(node)
    assert ops.robust_matte.bake() == {"FINISHED"}
    told["bake"] = state(node)
    left = [Path(told[name]["folder"]).is_dir() for name in ("exact", "quick")]
    return {**told, "left": left, "frame": scene.frame_current}


def case_upstream() -> object:
    """What comes out of a node in between: rendered first, by the scene's numbers."""
    scene, tree = fresh()
    scene.frame_start, scene.frame_end = 2, 4
    source = plate(tree, media / "p.1001.exr", 2, 1000, 4)
    between = tree.nodes.new("CompositorNodeExposure")
    between.inputs["Exposure"].default_value = 1.0
    tree.links.new(source.outputs[0], between.inputs[0])
    node = keyed(tree, between)
    assert ops.robust_matte.bake() == {"FINISHED"}
    render(scene, tree, node, "upstream", 2, 4)
    first = state(node)
    assert ops.robust_matte.bake() == {"FINISHED"}
    again = state(node)
    scene.frame_set(3)
    assert ops.robust_matte.preview(quick=True) == {"FINISHED"}
    places = [path.name for path in Path(first["folder"]).parent.iterdir()]
    return {"first": first, "again": again, "places": places, "quick": state(node)}


def case_cut() -> object:
    """A preview of a shot's first frame, of a plate that is rendered: only as far as is needed."""
    scene, tree = fresh()
    scene.frame_start, scene.frame_end = 2, 15
    source = plate(tree, media / "p.1001.exr", 2, 1000, 4)
    source.use_cyclic = True
    between = tree.nodes.new("CompositorNodeExposure")
    tree.links.new(source.outputs[0], between.inputs[0])
    node = keyed(tree, between)
    settings = properties.settings_of(node.node_tree)
    settings.cuts, settings.warm_up = "6", 4
    scene.frame_set(6)
    assert ops.robust_matte.preview() == {"FINISHED"}
    told: dict[str, Any] = {"preview": state(node)}
    plates = Path(told["preview"]["folder"]) / "plate"
    told["plates"] = sorted(path.name for path in plates.iterdir())
    render(scene, tree, node, "cut", 6, 6)
    scene.frame_start, scene.frame_end = 2, 10
    assert ops.robust_matte.bake() == {"FINISHED"}
    told["bake"] = state(node)["folder"]
    scene.frame_end = 15
    settings.gain = "auto"
    scene.frame_set(6)
    order = ours("node_bakes").order_preview(targets.find_target(node.name), quick=False)
    told["measured"] = order.frames
    return told


found = {name: globals()[f"case_{name}"]() for name in sys.argv[3:]}
sys.stdout.write(f"\nFOUND {json.dumps(found)}\n")
