"""Run in Blender: comps with a Robust Matte node, rendered before and after a bake is wired.

Arguments: a folder that the test filled, the folder for what is rendered. What a case finds is told
as JSON, its pictures are files.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

bpy: Any = import_module("bpy")  # in every version, and so without the types of one

MODULE = "bl_ext.user_default.robust_matte"
WIDTH, HEIGHT = 64, 48
media, out = Path(sys.argv[1]), Path(sys.argv[2])
SEQUENCE, MOVIE = media / "numbers" / "p.1001.exr", media / "movie.mov"


def ours(name: str) -> Any:
    """A module of the extension."""
    return import_module(f"{MODULE}.{name}")


versions, frames = ours("versions"), ours("frames")
node_group, result, properties = ours("node_group"), ours("result"), ours("properties")
sources, errors = ours("sources"), ours("errors")
FrameMapping = frames.FrameMapping


# --- comps


def fresh() -> tuple[Any, Any]:
    """An empty file; returns its scene and compositing tree."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    # A factory reset turns all add-ons off.
    bpy.ops.preferences.addon_enable(module=MODULE)
    scene: Any = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.resolution_percentage = 100
    scene.render.compositor_device = "CPU"
    scene.render.filepath = str(out / "unused" / "f")
    tree = versions.make_compositor_tree(scene)
    tree.nodes.remove(versions.output_node(tree))  # else each frame is written once more
    return scene, tree


def image_node(tree: Any, path: Path, start: int = 1, offset: int = 1000, duration: int = 8) -> Any:
    node = tree.nodes.new("CompositorNodeImage")
    node.image = bpy.data.images.load(str(path))
    if path.suffix == ".exr":
        node.image.source = "SEQUENCE"
    node.frame_start, node.frame_offset, node.frame_duration = start, offset, duration
    return node


def clip_node(tree: Any, path: Path, start: int = 1, offset: int = 0) -> Any:
    node = tree.nodes.new("CompositorNodeMovieClip")
    node.clip = bpy.data.movieclips.load(str(path))
    node.clip.frame_start, node.clip.frame_offset = start, offset
    return node


def keyed(tree: Any, source: Any) -> Any:
    node = node_group.add_node(tree, (200.0, 0.0))
    tree.links.new(source.outputs[0], node.inputs["Image"])
    return node


def emptied(scene: Any, tree: Any) -> None:
    """Take away what a row made; quicker than a new file."""
    tree.nodes.clear()
    for group in [one for one in bpy.data.node_groups if properties.is_robust_matte(one)]:
        bpy.data.node_groups.remove(group)
    for image in list(bpy.data.images):
        bpy.data.images.remove(image)
    for clip in list(bpy.data.movieclips):
        bpy.data.movieclips.remove(clip)
    scene.render.fps, scene.render.fps_base = 25, 1.0


def render(scene: Any, tree: Any, name: str, sockets: list[Any], first: int, last: int) -> None:
    """Write what comes out of sockets, as `NAME/<socket>_<frame>.exr`."""
    made = []
    for socket in sockets:
        output, into = versions.add_file_output(tree, out / name, f"{socket.name}_")
        tree.links.new(socket, into)
        made.append(output)
    scene.frame_start, scene.frame_end = first, last
    bpy.ops.render.render(animation=True)
    for output in made:
        tree.nodes.remove(output)


def baked(frames: Any, first: int, last: int, name: str = "bake") -> Any:
    return result.Baked(str(media / name / "m.####.exr"), first, last, frames)


def refused(call: Callable[[], object]) -> list[str]:
    """The error of a call, or nothing."""
    try:
        call()
    except errors.HostError as error:
        return [error.what, error.hint]
    return []


# --- what comes out, to the bit


def case_pixels() -> object:
    """One frame: before a bake, both matte sources, single user, unwired again, a second bake."""
    scene, tree = fresh()
    node = keyed(tree, image_node(tree, media / "pixels" / "p.1001.exr", 1, 1000, 2))
    group = node.node_tree
    mapping = FrameMapping(1, 1000, 2)
    told: dict[str, Any] = {"passes": result.baked_of(group) is None}
    render(scene, tree, "pixels_before", list(node.outputs), 1, 1)
    told["warnings"] = result.wire(group, baked(mapping, 1001, 1002))
    told["baked"] = repr(result.baked_of(group))
    told["image"] = [files_image(group).alpha_mode, files_image(group).colorspace_settings.name]
    render(scene, tree, "pixels_predicted", list(node.outputs), 1, 2)
    properties.settings_of(group).matte_source = "ORIGINAL"
    render(scene, tree, "pixels_original", list(node.outputs), 1, 2)
    result.unwire(group)
    told["images left"] = [one.name for one in bpy.data.images]
    render(scene, tree, "pixels_after", list(node.outputs), 1, 1)
    return told


