"""Primaries as chromaticities, and the matrices that follow from them.

Source:
    SMPTE RP 177-1993 for the matrix of a set of primaries; Lam 1985, as in ICC.1:2022 annex E, for
    Bradford's adaptation to another white.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["AP0", "REC709_LUMA", "Chromaticities", "are_usable", "matrix_to_ap0", "same_primaries"]

Chromaticities = tuple[float, ...]
_Matrix = NDArray[np.float64]

# x and y of red, green, blue and white, as in EXR files; SMPTE ST 2065-1:2021, 4.1.
AP0: Final[Chromaticities] = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)

# The share of red, green and blue in luminance, and in luma; ITU-R BT.709-6, 3.2.
REC709_LUMA: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_CLOSE = 2e-3  # files round to three digits, and some to the white of another table
_MOST_AMPLIFICATION = 1e4


def same_primaries(first: Sequence[float], second: Sequence[float]) -> bool:
    """Say whether two sets of primaries are one, but for rounding."""
    return bool(np.allclose(first, second, rtol=0.0, atol=_CLOSE))


def are_usable(chromaticities: Sequence[float]) -> bool:
    """Say whether light can be converted from these primaries and back."""
    numbers = np.asarray(chromaticities, np.float64)
    if numbers.shape != (8,) or not np.isfinite(numbers).all() or (numbers[[7]] <= 0).any():
        return False
    with np.errstate(all="ignore"):
        try:
            matrix = matrix_to_ap0(tuple(numbers))
            return bool(np.linalg.cond(matrix) < _MOST_AMPLIFICATION)
        except np.linalg.LinAlgError:
            return False


def matrix_to_ap0(chromaticities: Chromaticities) -> _Matrix:
    """Return the matrix to ACES2065-1 from light in these primaries; white stays white.

    Raises:
        numpy.linalg.LinAlgError: The primaries lie on a line.
    """
    source, target = _to_xyz(chromaticities), _to_xyz(AP0)
    adapted = _adaptation(source.sum(axis=1), target.sum(axis=1))
    result: _Matrix = np.linalg.inv(target) @ adapted @ source
    return result


def _to_xyz(chromaticities: Chromaticities) -> _Matrix:
    """Return the matrix to CIE XYZ, where white has Y = 1."""
    pairs = np.asarray(chromaticities, np.float64).reshape(4, 2)
    columns = np.array([[x, y, 1.0 - x - y] for x, y in pairs]).T
    primaries, white = columns[:, :3], columns[:, 3] / pairs[3, 1]
    return primaries * np.linalg.solve(primaries, white)


def _adaptation(source: NDArray[np.float64], target: NDArray[np.float64]) -> _Matrix:
    """Return Bradford's matrix from one white to another, both as XYZ."""
    scale = (_BRADFORD @ target) / (_BRADFORD @ source)
    result: _Matrix = np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD
    return result
