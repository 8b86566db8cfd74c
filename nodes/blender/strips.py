"""Strips of the video sequencer: where their frames come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from .errors import HostError
from .frames import FrameMapping
from .paths import absolute_path
from .plate_spaces import LINEAR_REC709
from .sequences import split_name, still_number
from .sources import Source, rate_warnings, space_of
from .strip_changes import changes_of, effects_on
from .versions import strip_frames, strips

__all__ = ["content_places", "strip_named", "strip_source"]


def strip_source(scene: Any, strip: Any, space: str = "") -> Source:
    """Say what a strip shows: `strip`, files that the worker reads, or `timeline`, to be rendered.

    Where it lies in the frame (position, scale, rotation, crop, mirror) needs no rendering: the
    result is put there as well.

    Args:
        scene: The scene whose sequencer it is in.
        strip: A movie or image strip.
        space: How the artist says that files are encoded; empty is what Blender takes them for.

    Raises:
        HostError: It is neither a movie nor an image strip, or files are not there.
    """
    if strip.type not in ("MOVIE", "IMAGE"):
        kind = strip.type.replace("_", " ").lower()
        raise HostError(
            f'The strip "{strip.name}" is a {kind} strip, and has no plate of its own.',
            hint="Select a movie or image strip; render this one to a sequence, and add that.",
        )
    why = changes_of(scene, strip)
    if not why:
        known = space or space_of(strip)
        if known is None:
            why = [f'its colour space "{strip.colorspace_settings.name}" is Blender\'s own']
        else:
            found = _movie(scene, strip, known) if strip.type == "MOVIE" else _images(strip, known)
            if isinstance(found, Source):
                return found
            why = [found]
    _check_files(strip)
    return _timeline(scene, strip, why)


def _timeline(scene: Any, strip: Any, why: list[str]) -> Source:
    """Return a strip that is rendered: as it or the last effect on it shows."""
    shown = strip_frames((effects_on(scene, strip) or [strip])[-1])
    text = f'The strip "{strip.name}" is rendered before it is keyed: {", ".join(why)}.'
    frames = FrameMapping.scene_frames(shown.first, shown.last)
    return Source("timeline", "", shown.first, shown.last, frames, LINEAR_REC709, 0.0, (text,))


def _movie(scene: Any, strip: Any, space: str) -> Source | str:
    """Return a movie's source, or why it has to be rendered."""
    path = absolute_path(strip.filepath, scene)
    _refuse_missing(path, strip)
    length, fps = _measured(path)
    at = strip_frames(strip)
    trimmed = at.trimmed + _trimmed_end(strip)
    if _content_length(strip) != length - trimmed:
        rate = scene.render.fps / scene.render.fps_base
        return f"it plays at {fps:.6g} frames a second in a scene of {rate:.6g}"
    frames = _mapping(strip, at.trimmed, length - trimmed)
    warnings = tuple(rate_warnings(scene, str(path), fps))
    return Source("strip", str(path), frames.first, frames.last, frames, space, fps, warnings)


def _images(strip: Any, space: str) -> Source | str:
    """Return an image strip's source, or why it has to be rendered."""
    at = strip_frames(strip)
    names = [element.filename for element in strip.elements]
    trimmed = at.trimmed
    names = names[trimmed : len(names) - _trimmed_end(strip)]
    folder = absolute_path(strip.directory, strip.id_data)
    _refuse_missing(folder / names[0], strip)
    if len(names) == 1:
        number = still_number(Path(names[0]))
        frames = FrameMapping(at.first, number - 1, 1)
        return Source("strip", str(folder / names[0]), number, number, frames, space)
    first = split_name(Path(names[0]))
    if first is None:
        return "its files bear no numbers"
    base, digits, suffix = first
    wanted = [f"{base}{int(digits) + index:0{len(digits)}d}{suffix}" for index in range(len(names))]
    if names != wanted:
        return "its files are not numbered one after the other"
    frames = _mapping(strip, int(digits) - 1, len(names))
    for number in (frames.first, frames.last):
        _refuse_missing(folder / wanted[number - int(digits)], strip)
    plate = folder / f"{base}{'#' * len(digits)}{suffix}"
    return Source("strip", str(plate), frames.first, frames.last, frames, space)


def _mapping(strip: Any, before: int, length: int) -> FrameMapping:
    """Return how the frames that are seen of a strip's media lie under the scene's.

    Args:
        strip: The strip; on its frame `content` lies number `before + 1`.
        before: Numbers before the first of its media.
        length: Frames of its media.
    """
    at = strip_frames(strip)
    first, last = max(at.first, at.content), min(at.last, at.content + length - 1)
    if first > last:
        raise HostError(
            f'The strip "{strip.name}" shows none of its frames, only the first or last held.',
            hint="Move its handles over its media, or key a strip that does.",
        )
    after = "hold" if at.last > last else "nothing"
    return FrameMapping(first, first - at.content + before, last - first + 1, after)


def _trimmed_end(strip: Any) -> int:
    """Return the frames of the media that are cut off for good at the end."""
    for name in ("content_trim_end", "animation_offset_end"):
        if hasattr(strip, name):
            return int(getattr(strip, name))
    return 0


def _content_length(strip: Any) -> int:
    """Return a strip's length with both handles over its ends, in frames of the timeline."""
    if hasattr(strip, "left_handle"):
        offsets = strip.left_handle_offset + strip.right_handle_offset
        return round(float(strip.right_handle - strip.left_handle + offsets))
    offsets = strip.frame_offset_start + strip.frame_offset_end
    return round(float(strip.frame_final_end - strip.frame_final_start + offsets))


def _measured(path: Path) -> tuple[int, float]:
    """Return a movie's number of frames and frames a second, opening it for a moment.

    Raises:
        HostError: Blender cannot read it.
    """
    try:
        clip = bpy.data.movieclips.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise HostError(
            f"Blender cannot read the movie {path}: {error}.",
            hint="See whether it plays elsewhere, or convert it to an image sequence.",
        ) from error
    try:
        return int(clip.frame_duration), float(clip.fps)
    finally:
        bpy.data.movieclips.remove(clip)


def _check_files(strip: Any) -> None:
    if strip.type == "MOVIE":
        _refuse_missing(absolute_path(strip.filepath, strip.id_data), strip)
    else:
        folder = absolute_path(strip.directory, strip.id_data)
        _refuse_missing(folder / strip.elements[0].filename, strip)


def _refuse_missing(path: Path, strip: Any) -> None:
    if not path.is_file():
        raise HostError(
            f'{path} of the strip "{strip.name}" is not there.',
            hint="Check that its disk is there, or use File > External Data > Find Missing Files.",
        )


def strip_named(scene: Any, name: str) -> Any | None:
    """Return a strip by its name, also where it lies inside a meta strip."""
    if scene is None or scene.sequence_editor is None:
        return None
    for place in content_places(strips(scene.sequence_editor)):
        for one in place:
            if one.name == name:
                return one
    return None


def content_places(place: Any) -> Iterator[Any]:
    """Yield a collection of strips, and those of the meta strips in it at any depth."""
    yield place
    for one in place:
        if one.type == "META":
            yield from content_places(one.strips if hasattr(one, "strips") else one.sequences)
