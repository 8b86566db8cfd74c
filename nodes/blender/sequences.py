"""The files of a sequence on disk: which numbers there are, and where the number is in a name."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["frame_numbers", "missing", "pattern_of", "split_name", "still_number"]

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)  # the last digits before the suffix


def split_name(path: Path) -> tuple[str, str, str] | None:
    """Split a file's name around the frame number as Blender does; None where it has none.

    Example:
        >>> split_name(Path("sh010_plate.1001.exr"))
        ('sh010_plate.', '1001', '.exr')
    """
    match = _NUMBERED.fullmatch(path.stem)
    return None if match is None else (match[1], match[2], match[3] + path.suffix)


def still_number(path: Path) -> int:
    """Return the frame number that one picture's name bears, 1 without: a version is none.

    Example:
        >>> [still_number(Path(name)) for name in ("p.1004.exr", "shot_v002.png", "2k_plate.png")]
        [1004, 1, 1]
    """
    base, digits, suffix = split_name(path) or ("", "", "")
    is_numbered = bool(digits) and suffix == path.suffix and not base.lower().endswith("v")
    return int(digits) if is_numbered else 1


def pattern_of(path: Path, number: int) -> Path:
    """Return a frame's path with a `#` for each digit of its number, which is before the suffix.

    A pattern, and a name without that number there, stay as they are.

    Example:
        >>> pattern_of(Path("sh0010_matte.0010.exr"), 10).name
        'sh0010_matte.####.exr'
    """
    sign = "-" if number < 0 else ""
    found = re.search(rf"{sign}\d+$", path.stem)
    if found is None or int(found[0]) != number:
        return path
    return path.with_name(path.stem[: found.start()] + "#" * len(found[0]) + path.suffix)


def missing(numbers: list[int]) -> list[int]:
    """Return what ascending numbers leave out between the first and the last, ascending.

    Example:
        >>> missing([3, 4, 7])
        [5, 6]
    """
    there = set(numbers)
    return [number for number in range(numbers[0], numbers[-1]) if number not in there]


def frame_numbers(path: Path) -> list[int]:
    """Return the numbers of the sequence on disk that a file is of, ascending.

    A number has as many digits as in the file's name, more only where it needs them.
    """
    parts = split_name(path)
    if parts is None:
        return []
    base, digits, suffix = parts
    number = re.compile(re.escape(base) + r"(\d+)" + re.escape(suffix))
    try:
        names = [entry.name for entry in os.scandir(path.parent)]
    except OSError:
        return []
    texts = [match[1] for name in names if (match := number.fullmatch(name))]
    return sorted(int(text) for text in texts if text == f"{int(text):0{len(digits)}d}")
