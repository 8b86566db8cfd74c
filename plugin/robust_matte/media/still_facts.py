"""What a still says of itself beyond what keying needs: channels, depth, compression, colour."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from struct import unpack

import OpenImageIO as oiio

from robust_matte.errors import InputError
from robust_matte.media.exr_header import (
    ExrHeader,
    ExrPart,
    RawAttribute,
    read_header,
    said_of,
)
from robust_matte.media.exr_layers import ANY_LAYER, LayerChoice, choose_layer
from robust_matte.media.exr_timecode import timecode_text
from robust_matte.media.stills import read_spec
from robust_matte.media.windows import Window

__all__ = ["ChannelFacts", "PartFacts", "StillFacts", "read_still_facts"]

# OpenEXR's numbers, https://openexr.com/en/latest/OpenEXRFileLayout.html; 10 and up came with 3.4.
_COMPRESSIONS = (
    *("none", "rle", "zips", "zip", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab"),
    *("htj2k256", "htj2k32", "lj2k", "zstd"),
)
_INTEGERS = {oiio.UINT8: 8, oiio.UINT16: 16, oiio.UINT32: 32}
_FLOATS = {oiio.HALF: "half", oiio.FLOAT: "float", oiio.DOUBLE: "double"}
# What other formats state of their colour; OpenImageIO fills in `oiio:ColorSpace` by itself.
_COLOUR_TAGS = (
    *("colorInteropID", "CICP", "oiio:Gamma", "ICCProfile:profile_description"),
    *("dpx:Transfer", "dpx:Colorimetric", "Exif:ColorSpace"),
)
_STATES_NOTHING = {"", "Undefined", "User defined"}  # dpx


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel's name and how its values are stored, such as `half` or `10-bit`."""

    name: str
    depth: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFacts:
    """One part of a file; all but multi-part EXR have one.

    Attributes:
        name: The part's name, or None.
        view: The eye or camera it is for, or None.
        channels: In the file's order.
    """

    name: str | None
    view: str | None
    channels: tuple[ChannelFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StillFacts:
    """What one file says, its pixels unread.

    Attributes:
        format: The format, in capitals.
        compression: The method, in the format's own words; None if it has none or is not known.
        data_window: Where the pixels sit, of the part that is keyed.
        display_window: The picture's frame.
        pixel_aspect: Width of a pixel over its height.
        parts: At least one.
        keyed_part: Which of them is keyed, or the first, where there is none to key.
        fps: Frames per second, or None.
        timecode: `01:02:03:04`, with `;` before the frames if frame numbers are dropped; or None.
        colour_tags: What it says of its colour, by the tag's name.
        reel: Name of the reel or clip that the frame is of, or None.
    """

    format: str
    compression: str | None
    data_window: Window
    display_window: Window
    pixel_aspect: float
    parts: tuple[PartFacts, ...]
    keyed_part: int = 0
    fps: Fraction | None
    timecode: str | None
    colour_tags: dict[str, str]
    reel: str | None = None

    @property
    def keyed_channels(self) -> tuple[ChannelFacts, ...]:
        """The channels of the part that is keyed."""
        return self.parts[self.keyed_part].channels


def read_still_facts(path: Path, choice: LayerChoice = ANY_LAYER) -> StillFacts:
    """Read what a still says of itself.

    Args:
        path: The file.
        choice: Which layer of an EXR is meant.

    Raises:
        FrameReadError: The file cannot be opened as an image.
    """
    return _exr_facts(path, choice) if path.suffix.lower() == ".exr" else _image_facts(path)


def _exr_facts(path: Path, choice: LayerChoice) -> StillFacts:
    header = read_header(path)
    at = _keyed_part(header, choice, path)
    keyed = header.parts[at]
    said = said_of(keyed, header.parts[0])
    fps = _rational(said.get("framesPerSecond"))
    return StillFacts(
        format="EXR",
        compression=_compression_name(keyed.compression),
        data_window=keyed.data_window,
        display_window=keyed.display_window,
        pixel_aspect=keyed.pixel_aspect,
        parts=tuple(_part_facts(part) for part in header.parts),
        keyed_part=at,
        fps=fps,
        timecode=_timecode(said.get("timeCode"), fps),
        colour_tags=_exr_colour_tags(said),
        reel=_text(said["reelName"]) or None if "reelName" in said else None,
    )


def _keyed_part(header: ExrHeader, choice: LayerChoice, path: Path) -> int:
    try:
        return choose_layer(header, choice, path).part
    except InputError:  # told where it stops something
        return 0


def _compression_name(number: int) -> str:
    return _COMPRESSIONS[number] if number < len(_COMPRESSIONS) else f"number {number}"


def _part_facts(part: ExrPart) -> PartFacts:
    view = part.attributes.get("view")
    return PartFacts(
        name=part.name,
        view=_text(view) if view else None,
        channels=tuple(ChannelFacts(one.name, str(one.pixel_type)) for one in part.channels),
    )


def _text(attribute: RawAttribute) -> str:
    return attribute.value.decode(errors="replace")


def _rational(attribute: RawAttribute | None) -> Fraction | None:
    """Read a rate; one of 0, or over 0, is none."""
    if attribute is None or attribute.type != "rational" or len(attribute.value) != 8:
        return None
    over, under = unpack("<iI", attribute.value)
    return Fraction(over, under) if over > 0 and under else None


def _timecode(attribute: RawAttribute | None, fps: Fraction | None) -> str | None:
    if attribute is None or attribute.type != "timecode":
        return None
    return timecode_text(attribute.value, fps)


def _exr_colour_tags(said: Mapping[str, RawAttribute]) -> dict[str, str]:
    tags = {}
    for name, attribute in said.items():
        if name == "chromaticities" and len(attribute.value) == 32:
            numbers = unpack("<8f", attribute.value)
            tags[name] = " ".join(f"{number:.5g}" for number in numbers)
        elif attribute.type == "string" and _is_of_colour(name) and attribute.value:
            tags[name] = _text(attribute)
    return tags


def _is_of_colour(name: str) -> bool:
    return name == "colorInteropID" or "colorspace" in name.lower().replace("_", "")


def _image_facts(path: Path) -> StillFacts:
    spec = read_spec(path)
    depth = _depth(spec)
    channels = tuple(ChannelFacts(name, depth) for name in spec.channelnames)
    return StillFacts(
        format={"JPG": "JPEG", "TIF": "TIFF"}.get(path.suffix[1:].upper(), path.suffix[1:].upper()),
        compression=spec.get_string_attribute("compression") or None,
        data_window=Window(spec.x, spec.y, spec.width, spec.height),
        display_window=Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
        pixel_aspect=float(spec.get_float_attribute("PixelAspectRatio", 1.0)) or 1.0,
        parts=(PartFacts(name=None, view=None, channels=channels),),
        fps=_spec_rate(spec),
        timecode=spec.get_string_attribute("smpte:TimeCode") or None,
        colour_tags=_spec_colour_tags(spec),
    )


def _depth(spec: oiio.ImageSpec) -> str:
    kind = spec.format.basetype
    if kind in _FLOATS:
        return _FLOATS[kind]
    bits = spec.get_int_attribute("oiio:BitsPerSample") or _INTEGERS.get(kind, 0)
    return f"{bits}-bit" if bits else str(spec.format)


def _spec_rate(spec: oiio.ImageSpec) -> Fraction | None:
    rate = float(spec.get_float_attribute("FramesPerSecond", 0.0))
    return Fraction(rate).limit_denominator(1001) if 0.0 < rate < 1e4 else None


def _spec_colour_tags(spec: oiio.ImageSpec) -> dict[str, str]:
    said = {name: spec.getattribute(name) for name in _COLOUR_TAGS}
    return {
        name: str(value)
        for name, value in said.items()
        if value is not None and str(value) not in _STATES_NOTHING
    }
