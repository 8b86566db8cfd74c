"""Errors that are counted pixel by pixel: of alpha, of its change over time, of the foreground.

All give plain numbers; `metrics` holds the scales that papers print them with. Arrays of one call
have one size. Alpha is coverage, (H, W) float32, [0, 1] by convention: values outside are counted
as they are.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FloatImage",
    "foreground_squared_error",
    "intersection_over_union",
    "mean_absolute_difference",
    "mean_squared_error",
    "temporal_difference",
]

FloatImage = NDArray[np.float32]


def mean_absolute_difference(alpha: FloatImage, true_alpha: FloatImage) -> float:
    """Return MAD, the mean of |alpha - true alpha| over all pixels.

    Args:
        alpha: The matte, (H, W) float32.
        true_alpha: The truth, likewise.

    Returns:
        0 where they are equal, 1 at most within [0, 1].

    Source:
        Lin et al. 2022 (arXiv 2108.11515), section 5.1, and its published evaluator: over the whole
        picture, printed x 1000. Rhemann et al. 2009 sum the same over unknown pixels (SAD).
    """
    return float(np.abs(_difference(alpha, true_alpha)).mean())


def mean_squared_error(alpha: FloatImage, true_alpha: FloatImage) -> float:
    """Return MSE, the mean of (alpha - true alpha) squared over all pixels.

    Args:
        alpha: The matte, (H, W) float32.
        true_alpha: The truth, likewise.

    Returns:
        0 where they are equal, 1 at most within [0, 1].

    Source:
        Rhemann et al. 2009, A Perceptually Motivated Online Benchmark for Image Matting; over the
        whole picture and printed x 1000 as in arXiv 2108.11515, section 5.1.
    """
    return float(np.square(_difference(alpha, true_alpha)).mean())


def temporal_difference(
    alpha: FloatImage, alpha_before: FloatImage, true_alpha: FloatImage, true_before: FloatImage
) -> float:
    """Return dtSSD of one frame: how far the matte's change differs from the truth's change.

    The root of the mean over pixels of ((a - a_before) - (t - t_before)) squared. An error that
    stands still counts nothing: this is flicker alone.

    Args:
        alpha: The matte, (H, W) float32.
        alpha_before: The matte one frame before.
        true_alpha: The truth.
        true_before: The truth one frame before.

    Returns:
        0 where both change alike, 2 at most within [0, 1].

    Source:
        Erofeev et al. 2015, Perceptually Motivated Benchmark for Video Matting; as the mean over
        pixels and printed x 100 in arXiv 2108.11515, section 5.1.
    """
    change = _difference(alpha, alpha_before) - _difference(true_alpha, true_before)
    return float(np.sqrt(np.square(change).mean()))


def intersection_over_union(alpha: FloatImage, true_alpha: FloatImage) -> float:
    """Return IoU at 0.5: the share of pixels above 0.5 in either that are above it in both.

    Args:
        alpha: The matte, (H, W) float32.
        true_alpha: The truth, likewise.

    Returns:
        1 where both mark the same pixels, or none; 0 where they share none.

    Source:
        Jaccard 1912; for masks Everingham et al. 2010, The Pascal Visual Object Classes Challenge.
    """
    marked, truly_marked = alpha > 0.5, true_alpha > 0.5
    either = np.count_nonzero(marked | truly_marked)
    return np.count_nonzero(marked & truly_marked) / either if either else 1.0


def foreground_squared_error(
    foreground: FloatImage, true_foreground: FloatImage, true_alpha: FloatImage
) -> float:
    """Return the mean squared error of the foreground's colour where the truth has any alpha.

    Args:
        foreground: Straight colour, (H, W, 3) float32, display codes in [0, 1].
        true_foreground: The truth, likewise, in the same encoding.
        true_alpha: The true coverage, (H, W) float32.

    Returns:
        The mean over pixels and channels, 0 where they are equal; NaN where no pixel has alpha.

    Source:
        arXiv 2108.11515, section 5.1: measured where the true alpha is above 0, printed x 1000.
    """
    seen = true_alpha > 0.0
    if not seen.any():
        return float("nan")
    return float(np.square(_difference(foreground[seen], true_foreground[seen])).mean())


def _difference(one: FloatImage, other: FloatImage) -> NDArray[np.float64]:
    """Subtract in float64: sums over millions of float32 pixels would lose the last digits."""
    return np.subtract(one, other, dtype=np.float64)
