"""From a node's settings and its source to the JSON document that the worker takes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import HostError
from .plate_spaces import LINEAR_REC709, plate_space_of
from .sequences import frame_numbers

if TYPE_CHECKING:
    from .sources import Source

__all__ = [
    "all_plate_files",
    "job_for",
    "output_stem",
    "plate_files",
    "plate_range",
    "settings_hash",
]

# What a bake's bits do not depend on, or what the plate's files say better. A frame is the same in
# a bake of few frames and of many: to extend one keys what is new.
_NO_SETTINGS = {
    *("plate", "output", "frames", "device", "threads", "offline", "repin", "contact_sheet"),
}
_NUMBER = re.compile(r"#+")
_HASH_DIGITS = 12


def job_for(
    settings: Any,
    source: Source,
    folder: Path,
    device: str,
    frames: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Return the job of a node: `KeySettings` as JSON, with absolute paths.

    Args:
        settings: What the artist set: `NodeTree.robust_matte`, or anything with its attributes;
            paths in it are absolute.
        source: What is keyed.
        folder: Where the files go.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
        frames: First and last frame that are written, in the plate's numbers; None is all.
    """
    first, last = frames or (source.first, source.last)
    return {
        "plate": str(source.plate),
        "output": str(folder / f"{output_stem(str(source.plate))}.####.exr"),
        "frames": f"{first}-{last}" if last != first else str(first),
        "model": settings.model or "auto",
        "device": device or "auto",
        "cuts": settings.cuts or "auto",
        "plate_space": _plate_space(settings.plate_space, source),
        "output_space": LINEAR_REC709,
        "gain": _number(settings.gain) or "0",
        "warm_up": int(settings.warm_up),
        "downsample": _number(settings.downsample) or "auto",
        "despill": str(settings.despill or "none").lower(),
        "layers": "multipart",
        "contact_sheet": "none",
        # A bake that was begun on another device goes on with this one, from the segment's start.
        "repin": True,
    }


def plate_range(
    settings: Any, source: Source, scene_first: int, scene_last: int
) -> tuple[int, int]:
    """Return the first and last frame of the plate that are wanted, in its own numbers.

    Args:
        settings: With `range_mode` (`PLATE`, `SCENE`, `CUSTOM`), and `first` and `last` of the
            latter, which are frames of the scene.
        source: What is keyed.
        scene_first: The scene's first frame.
        scene_last: The scene's last frame.

    Raises:
        HostError: The range is empty, or shows nothing of the plate.
    """
    if settings.range_mode == "PLATE":
        return source.first, source.last
    is_custom = settings.range_mode == "CUSTOM"
    first, last = (settings.first, settings.last) if is_custom else (scene_first, scene_last)
    if first > last:
        raise HostError(
            f"The range {first}-{last} is empty.", hint="Set First to a frame that is before Last."
        )
    shown = source.frames.media_range(first, last)
    plays = source.frames  # the last frame is held after it, which is nothing to bake anew
    is_past = is_custom and plays.after == "hold" and first >= plays.start + plays.duration
    if is_past and plays.duration > 1:
        shown = None
    if shown is None or shown[1] < source.first or shown[0] > source.last:
        raise HostError(
            f"Under the scene's frames {first}-{last} lies none of the plate's "
            f"{source.first}-{source.last}.",
            hint="Change the range, or set it to Plate.",
        )
    if source.kind == "sequence" and (shown[0] < source.first or shown[1] > source.last):
        raise HostError(
            f"Under the scene's frames {first}-{last} lie the frames {shown[0]}-{shown[1]} of "
            f"{source.plate}, and on disk are {source.first}-{source.last}.",
            hint="Bring the others back, set the node's Frames to those that are there, or set "
            "Range to Plate, which bakes what is there.",
            code="missing_frames",
        )
    return max(source.first, shown[0]), min(source.last, shown[1])


def output_stem(plate: str) -> str:
    """Return the name of a plate's matte, before the frame number.

    Example:
        >>> output_stem("/shots/sh 010.####.exr")
        'sh_010_matte'
    """
    name = _NUMBER.sub("", Path(plate).stem)
    return (re.sub(r"[^\w-]+", "_", name, flags=re.ASCII).strip("_-") or "plate") + "_matte"


def plate_files(plate: str, first: int, last: int) -> list[Path]:
    """Return the files that frames of a plate are in: one of a movie, each of a sequence.

    Example:
        >>> [path.name for path in plate_files("/shots/a.####.exr", 8, 9)]
        ['a.0008.exr', 'a.0009.exr']
    """
    path = Path(plate)
    found = list(_NUMBER.finditer(path.name))
    if not found:
        return [path]
    start, end = found[-1].span()
    width = end - start
    return [
        path.with_name(f"{path.name[:start]}{number:0{width}d}{path.name[end:]}")
        for number in range(first, last + 1)
    ]


def all_plate_files(plate: str, first: int) -> list[Path]:
    """Return every file of a plate that is on disk, shown or not: to the worker they are one plate.

    Args:
        plate: A movie, or a pattern.
        first: A frame that is there.
    """
    (one,) = plate_files(plate, first, first)
    numbers = frame_numbers(one) if str(one) != plate else []
    return [path for number in numbers for path in plate_files(plate, number, number)] or [one]


def settings_hash(
    job: Mapping[str, Any], files: Iterable[Path] = (), contents: Iterable[str] = ()
) -> str:
    """Return 12 digits that change with what a bake is made of, and not with where it lies.

    Args:
        job: The document.
        files: The plate's files: names, sizes and times of change count; those that are absent
            count as such.
        contents: What stands for a plate of which every byte counts, and no time.
    """
    told = {key: value for key, value in job.items() if key not in _NO_SETTINGS}
    text = json.dumps(told, sort_keys=True) + "".join(map(_fingerprint, files))
    text += "".join(f"\n{one}" for one in contents)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]


def _fingerprint(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return f"\n{path.name} absent"
    return f"\n{path.name} {found.st_size} {found.st_mtime_ns}"


def _plate_space(chosen: str, source: Source) -> str | None:
    # Files of Blender's are what it was told to write. The worker's own names may be typed as well.
    name = source.space if source.is_rendered else chosen or source.space
    return (plate_space_of(name) or name) if name else None


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).strip()
