"""A bake's files inside the group: an Image node that reads them, wired by the names of layers.

The group is wired once and then renders without this extension. Where there is no file for a frame,
before a bake and outside its frames, switches pass on what comes in: a missing file would be
transparent in Blender 4.5, and black or magenta in 4.2.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from .errors import HostError
from .frames import FrameMapping
from .paths import absolute_path
from .properties import refuse_linked, settings_of
from .versions import set_linear_rec709
from .wiring import MARK, clear, connect, new_node, pass_through, seen_frames

__all__ = ["Baked", "baked_of", "set_matte_source", "space_warnings", "unwire", "wire"]

_LAYERS = ("rgba", "alpha", "foreground")
_FILES = "Robust Matte Files"


@dataclass(frozen=True)
class Baked:
    """Files of the shape `multipart`: parts rgba, alpha and foreground, scene-linear Rec.709.

    Attributes:
        pattern: Their absolute path, with a `#` for each digit of the frame's number.
        first: The first number that is there.
        last: The last number that is there; all between are, too.
        frames: How the plate's frames, and with them these, lie under the scene's.
    """

    pattern: str
    first: int
    last: int
    frames: FrameMapping

    def path(self, number: int) -> str:
        """Return the file of one frame; of a still, whose name has no number, the only one."""

        def digits(found: re.Match[str]) -> str:
            return f"{number:0{len(found[1])}d}"

        path = Path(self.pattern)
        return str(path.with_name(re.sub(r"(#+)(?=[^#]*$)", digits, path.name)))


def wire(group: Any, baked: Baked) -> list[str]:
    """Have the group give the files of a bake, and what comes in where there is no file.

    The group's `matte_source` says what Image is. Files are read when this returns; nothing else in
    the .blend changes but the picture of a former bake, which goes when nobody uses it.

    Returns:
        Warnings.

    Raises:
        HostError: The group is from a library, a file is not there, or it lacks a layer; the group
            is as it was.
    """
    refuse_linked(group)
    image, warnings = _load(group, baked)
    try:
        files = _files_node(group, image, baked)
    except HostError:
        bpy.data.images.remove(image)
        raise
    clear(group, but=files)
    files.name = _FILES
    connect(group, files, baked)
    return warnings


def unwire(group: Any) -> None:
    """Have the group pass its input through again."""
    refuse_linked(group)
    clear(group, but=None)
    pass_through(group)


def set_matte_source(group: Any, source: str) -> None:
    """Choose what Image is: `ORIGINAL` (the input times the alpha) or `PREDICTED` (the file's)."""
    settings = settings_of(group)
    if settings.matte_source != source:
        settings.matte_source = source  # which calls this again
        return
    baked = baked_of(group)
    if baked is None or group.library is not None:
        return
    files = group.nodes[_FILES]
    clear(group, but=files)
    connect(group, files, baked)


def baked_of(group: Any) -> Baked | None:
    """Return what a group gives, read from its nodes; None where it passes through."""
    files = group.nodes.get(_FILES)
    if files is None or files.image is None or MARK not in files:
        return None
    stored = files[MARK]
    frames = FrameMapping(stored["start"], stored["offset"], stored["duration"], stored["after"])
    pattern = absolute_path(files.image.filepath, files.image).with_name(stored["name"])
    return Baked(str(pattern), stored["first"], stored["last"], frames)


def _load(group: Any, baked: Baked) -> tuple[Any, list[str]]:
    """Return a new picture of the files, and warnings; none of the artist's is touched."""
    _refuse_missing(group, baked)
    path = baked.path(baked.first)
    try:
        image = bpy.data.images.load(path, check_existing=False)
    except RuntimeError as error:
        raise HostError(
            f'The file {path} of "{group.name}" cannot be opened.',
            hint="Check that its disk is there, or bake again.",
        ) from error
    image.name = f"{group.name} Matte"
    image[MARK] = settings_of(group).uid
    image.source = "SEQUENCE"
    image.filepath = _stored(path)
    image.alpha_mode = "PREMUL"
    return image, space_warnings(image, group.name)


def _refuse_missing(group: Any, baked: Baked) -> None:
    folder = Path(baked.pattern).parent
    try:
        there = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise HostError(
            f'The folder {folder} of "{group.name}" cannot be read: {error.strerror}.',
            hint="Check that its disk is there, or bake again.",
        ) from error
    for number in range(baked.first, baked.last + 1):
        path = baked.path(number)
        if Path(path).name not in there:
            raise HostError(
                f'The file {path} of "{group.name}" is not there.',
                hint="Bake again: what is there is kept, and the rest is made.",
            )


def space_warnings(shown: Any, name: str) -> list[str]:
    """Mark a picture or a strip as what the files are, and return warnings where that fails.

    Args:
        shown: What shows files of a bake.
        name: What the artist knows it by.
    """
    if set_linear_rec709(shown.colorspace_settings):
        return []
    return [
        f'Blender\'s colour config has no scene-linear Rec.709, so the colour of "{name}" is off.'
    ]


def _files_node(group: Any, image: Any, baked: Baked) -> Any:
    """Return a new Image node that shows a bake's files under the scene's frames."""
    seen = seen_frames(baked)
    if seen is None:
        raise HostError(
            f"Frames {baked.first}-{baked.last} of the bake are not among {baked.frames.first}-"
            f'{baked.frames.last}, which the plate of "{group.name}" shows.',
            hint="Bake again, or give the Image node its frames back.",
        )
    files = new_node(group, "CompositorNodeImage", (-400, -250))
    files.image = image
    files.frame_start, files.frame_offset = seen.start, seen.offset
    files.frame_duration, files.use_cyclic = seen.duration, seen.after == "cycle"
    files.use_auto_refresh = True
    lacking = [layer for layer in _LAYERS if layer not in files.outputs]
    if lacking:
        group.nodes.remove(files)
        raise HostError(
            f"The file {baked.path(baked.first)} has no layer {lacking[0]}.",
            hint="Bake again: files of a bake for Blender have the parts rgba, alpha, foreground.",
        )
    frames = baked.frames
    files[MARK] = {
        "name": Path(baked.pattern).name,
        "first": baked.first,
        "last": baked.last,
        "start": frames.start,
        "offset": frames.offset,
        "duration": frames.duration,
        "after": frames.after,
    }
    return files


def _stored(path: str) -> str:
    """Return a path as a .blend keeps it: from there on, where it is saved on the same drive."""
    if not bpy.data.is_saved:
        return path
    with contextlib.suppress(ValueError):  # another drive of Windows
        return str(bpy.path.relpath(path))
    return path
