"""One keyed frame: alpha, foreground and their product."""

from dataclasses import dataclass

import numpy as np

from robust_matte.colour.model_view import ModelView
from robust_matte.keying.despill import despill
from robust_matte.keying.foreground import recover_foreground, settle_solid
from robust_matte.keying.masking import colour_alpha, laid_alpha
from robust_matte.keying.prepared import PreparedFrame
from robust_matte.keying.shaping import premultiplied, shaped_alpha
from robust_matte.media.frames import FloatImage
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Despill
from robust_matte.settings.shaping import Shaping

__all__ = ["Matte", "finish_matte"]

_AS_IT_IS = Shaping()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matte:
    """The layers of one frame over `window`, in the output space.

    Attributes:
        rgb: Premultiplied colour, (H, W, 3) float32, scene-linear, any range.
        alpha: Coverage, (H, W) float32, [0, 1].
        foreground: Straight colour, (H, W, 3) float32, scene-linear, any range.
        network_alpha: The network's own alpha, before anything an artist does to it.
        window: Where the layers sit: the plate's data window within the work area.
    """

    rgb: FloatImage
    alpha: FloatImage
    foreground: FloatImage
    network_alpha: FloatImage
    window: Window

    @classmethod
    def black(cls, window: Window) -> "Matte":
        """Return a transparent black frame, for a hole."""
        colour = np.zeros((window.height, window.width, 3), np.float32)
        alpha = np.zeros((window.height, window.width), np.float32)
        return cls(rgb=colour, alpha=alpha, foreground=colour, network_alpha=alpha, window=window)


def finish_matte(
    frame: PreparedFrame,
    fgr: FloatImage,
    alpha: FloatImage,
    seen: ModelView,
    area: Window,
    shaping: Shaping = _AS_IT_IS,
    *,
    wish: Despill = Despill.NONE,
    is_half: bool = True,
) -> Matte:
    """Turn the model's output into layers.

    Args:
        frame: The frame as it was keyed.
        fgr: The model's foreground, (H, W, 3) float32, [0, 1], encoded as the model view.
        alpha: The model's alpha, (H, W) float32, [0, 1].
        seen: The plate's model view.
        area: The work area that all images cover.
        shaping: What is done to the alpha.
        wish: Whose colour is taken out of the foreground's soft edge.
        is_half: Whether the files hold half floats.

    Returns:
        The layers, cut to the plate's data window; transparent black over the area where that
        lies outside of it, because no file can be empty.
    """
    window = frame.header.data_window.intersected(area)
    if window.is_empty:
        return Matte.black(area)
    inside = window.slices_in(area)
    cut_alpha = alpha[inside]
    laid = laid_alpha(cut_alpha, _cut(frame.garbage, inside), _cut(frame.core, inside))
    shaped = shaped_alpha(laid, shaping, is_half=is_half)
    colour = colour_alpha(cut_alpha, laid)
    light = frame.light[inside]
    foreground = recover_foreground(light, frame.view[inside], fgr[inside], colour, seen)
    foreground = despill(foreground, light, colour, wish, seen.white)
    foreground = settle_solid(foreground, light, colour, shaped)
    foreground = seen.delivered(foreground)
    return Matte(
        rgb=premultiplied(foreground, shaped, shaping, is_half=is_half),
        alpha=shaped,
        foreground=foreground,
        network_alpha=cut_alpha,
        window=window,
    )


def _cut(mask: FloatImage | None, inside: tuple[slice, slice]) -> FloatImage | None:
    return None if mask is None else mask[inside]
