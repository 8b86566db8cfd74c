"""Pixels and attributes into OpenEXR files: exact, the same bytes every time, whole or not at all.

The OpenEXR package is used, whose attributes are exact. It trusts what it is given: an array that
is not contiguous is written as whatever lies in memory behind its first pixel, and a number that
does not fit is cut, both without an error. So everything is checked here first.
"""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from robust_matte.errors import WriteError
from robust_matte.media.atomic import write_atomically
from robust_matte.media.windows import Size, Window
from robust_matte.settings.choices import Compression

__all__ = [
    "NamedPart",
    "Plane",
    "encoding_threads",
    "interop_id",
    "to_half",
    "write_exr",
    "write_exr_parts",
]

log = logging.getLogger(__name__)

Plane = NDArray[np.float16] | NDArray[np.float32]
_Box = tuple[NDArray[np.int32], NDArray[np.int32]]

_HALF_MAX = 65504.0
_FLOAT_MAX = float(np.finfo(np.float32).max)
_INT_RANGE = range(-(2**31), 2**31)
_NAME_BYTES = range(1, 256)
_COORDINATES = range(-(2**30), 2**30 + 1)  # OpenEXR's own bound
# What the package raises for a value it cannot take; it has no error class of its own.
_PACKAGE_ERRORS = (RuntimeError, ValueError, TypeError, OverflowError, SystemError)
# HTJ2K and ZSTD, which the package has too, are not offered: hosts of today cannot read them.
_PACKAGE_COMPRESSION = {
    Compression.NONE: OpenEXR.NO_COMPRESSION,
    Compression.RLE: OpenEXR.RLE_COMPRESSION,
    Compression.ZIPS: OpenEXR.ZIPS_COMPRESSION,
    Compression.ZIP: OpenEXR.ZIP_COMPRESSION,
    Compression.PIZ: OpenEXR.PIZ_COMPRESSION,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamedPart:
    """One part of a file of several; see `write_exr` for channels and attributes."""

    name: str
    channels: Mapping[str, Plane]
    attributes: Mapping[str, object]


def to_half(plane: NDArray[np.float32]) -> tuple[NDArray[np.float16], int]:
    """Round to half float, holding finite values to its range.

    Args:
        plane: Any shape and layout, float32, any range. NaN, infinities and the sign of zero stay.

    Returns:
        The nearest half floats (ties to even), a new C-contiguous array of the same shape, and how
        many finite values lay past ±65504 and were put there.
    """
    with np.errstate(all="ignore"):  # signalling NaNs and subnormals are values like others here
        if plane.size and -_HALF_MAX <= plane.min() <= plane.max() <= _HALF_MAX:  # not so with NaN
            return plane.astype(np.float16, order="C"), 0
        past = (np.abs(plane) > _HALF_MAX) & np.isfinite(plane)
        held = np.where(past, np.copysign(np.float32(_HALF_MAX), plane), plane)
        return held.astype(np.float16, order="C"), int(np.count_nonzero(past))


def write_exr(
    path: Path,
    channels: Mapping[str, Plane],
    *,
    data_window: Window,
    display_window: Window,
    pixel_aspect: float,
    attributes: Mapping[str, object],
    compression: Compression = Compression.ZIPS,
) -> None:
    """Write one part of scanlines; the same arguments give the same bytes.

    Args:
        path: The file to write or replace, atomically; missing folders are made.
        channels: Planes by full name (`R`, `foreground.R`), each (H, W) of the data window, any
            memory layout; float16 is stored as half, float32 as float, values untouched.
        data_window: Where the pixels sit; may lie outside the display window or below zero.
        display_window: The picture's frame.
        pixel_aspect: Width of a pixel over its height.
        attributes: Further attributes as the OpenEXR package takes them (numpy scalars too); one
            that it cannot take is left out with a warning that names it. Windows, pixel aspect,
            compression and type among them are overruled.
        compression: How pixels are packed; all of these give them back exactly.

    Raises:
        WriteError: A plane does not fit the data window, a window is empty, or the file cannot be
            written.
        DiskFullError: The disk is full.
    """
    part = NamedPart(name="", channels=channels, attributes=attributes)
    storage = _storage(path, data_window, display_window, pixel_aspect, compression)
    _write(path, [part], data_window.size, storage)


def write_exr_parts(
    path: Path,
    parts: Sequence[NamedPart],
    *,
    data_window: Window,
    display_window: Window,
    pixel_aspect: float,
    compression: Compression = Compression.ZIPS,
) -> None:
    """Write one file of several parts, in their order; the rest is as in `write_exr`.

    OpenEXR wants `timeCode` and `chromaticities` alike in all parts.

    Raises:
        WriteError: A plane does not fit the data window, a window is empty, or the file cannot be
            written.
        DiskFullError: The disk is full.
    """
    storage = _storage(path, data_window, display_window, pixel_aspect, compression)
    _write(path, parts, data_window.size, storage)


def interop_id(attributes: Mapping[str, object]) -> str:
    """Return the name that the Color Interop Forum gives to the space of a picture.

    Args:
        attributes: What the picture says; light without chromaticities is taken for Rec.709's.

    Returns:
        Its own `colorInteropID`, or else what its chromaticities mean; `unknown` if they are of no
        space that has a name.
    """
    if isinstance(stated := attributes.get("colorInteropID"), str) and stated:
        return stated
    primaries = attributes.get("chromaticities")
    if primaries is None:
        return "lin_rec709_scene"
    return str(OpenEXR.chromaticitiesToColorInteropID(primaries) or "unknown")


def _storage(
    path: Path, data: Window, display: Window, pixel_aspect: float, compression: Compression
) -> dict[str, object]:
    """Return the attributes that say how a part is stored."""
    return {
        "type": OpenEXR.scanlineimage,
        "compression": _PACKAGE_COMPRESSION[compression],
        "dataWindow": _box(path, "data", data),
        "displayWindow": _box(path, "display", display),
        "pixelAspectRatio": float(pixel_aspect),
    }


def _write(
    path: Path, parts: Sequence[NamedPart], size: Size, storage: Mapping[str, object]
) -> None:
    """Encode the parts; attributes that the package cannot take are found and left out."""
    wanted = [
        NamedPart(
            name=part.name,
            channels={k: _sound_plane(path, k, size, plane) for k, plane in part.channels.items()},
            attributes=_sound_attributes(path, part.attributes),
        )
        for part in parts
    ]
    try:
        try:
            encoded = _encoded(wanted, storage)
        except _PACKAGE_ERRORS:
            taken = [replace(one, attributes=_taken_attributes(path, one)) for one in wanted]
            encoded = _encoded(taken, storage)
    except _PACKAGE_ERRORS as error:
        raise _cannot(path, f"the OpenEXR library says: {error}") from error
    write_atomically(path, encoded)


@contextmanager
def encoding_threads(count: int) -> Iterator[None]:
    """Compress each file on several threads while the context lasts; its bytes are the same.

    For one file that is waited for: who writes many at once is as fast without. It holds for the
    whole process.
    """
    before = OpenEXR.global_thread_count()
    OpenEXR.set_global_thread_count(count)
    try:
        yield
    finally:
        OpenEXR.set_global_thread_count(before)


def _encoded(parts: Sequence[NamedPart], storage: Mapping[str, object]) -> memoryview:
    file = BytesIO()
    built = [
        OpenEXR.Part({**part.attributes, **storage}, dict(part.channels), part.name)
        for part in parts
    ]
    OpenEXR.File(built).write(file)
    return file.getbuffer()


def _sound_plane(path: Path, name: str, size: Size, plane: Plane) -> Plane:
    """Return the plane in C order; the package would write any other layout as garbage."""
    if plane.shape != (size.height, size.width):
        got = "x".join(str(side) for side in reversed(plane.shape))
        raise _cannot(path, f"channel '{name}' is {got}, the data window {size}")
    if plane.dtype not in (np.float16, np.float32) or not plane.dtype.isnative:
        raise _cannot(path, f"channel '{name}' is {plane.dtype}, not float16 or float32")
    if (trouble := _name_trouble(name)) is not None:
        raise _cannot(path, f"channel '{name}': {trouble}")
    return plane if plane.flags.c_contiguous else plane.copy(order="C")


def _box(path: Path, which: str, window: Window) -> _Box:
    bounds = (window.x, window.y, window.right - 1, window.bottom - 1)
    if window.is_empty or not all(bound in _COORDINATES for bound in bounds):
        raise _cannot(path, f"the {which} window {bounds} is empty or too far out")
    return np.array(bounds[:2], np.int32), np.array(bounds[2:], np.int32)


def _cannot(path: Path, reason: str) -> WriteError:
    return WriteError(
        f"{path.absolute()} cannot be written: {reason}.",
        hint="Nothing was written; run again with -v and report this with the plate's header.",
        path=path,
    )


def _sound_attributes(path: Path, attributes: Mapping[str, object]) -> dict[str, object]:
    """Return the attributes without those that would be written wrongly and without an error."""
    sound = {}
    for name, given in attributes.items():
        value = _contiguous(given)
        trouble = _name_trouble(name) or _value_trouble(value)
        if trouble is None:
            sound[name] = value
        else:
            _warn_left_out(path, name, trouble)
    return sound


def _taken_attributes(path: Path, part: NamedPart) -> dict[str, object]:
    """Return the attributes that the package takes, each tried alone on an image of one pixel."""
    taken = {}
    pixel = {"Y": np.zeros((1, 1), np.float16)}
    for name, value in part.attributes.items():
        alone = NamedPart(name="", channels=pixel, attributes={name: value})
        try:
            _encoded([alone], {})
        except _PACKAGE_ERRORS as error:
            _warn_left_out(path, name, str(error))
        else:
            taken[name] = value
    return taken


def _warn_left_out(path: Path, name: str, trouble: str) -> None:
    log.warning("attribute %r is left out of %s: %s", name, path, trouble)


def _contiguous(value: object) -> object:
    """Return Python scalars for numpy's and arrays in C order: of others, it writes garbage."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value)
    if isinstance(value, tuple):
        return tuple(_contiguous(item) for item in value)
    return value


def _name_trouble(name: str) -> str | None:
    if "\0" in name or len(name.encode(errors="replace")) not in _NAME_BYTES:
        return "its name is empty, longer than 255 bytes or holds a zero byte"
    return None


def _value_trouble(value: object) -> str | None:
    """Say what would be written wrongly without an error, if anything."""
    match value:
        case int():
            return None if value in _INT_RANGE else f"{value} needs more than 32 bits"
        case float():
            fits = abs(value) <= _FLOAT_MAX or not math.isfinite(value)
            return None if fits else f"{value} is past the range of a float"
        case Fraction():
            fits = value.numerator in _INT_RANGE and value.denominator < 2**32
            return None if fits else f"{value} needs more than 32 bits"
        case tuple():
            return next((trouble for item in value if (trouble := _value_trouble(item))), None)
        case list():
            alike = {type(item) for item in value} in ({str}, {float})
            return None if alike else "a list must hold only text or only floats"
        case OpenEXR.OpaqueAttribute():
            return _type_trouble(value)
    return None


def _type_trouble(value: OpenEXR.OpaqueAttribute) -> str | None:
    return None if _name_trouble(value.typeName) is None else "its type has no usable name"
