"""All that differs between Blender 4.2 and 5.2 for compositor, files and strips: nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import bpy

__all__ = [
    "StripFrames",
    "add_file_output",
    "compositor_tree",
    "make_compositor_tree",
    "output_node",
    "set_compositor_tree",
    "set_exr",
    "set_option",
    "strip_frames",
    "strips",
]


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
    raise NotImplementedError


def make_compositor_tree(scene: Any) -> Any:
    """Return the node tree that composites a scene; a new one has its output and nothing else."""
    raise NotImplementedError


def set_compositor_tree(scene: Any, tree: Any) -> None:
    """Give a scene another compositing tree: Blender 5.0 and newer, where scenes share them."""
    raise NotImplementedError


def output_node(tree: Any) -> Any | None:
    """Return the node of a scene's tree whose first input is what is rendered; None without one."""
    raise NotImplementedError


def set_exr(image_settings: Any, depth: str = "32") -> None:
    """Have files written as EXR with RGBA, lossless, `16` or `32` bits a channel."""
    raise NotImplementedError


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
    raise NotImplementedError


def set_option(node: Any, name: str, value: str) -> None:
    """Set what is a property of a node in Blender 4 and a menu socket in Blender 5."""
    raise NotImplementedError


def strips(editor: Any) -> Any:
    """Return the top-level strips of a sequence editor."""
    return editor.strips if bpy.app.version >= (4, 4) else editor.sequences


def strip_frames(strip: Any) -> StripFrames:
    """Return where a strip lies."""
    raise NotImplementedError
