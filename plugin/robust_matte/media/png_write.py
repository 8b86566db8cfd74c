"""Pixels and texts into PNG files: the same bytes every time, whole or not at all.

The format is put together here, from zlib: OpenImageIO takes a full disk for success, adds chunks
nobody asked for and needs twice the time.

Source:
    PNG Specification, third edition (W3C 2025): 5 for the layout, 9.2 for filters, 11.3 for chunks.
"""

import zlib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from struct import pack

import numpy as np
from numpy.typing import NDArray

from robust_matte.media.atomic import write_atomically
from robust_matte.media.frames import FloatImage
from robust_matte.settings.choices import PlateSpace

__all__ = ["Codes", "full_codes", "write_png"]

Codes = NDArray[np.uint8] | NDArray[np.uint16]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # by the number of channels: grey, RGB, RGB and alpha
_FILTER_UP = 2
# Level 1 needs a third of the time of level 6 for files a few hundredths larger.
_LEVEL = 1
_FULL_SCALE = 65535
_PERCEPTUAL = 0
# White, red, green and blue of Rec.709 as x and y in 1/100000.
_REC709 = pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
# What says the encoding; gAMA is 100000 over the display's gamma, and sRGB's as it is laid down.
_SPACE_CHUNKS = {
    PlateSpace.SRGB: {b"sRGB": bytes([_PERCEPTUAL]), b"gAMA": pack(">I", 45455), b"cHRM": _REC709},
    PlateSpace.GAMMA24_REC709: {b"gAMA": pack(">I", 41667), b"cHRM": _REC709},
    PlateSpace.LINEAR_REC709: {b"gAMA": pack(">I", 100000), b"cHRM": _REC709},
}


def full_codes(values: FloatImage) -> NDArray[np.uint16]:
    """Round to 16-bit codes of the full range, holding values to it.

    Args:
        values: Any shape, float32; 0 becomes code 0 and 1 code 65535, NaN code 0.

    Returns:
        The nearest codes, a new array of the same shape.
    """
    scaled = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0)
    np.clip(scaled, 0.0, 1.0, out=scaled)
    scaled *= np.float32(_FULL_SCALE)
    return np.rint(scaled, out=scaled).astype(np.uint16)


def write_png(
    path: Path,
    codes: Codes,
    *,
    space: PlateSpace | None,
    pixel_aspect: float = 1.0,
    texts: Mapping[str, str],
) -> None:
    """Write one image; the same arguments give the same bytes.

    Args:
        path: The file to write or replace, atomically; missing folders are made.
        codes: (H, W, C), grey, RGB or straight RGBA of 8 or 16 bits.
        space: How the colour is encoded, or None to say nothing of it.
        pixel_aspect: Width of a pixel over its height.
        texts: What the file says of itself by keyword; Latin-1, keywords of 1 to 79 characters.

    Raises:
        WriteError: The file cannot be written.
        DiskFullError: The disk is full.
    """
    height, width, channels = codes.shape
    header = pack(">2I5B", width, height, codes.itemsize * 8, _COLOUR_TYPES[channels], *(0, 0, 0))
    chunks = [(b"IHDR", header)]
    if space is not None:
        chunks += _SPACE_CHUNKS[space].items()
    if pixel_aspect != 1.0:
        chunks.append((b"pHYs", _aspect(pixel_aspect)))
    for keyword, text in texts.items():
        chunks.append((b"tEXt", f"{keyword}\0{text}".encode("latin-1", errors="replace")))
    chunks += [(b"IDAT", zlib.compress(_filtered(codes).data, _LEVEL)), (b"IEND", b"")]
    write_atomically(path, _SIGNATURE + b"".join(_chunk(*chunk) for chunk in chunks))


def _filtered(codes: Codes) -> NDArray[np.uint8]:
    """Return the rows of bytes, each less the row above it and behind its filter's number."""
    height = codes.shape[0]
    rows = codes.astype(codes.dtype.newbyteorder(">"), order="C").reshape(height, -1)
    sent = rows.view(np.uint8)
    filtered = np.empty((height, sent.shape[1] + 1), np.uint8)
    filtered[:, 0] = _FILTER_UP
    filtered[0, 1:] = sent[0]
    np.subtract(sent[1:], sent[:-1], out=filtered[1:, 1:])
    return filtered


def _aspect(pixel_aspect: float) -> bytes:
    """Return pixels per unit across and down: a wide pixel needs fewer across."""
    ratio = Fraction(pixel_aspect).limit_denominator(10000)
    return pack(">2IB", ratio.denominator, ratio.numerator, 0)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return b"".join([pack(">I", len(content)), kind, content, pack(">I", checksum)])
