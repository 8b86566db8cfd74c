"""Coverage in: one value a pixel, of roto shapes, hold-out mattes and a plate's own alpha."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robust_matte.errors import InputError
from robust_matte.media.exr_header import read_header
from robust_matte.media.exr_layers import ANY_LAYER, LayerChoice, choose_layer
from robust_matte.media.frames import FloatImage
from robust_matte.media.stills import read_channels, read_frame_header, read_spec
from robust_matte.media.windows import Window

__all__ = ["Coverage", "bounded", "grey", "has_idle_alpha", "read_alpha", "read_coverage"]

_ALPHA = ("a", "alpha")
_GREY = ("y", "l", "luminance", "gray", "grey")
_COLOURS = (("r", "g", "b"), ("red", "green", "blue"))
_GREEN, _BLUE = np.float32(0.7152), np.float32(0.0722)  # of Rec.709's luminance; red is the rest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """One picture of coverage.

    Attributes:
        pixels: (H, W) float32, [0, 1], over `data_window`.
        data_window: Where the pixels sit; around it there is none.
        display_window: The picture's frame.
    """

    pixels: FloatImage
    data_window: Window
    display_window: Window

    def placed(self, area: Window, display: Window) -> FloatImage:
        """Return the coverage over an area of another picture of the same size, 0 where none is.

        The two display windows lie on each other, wherever their corners are said to be: a PNG
        knows no windows, and starts at (0, 0).

        Args:
            area: What is to be covered, in the other picture's coordinates.
            display: The other picture's display window.
        """
        data, own = self.data_window, self.display_window
        place = Window(
            data.x + display.x - own.x, data.y + display.y - own.y, data.width, data.height
        )
        if place == area:
            return self.pixels
        placed = np.zeros((area.height, area.width), np.float32)
        shared = place.intersected(area)
        if not shared.is_empty:
            placed[shared.slices_in(area)] = self.pixels[shared.slices_in(place)]
        return placed


def read_coverage(path: Path) -> Coverage:
    """Read a mask: its alpha if it has one, else its grey or only channel, else its luminance.

    Values are taken as stored, without any transfer, and held to [0, 1]; NaN becomes 0.

    Raises:
        FrameReadError: The file is damaged.
        InputError: None of its channels can be taken for coverage.
    """
    names = list(read_spec(path).channelnames)
    return _read(path, _coverage_channels(path, names))


def read_alpha(path: Path, choice: LayerChoice = ANY_LAYER) -> Coverage:
    """Read a picture's own alpha.

    Args:
        path: The file.
        choice: Which layer of an EXR is meant; its own alpha counts, or else its part's.

    Raises:
        FrameReadError: The file is damaged.
        InputError: It has no alpha.
    """
    part, prefix = 0, ""
    if path.suffix.lower() == ".exr":
        header = read_header(path)
        layer = choose_layer(header, choice, path)
        part, prefix = layer.part, layer.channels[0].rpartition(".")[0]
        names = [channel.name for channel in header.parts[part].channels]
    else:
        names = list(read_spec(path).channelnames)
    wanted = [f"{prefix}.{alpha}".lstrip(".") for alpha in _ALPHA] + list(_ALPHA)
    alpha = next((name for one in wanted for name in names if name.lower() == one.lower()), None)
    if alpha is None:
        raise InputError(
            f"{path} has no alpha; its channels are {', '.join(names)}.",
            hint="Leave --source-alpha out, or render the plate with its alpha.",
            path=path,
        )
    return _read(path, [alpha], part=part)


def has_idle_alpha(path: Path) -> bool:
    """Say whether a mask has an alpha of 1 all over, and colour that says something else.

    Programs that export black and white pictures as RGBA write such files.

    Raises:
        FrameReadError: The file is damaged.
    """
    names = list(read_spec(path).channelnames)
    lower = [name.lower() for name in names]
    alpha = next((lower.index(name) for name in _ALPHA if name in lower), None)
    if alpha is None or len(names) == 1:
        return False
    whole = read_channels(path, names)
    return bool((whole[..., alpha] == 1.0).all() and (np.delete(whole, alpha, axis=2) != 1.0).any())


def grey(rgb: FloatImage) -> FloatImage:
    """Return the luminance of colour as stored; of equal channels exactly their value.

    Args:
        rgb: (H, W, 3) float32.

    Returns:
        (H, W) float32.
    """
    red, green, blue = (rgb[..., index] for index in range(3))
    luminance: FloatImage = red + _GREEN * (green - red) + _BLUE * (blue - red)
    return luminance


def bounded(values: FloatImage) -> FloatImage:
    """Return coverage held to [0, 1], NaN as 0; a new array."""
    sound = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0)
    return np.clip(sound, np.float32(0.0), np.float32(1.0), out=sound)


def _read(path: Path, names: Sequence[str], *, part: int = 0) -> Coverage:
    whole = read_channels(path, names, part=part)
    with np.errstate(invalid="ignore"):  # of infinite channels there is no luminance: NaN, so 0
        values = grey(whole) if len(names) > 1 else whole[..., 0]
    data, display = _windows(path, part)
    return Coverage(pixels=bounded(values), data_window=data, display_window=display)


def _windows(path: Path, part: int) -> tuple[Window, Window]:
    if part:
        header = read_header(path).parts[part]
        return header.data_window, header.display_window
    first = read_frame_header(path)
    return first.data_window, first.display_window


def _coverage_channels(path: Path, names: list[str]) -> list[str]:
    lower = [name.lower() for name in names]
    for name in (*_ALPHA, *_GREY):
        if name in lower:
            return [names[lower.index(name)]]
    for colour in _COLOURS:
        if all(name in lower for name in colour):
            return [names[lower.index(name)] for name in colour]
    if len(names) == 1:
        return names
    raise InputError(
        f"{path} holds no mask; its channels are {', '.join(names)}.",
        hint="Render it with A, with R, G and B, or with one channel alone.",
        path=path,
    )
