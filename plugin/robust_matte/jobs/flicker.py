"""What of a finished matte stands out: how much of the picture it covers, and where it flickers.

Coverage is the mean of alpha over the picture. Flicker is how far the pixels of a frame lie outside
of what they are one frame before and one frame after: the mean of |a(t) - median(a(t-1), a(t),
a(t+1))|. What moves goes from one alpha to another once and adds nothing, however fast it is; what
comes and goes within a frame, or is lost for one, adds all of it, and at its own frame alone.

Source:
    Tukey 1977, Exploratory Data Analysis, 7A: running medians of three, whose residual this is.
    Hampel 1974 and Davies & Gather 1993 for outliers by median and MAD.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from robust_matte.media.frames import FloatImage

__all__ = ["Outlier", "coverage_outliers", "flicker_of", "flicker_outliers"]

_Series = Sequence[float | None]

_NORMAL = 1.4826  # MAD of a normal distribution times this is its standard deviation
_DEVIATIONS = 6.0  # of natural frames one in a million would be beyond
_LEAST_FLICKER = 2e-4  # of the picture: a spot of 20 x 20 pixels at 1080p
_LEAST_COVERAGE, _LEAST_SHARE = 2e-3, 0.05  # of the picture, of what is usual
_ECHO = 4.0  # times as much flicker next to it makes a frame its echo
_AROUND = 12  # frames on either side that say what is usual
_FEWEST = 8  # frames of which something can be usual


@dataclass(frozen=True, slots=True)
class Outlier:
    """A frame that differs from those around it.

    Attributes:
        index: Its place in the series.
        value: Its value.
        usual: The median of the frames that it is compared with.
        limit: How far from it a value may be.
    """

    index: int
    value: float
    usual: float
    limit: float


def flicker_of(before: FloatImage, frame: FloatImage, after: FloatImage) -> float:
    """Return the flicker of a frame, [0, 1]; see above.

    Args:
        before: Alpha of the frame before, float32, [0, 1].
        frame: Its own, of the same shape.
        after: Alpha of the frame after.
    """
    low, high = np.minimum(before, after), np.maximum(before, after)
    outside = np.maximum(low - frame, 0.0) + np.maximum(frame - high, 0.0)
    return float(outside.mean(dtype=np.float64))


def flicker_outliers(values: _Series) -> list[Outlier]:
    """Find the frames of one segment that flicker more than its others, without their echoes.

    Args:
        values: Flicker of each frame; None where there is none.
    """
    known = [one for one in values if one is not None]
    if len(known) < _FEWEST:
        return []
    usual, spread = _median_and_spread(known)
    limit = max(_DEVIATIONS * spread, _LEAST_FLICKER)
    return [
        Outlier(index, value, usual, limit)
        for index, value in enumerate(values)
        if value is not None and value - usual > limit and not _is_echo(values, index)
    ]


def _is_echo(values: _Series, index: int) -> bool:
    """Say whether a frame only looks restless beside one that is: where edges move."""
    value, beside = values[index] or 0.0, values[max(index - 1, 0) : index + 2]
    return any(one is not None and one > _ECHO * value for one in beside)


def coverage_outliers(values: _Series) -> list[Outlier]:
    """Find the frames of one segment that cover less or more than those around them.

    Args:
        values: Coverage of each frame; None where it is unknown.
    """
    found = []
    for index, value in enumerate(values):
        near = values[max(index - _AROUND, 0) : index + _AROUND + 1]
        around = [one for one in near if one is not None]
        if value is None or len(around) < _FEWEST:
            continue
        usual, spread = _median_and_spread(around)
        limit = max(_DEVIATIONS * spread, _LEAST_COVERAGE, _LEAST_SHARE * usual)
        if abs(value - usual) > limit:
            found.append(Outlier(index, value, usual, limit))
    return found


def _median_and_spread(values: Sequence[float]) -> tuple[float, float]:
    usual = median(values)
    return usual, _NORMAL * median(abs(one - usual) for one in values)