def files_image(group: Any) -> Any:
    (node,) = [one for one in group.nodes if one.bl_idname == "CompositorNodeImage"]
    return node.image


def case_portable() -> object:
    """A saved file whose paths start at it; rendered by another Blender, without us."""
    (out / "moved").mkdir()
    scene, tree = fresh()
    node = keyed(tree, image_node(tree, media / "pixels" / "p.1001.exr", 1, 1000, 2))
    result.wire(node.node_tree, baked(FrameMapping(1, 1000, 2), 1001, 1001))
    path = media / "shot.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    told = {"wired, then saved": files_image(node.node_tree).filepath}
    for image in bpy.data.images:
        if image.filepath:
            image.filepath = bpy.path.relpath(image.filepath)
    scene.frame_start, scene.frame_end = 1, 2
    bpy.ops.wm.save_mainfile()
    (group,) = [one for one in bpy.data.node_groups if properties.is_robust_matte(one)]
    result.wire(group, baked(FrameMapping(1, 1000, 2), 1001, 1001))
    return {**told, "saved, then wired": files_image(group).filepath}


def case_working_space() -> object:
    """Blender 5 can work in other primaries: files are converted, alpha is not."""
    scene, tree = fresh()
    if bpy.app.version < (5, 0):
        return None
    bpy.ops.wm.set_working_color_space(working_space="ACEScg", convert_colors=True)
    plate = image_node(tree, SEQUENCE, 1, 1000, 2)
    plate.image.colorspace_settings.name = "Non-Color"
    node = keyed(tree, plate)
    space = sources.find_source(scene, tree, node).space
    result.wire(node.node_tree, baked(FrameMapping(1, 1000, 2), 1001, 1002))
    render(scene, tree, "working", list(node.outputs), 1, 1)
    return space


# --- which frame lies under which


ROWS: dict[str, tuple[Callable[[Any], Any], tuple[int, int] | None]] = {
    "sequence": (lambda tree: image_node(tree, SEQUENCE, 1, 1000, 8), None),
    "sequence, start 5, offset": (lambda tree: image_node(tree, SEQUENCE, 5, 1002, 4), None),
    "sequence, cyclic": (lambda tree: cyclic(image_node(tree, SEQUENCE, 3, 1002, 4)), None),
    "sequence, named by its fifth": (
        lambda tree: image_node(tree, SEQUENCE.with_name("p.1005.exr"), 2, 1000, 8),
        None,
    ),
    "sequence, longer than on disk": (lambda tree: image_node(tree, SEQUENCE, 1, 998, 20), None),
    "sequence, part baked": (lambda tree: image_node(tree, SEQUENCE, 2, 1000, 8), (1003, 1005)),
    "sequence, cyclic, part baked": (
        lambda tree: cyclic(image_node(tree, SEQUENCE, 3, 1002, 4)),
        (1004, 1005),
    ),
    "movie": (lambda tree: image_node(tree, MOVIE, 1, 0, 12), None),
    "movie, trimmed": (lambda tree: image_node(tree, MOVIE, 4, 6, 5), None),
    "movie, longer than it is": (lambda tree: image_node(tree, MOVIE, 1, 2, 40), None),
    "clip of a movie": (lambda tree: clip_node(tree, MOVIE, 3, 0), None),
    "clip of a movie, offset": (lambda tree: clip_node(tree, MOVIE, 5, 6), None),
    "clip of a sequence": (lambda tree: clip_node(tree, SEQUENCE, 4, 0), None),
    "clip of a sequence, offset, named by its third": (
        lambda tree: clip_node(tree, SEQUENCE.with_name("p.1003.exr"), 4, 1),
        None,
    ),
}


def cyclic(node: Any) -> Any:
    node.use_cyclic = True
    return node


