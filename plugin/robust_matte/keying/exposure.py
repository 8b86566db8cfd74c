"""How bright a plate is, and the gain that shows it to the network as bright as it learnt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from robust_matte.colour.primaries import REC709_LUMA
from robust_matte.media.frames import FloatImage

__all__ = ["Exposure", "choose_gain", "measure_exposure", "sampled_frames"]

_PIXELS = 20_000  # looked at in each frame
_FRAMES = 9  # and frames in each segment
# Middle and highlights of a well exposed picture. Of 200 photographs of people four in five need
# no gain by these, of the others nearly all are low key and would get one or two stops.
_MIDDLE, _HIGHLIGHTS = 0.15, 0.8
_TOLERATED = 0.5  # stops; below it a gain is exactly 0
_MOST = 6.0
_SHOWS_NOTHING = 2.0**-9  # highlights below this are black, and its noise


@dataclass(frozen=True, slots=True)
class Exposure:
    """The luminance of a frame: its median, and what 2 % of it is above; scene-linear."""

    middle: float
    highlights: float


def measure_exposure(pixels: FloatImage, working: Callable[[FloatImage], FloatImage]) -> Exposure:
    """Measure some of a frame's pixels.

    Args:
        pixels: (H, W, 3) float32, plate space; those of them that are not finite or are black, as
            around a data window, are left out.
        working: Makes scene-linear light of plate space.
    """
    step = max(1, int((pixels.shape[0] * pixels.shape[1] / _PIXELS) ** 0.5))
    some = np.ascontiguousarray(pixels[step // 2 :: step, step // 2 :: step])
    with np.errstate(invalid="ignore", over="ignore"):
        luma = working(some) @ REC709_LUMA
    lit = luma[np.isfinite(luma) & (luma > 0.0)]
    if not lit.size:
        return Exposure(0.0, 0.0)
    middle, highlights = np.percentile(lit, [50, 98])
    return Exposure(float(middle), float(highlights))


def sampled_frames(numbers: Sequence[int]) -> list[int]:
    """Return the frames of a segment whose exposure counts: up to nine, evenly spread.

    Cuts that were found and cuts that were given must lead to the same gain, so it is the same
    frames for both.
    """
    if len(numbers) <= _FRAMES:
        return list(numbers)
    return [numbers[(2 * at + 1) * len(numbers) // (2 * _FRAMES)] for at in range(_FRAMES)]


def choose_gain(exposures: Sequence[Exposure]) -> float:
    """Return the stops by which a segment is to be seen brighter, rounded to hundredths.

    It is what both the middle and the highlights ask for: a night scene with a lamp in it is dark
    in the middle alone, and a window in a room bright in the highlights alone. That is contrast,
    and a gain would cost more than it brings.

    Args:
        exposures: Of the segment's sampled frames, one at least.

    Example:
        >>> choose_gain([Exposure(0.15 / 16, 0.8 / 16)])
        4.0
    """
    middle = float(np.median([one.middle for one in exposures]))
    highlights = float(np.median([one.highlights for one in exposures]))
    if highlights < _SHOWS_NOTHING:
        return 0.0
    asked = np.log2((_MIDDLE, _HIGHLIGHTS)) - np.log2((max(middle, 1e-9), highlights))
    if asked[0] * asked[1] <= 0.0:
        return 0.0
    least = min(float(np.abs(asked).min()), _MOST)
    return round(float(np.copysign(least, asked[0])), 2) if least > _TOLERATED else 0.0
