"""What an OpenEXR file says of itself, every attribute kept as the bytes it is stored in.

Neither library keeps them all: OpenImageIO renames or loses about one in five, and the OpenEXR
package cannot open a file that holds one attribute it dislikes (a Latin-1 string, a rate of 24/0).

Source:
    OpenEXR file layout, https://openexr.com/en/latest/OpenEXRFileLayout.html
"""

import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from struct import Struct, unpack
from types import MappingProxyType
from typing import BinaryIO, Literal, Self

import numpy as np
import OpenEXR

from robust_matte.errors import FrameReadError
from robust_matte.media.failures import cannot_open
from robust_matte.media.windows import Window

__all__ = [
    "Channel",
    "ExrHeader",
    "ExrPart",
    "PixelType",
    "RawAttribute",
    "passed_on",
    "read_header",
    "said_of",
]

log = logging.getLogger(__name__)

PixelType = Literal["uint", "half", "float"]

_MAGIC = b"v/1\x01"
_VERSION = 2
_TILED, _LONG_NAMES, _DEEP, _MULTIPART = 0x200, 0x400, 0x800, 0x1000
_KNOWN_FLAGS = _TILED | _LONG_NAMES | _DEEP | _MULTIPART
_PIXEL_TYPES: tuple[PixelType, ...] = ("uint", "half", "float")

# Bounds on what a damaged or hostile file can make us hold. Real headers with a Cryptomatte
# manifest reach a few MiB.
_HEADER_LIMIT = 64 * 2**20
_NAMES_LIMIT = 131_072  # an attribute takes two, its own and its type's, a channel one
_NAME_LIMIT = 255  # the format's own
_CHUNK = 65_536
_SIZE_LIMIT = 2**20  # pixels on a side; OpenImageIO's default limit too
_COORDINATE_LIMIT = 2**30  # OpenEXR's own
_ASPECT_RANGE = (1e-6, 1e6)  # OpenEXR's own

_AGAIN = "Render or copy it again."

# What says how the file it stands in is stored, and what is true of the plate alone.
_NEVER_PASSED_ON = {
    *("acesImageContainerFlag", "nuke/node_hash", "channels", "chunkCount", "compression"),
    *("dataWindow", "displayWindow", "pixelAspectRatio", "lineOrder", "tiles", "type", "version"),
    *("name", "view", "multiView", "preview", "envmap", "dwaCompressionLevel"),
    *("deepImageState", "idManifest", "maxSamplesPerPixel"),
}
_NEVER_PASSED_ON_PREFIXES = ("cryptomatte/", "input/")
_OWN_PREFIX = "robust_matte/"
_NEVER_PASSED_ON_TYPES = {"chlist", "compression", "envmap", "lineOrder", "preview", "tiledesc"}

# OpenEXR wants the first two alike in all parts; the others say the same of a shot.
_SHARED = {"timeCode", "chromaticities", "framesPerSecond", "colorInteropID"}

# Types the OpenEXR package insists on building itself, as arrays or from Python numbers.
_ARRAYS = {"double": ("<f8", (1,))} | {
    family + letter: ({"i": "<i4", "f": "<f4", "d": "<f8"}[letter], shape)
    for family, letters, shape in (
        ("v2", "ifd", (2,)),
        ("v3", "ifd", (3,)),
        ("m33", "fd", (3, 3)),
        ("m44", "fd", (4, 4)),
        ("box2", "if", (2, 2)),
    )
    for letter in letters
}
_NUMBERS = {"int": Struct("<i"), "float": Struct("<f"), "chromaticities": Struct("<8f")}


