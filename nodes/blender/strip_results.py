"""A bake of a strip: an image strip above it, under the same frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import HostError
from .result import Baked, space_warnings
from .strip_changes import effects_on
from .strips import content_places
from .versions import strip_frames, strips

__all__ = ["RESULT", "add_result"]

RESULT = "robust_matte_of"  # custom property of a result: the uid of the strip that it was keyed of
_LAST_CHANNEL = 128
# What puts a picture of the plate's size where the plate is.
_TRANSFORM = ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter")
_CROP = ("min_x", "max_x", "min_y", "max_y")


def add_result(
    scene: Any, strip: Any, baked: Baked, uid: str, *, is_rendered: bool
) -> tuple[Any, list[str]]:
    """Put a bake above its strip, under the same frames.

    One that was put there before for the same strip goes, once the new one is there, which takes
    its channel, blending and name.

    Args:
        scene: The scene whose sequencer the strip is in.
        strip: The strip that was keyed.
        baked: Premultiplied RGBA in EXR, of one part: Blender 4.2 shows others black.
        uid: The strip's.
        is_rendered: Whether the plate was what is seen of the strip, not its files.

    Returns:
        The new strip, and warnings.

    Raises:
        HostError: The scene comes from a library, a file is not there, or no channel is free.
    """
    _refuse_library(scene)
    _refuse_holes(baked)
    place = _container(scene, strip)
    former = [one for one in place if one.get(RESULT) == uid]
    kept = _looks(former[0]) if former else {}
    channel = _free_channel(place, strip, former, former[0].channel if former else 0)
    result = _new_strip(place, f"{strip.name} matte", baked, channel)
    try:
        warnings = space_warnings(result, kept.get("name", result.name))
        _lie_over(scene, result, strip, baked, is_rendered)
    except BaseException:
        place.remove(result)
        raise
    for one in former:
        place.remove(one)
    result[RESULT] = uid
    for name, value in kept.items():
        setattr(result, name, value)
    if result.channel != channel:
        result.channel = channel
    return result, warnings


def _new_strip(place: Any, name: str, baked: Baked, channel: int) -> Any:
    start = baked.frames.start + baked.first - baked.frames.first
    result = place.new_image(
        name=name, filepath=baked.path(baked.first), channel=channel, frame_start=start
    )
    for number in range(baked.first + 1, baked.last + 1):
        result.elements.append(Path(baked.path(number)).name)
    result.alpha_mode, result.blend_type = "PREMUL", "ALPHA_OVER"
    return result


def _looks(former: Any) -> dict[str, Any]:
    names = ("name", "blend_type", "blend_alpha", "mute")
    return {name: getattr(former, name) for name in names}


def _lie_over(scene: Any, result: Any, strip: Any, baked: Baked, is_rendered: bool) -> None:
    """Have a result begin and end where its strip does, and lie there in the frame."""
    shown = strip_frames((effects_on(scene, strip) or [strip])[-1] if is_rendered else strip)
    own = strip_frames(result)
    first_shown = baked.frames.media(max(shown.first, baked.frames.start))
    last_shown = baked.frames.media(shown.last) or baked.frames.last
    first = shown.first if baked.first == first_shown else max(shown.first, own.content)
    last = shown.last if baked.last == last_shown else own.content + baked.last - baked.first
    _set_handles(result, first, last)
    if is_rendered:
        return  # it was rendered as it lies there
    for name in _TRANSFORM:
        if hasattr(strip.transform, name):
            setattr(result.transform, name, getattr(strip.transform, name))
    for name in _CROP:
        setattr(result.crop, name, getattr(strip.crop, name))
    result.use_flip_x, result.use_flip_y = strip.use_flip_x, strip.use_flip_y


def _set_handles(strip: Any, first: int, last: int) -> None:
    if hasattr(strip, "left_handle"):
        strip.right_handle, strip.left_handle = last + 1, first
    else:
        strip.frame_final_end, strip.frame_final_start = last + 1, first


def _free_channel(place: Any, strip: Any, former: list[Any], wanted: int) -> int:
    """Return the lowest channel above a strip in which nothing lies under its frames."""
    at = strip_frames(strip)
    taken = set()
    for other in place:
        there = strip_frames(other)
        if other not in former and there.first <= at.last and at.first <= there.last:
            taken.add(other.channel)
    if wanted and wanted not in taken:
        return wanted
    for channel in range(strip.channel + 1, _LAST_CHANNEL + 1):
        if channel not in taken:
            return channel
    raise HostError(
        f'No channel is free above the strip "{strip.name}".',
        hint="Move strips to lower channels, and bake again.",
    )


def _container(scene: Any, strip: Any) -> Any:
    """Return the strips among which one lies: those of the sequencer, or of a meta strip."""
    for place in content_places(strips(scene.sequence_editor)):
        if any(one == strip for one in place):
            return place
    raise HostError(
        f'The strip "{strip.name}" is not in the sequencer of the scene "{scene.name}".',
        hint="Undo what removed it; the frames that were made are kept.",
    )


def _refuse_library(scene: Any) -> None:
    if scene.library is not None:
        raise HostError(
            f'The scene "{scene.name}" belongs to the library {scene.library.filepath}.',
            hint="Bake the strip in that file.",
        )


def _refuse_holes(baked: Baked) -> None:
    for number in range(baked.first, baked.last + 1):
        if not Path(baked.path(number)).is_file():
            raise HostError(
                f"{baked.path(number)} is not there, so that the bake is not shown.",
                hint="Bake again: frames that are there are kept.",
            )