def case_frames() -> object:
    """Render the plate and the bake of every row; the test reads the numbers in the pixels."""
    told = {}
    scene, tree = fresh()
    for name, (make, part) in ROWS.items():
        emptied(scene, tree)
        plate = make(tree)
        node = keyed(tree, plate)
        source = sources.find_source(scene, tree, node)
        first, last = part or (source.first, source.last)
        result.wire(node.node_tree, baked(source.frames, first, last, "numbered"))
        _, into = versions.add_file_output(tree, out / f"{name}, before", "Image_")
        tree.links.new(plate.outputs[0], into)
        render(scene, tree, f"{name}, after", list(node.outputs[:1]), 0, 16)
        told[name] = [source.kind, source.first, source.last, first, last]
    return told


# --- where a picture comes from


def told_of(scene: Any, tree: Any, node: Any, space: str = "") -> object:
    try:
        source = sources.find_source(scene, tree, node, space)
    except errors.HostError as error:
        return [error.what, error.hint]
    place = source.plate and Path(source.plate).relative_to(media).as_posix()
    found = source.frames
    mapping = [found.start, found.offset, found.duration, found.after]
    return {
        "kind": source.kind,
        "plate": place,
        "range": [source.first, source.last],
        "frames": mapping,
        "space": source.space,
        "fps": source.fps,
        "warnings": [text.replace(str(media), "MEDIA") for text in source.warnings],
    }


def through_reroute(tree: Any) -> Any:
    first, second = tree.nodes.new("NodeReroute"), tree.nodes.new("NodeReroute")
    tree.links.new(image_node(tree, SEQUENCE).outputs[0], first.inputs[0])
    tree.links.new(first.outputs[0], second.inputs[0])
    return second


def behind(tree: Any, kind: str, is_muted: bool) -> Any:
    node = tree.nodes.new(kind)
    tree.links.new(image_node(tree, SEQUENCE).outputs[0], node.inputs["Image"])
    node.mute = is_muted
    return node


