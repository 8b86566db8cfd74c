"""The alpha after the network: shaped as an artist asks, and what its colour is multiplied by.

Pixels are worked on in numpy, tile by tile: OpenImageIO's dilate and erode know whole pixels and
boxes alone, which make squares of hair, and need a time that grows with the box's area. A tile
without an edge in it is copied, which is most of a picture, and one with an edge stays in the
processor's cache.
"""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from robust_matte.keying.foreground import premultiply
from robust_matte.media.exr_write import to_half
from robust_matte.media.frames import FloatImage
from robust_matte.settings.shaping import Shaping

__all__ = ["premultiplied", "shape_alpha", "shaped_alpha"]

_TILE_ROWS, _TILE_COLUMNS = 128, 512  # with the scratch of a tile about 1 MB
_SIGMA = 0.5  # of the softening's Gaussian, in units of its width
_TAIL = 3.0  # sigmas after which the Gaussian is cut off; what is lost there is 0.003

_Filter = Callable[[FloatImage], FloatImage]


def shaped_alpha(alpha: FloatImage, shaping: Shaping, *, is_half: bool) -> FloatImage:
    """Shape coverage as the files hold it, so that `robust-matte shape` makes the same of them.

    Args:
        alpha: Coverage after garbage and core, (H, W) float32, [0, 1].
        shaping: What is done to it.
        is_half: Whether the files hold half floats, to which alpha is rounded first.

    Returns:
        (H, W) float32, [0, 1]; `alpha` itself where nothing is shaped.
    """
    if shaping.is_off:
        return alpha
    return shape_alpha(_as_half(alpha) if is_half else alpha, shaping)


def premultiplied(
    foreground: FloatImage, alpha: FloatImage, shaping: Shaping, *, is_half: bool
) -> FloatImage:
    """Multiply colour by shaped coverage; where it is shaped, colour as the files hold it.

    Args:
        foreground: Straight colour, (H, W, 3) float32, scene-linear, any range.
        alpha: (H, W) float32, [0, 1], shaped.
        shaping: What was done to it.
        is_half: Whether the files hold half floats.

    Returns:
        (H, W, 3) float32, premultiplied.
    """
    if is_half and not shaping.is_off:
        foreground = _as_half(foreground)
    return premultiply(foreground, alpha)


def shape_alpha(alpha: FloatImage, shaping: Shaping) -> FloatImage:
    """Shape coverage: levels, then gamma, then grow, then soften.

    What was 0 or 1 and has nothing else around it stays exactly that. The picture goes on beyond
    its borders as it is at them, so that a body that the frame cuts off is neither eaten away nor
    darkened there.

    Args:
        alpha: Coverage, (H, W) float32, [0, 1]; NaN counts as 0.
        shaping: What is done.

    Returns:
        (H, W) float32, [0, 1]; `alpha` itself where nothing is shaped.
    """
    if shaping.is_off:
        return alpha
    shaped = np.nan_to_num(alpha, nan=0.0, posinf=1.0, neginf=0.0)
    np.clip(shaped, 0.0, 1.0, out=shaped)
    _level(shaped, shaping)
    if shaping.grow > 0.0:
        shaped = _filtered(shaped, math.ceil(shaping.grow), lambda tile: _grown(tile, shaping.grow))
    elif shaping.grow < 0.0:
        by = -shaping.grow
        shaped = 1.0 - _filtered(1.0 - shaped, math.ceil(by), lambda tile: _grown(tile, by))
    if shaping.soften > 0.0:
        weights = _gaussian(shaping.soften)
        shaped = _filtered(shaped, len(weights), lambda tile: _softened(tile, weights))
        np.clip(shaped, 0.0, 1.0, out=shaped)
    return shaped


def _level(alpha: FloatImage, shaping: Shaping) -> None:
    """Spread alpha between the points and bend it, in place."""
    if (shaping.black, shaping.white) != (0.0, 1.0):
        alpha -= np.float32(shaping.black)
        alpha /= np.float32(shaping.white) - np.float32(shaping.black)  # white becomes 1 exactly
        np.clip(alpha, 0.0, 1.0, out=alpha)
    if shaping.gamma != 1.0:
        np.power(alpha, np.float32(1.0 / shaping.gamma), out=alpha)


