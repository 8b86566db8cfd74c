"""Pixels of one layer of an EXR file.

OpenImageIO reads them, except from the files that it refuses as a whole: with a subsampled channel
anywhere, or more than 1024 channels. Those go through the OpenEXR package.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO as oiio
from numpy.typing import NDArray

from robust_matte.errors import FrameReadError
from robust_matte.media.exr_chroma import from_chroma, luminance_weights, reconstruct, repeat
from robust_matte.media.exr_header import ExrPart
from robust_matte.media.exr_layers import ExrLayer
from robust_matte.media.failures import damaged_pixels
from robust_matte.media.frames import FloatImage

__all__ = ["read_layer", "unread_exr"]

log = logging.getLogger(__name__)

_FULL_SCALE = np.float64(2**32 - 1)
# What the package raises for a file it cannot read; it has no error class of its own.
_PACKAGE_ERRORS = (RuntimeError, ValueError, TypeError, OSError, ArithmeticError, SystemError)


def read_layer(path: Path, part: ExrPart, layer: ExrLayer, number: int) -> FloatImage:
    """Read a layer's colour over its part's data window, at full resolution.

    Args:
        path: The file.
        part: The header of the part that has the layer.
        layer: What to read of it.
        number: Its frame number, for messages.

    Returns:
        R, G and B, (H, W, 3) float32, C-contiguous, as stored; unsigned integers are scaled so
        that full scale is 1.0, and luminance alone serves as all three.

    Raises:
        FrameReadError: The file is damaged, or stored in a way that neither library reads.
    """
    image = oiio.ImageInput.open(str(path))
    if image is None:
        log.debug("OpenImageIO on %s: %s", path, oiio.geterror())
        return _read_otherwise(path, part, layer, number)
    try:
        spec = image.spec(layer.part, 0)
        names = list(spec.channelnames)
        wanted = [names.index(name) for name in _three(layer.channels)]
        first, past = min(wanted), max(wanted) + 1
        block = image.read_image(layer.part, 0, first, past, oiio.FLOAT)
        if block is None or image.has_error:
            raise damaged_pixels(path, image.geterror(), number)
    finally:
        image.close()
    pixels = np.asarray(block, np.float32).reshape(spec.height, spec.width, past - first)
    colour = np.ascontiguousarray(pixels[..., [index - first for index in wanted]])
    return from_chroma(colour, luminance_weights(part)) if layer.has_chroma else colour


def _three(channels: tuple[str, ...]) -> tuple[str, ...]:
    return channels if len(channels) == 3 else channels[:1] * 3


def _read_otherwise(path: Path, part: ExrPart, layer: ExrLayer, number: int) -> FloatImage:
    """Read a layer through the OpenEXR package."""
    sampling = {one.name: (one.x_sampling, one.y_sampling) for one in part.channels}
    is_whole = all(sampling[name] == (1, 1) for name in layer.channels)
    try:
        if layer.part == 0 and is_whole:  # of no other channel a byte is decoded
            planes = _named_planes(path, part, layer)
        else:
            planes = _planes(path, layer)
    except _PACKAGE_ERRORS as error:
        log.debug("OpenEXR on %s: %s", path, error)
        raise unread_exr(path, len(part.channels), number) from error
    whole = []
    for name, plane in zip(layer.channels, planes, strict=True):
        is_chroma = layer.has_chroma and sampling[name] == (2, 2)
        light = _light(plane)
        whole.append(reconstruct(light) if is_chroma else repeat(light, sampling[name]))
    colour = np.stack(whole * (3 // len(whole)), axis=2)
    return from_chroma(colour, luminance_weights(part)) if layer.has_chroma else colour


def _named_planes(path: Path, part: ExrPart, layer: ExrLayer) -> list[NDArray[Any]]:
    kinds = {"uint": "<u4", "half": "<f2", "float": "<f4"}
    types = {one.name: kinds[one.pixel_type] for one in part.channels}
    window = part.data_window
    stored = OpenEXR.InputFile(str(path)).channels(list(layer.channels))
    return [
        np.frombuffer(plane, types[name]).reshape(window.height, window.width)
        for name, plane in zip(layer.channels, stored, strict=True)
    ]


def _planes(path: Path, layer: ExrLayer) -> list[NDArray[Any]]:
    part = OpenEXR.File(str(path), separate_channels=True).parts[layer.part]
    return [part.channels[name].pixels for name in layer.channels]


def _light(plane: NDArray[Any]) -> NDArray[np.float32]:
    if plane.dtype == np.uint32:
        return (plane / _FULL_SCALE).astype(np.float32)
    return plane.astype(np.float32)


def unread_exr(path: Path, channels: int, number: int | None) -> FrameReadError:
    """Build the error for a file whose header is sound and whose pixels no library takes."""
    return FrameReadError(
        f"{path} cannot be read: its {channels} channels are stored in a way that is not "
        "supported.",
        hint="Write it again with R, G and B alone, none of them subsampled.",
        frame=number,
        path=path,
    )