def changed(node: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(node.image, name, value)
    return node


def in_space(tree: Any, name: str) -> Any:
    node = image_node(tree, SEQUENCE)
    node.image.colorspace_settings.name = name
    return node


def generated(tree: Any) -> Any:
    node = tree.nodes.new("CompositorNodeImage")
    node.image = bpy.data.images.new("drawn", WIDTH, HEIGHT)
    return node


def packed(tree: Any) -> Any:
    node = tree.nodes.new("CompositorNodeImage")
    node.image = bpy.data.images.load(str(media / "still_v002.png"))
    node.image.pack()
    return node


def lost(tree: Any, name: str) -> Any:
    node = image_node(tree, MOVIE if name.endswith("mov") else SEQUENCE)
    node.image.filepath = str(media / "lost" / name)
    return node


def still(tree: Any, name: str) -> Any:
    node = tree.nodes.new("CompositorNodeImage")
    node.image = bpy.data.images.load(str(media / name))
    return node


SOURCES: dict[str, Callable[[Any], Any]] = {
    "sequence": lambda tree: image_node(tree, SEQUENCE, 5, 1002, 4),
    "gaps": lambda tree: image_node(tree, media / "gaps" / "p.1001.exr", 1, 1000, 9),
    "one frame": lambda tree: image_node(tree, SEQUENCE, 1, 1000, 1),
    "movie": lambda tree: image_node(tree, MOVIE, 1, 2, 40),
    "clip": lambda tree: clip_node(tree, MOVIE, 5, 2),
    "sequence clip": lambda tree: clip_node(tree, SEQUENCE.with_name("p.1003.exr"), 4, 1),
    "still": lambda tree: still(tree, "still_v002.png"),
    "numbered still": lambda tree: still(tree, "numbers/p.1004.exr"),
    "alpha": lambda tree: image_node(tree, media / "pixels" / "p.1001.exr", 1, 1000, 2),
    "reroutes": through_reroute,
    "blur": lambda tree: behind(tree, "CompositorNodeBlur", False),
    "muted blur": lambda tree: behind(tree, "CompositorNodeBlur", True),
    "layers": lambda tree: image_node(tree, media / "bake" / "m.1001.exr", 1, 1000, 2),
    "generated": generated,
    "packed": packed,
    "render layers": lambda tree: tree.nodes.new("CompositorNodeRLayers"),
    "camera log": lambda tree: in_space(tree, "Filmic Log"),
    "ACEScg": lambda tree: in_space(tree, "ACEScg"),
    "data": lambda tree: in_space(tree, "Non-Color"),
    "no picture": lambda tree: tree.nodes.new("CompositorNodeImage"),
    "lost sequence": lambda tree: lost(tree, "p.1001.exr"),
    "lost movie": lambda tree: lost(tree, "m.mov"),
    "wrong offset": lambda tree: image_node(tree, SEQUENCE, 1, 0, 8),
    "movie begins after its end": lambda tree: image_node(tree, MOVIE, 1, 50, 8),
}


def case_sources() -> object:
    told: dict[str, object] = {}
    scene, tree = fresh()
    for name, make in SOURCES.items():
        emptied(scene, tree)
        told[name] = told_of(scene, tree, keyed(tree, make(tree)))
    emptied(scene, tree)
    node = keyed(tree, in_space(tree, "Filmic Log"))
    told["camera log, told"] = told_of(scene, tree, node, "ARRI LogC4")
    emptied(scene, tree)
    node = node_group.add_node(tree, (0.0, 0.0))
    told["nothing"] = told_of(scene, tree, node)
    link = tree.links.new(image_node(tree, SEQUENCE).outputs[0], node.inputs[0])
    link.is_muted = True
    told["muted link"] = told_of(scene, tree, node)
    link.is_muted = False
    tree.links.new(image_node(tree, SEQUENCE).outputs["Alpha"], node.inputs[0])
    told["alpha socket"] = told_of(scene, tree, node)
    scene.render.fps, scene.render.fps_base = 24, 1.001
    tree.links.new(image_node(tree, MOVIE, 1, 0).outputs[0], node.inputs[0])
    told["other rate"] = told_of(scene, tree, node)
    told["clips left"] = len(bpy.data.movieclips)
    told["library"] = from_library(scene, tree)
    told.update(in_groups(scene, tree))
    return told


def from_library(scene: Any, tree: Any) -> object:
    """A picture of another .blend: its relative path starts there."""
    emptied(scene, tree)
    image = bpy.data.images.load(str(SEQUENCE))
    image.source, image.filepath = "SEQUENCE", "//../numbers/p.1001.exr"
    library = media / "library" / "pictures.blend"
    library.parent.mkdir()
    bpy.data.libraries.write(str(library), {image}, path_remap="NONE")
    emptied(scene, tree)
    with bpy.data.libraries.load(str(library), link=True) as (there, here):
        here.images = list(there.images)
    node = image_node(tree, SEQUENCE)
    node.image = here.images[0]
    assert node.image.library is not None
    return told_of(scene, tree, keyed(tree, node))


def in_groups(scene: Any, tree: Any) -> dict[str, object]:
    """A node inside a group: its input is followed where the group is used once."""
    emptied(scene, tree)
    group: Any = bpy.data.node_groups.new("Comp", "CompositorNodeTree")
    group.interface.new_socket("Plate", in_out="INPUT", socket_type="NodeSocketColor")
    node = node_group.add_node(group, (0.0, 0.0))
    group.links.new(group.nodes.new("NodeGroupInput").outputs[0], node.inputs[0])
    outer = tree.nodes.new("CompositorNodeGroup")
    outer.node_tree, outer.name = group, "Outer"
    told = {"open group": told_of(scene, group, node)}
    tree.links.new(image_node(tree, SEQUENCE).outputs[0], outer.inputs[0])
    told["group"] = told_of(scene, group, node)
    tree.nodes.new("CompositorNodeGroup").node_tree = group
    told["group used twice"] = told_of(scene, group, node)
    return told


# --- whose a group, a bake and a picture are


def case_copies() -> object:
    scene, tree = fresh()
    node = keyed(tree, image_node(tree, media / "pixels" / "p.1001.exr", 1, 1000, 2))
    group = node.node_tree
    settings = properties.settings_of(group)
    uid, told = settings.uid, dict[str, Any]()
    bake = baked(FrameMapping(1, 1000, 2), 1001, 1002)
    result.wire(group, bake)
    settings.baked_hash, settings.model = "abc", "draft"
    bpy.data.scenes.remove(scene.copy())  # after which 4.2 counts a user too many of all
    told["alone"] = [node_group.is_shared(node), properties.is_copy(group)]
    theirs = bpy.data.images.load(str(media / "bake" / "m.1001.exr"))
    twin = tree.nodes.new("CompositorNodeGroup")
    twin.node_tree = group
    told["shared"] = [node_group.is_shared(node), properties.is_copy(group)]
    single = node_group.make_single_user(twin)
    found = properties.settings_of(single)
    told["single"] = [single != group, found.uid != uid, found.model, found.baked_hash]
    told["single passes"] = result.baked_of(single) is None
    told["first keeps"] = [settings.uid == uid, settings.baked_hash, repr(result.baked_of(group))]
    copied = group.copy()
    told["copy"] = [properties.is_copy(copied), properties.is_copy(group)]
    told["tree of"] = properties.tree_of(uid) == group
    group.name = "Zoe"
    told["tree of renamed"] = properties.tree_of(uid) == group
    is_same = properties.own_uid(group) == uid
    blend, twin.node_tree = str(out / "copies.blend"), copied
    bpy.ops.wm.save_as_mainfile(filepath=blend, copy=True)
    told["renamed"] = [is_same, properties.own_uid(copied) != uid]
    told["own copy"] = node_group.make_single_user(twin) == copied
    told |= pictures(tree, group, theirs)
    bpy.ops.wm.open_mainfile(filepath=blend)
    told["opened"] = properties.tree_of(uid).name
    return told


def pictures(tree: Any, group: Any, theirs: Any) -> dict[str, Any]:
    """Wire a group again and again: its former pictures go, those of others stay."""
    told, bake = dict[str, Any](), baked(FrameMapping(1, 1000, 2), 1001, 1002)
    result.wire(group, baked(FrameMapping(1, 1000, 2), 1001, 1001))
    kept = [one for one in bpy.data.images if "robust_matte" in one]
    told["pictures"] = [len(kept), theirs.name in bpy.data.images, kept[0].users]
    held = files_image(group)
    borrower = tree.nodes.new("CompositorNodeImage")
    borrower.image = held
    result.wire(group, bake)
    told["borrowed"] = [borrower.image == held, files_image(group) != held]
    group.nodes.new("CompositorNodeBlur").name = "Theirs"
    result.wire(group, bake)
    told["their node"] = "Theirs" in group.nodes
    told["drivers"] = group.animation_data is None or len(group.animation_data.drivers)
    return told


def case_refused() -> object:
    """A library's group, and files that are not those of a bake; the group stays as it was."""
    _, tree = fresh()
    node = keyed(tree, image_node(tree, media / "pixels" / "p.1001.exr", 1, 1000, 2))
    library = out / "library.blend"
    bake = baked(FrameMapping(1, 1000, 2), 1001, 1002)
    result.wire(node.node_tree, bake)
    told: dict[str, Any] = {
        "gap": refused(lambda: result.wire(node.node_tree, baked(bake.frames, 1001, 1003))),
        "no folder": refused(lambda: result.wire(node.node_tree, baked(bake.frames, 1, 2, "no"))),
        "layers": refused(
            lambda: result.wire(node.node_tree, baked(FrameMapping(1, 1000, 8), 1001, 1002, "flat"))
        ),
        "elsewhere": refused(
            lambda: result.wire(node.node_tree, baked(FrameMapping(1, 0, 8), 1001, 1002))
        ),
    }
    told["as it was"] = repr(result.baked_of(node.node_tree)) == repr(bake)
    told["pictures"] = len([one for one in bpy.data.images if "robust_matte" in one])
    bpy.data.libraries.write(str(library), {node.node_tree})
    _, tree = fresh()
    with bpy.data.libraries.load(str(library), link=True) as (there, here):
        here.node_groups = [name for name in there.node_groups if name == "Robust Matte"]
    linked = here.node_groups[0]
    user = tree.nodes.new("CompositorNodeGroup")
    user.node_tree = linked
    told["own uid"] = refused(lambda: properties.own_uid(linked))
    told["wire"] = refused(lambda: result.wire(linked, bake))
    told["unwire"] = refused(lambda: result.unwire(linked))
    told["linked still baked"] = repr(result.baked_of(linked)) == repr(bake)
    local = node_group.make_single_user(user)
    told["made local"] = [local.library is None, result.baked_of(local) is None]
    told["wired local"] = refused(lambda: result.wire(local, bake))
    return told


found: dict[str, object] = {"version": bpy.app.version_string}
for case in (
    case_pixels,
    case_portable,
    case_frames,
    case_sources,
    case_copies,
    case_refused,
    case_working_space,
):
    found[case.__name__.removeprefix("case_")] = case()
sys.stdout.write(f"FOUND {json.dumps(found)}\n")