def _filtered(image: FloatImage, margin: int, work: _Filter) -> FloatImage:
    """Run a filter over tiles that have anything in them but one value.

    Args:
        image: (H, W) float32.
        margin: Pixels that the filter looks around each; beyond the border these are as at it.
        work: From a tile with its margin to one without.
    """
    padded = np.pad(image, margin, mode="edge")
    result = np.empty_like(image)
    for rows, columns in _tiles(image.shape):
        wide = padded[
            rows.start : rows.stop + 2 * margin, columns.start : columns.stop + 2 * margin
        ]
        is_flat = wide.min() == wide.max()
        result[rows, columns] = wide[0, 0] if is_flat else work(wide)
    return result


def _tiles(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    height, width = shape
    for top in range(0, height, _TILE_ROWS):
        for left in range(0, width, _TILE_COLUMNS):
            yield (
                slice(top, min(top + _TILE_ROWS, height)),
                slice(left, min(left + _TILE_COLUMNS, width)),
            )


def _grown(wide: FloatImage, by: float) -> FloatImage:
    """Take the largest alpha within a disc around each pixel, its rim weighted by how far it is in.

    A pixel at distance d counts fully up to `by`, and by the part of a pixel that is left up to one
    further: so growing by 0 is nothing, and an edge moves by the very fraction that is asked for.
    Rows of the disc that count fully are found from maxima of runs whose lengths are powers of two,
    which takes a time that grows with the radius, not with the disc's area.

    Args:
        wide: (H + 2R, W + 2R) float32, with R = ceil(by).
        by: Pixels, above 0.

    Returns:
        (H, W) float32.
    """
    reach = math.ceil(by)
    height, width = (side - 2 * reach for side in wide.shape)
    result = wide[reach : reach + height, reach : reach + width].copy()
    scratch = np.empty_like(result)
    runs = _run_maxima(wide, 2 * math.floor(by) + 1)

    def rows(image: FloatImage, down: int, across: int) -> FloatImage:
        top, left = reach + down, reach + across
        return image[top : top + height, left : left + width]

    for down in range(-reach, reach + 1):
        full = _half_width(by, down)
        if full >= 0:
            level = (2 * full + 1).bit_length() - 1
            for across in (-full, full + 1 - 2**level):
                np.maximum(result, rows(runs[level], down, across), out=result)
        for across in range(full + 1, reach + 1):
            weight = np.float32(by + 1.0 - math.hypot(down, across))
            if weight <= 0.0:
                break
            for side in {across, -across}:
                np.multiply(rows(wide, down, side), weight, out=scratch)
                np.maximum(result, scratch, out=result)
    return result


def _half_width(by: float, down: int) -> int:
    """Return how far to either side a disc counts fully in one of its rows; -1 for nowhere."""
    square = by * by - down * down
    return math.isqrt(math.floor(square)) if square >= 0.0 else -1


def _run_maxima(wide: FloatImage, longest: int) -> list[FloatImage]:
    """Return, by k, the largest of 2^k pixels from each on to the right, up to a length."""
    runs = [wide]
    while 2 ** len(runs) <= longest:
        last, step = runs[-1], 2 ** (len(runs) - 1)
        longer = last.copy()
        np.maximum(last[:, :-step], last[:, step:], out=longer[:, :-step])
        runs.append(longer)
    return runs


def _gaussian(width: float) -> list[np.float32]:
    """Return the share of a Gaussian in the pixels at distance 1, 2, ...; with 0 they make 1."""
    sigma = _SIGMA * width
    reach = math.ceil(_TAIL * sigma)
    below = [0.5 * (1.0 + math.erf((at + 0.5) / sigma / math.sqrt(2.0))) for at in range(reach + 1)]
    total = 2.0 * below[-1] - 1.0
    return [np.float32((far - near) / total) for near, far in pairwise(below)]


def _softened(wide: FloatImage, weights: list[np.float32]) -> FloatImage:
    """Blur along both axes; as differences to the middle, so that what is even stays exactly so."""
    return _blurred(_blurred(wide, weights).T, weights).T


def _blurred(wide: FloatImage, weights: list[np.float32]) -> FloatImage:
    """Blur along the rows' direction: (H + 2R, W) becomes (H, W) with R weights."""
    reach = len(weights)
    height = wide.shape[0] - 2 * reach
    middle = wide[reach : reach + height]
    result, scratch = middle.copy(), np.empty_like(middle)
    for distance, weight in enumerate(weights, start=1):
        for top in (reach - distance, reach + distance):
            np.subtract(wide[top : top + height], middle, out=scratch)
            scratch *= weight
            result += scratch
    return result


def _as_half(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to what a file of half floats gives back; see `media.exr_write.to_half`."""
    rounded, _ = to_half(plane)
    return rounded.astype(np.float32)
