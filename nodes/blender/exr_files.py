"""Whether an EXR is whole: Blender may say nothing of a full disk, and crash on half a file."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

__all__ = ["is_whole"]

_MAGIC = b"\x76\x2f\x31\x01"
_TILED_OR_PARTS = 0x200 | 0x1000  # flags of the version field
# Rows in a chunk, by the number of the compression (OpenEXR, "Scan lines").
_ROWS = {0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256}


def is_whole(path: Path) -> bool:
    """Say whether a file is an EXR of one part in scan lines whose chunks are all there.

    Reads the header and the offsets, not the pixels.

    Raises:
        OSError: It cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            return _has_all_chunks(file, size)
        except (struct.error, KeyError, ValueError):
            return False


def _has_all_chunks(file: BinaryIO, size: int) -> bool:
    if file.read(4) != _MAGIC:
        return False
    (version,) = struct.unpack("<I", file.read(4))
    if version & _TILED_OR_PARTS:
        return False
    header = _header(file)
    _, first, _, last = struct.unpack("<4i", header["dataWindow"])
    rows = _ROWS[header["compression"][0]]
    count = -(-(last - first + 1) // rows)
    offsets: tuple[int, ...] = struct.unpack(f"<{count}Q", file.read(8 * count))
    # Zeros stand for chunks that were never written; the others lie one after the other.
    start = max(offsets)
    if min(offsets) == 0 or start + 8 > size:
        return False
    file.seek(start + 4)
    (length,) = struct.unpack("<I", file.read(4))
    return start + 8 + int(length) <= size


def _header(file: BinaryIO) -> dict[str, bytes]:
    header: dict[str, bytes] = {}
    while name := _text(file):
        _text(file)  # its type
        (length,) = struct.unpack("<I", file.read(4))
        header[name] = file.read(length)
    return header


def _text(file: BinaryIO) -> str:
    """Read up to the zero that ends a name.

    Raises:
        ValueError: The file ends before it.
    """
    text = bytearray()
    while (one := file.read(1)) != b"\0":
        if not one or len(text) > 255:
            raise ValueError("no end")
        text += one
    return text.decode("utf-8", "replace")