@dataclass(frozen=True, slots=True)
class RawAttribute:
    """An attribute as stored: the name of its type and its bytes, little-endian."""

    type: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel of a part; sampling 2 means a value for every other pixel."""

    name: str
    pixel_type: PixelType
    x_sampling: int
    y_sampling: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExrPart:
    """One part of a file; a file without parts has one.

    Attributes:
        name: The part's name.
        type: `scanlineimage`, `tiledimage`, `deepscanline` or `deeptile`, where the file says so.
        data_window: Where the pixels sit; never empty.
        display_window: The picture's frame; never empty.
        pixel_aspect: Width of a pixel over its height, 1e-6 to 1e6.
        channels: In the file's order, which is the alphabet's.
        compression: OpenEXR's number of the method.
        attributes: All attributes by name, the ones above included.
        is_deep: Whether pixels hold any number of samples.
        is_tiled: Whether pixels are stored in tiles.
    """

    name: str | None
    type: str | None
    data_window: Window
    display_window: Window
    pixel_aspect: float
    channels: tuple[Channel, ...]
    compression: int
    attributes: Mapping[str, RawAttribute]
    is_deep: bool
    is_tiled: bool


@dataclass(frozen=True, slots=True)
class ExrHeader:
    """The parts of a file, at least one."""

    parts: tuple[ExrPart, ...]


def read_header(path: Path) -> ExrHeader:
    """Read the header of an EXR file; pixels are not touched.

    Raises:
        FrameReadError: The file cannot be opened, is not EXR, ends inside its header, or says
            impossible things: an empty window, a size past 1048576 pixels, a missing attribute.
    """
    try:
        with path.open("rb") as file:
            return _parsed(_Cursor(file, path))
    except OSError as error:
        raise cannot_open(path, error) from error


def passed_on(
    part: ExrPart, first: ExrPart | None = None, *, with_own: bool = False
) -> dict[str, object]:
    """Return the attributes that a picture made from one of a file's parts may carry.

    Programs that write several parts put what holds for all of them into the first one alone: what
    a part does not say itself is taken from there, but for another view's part only what must be
    the same for both eyes.

    Left out: what describes the file itself or the plate alone (channels, windows, compression,
    acesImageContainerFlag, cryptomatte/*, input/* and the like) and our own of an earlier run. An
    attribute whose size does not fit its type is left out with a warning. `chromaticities`,
    `colorInteropID` and `oiio:ColorSpace` are kept: only the caller knows the output's colour.

    Args:
        part: What the picture is made from.
        first: The first part of its file, where it is not that.
        with_own: Whether our own of an earlier run stay, too.

    Returns:
        Values as the OpenEXR package takes them, by name. Written back they are the same bytes,
        but for Latin-1 text, which becomes UTF-8, and signalling NaNs of type float or
        chromaticities, which become quiet.
    """
    values: dict[str, object] = {}
    for name, attribute in said_of(part, first or part).items():
        if _stays_behind(name, attribute) or (name.startswith(_OWN_PREFIX) and not with_own):
            continue
        try:
            values[name] = _package_value(attribute)
        except ValueError:
            log.warning(
                "attribute %r is left out: %d bytes are no %s",
                name,
                len(attribute.value),
                attribute.type,
            )
    return values


def said_of(part: ExrPart, first: ExrPart) -> Mapping[str, RawAttribute]:
    """Return what a part says, and what the first part of its file says for it."""
    if first is part:
        return part.attributes
    said = first.attributes
    is_same_eye = said.get("view") in (None, part.attributes.get("view"))
    shared = {name: said[name] for name in said if is_same_eye or name in _SHARED}
    return shared | dict(part.attributes)


def _stays_behind(name: str, attribute: RawAttribute) -> bool:
    return (
        name in _NEVER_PASSED_ON
        or name.startswith(_NEVER_PASSED_ON_PREFIXES)
        or attribute.type in _NEVER_PASSED_ON_TYPES
    )


def _package_value(attribute: RawAttribute) -> object:
    """Return the value for the OpenEXR package; a ValueError if its size does not fit."""
    kind, stored = attribute.type, attribute.value
    if kind == "string":
        return _text(stored)
    if kind in _NUMBERS:
        if len(stored) != _NUMBERS[kind].size:
            raise ValueError(kind)
        numbers = _NUMBERS[kind].unpack(stored)
        return numbers if len(numbers) > 1 else numbers[0]
    if kind in _ARRAYS:
        element, shape = _ARRAYS[kind]
        array = np.frombuffer(stored, element).reshape(shape).copy()
        return tuple(array) if kind.startswith("box") else array
    return OpenEXR.OpaqueAttribute(stored, kind)  # the package stores these bytes as they are


def _text(stored: bytes) -> str:
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored.decode("latin-1")


class _Cursor:
    """A place in a file; reads on only as far as asked, and never by a size it was told."""

    def __init__(self, file: BinaryIO, path: Path, place: str = "header") -> None:
        self._file = file
        self._path = path
        self._place = place
        self._held = bytearray()
        self._at = 0
        self._names = 0

    def error(self, reason: str, hint: str = _AGAIN) -> FrameReadError:
        return FrameReadError(
            f"{self._path.absolute()} cannot be read as EXR: {reason}.", hint=hint, path=self._path
        )

    def within(self, stored: bytes, place: str) -> Self:
        """Return the start of a list that an attribute holds."""
        return type(self)(io.BytesIO(stored), self._path, place)

    def opens_with(self, magic: bytes) -> bool:
        while len(self._held) < len(magic) and (chunk := self._file.read(_CHUNK)):
            self._held += chunk
        if not self._held:
            raise self.error("it is empty (0 bytes)")
        self._at = len(magic)
        return self._held.startswith(magic)

    def take(self, size: int) -> bytes:
        if size < 0:
            raise self.error(f"an attribute claims {size} bytes")
        self._hold(self._at + size)
        taken = bytes(self._held[self._at : self._at + size])
        self._at += size
        return taken

    def whole_number(self) -> int:
        return int.from_bytes(self.take(4), "little", signed=True)

    def name(self) -> str:
        """Take a name and the zero byte behind it; an empty one ends a list."""
        last = self._at + _NAME_LIMIT + 1
        while (end := self._held.find(0, self._at, last)) < 0:
            if len(self._held) >= last:
                raise self.error(f"a name in its {self._place} is longer than {_NAME_LIMIT} bytes")
            self._hold(len(self._held) + 1)
        taken = bytes(self._held[self._at : end])
        self._at = end + 1
        self._count(taken)
        return _text(taken)

    def _count(self, name: bytes) -> None:
        self._names += bool(name)
        if self._names > _NAMES_LIMIT:
            raise self.error(f"its {self._place} has more than {_NAMES_LIMIT} names")

    def _hold(self, end: int) -> None:
        if end > _HEADER_LIMIT:
            raise self.error(f"its {self._place} is larger than {_HEADER_LIMIT // 2**20} MiB")
        while len(self._held) < end:
            chunk = self._file.read(_CHUNK)
            if not chunk:
                raise self.error(f"its {self._place} breaks off after {len(self._held)} bytes")
            self._held += chunk


def _parsed(cursor: _Cursor) -> ExrHeader:
    if not cursor.opens_with(_MAGIC):
        raise cursor.error(
            "it does not start like one",
            hint="Check what the file really is: its name says EXR, its content does not.",
        )
    word = cursor.whole_number()
    version, flags = word & 0xFF, word & 0xFFFFFF00
    if version != _VERSION or flags & ~_KNOWN_FLAGS:
        raise cursor.error(f"version {version} with flags {flags:#x} is not known")
    parts = []
    while attributes := _attributes(cursor):
        parts.append(_part(cursor, attributes, flags))
        if not flags & _MULTIPART:
            break
    if not parts:
        raise cursor.error("its header is empty")
    return ExrHeader(tuple(parts))


def _attributes(cursor: _Cursor) -> dict[str, RawAttribute]:
    attributes = {}
    while name := cursor.name():
        kind = cursor.name()
        if not kind:
            raise cursor.error(f"attribute '{name}' has no type")
        attributes[name] = RawAttribute(kind, cursor.take(cursor.whole_number()))
    return attributes


def _part(cursor: _Cursor, attributes: dict[str, RawAttribute], flags: int) -> ExrPart:
    def stored(name: str, kind: str, size: int | None = None) -> bytes:
        found = attributes.get(name)
        if found is None or found.type != kind or size not in (None, len(found.value)):
            raise cursor.error(f"its header has no sound '{name}'")
        return found.value

    def text(name: str) -> str | None:
        return _text(stored(name, "string")) if name in attributes else None

    kind = text("type")
    return ExrPart(
        name=text("name"),
        type=kind,
        data_window=_window(cursor, "data", stored("dataWindow", "box2i", 16)),
        display_window=_window(cursor, "display", stored("displayWindow", "box2i", 16)),
        pixel_aspect=_aspect(cursor, stored("pixelAspectRatio", "float", 4)),
        channels=_channels(cursor, stored("channels", "chlist")),
        compression=stored("compression", "compression", 1)[0],
        attributes=MappingProxyType(attributes),
        is_deep=kind.startswith("deep") if kind else bool(flags & _DEEP),
        is_tiled=bool(flags & _TILED) or kind in ("tiledimage", "deeptile"),
    )


def _window(cursor: _Cursor, which: str, stored: bytes) -> Window:
    bounds = unpack("<4i", stored)
    window = Window.from_bounds(*bounds)
    if window.is_empty:
        raise cursor.error(f"its {which} window {bounds} holds no pixel")
    if max(window.width, window.height) > _SIZE_LIMIT or max(map(abs, bounds)) > _COORDINATE_LIMIT:
        raise cursor.error(
            f"its {which} window {bounds} is {window.size}, more than {_SIZE_LIMIT} pixels on a"
            " side or too far out"
        )
    return window


def _aspect(cursor: _Cursor, stored: bytes) -> float:
    aspect = float(unpack("<f", stored)[0])
    smallest, largest = _ASPECT_RANGE
    if not smallest <= aspect <= largest:  # NaN is not either
        raise cursor.error(f"its pixel aspect ratio is {aspect}")
    return aspect


def _channels(header: _Cursor, stored: bytes) -> tuple[Channel, ...]:
    cursor = header.within(stored, "list of channels")
    channels = []
    while name := cursor.name():
        kind, _linear, x_sampling, y_sampling = unpack("<iiii", cursor.take(16))
        if not 0 <= kind < len(_PIXEL_TYPES) or min(x_sampling, y_sampling) < 1:
            raise header.error(
                f"channel '{name}' has type {kind}, sampling {x_sampling}x{y_sampling}"
            )
        channels.append(
            Channel(
                name=name,
                pixel_type=_PIXEL_TYPES[kind],
                x_sampling=x_sampling,
                y_sampling=y_sampling,
            )
        )
    if not channels:
        raise header.error("it has no channels")
    return tuple(channels)
