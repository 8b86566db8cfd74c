"""The files of a sequence on disk: which numbers there are, and where the number is in a name."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["frame_numbers", "split_name"]

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)  # the last digits before the suffix


def split_name(path: Path) -> tuple[str, str, str] | None:
    """Split a file's name around the frame number as Blender does; None where it has none.

    Example:
        >>> split_name(Path("sh010_plate.1001.exr"))
        ('sh010_plate.', '1001', '.exr')
    """
    match = _NUMBERED.fullmatch(path.stem)
    return None if match is None else (match[1], match[2], match[3] + path.suffix)


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
