"""The connectivity error: pieces of a matte that hang in the air, or holes where none should be."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from robust_matte_rvm.evaluation.differences import FloatImage

__all__ = ["STEPS", "TOLERANCE", "connectivity_error"]

_Mask = NDArray[np.bool_]

STEPS = 10  # levels of 0.1
TOLERANCE = 0.15  # distances below it count as connected


def connectivity_error(alpha: FloatImage, true_alpha: FloatImage) -> float:
    """Return Conn: the sum over all pixels of the difference in connectedness.

    At each level both mattes share a largest connected region, the source. A pixel that is part of
    it up to the level l and has the alpha a is connected by 1 - (a - l), or by 1 if a - l is below
    0.15.

    Args:
        alpha: The matte, (H, W) float32.
        true_alpha: The truth, likewise.

    Returns:
        0 where they are equal; at most the number of pixels.

    Source:
        Rhemann et al. 2009, A Perceptually Motivated Online Benchmark for Image Matting: exponent
        1, theta 0.15, 4-connected. Levels of 0.1, each with its own source, and no weight for the
        distance in pixels, as in the evaluators published with Deep Image Matting (Xu et al. 2017)
        and with arXiv 2108.11515, which prints it x 0.001.
    """
    connected_up_to = _levels(alpha, true_alpha)
    difference = _connectedness(alpha, connected_up_to) - _connectedness(
        true_alpha, connected_up_to
    )
    return float(np.abs(difference).sum(dtype=np.float64))


def _levels(alpha: FloatImage, true_alpha: FloatImage) -> FloatImage:
    """Return for each pixel the last level before it first falls out of the source."""
    both = np.minimum(alpha, true_alpha)
    levels = np.ones_like(both)
    is_part = np.ones(both.shape, np.bool_)
    for step in range(1, STEPS + 1):
        source = _largest_region(both >= np.float32(step / STEPS))
        levels[is_part & ~source] = (step - 1) / STEPS
        is_part &= source
        if not is_part.any():
            break
    return levels


def _largest_region(mask: _Mask) -> _Mask:
    """Keep the largest 4-connected region; of equal ones that which comes first in the rows."""
    regions, count = label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(regions.ravel())
    sizes[0] = 0  # what is not in the mask
    largest: _Mask = regions == sizes.argmax()
    return largest


def _connectedness(alpha: FloatImage, levels: FloatImage) -> FloatImage:
    distance = alpha - levels
    return np.float32(1.0) - np.where(distance >= np.float32(TOLERANCE), distance, np.float32(0.0))
