"""What the files of one frame hold, as EXR and as PNG."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.colour.transforms import transform
from robust_matte.jobs.marks import LAYER_ATTRIBUTE
from robust_matte.keying.matte import Matte
from robust_matte.media.exr_write import (
    NamedPart,
    Plane,
    interop_id,
    to_half,
    write_exr,
    write_exr_parts,
)
from robust_matte.media.frames import FrameHeader
from robust_matte.media.png_write import full_codes, write_png
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Compression, Depth, Layers, PlateSpace

__all__ = ["COMBINED_LAYERS", "SEPARATE_LAYERS", "write_exr_layers", "write_png_layers"]

COMBINED_LAYERS = ("rgba",)
SEPARATE_LAYERS = ("rgba", "alpha", "foreground")

_INTEROP = "colorInteropID"
_OUTPUT_SPACE = "robust_matte/output_space"
_WHITE = 1.0 + 0.5 / 65535  # what is above would need a code above the last one

_Channels = dict[str, NDArray[np.float32]]


class _Place(TypedDict):
    """What all files of a frame share."""

    data_window: Window
    display_window: Window
    pixel_aspect: float
    compression: Compression


def write_exr_layers(
    paths: Mapping[str, Path],
    matte: Matte,
    header: FrameHeader,
    attributes: Mapping[str, object],
    *,
    layers: Layers,
    depth: Depth,
    compression: Compression,
) -> int:
    """Write the EXR files of one frame, each in one step.

    A file of several parts says in each of them which space it is in: Blender takes its word.

    Args:
        paths: The file of each layer.
        matte: The layers.
        header: Display window and pixel aspect.
        attributes: All that the files say, but for their layer.
        layers: How layers are spread over files.
        depth: Bits of a channel.
        compression: Lossless EXR compression.

    Returns:
        How many values were beyond half's range and clamped.

    Raises:
        OutputError: A file cannot be written.
    """
    place = _Place(
        data_window=matte.window,
        display_window=header.display_window,
        pixel_aspect=header.pixel_aspect,
        compression=compression,
    )
    clamped, parts = 0, []
    for layer in COMBINED_LAYERS if layers is Layers.COMBINED else SEPARATE_LAYERS:
        stored, count = _stored_channels(layers, layer, matte, depth)
        clamped += count
        said = dict(attributes) | {LAYER_ATTRIBUTE: layer}
        if layers is Layers.MULTIPART:
            said |= {_INTEROP: interop_id(attributes)}
            parts.append(NamedPart(name=layer, channels=stored, attributes=said))
        else:
            write_exr(paths[layer], stored, attributes=said, **place)
    if parts:
        write_exr_parts(paths["rgba"], parts, **place)
    return clamped


def write_png_layers(
    paths: Mapping[str, Path],
    matte: Matte,
    header: FrameHeader,
    attributes: Mapping[str, object],
    *,
    seen: ModelView,
) -> int:
    """Write the PNG files of one frame over its display window, each in one step.

    `rgba` is the foreground with straight alpha, `alpha` is grey, `foreground` the colour alone.

    Args:
        paths: The file of each layer.
        matte: The layers.
        header: Display window and pixel aspect.
        attributes: Of these, our own are written as texts.
        seen: The plate's model view, which knows the output space and the display encoding of
            colour; alpha is linear.

    Returns:
        How many colour values, where there is any alpha, were brighter than white and clipped.

    Raises:
        OutputError: A file cannot be written.
    """
    codes, clipped = _straight_codes(matte, header, seen)
    space = seen.encoding
    texts = {name: str(value) for name, value in attributes.items() if name.startswith("robust_")}
    texts[_OUTPUT_SPACE] = space.value
    parts = {
        "rgba": (codes, space, {}),
        "alpha": (codes[..., 3:], PlateSpace.LINEAR_REC709, {_OUTPUT_SPACE: "linear coverage"}),
        "foreground": (codes[..., :3], space, {}),
    }
    for layer, path in paths.items():
        shown, said, more = parts[layer]
        write_png(
            path,
            shown,
            space=said,
            pixel_aspect=header.pixel_aspect,
            texts=texts | more | {LAYER_ATTRIBUTE: layer},
        )
    return clipped


def _stored_channels(
    layers: Layers, layer: str, matte: Matte, depth: Depth
) -> tuple[dict[str, Plane], int]:
    """Return the channels of a part or file as stored, and how many values were clamped."""
    planes = _channels(layers, layer, matte)
    rounded = {id(plane): _stored(plane, depth) for plane in planes.values()}  # some are one
    clamped = sum(rounded[id(plane)][1] for plane in planes.values())
    return {name: rounded[id(plane)][0] for name, plane in planes.items()}, clamped


def _stored(plane: NDArray[np.float32], depth: Depth) -> tuple[Plane, int]:
    """Return a plane as the file holds it, and how many values were clamped for that."""
    return (plane, 0) if depth is Depth.FLOAT else to_half(plane)


def _channels(layers: Layers, layer: str, matte: Matte) -> _Channels:
    """Return the channels of one EXR file."""
    if layers is Layers.COMBINED:
        return (
            _rgb(matte.rgb)
            | {"A": matte.alpha}
            | _rgb(matte.foreground, "foreground.")
            | {"matte.A": matte.network_alpha}
        )
    if layer == "alpha" and layers is Layers.MULTIPART:
        return {"Y": matte.alpha}
    if layer == "alpha":
        return dict.fromkeys("RGBA", matte.alpha)
    return _rgb(matte.foreground) if layer == "foreground" else _rgb(matte.rgb) | {"A": matte.alpha}


def _rgb(colour: NDArray[np.float32], prefix: str = "") -> _Channels:
    return {f"{prefix}{name}": colour[..., index] for index, name in enumerate("RGB")}


def _straight_codes(
    matte: Matte, header: FrameHeader, seen: ModelView
) -> tuple[NDArray[np.uint16], int]:
    """Return RGBA codes over the display window, and how many were clipped inside the matte.

    Outside of the data window is transparent black.
    """
    display = header.display_window
    codes = np.zeros((display.height, display.width, 4), np.uint16)
    window = matte.window.intersected(display)
    if window.is_empty:
        return codes, 0
    inside = window.slices_in(matte.window)
    alpha, colour = matte.alpha[inside], matte.foreground[inside]
    shown = transform(seen.shown(colour), PlateSpace.LINEAR_REC709, seen.encoding)
    part = codes[window.slices_in(display)]
    part[..., :3] = full_codes(shown)
    part[..., 3] = full_codes(alpha)
    is_clipped = (shown > _WHITE) & (part[..., 3:] > 0)
    return codes, int(np.count_nonzero(is_clipped))
