"""How far a frame's layers reach: out to the plate around a region, in to what is covered."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from robust_matte.keying.matte import Matte
from robust_matte.media.frames import FloatImage
from robust_matte.media.windows import Window

__all__ = ["crop_matte", "surround_matte"]


def surround_matte(matte: Matte, around: FloatImage, area: Window, data: Window) -> Matte:
    """Return the layers of a region over the whole of a plate's frame.

    Beyond the region alpha is exactly 0, colour black, and the foreground the plate.

    Args:
        matte: The layers of the region.
        around: The plate over `area`, (H, W, 3) float32, encoded as the foreground is.
        area: The work area, which holds the region.
        data: The frame's data window.

    Returns:
        The layers, cut to the data window; transparent black over the area where that lies outside
        of it, because no file can be empty.
    """
    window = data.intersected(area)
    if window.is_empty:
        return Matte.black(area)
    keyed = matte.window.intersected(window)  # empty where the region shows nothing of this frame
    source, place = keyed.slices_in(matte.window), keyed.slices_in(window)
    foreground = around[window.slices_in(area)].copy()
    foreground[place] = matte.foreground[source]
    rgb = np.zeros((3, window.height, window.width), np.float32).transpose(1, 2, 0)
    rgb[place] = matte.rgb[source]  # planes one after another in memory, as files want them
    alpha, network_alpha = np.zeros((2, window.height, window.width), np.float32)
    alpha[place], network_alpha[place] = matte.alpha[source], matte.network_alpha[source]
    return replace(
        matte,
        rgb=rgb,
        alpha=alpha,
        foreground=foreground,
        network_alpha=network_alpha,
        window=window,
    )


def crop_matte(matte: Matte) -> Matte:
    """Return the least part of the layers outside of which no alpha is above 0.

    Of a frame without any alpha that is its first pixel, because no file can be empty.
    """
    is_covered = (matte.alpha > 0.0) | (matte.network_alpha > 0.0)
    window = _bounds(is_covered, matte.window)
    inside = window.slices_in(matte.window)
    return replace(
        matte,
        rgb=matte.rgb[inside],
        alpha=matte.alpha[inside],
        foreground=matte.foreground[inside],
        network_alpha=matte.network_alpha[inside],
        window=window,
    )


def _bounds(is_inside: NDArray[np.bool_], window: Window) -> Window:
    """Return the bounds of what is true in an array that covers `window`."""
    rows, columns = (np.flatnonzero(is_inside.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return Window(window.x, window.y, 1, 1)
    x, y = window.x + int(columns[0]), window.y + int(rows[0])
    return Window.from_bounds(x, y, window.x + int(columns[-1]), window.y + int(rows[-1]))
