"""Still images in: pixels through OpenImageIO, EXR attributes through our own header reader."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from robust_matte.errors import FrameReadError, InputError
from robust_matte.media.exr_header import ExrHeader, passed_on, read_header
from robust_matte.media.exr_layers import ANY_LAYER, LayerChoice, choose_layer
from robust_matte.media.exr_pixels import read_layer, unread_exr
from robust_matte.media.failures import cannot_open, damaged_pixels, refuse_other_bytes
from robust_matte.media.formats import IMAGE_SUFFIXES
from robust_matte.media.frames import FloatImage, Frame, FrameHeader
from robust_matte.media.windows import Window

__all__ = [
    "WholePart",
    "decodes",
    "is_float_image",
    "keyed_channels",
    "part_named",
    "read_channels",
    "read_frame",
    "read_frame_header",
    "read_parts",
    "read_spec",
    "text_attribute",
]

log = logging.getLogger(__name__)

_READ = "EXR, TIFF, PNG, DPX, JPEG, MOV, MP4, M4V, MKV, MXF, AVI, WEBM or TS"


@dataclass(frozen=True, slots=True, eq=False)
class WholePart:
    """All that one part of a file stores.

    Attributes:
        channels: Their names, in the file's order.
        pixels: (H, W, C) of the file's own type; whole numbers are full-range codes.
        data_window: Where they sit.
        display_window: The picture's frame.
        pixel_aspect: Width of a pixel over its height.
    """

    channels: tuple[str, ...]
    pixels: NDArray[Any]
    data_window: Window
    display_window: Window
    pixel_aspect: float

    def planes(self, names: Sequence[str]) -> FloatImage:
        """Return channels by name, (H, W, len(names)) float32, a new array; codes as 0 to 1.

        Raises:
            LookupError: There is no such channel.
        """
        lacking = [name for name in names if name not in self.channels]
        if lacking:
            raise LookupError(", ".join(lacking))
        at = [self.channels.index(name) for name in names]
        wanted = np.ascontiguousarray(self.pixels[..., at], np.float32)
        if self.pixels.dtype.kind == "u":
            wanted /= np.float32(np.iinfo(self.pixels.dtype).max)
        return wanted


def read_frame_header(
    path: Path, choice: LayerChoice | None = None, number: int | None = None, *, part: int = 0
) -> FrameHeader:
    """Read windows, pixel aspect and, for EXR, the attributes to hand on.

    Args:
        path: The file.
        choice: Which layer of an EXR is meant; None is the part named below. Where no layer is
            named and there is none to key, it is the first part.
        number: Its frame number, for messages.
        part: Which part of an EXR is meant.

    Raises:
        FrameReadError: The file cannot be opened as an image.
        InputError: It has no such layer.
    """
    if path.suffix.lower() == ".exr":
        header = read_header(path)
        chosen = part if choice is None else _chosen_part(header, choice, path, number)
        return _exr_header(header, chosen)
    spec = read_spec(path)
    return FrameHeader(
        data_window=Window(spec.x, spec.y, spec.width, spec.height),
        display_window=Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
        pixel_aspect=float(spec.get_float_attribute("PixelAspectRatio", 1.0)) or 1.0,
    )


def part_named(path: Path, name: str) -> int:
    """Return which part of an EXR has a name; the first one where none has, or it is no EXR.

    Raises:
        FrameReadError: The file cannot be opened.
    """
    if path.suffix.lower() != ".exr":
        return 0
    names = [part.name for part in read_header(path).parts]
    return names.index(name) if name in names else 0


def read_spec(path: Path, *, part: int = 0) -> oiio.ImageSpec:
    """Read what OpenImageIO knows of one of a file's pictures, without its pixels.

    Raises:
        FrameReadError: The file cannot be opened as an image.
    """
    image = _open(path)
    spec = oiio.ImageSpec(image.spec(part, 0) if part else image.spec())
    image.close()
    return spec


def read_frame(path: Path, number: int, choice: LayerChoice = ANY_LAYER) -> Frame:
    """Read one frame's colour.

    Straight alpha is left alone: OpenImageIO would silently multiply it in.

    Args:
        path: An EXR, TIFF, PNG, DPX or JPEG file.
        number: Its frame number.
        choice: Which layer of an EXR is meant.

    Returns:
        The frame, colour as the file encodes it.

    Raises:
        FrameReadError: The file is damaged or incomplete.
        InputError: It has no colour to key: deep samples, or alpha or depth alone; or several
            layers and none that is meant.
    """
    if path.suffix.lower() == ".exr":
        return _read_exr(path, number, choice)
    header = read_frame_header(path)
    image = _open(path, number)
    try:
        spec = image.spec()
        wanted = keyed_channels(spec, path, number)
        first, past = min(wanted), max(wanted) + 1
        block = image.read_image(0, 0, first, past, oiio.FLOAT)
        if block is None or image.has_error:
            raise damaged_pixels(path, image.geterror(), number)
    finally:
        image.close()
    pixels = np.asarray(block, np.float32).reshape(spec.height, spec.width, past - first)
    colour = pixels[..., [index - first for index in wanted]]
    return Frame(number=number, pixels=np.ascontiguousarray(colour), header=header)


def _read_exr(path: Path, number: int, choice: LayerChoice) -> Frame:
    header = read_header(path)
    layer = choose_layer(header, choice, path, number)
    pixels = read_layer(path, header.parts[layer.part], layer, number)
    return Frame(number=number, pixels=pixels, header=_exr_header(header, layer.part))


def _chosen_part(header: ExrHeader, choice: LayerChoice, path: Path, number: int | None) -> int:
    try:
        return choose_layer(header, choice, path, number).part
    except InputError:
        if choice != ANY_LAYER:
            raise
        return 0  # it may be an alpha, which is compared; a plate to key is checked for colour


def _exr_header(header: ExrHeader, at: int) -> FrameHeader:
    part = header.parts[at]
    return FrameHeader(
        data_window=part.data_window,
        display_window=part.display_window,
        pixel_aspect=part.pixel_aspect,
        attributes=passed_on(part, header.parts[0]),
    )


def is_float_image(path: Path, choice: LayerChoice = ANY_LAYER) -> bool:
    """Say whether a file stores floating-point pixels, and so scene-linear light by custom.

    Args:
        path: The file.
        choice: Which layer of an EXR is meant.

    Raises:
        FrameReadError: The file cannot be opened as an image.
        InputError: It has no colour.
    """
    if path.suffix.lower() == ".exr":
        header = read_header(path)
        layer = choose_layer(header, choice, path)
        stored = {one.name: one for one in header.parts[layer.part].channels}
        return any(stored[name].pixel_type != "uint" for name in layer.channels)
    return read_spec(path).format.basetype in (oiio.HALF, oiio.FLOAT, oiio.DOUBLE)


def keyed_channels(spec: oiio.ImageSpec, path: Path, number: int) -> tuple[int, int, int]:
    """Return where R, G and B are among a file's channels; one of luminance serves as all three.

    Raises:
        InputError: It has no colour to key: deep samples, or alpha or depth alone.
    """
    _refuse_deep(spec, path, number)
    return _colour_channels(list(spec.channelnames), path, number)


def decodes(path: Path) -> bool:
    """Say whether every pixel of a file can be read, of all its parts."""
    try:
        image = _open(path)
    except FrameReadError:
        return False
    part, is_sound = 0, True
    while is_sound and image.seek_subimage(part, 0):
        whole = image.read_image(part, 0, 0, image.spec().nchannels, oiio.UNKNOWN)
        is_sound = whole is not None and not image.has_error  # a broken JPEG: grey and an error
        part += 1
    image.close()
    return is_sound


def read_parts(path: Path) -> list[WholePart]:
    """Read every pixel of a file, of all its parts.

    Raises:
        FrameReadError: The file cannot be opened, is cut off or damaged.
    """
    image = _open(path)
    parts: list[WholePart] = []
    try:
        while image.seek_subimage(len(parts), 0):
            parts.append(_whole_part(path, image, len(parts)))
    finally:
        image.close()
    return parts


def _whole_part(path: Path, image: oiio.ImageInput, part: int) -> WholePart:
    spec = image.spec()
    block = image.read_image(part, 0, 0, spec.nchannels, oiio.UNKNOWN)
    if block is None or image.has_error:
        raise damaged_pixels(path, image.geterror())
    return WholePart(
        channels=tuple(spec.channelnames),
        pixels=np.asarray(block).reshape(spec.height, spec.width, spec.nchannels),
        data_window=Window(spec.x, spec.y, spec.width, spec.height),
        display_window=Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
        pixel_aspect=float(spec.get_float_attribute("PixelAspectRatio", 1.0)) or 1.0,
    )


def read_channels(path: Path, names: Sequence[str], *, part: int = 0) -> FloatImage:
    """Read channels of a file by name, as stored.

    Args:
        path: The file.
        names: What its channels are called.
        part: The part of it that has them.

    Returns:
        (H, W, len(names)) float32, over the data window.

    Raises:
        FrameReadError: The file is damaged, or has no such part or channel.
    """
    image = _open(path)
    spec = image.spec(part, 0)  # without channels where there is no such part
    block = image.read_image(part, 0, 0, spec.nchannels, oiio.FLOAT) if spec.nchannels else None
    reason = image.geterror()
    image.close()
    if block is None:
        raise damaged_pixels(path, reason)
    lacking = [name for name in names if name not in spec.channelnames]
    if lacking:
        raise FrameReadError(
            f"{path} lacks the channels {', '.join(lacking)}.",
            hint="Another program has changed it: key this frame again.",
            path=path,
        )
    whole = np.asarray(block, np.float32).reshape(spec.height, spec.width, spec.nchannels)
    return whole[..., [spec.channelnames.index(name) for name in names]]


def text_attribute(path: Path, name: str) -> str | None:
    """Return a text attribute of an image; None where there is none, or no image."""
    try:
        image = _open(path)
    except FrameReadError:
        return None
    value = image.spec().get_string_attribute(name)
    image.close()
    return value or None


def _open(path: Path, number: int | None = None) -> oiio.ImageInput:
    """Open an image with straight alpha kept straight."""
    refuse_other_bytes(path)
    wish = oiio.ImageSpec()
    wish.attribute("oiio:UnassociatedAlpha", 1)
    image = oiio.ImageInput.open(str(path), wish)
    if image is None:
        raise _unopened(path, oiio.geterror(), number)
    return image


def _unopened(path: Path, reason: str, number: int | None) -> FrameReadError:
    """Build the error for a file that OpenImageIO does not take for an image."""
    log.debug("OpenImageIO on %s: %s", path, reason)
    if path.suffix.lower() == ".exr":
        return _unopened_exr(path, number)
    try:
        with path.open("rb") as file:
            is_empty = not file.read(1)
    except OSError as error:
        return cannot_open(path, error)
    if is_empty:
        what = f"{path} cannot be read: it is empty (0 bytes)."
        hint = "Render or copy it again."
    elif path.suffix.lower() not in IMAGE_SUFFIXES:
        what = f"{path} is no image or movie that is read: {_READ}."
        hint = "Name one of these, or the folder that holds the images."
    else:
        kind = path.suffix[1:].upper()
        what = f"{path} cannot be read: it does not start like a {kind} image."
        hint = f"Check what the file really is: its name says {kind}, its content does not."
    return FrameReadError(what, hint=hint, frame=number, path=path)


def _unopened_exr(path: Path, number: int | None) -> FrameReadError:
    """Build the error for an EXR file; its header may be sound and its channels still not read."""
    try:
        channels = read_header(path).parts[0].channels
    except FrameReadError as error:
        return error
    return unread_exr(path, len(channels), number)


def _refuse_deep(spec: oiio.ImageSpec, path: Path, number: int) -> None:
    if spec.deep:
        raise InputError(
            f"{path} holds deep samples.",
            hint="Flatten the plate to ordinary pixels before keying.",
            frame=number,
            path=path,
        )


def _colour_channels(names: list[str], path: Path, number: int) -> tuple[int, int, int]:
    """Return where R, G and B are; one luminance channel serves as all three."""
    lower = [name.lower() for name in names]
    for wanted in (("r", "g", "b"), ("red", "green", "blue")):
        if all(name in lower for name in wanted):
            red, green, blue = (lower.index(name) for name in wanted)
            return red, green, blue
    for luminance in ("y", "l", "luminance", "gray", "grey"):
        if luminance in lower:
            return (lower.index(luminance),) * 3
    raise InputError(
        f"{path} has no colour to key; its channels are {', '.join(names)}.",
        hint="Name a plate with the channels R, G and B, or Y.",
        frame=number,
        path=path,
    )
