"""All that differs between Blender 4.2 and 5.2 for compositor, files and strips: nowhere else."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import bpy

__all__ = [
    "StripFrames",
    "add_file_output",
    "all_trees",
    "compositor_tree",
    "curves_of",
    "drive_switch",
    "make_compositor_tree",
    "output_node",
    "set_compositor_tree",
    "set_exr",
    "set_linear_rec709",
    "set_option",
    "strip_frames",
    "strips",
    "working_space",
]

# What Blender and studios' configs call scene-linear Rec.709, the likeliest first.
_LINEAR_REC709 = (
    "Linear Rec.709",
    "Linear Rec.709 (sRGB)",
    "lin_rec709_scene",
    "lin_rec709",
    "Utility - Linear - Rec.709",
    "Utility - Linear - sRGB",
)


class StripFrames(NamedTuple):
    """Where a strip lies, in frames of the timeline.

    Attributes:
        content: Where the first frame of its media lies, seen or not.
        first: The first frame that is seen.
        last: The last frame that is seen.
        trimmed: Frames of the media that are cut off for good before `content`.
    """

    content: int
    first: int
    last: int
    trimmed: int


def compositor_tree(scene: Any) -> Any | None:
    """Return the node tree that composites a scene; None where there is none, or it is off."""
    if bpy.app.version >= (5, 0):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def all_trees() -> list[Any]:
    """Return every node tree of the file that can hold group nodes of the compositor."""
    own = [getattr(scene, "node_tree", None) for scene in bpy.data.scenes]  # Blender 4
    return [*bpy.data.node_groups, *(tree for tree in own if tree is not None)]


def make_compositor_tree(scene: Any) -> Any:
    """Return the node tree that composites a scene; a new one has its output and nothing else.

    In Blender 4 the tree belongs to its scene, which makes it with nodes for its render: they go.
    """
    tree: Any = compositor_tree(scene)
    if tree is not None:
        return tree
    if bpy.app.version >= (5, 0):
        tree = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        scene.compositing_node_group = tree
        tree.nodes.new("NodeGroupOutput")
        return tree
    is_new = scene.node_tree is None
    scene.use_nodes = True
    if is_new:
        scene.node_tree.nodes.clear()
        scene.node_tree.nodes.new("CompositorNodeComposite")
    return scene.node_tree


def set_compositor_tree(scene: Any, tree: Any) -> None:
    """Give a scene another compositing tree: Blender 5.0 and newer, where scenes share them."""
    scene.compositing_node_group = tree


def output_node(tree: Any) -> Any | None:
    """Return the node of a scene's tree whose first input is what is rendered; None without one."""
    wanted = "NodeGroupOutput" if bpy.app.version >= (5, 0) else "CompositorNodeComposite"
    found = [node for node in tree.nodes if node.bl_idname == wanted]
    active = [
        node for node in found if getattr(node, "is_active_output", node == tree.nodes.active)
    ]
    return (active or found or [None])[0]


def set_linear_rec709(color_space: Any) -> bool:
    """Set what bears a space's `name` to scene-linear Rec.709; return whether the config has it."""
    for name in _LINEAR_REC709:
        with contextlib.suppress(TypeError):  # the config does not know it
            color_space.name = name
            return True
    return False


def set_exr(image_settings: Any, depth: str = "32") -> bool:
    """Have files written as EXR with RGBA, lossless, `16` or `32` bits a channel.

    They are scene-linear Rec.709, also where Blender works in another space: from Blender 5 on it
    can be chosen, and before, a studio's colour config says it.

    Returns:
        Whether they are: False where Blender's colour config has no such space.
    """
    if hasattr(image_settings, "media_type"):
        image_settings.media_type = "IMAGE"  # first: it says which formats there are
    image_settings.file_format = "OPEN_EXR"
    image_settings.color_mode = "RGBA"
    image_settings.color_depth = depth
    image_settings.exr_codec = "ZIP"
    image_settings.color_management = "OVERRIDE"
    return set_linear_rec709(image_settings.linear_colorspace_settings)


def add_file_output(tree: Any, folder: Path, name: str, depth: str = "32") -> tuple[Any, Any]:
    """Add a node that writes an EXR a frame, named `<name><frame with 4 digits or more>.exr`.

    Args:
        tree: A compositor tree.
        folder: Where the files go; absolute.
        name: What stands before the frame's number, such as `plate_`.
        depth: Bits of a channel.

    Returns:
        The node, and the input that it writes.
    """
    node = tree.nodes.new("CompositorNodeOutputFile")
    set_exr(node.format, depth)
    if hasattr(node, "file_output_items"):
        node.directory, node.file_name = str(folder), name + "####"
        node.file_output_items.clear()
        node.file_output_items.new("RGBA", "")
    else:
        node.base_path = str(folder)
        node.file_slots.clear()
        node.file_slots.new(name)
    return node, node.inputs[0]


def set_option(node: Any, name: str, value: str, menu: tuple[str, str]) -> None:
    """Set what is a property of a node in Blender 4 and a menu socket in Blender 5.

    Args:
        node: The node.
        name: The property's name.
        value: What it is set to.
        menu: The socket's name, and the same value there.
    """
    if hasattr(node, name):
        setattr(node, name, value)
    else:
        node.inputs[menu[0]].default_value = menu[1]


def drive_switch(node: Any, expression: str) -> None:
    """Have a Switch node be on where an expression of `frame` holds.

    The expression must be one that Blender evaluates by itself, without Python: it then works where
    scripts are not allowed to run. Before Blender 5 two drivers are made: 4.2 has a property where
    newer ones have a socket, and of files from 4.2 Blender 5.2 no longer corrects the driver.
    """
    tree = node.id_data
    paths = [f'nodes["{node.name}"].inputs[0].default_value']
    if hasattr(node, "check"):
        paths.append(f'nodes["{node.name}"].check')
    for path in paths:
        is_array = hasattr(tree.path_resolve(path), "__len__")  # in 4.2 it is a colour, unused
        driver = tree.driver_add(path, 0 if is_array else -1).driver
        driver.type, driver.expression = "SCRIPTED", expression


def strips(editor: Any) -> Any:
    """Return the top-level strips of a sequence editor."""
    return editor.strips if bpy.app.version >= (4, 4) else editor.sequences


def strip_frames(strip: Any) -> StripFrames:
    """Return where a strip lies."""
    if hasattr(strip, "left_handle"):
        first, end = strip.left_handle, strip.right_handle
        return StripFrames(
            round(strip.content_start), first, end - 1, getattr(strip, "content_trim_start", 0)
        )
    first, end = strip.frame_final_start, strip.frame_final_end
    trimmed = getattr(strip, "animation_offset_start", 0)
    return StripFrames(round(strip.frame_start), first, end - 1, trimmed)


def working_space() -> str:
    """Return Blender's name of the scene-linear space in which it works."""
    settings = getattr(bpy.data, "colorspace", None)  # from 5.0 on it can be chosen
    return str(settings.working_space) if settings is not None else "Linear Rec.709"


def curves_of(action: Any) -> list[Any]:
    """Return all curves of an action: it has layers from Blender 4.4 on, and no others in 5."""
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    return [
        curve
        for layer in action.layers
        for part in layer.strips
        for bag in part.channelbags
        for curve in bag.fcurves
    ]
