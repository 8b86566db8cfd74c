"""Small pictures of a large one: filled where they have holes, averaged, and read in between."""

import numpy as np
from numpy.typing import NDArray

from robust_matte.media.frames import FloatImage

__all__ = ["box_means", "fill_holes", "read_between", "sum_cells"]

_Pixels = tuple[NDArray[np.intp], NDArray[np.intp]]


def fill_holes(colours: FloatImage, weights: FloatImage) -> FloatImage:
    """Return colours where there are some, and elsewhere what lies around, smoothly.

    A pyramid: each level is the weighted mean of four, and fills the holes of the one below it.

    Args:
        colours: (H, W, C) float32, finite.
        weights: How much each is worth, (H, W, 1) float32, [0, 1].

    Returns:
        (H, W, C) float32; black if nothing has a weight.
    """
    return _filled(colours * weights, weights)


def _filled(sums: FloatImage, weights: FloatImage) -> FloatImage:
    height, width = weights.shape[:2]
    if max(height, width) == 1:
        return np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0.0)
    small = _halved(np.concatenate([sums, weights], axis=2)) * np.float32(4.0)
    small /= np.maximum(small[..., -1:], 1.0)  # four halves are worth no more than one whole
    around = _filled(small[..., :-1], small[..., -1:])
    for axis, count in enumerate((height, width)):
        around = _doubled(around, count, axis)
    return np.asarray(sums + around * (1.0 - weights))


def _halved(image: FloatImage) -> FloatImage:
    """Return the means of 2x2 pixels, (⌈H/2⌉, ⌈W/2⌉, C); black counts beyond an odd border."""
    height, width, channels = image.shape
    even = np.zeros((height + height % 2, width + width % 2, channels), np.float32)
    even[:height, :width] = image
    rows = even[0::2] + even[1::2]
    return np.asarray((rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25))


def _doubled(image: FloatImage, count: int, axis: int) -> FloatImage:
    """Return `count` linearly interpolated slices of an axis that has half as many."""
    lines = np.moveaxis(image, axis, 0)
    before = np.concatenate([lines[:1], lines[:-1]])
    after = np.concatenate([lines[1:], lines[-1:]])
    wide = np.empty((2 * len(lines), *lines.shape[1:]), np.float32)
    wide[0::2] = 0.75 * lines + 0.25 * before
    wide[1::2] = 0.75 * lines + 0.25 * after
    return np.moveaxis(wide[:count], 0, axis)


def box_means(image: FloatImage, radius: int) -> FloatImage:
    """Return the mean of each pixel's square neighbourhood, cut off at the borders, (H, W, C)."""
    result = image
    for axis in (0, 1):
        count = image.shape[axis]
        nothing = np.zeros_like(np.take(result, [0], axis), np.float64)
        sums = np.concatenate([nothing, np.cumsum(result, axis, dtype=np.float64)], axis)
        at = np.arange(count)
        first, end = np.maximum(at - radius, 0), np.minimum(at + radius + 1, count)
        shape = [-1 if one == axis else 1 for one in range(image.ndim)]
        window = (end - first).reshape(shape)
        result = np.asarray(
            (np.take(sums, end, axis) - np.take(sums, first, axis)) / window, np.float32
        )
    return result


def sum_cells(values: FloatImage, pixels: _Pixels, step: int, cells: tuple[int, int]) -> FloatImage:
    """Add up what lies in each cell.

    Args:
        values: (N, C) float32, one row per pixel.
        pixels: Rows and columns of N pixels.
        step: Size of a cell in pixels.
        cells: Rows and columns of the grid.

    Returns:
        (*cells, C) float32.
    """
    rows, columns = (np.minimum(at // step, n - 1) for at, n in zip(pixels, cells, strict=True))
    at = rows * cells[1] + columns
    count = cells[0] * cells[1]
    sums = [np.bincount(at, column, count) for column in values.T]
    return np.stack(sums, axis=1).reshape(*cells, -1).astype(np.float32)


def read_between(grid: FloatImage, pixels: _Pixels, step: int) -> FloatImage:
    """Read a small picture at pixels of the large one, linearly interpolated.

    Args:
        grid: (h, w, C) float32; each stands for `step` x `step` pixels.
        pixels: Rows and columns of N pixels.
        step: Size of a cell in pixels.

    Returns:
        (N, C) float32.
    """
    (top, bottom, down), (left, right, across) = (
        _neighbours(at, step, count) for at, count in zip(pixels, grid.shape[:2], strict=True)
    )
    flat, width = grid.reshape(-1, grid.shape[2]), grid.shape[1]  # taken twice as fast as [y, x]
    result = np.zeros((len(down), grid.shape[2]), np.float32)
    for row, part in ((top, 1.0 - down), (bottom, down)):
        for column, share in ((left, 1.0 - across), (right, across)):
            result += flat.take(row * width + column, axis=0) * (part * share)
    return result


def _neighbours(
    at: NDArray[np.intp], step: int, count: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatImage]:
    """Return the cells before and after each position, and how far between them it is, (N, 1)."""
    place = np.clip((at - (step - 1) / 2) / step, 0.0, count - 1.0)
    first = place.astype(np.intp)
    return first, np.minimum(first + 1, count - 1), (place - first).astype(np.float32)[:, None]
