"""Taking the background's colour out of the foreground's soft edge."""

import numpy as np
from numpy.typing import NDArray

from robust_matte.colour.primaries import REC709_LUMA
from robust_matte.keying.surroundings import TRACE, Surroundings, look_around, smoothstep
from robust_matte.media.frames import FloatImage
from robust_matte.settings.choices import Despill

__all__ = ["despill"]

_CORE = (0.95, 1.0)  # alpha over which the plate's own colour comes back
# The brightness that is given back, as a power of what was lost: spill is light on the subject, and
# light of the screen beside it. 0.3 was best of 0 to 1 against known foregrounds.
_GIVEN_BACK = 0.3
_SCREENS = {Despill.GREEN: 1, Despill.BLUE: 2}
_SPREAD = 1.0  # standard deviations of the foreground's colour towards the background's
_LIGHTEST = 1e-6


def despill(
    foreground: FloatImage, plate: FloatImage, alpha: FloatImage, wish: Despill, ceiling: float
) -> FloatImage:
    """Return the foreground without the background's colour in its soft edge.

    Only pixels with an alpha between 0.01 and 1 change, and ever less from 0.95 on, and from 0.03
    down: of a mere trace nothing is to be seen in a composite, and much in the layer itself.

    Args:
        foreground: Straight, (H, W, 3) float32, scene-linear, any range.
        plate: P, (H, W, 3) float32, scene-linear, any range.
        alpha: (H, W) float32, [0, 1].
        wish: `green` and `blue` limit that channel by the others; `background` takes
            out the colour of the background nearby, whatever it is.
        ceiling: The most light that the view holds.

    Returns:
        (H, W, 3) float32; `foreground` itself where there is nothing to do.
    """
    band = _edge(foreground, alpha)
    if wish is Despill.NONE or not len(band[0]):
        return foreground
    colour = foreground[band]
    if wish is Despill.BACKGROUND:
        around = look_around(plate, alpha, band, ceiling)
        if around is None:
            return foreground
        clean = _without_background(colour, around)
    else:
        clean = _without_screen(colour, _SCREENS[wish])
    cover = alpha[band]
    weight = smoothstep(cover, *TRACE) * (1.0 - smoothstep(cover, *_CORE))
    result = foreground.copy()
    result[band] = colour + weight[:, None] * (clean - colour)
    return result


def _edge(foreground: FloatImage, alpha: FloatImage) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the soft edge's finite pixels."""
    rows, columns = np.nonzero((alpha > 0.0) & (alpha < 1.0))
    is_good = np.isfinite(foreground[rows, columns]).all(axis=1)
    return rows[is_good], columns[is_good]


def _without_screen(colour: FloatImage, channel: int) -> FloatImage:
    """Limit a channel to between the mean and the larger of the others; restore some brightness.

    Grey and blond hair and skin stay what they are. The mean alone would make blond hair orange,
    and the larger alone leaves green in brown hair; against known foregrounds both are as good.
    """
    others = colour[:, [at for at in range(3) if at != channel]]
    limit = np.maximum(0.5 * (others.mean(axis=1) + others.max(axis=1)), 0.0)
    is_over = colour[:, channel] > limit
    clean = colour[is_over]
    before = np.maximum(clean @ REC709_LUMA, _LIGHTEST)
    clean[:, channel] = limit[is_over]
    after = np.maximum(clean @ REC709_LUMA, _LIGHTEST)
    result = colour.copy()
    result[is_over] = clean * ((before / after) ** _GIVEN_BACK)[:, None]
    return result


def _without_background(colour: FloatImage, around: Surroundings) -> FloatImage:
    """Move colours that lean from the foreground's towards the background's back again.

    What the foreground itself varies in that direction is left, and everything is where the two
    are too much alike.
    """
    way = around.back - around.fore
    length = np.maximum(np.einsum("ij,ij->i", way, way), np.float32(_LIGHTEST) ** 2)
    share = np.einsum("ij,ij->i", colour - around.fore, way) / length
    # as much as if the channels varied together, as they do under changing light
    own = np.einsum("ij,ij->i", np.abs(way), around.spread) / length
    left = np.clip(share - _SPREAD * own, 0.0, 1.0)[:, None] * around.distinct
    return np.asarray(colour - left * way)
