"""What a data set gives to training: clips with their mattes, and how two of them are combined."""

from typing import NamedTuple, Protocol

import torch
from numpy.random import Generator
from torch import Tensor

__all__ = ["Clip", "ClipSource", "lay_over", "lay_over_backdrop"]

_LEAST_ALPHA = 1e-4


class Clip(NamedTuple):
    """Successive frames of one shot, or of B shots where every shape begins with B.

    Attributes:
        src: What the camera saw, (T, 3, H, W), float32, display-encoded R'G'B' in [0, 1].
        fgr: The subject's own colour, likewise; it means something where `pha` is above 0.
        pha: Alpha, (T, 1, H, W), in [0, 1].
    """

    src: Tensor
    fgr: Tensor
    pha: Tensor


class ClipSource(Protocol):
    """A data set that can be drawn from without end, and says the same for the same randomness."""

    def draw(self, rng: Generator, frames: int, size: tuple[int, int]) -> Clip:
        """Draw a clip.

        Args:
            rng: Where all randomness comes from.
            frames: T, at least 1.
            size: Height and width in pixels.

        Raises:
            DataSetError: A file of the data set has vanished, or is damaged.
        """


def lay_over(front: Clip, back: Clip) -> Clip:
    """Composite a cut-out over a clip; who stands behind remains a subject, too.

    Args:
        front: The cut-out; its `src` is not looked at.
        back: The clip behind it, as long and as large.

    Returns:
        The composite, its alpha that of both, its foreground mixed as the composite is.
    """
    shown = (1 - front.pha) * back.pha
    pha = front.pha + shown
    fgr = (front.pha * front.fgr + shown * back.fgr) / pha.clamp(min=_LEAST_ALPHA)
    src = torch.lerp(back.src, front.fgr, front.pha)
    return Clip(src=src, fgr=fgr.clamp(0, 1), pha=pha)


def lay_over_backdrop(fgr: Tensor, pha: Tensor, back: Tensor) -> Clip:
    """Composite a foreground over a clip without subjects.

    Args:
        fgr: (T, 3, H, W), straight, in [0, 1]; kept where alpha is 0, too.
        pha: (T, 1, H, W), in [0, 1].
        back: As `fgr`.
    """
    return Clip(src=torch.lerp(back, fgr, pha), fgr=fgr, pha=pha)
