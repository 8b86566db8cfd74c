"""The gradient error: how far the edges of a matte are from those of the truth."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from robust_matte_rvm.evaluation.differences import FloatImage

__all__ = ["SIGMA", "gradient_error"]

_DoubleImage = NDArray[np.float64]

SIGMA = 1.4
_CUT_OFF = 0.01  # the kernels end where the Gaussian has fallen to this


def gradient_error(alpha: FloatImage, true_alpha: FloatImage) -> float:
    """Return Grad: the sum over all pixels of the squared difference of gradient magnitudes.

    Both mattes are first stretched to [0, 1], as every published figure has it; for mattes that
    hold both bounds, which nearly all do, that changes nothing. A matte of one value has no
    gradient.

    Args:
        alpha: The matte, (H, W) float32.
        true_alpha: The truth, likewise.

    Returns:
        0 where they are equal; grows with the length of wrong edges in pixels.

    Source:
        Rhemann et al. 2009, A Perceptually Motivated Online Benchmark for Image Matting: first
        derivatives of a Gaussian, sigma 1.4, exponent 2. Stretching, kernel size and norm as in
        the evaluators published with Deep Image Matting (Xu et al. 2017) and with arXiv
        2108.11515, which prints it x 0.001.
    """
    difference = _magnitude(_stretched(alpha)) - _magnitude(_stretched(true_alpha))
    return float(np.square(difference).sum())


def _stretched(alpha: FloatImage) -> _DoubleImage:
    low, high = float(alpha.min()), float(alpha.max())
    if high == low:
        return np.zeros(alpha.shape, np.float64)
    return (alpha.astype(np.float64) - low) / (high - low)


def _magnitude(image: _DoubleImage) -> _DoubleImage:
    """Return the length of the gradient; beyond its border the picture goes on as it ends."""
    smooth, slope = _kernels()
    down = correlate1d(correlate1d(image, smooth, 1, mode="nearest"), slope, 0, mode="nearest")
    across = correlate1d(correlate1d(image, smooth, 0, mode="nearest"), slope, 1, mode="nearest")
    length: _DoubleImage = np.hypot(down, across)
    return length


def _kernels() -> tuple[_DoubleImage, _DoubleImage]:
    """Return the Gaussian and its derivative, (9,) each.

    Each has the norm 1, and so has the kernel in two dimensions that they make together.
    """
    reach = math.ceil(
        SIGMA * math.sqrt(-2.0 * math.log(math.sqrt(2.0 * math.pi) * SIGMA * _CUT_OFF))
    )
    place = np.arange(-reach, reach + 1, dtype=np.float64)
    smooth = np.exp(-np.square(place) / (2.0 * SIGMA**2))
    slope = place * smooth
    return smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)
