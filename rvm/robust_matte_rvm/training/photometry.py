"""How a clip looks: random exposure, contrast, colour, blur and grain, steady over its frames.

Source:
    Lin et al. 2022, arXiv 2108.11515, section 4.1 and its supplement.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from robust_matte_rvm.training.clips import Clip

__all__ = ["LOOK_STRENGTH", "Look", "add_grain", "draw_look", "finish", "recolour", "soften"]

LOOK_STRENGTH = 0.8  # each part of a clip has a look, and the whole has another

_GREY_CHANCE = 0.04
_LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709
_BLUR_CHANCE, _GRAIN_CHANCE = 0.25, 0.5
_MOST_BLUR = 1.5  # pixels, standard deviation
_MOST_GRAIN = 0.05


@dataclass(frozen=True, slots=True)
class Look:
    """A pointwise change of colour, the same for every frame of a clip.

    Attributes:
        gamma: Exponent of the display-encoded values.
        gain: Factor of each channel.
        lift: Added after the gain.
        saturation: 0 is grey, 1 unchanged.
    """

    gamma: float
    gain: tuple[float, float, float]
    lift: float
    saturation: float

    def apply(self, planes: Tensor) -> Tensor:
        """Return (T, 3, H, W) in [0, 1], changed, in [0, 1]."""
        gain = planes.new_tensor(self.gain).view(3, 1, 1)
        luma = (planes * planes.new_tensor(_LUMA).view(3, 1, 1)).sum(1, keepdim=True)
        coloured = torch.lerp(luma.expand_as(planes), planes, self.saturation).clamp(0, 1)
        return (coloured.pow(self.gamma) * gain + self.lift).clamp(0, 1)


def draw_look(rng: Generator, strength: float = 1.0) -> Look:
    """Draw a look; at strength 0 it changes nothing."""
    exposure = float(np.exp(rng.normal(0, 0.18 * strength)))
    tint = np.exp(rng.normal(0, 0.06 * strength, 3)) * exposure
    grey = rng.random() < _GREY_CHANCE * strength
    return Look(
        gamma=float(np.exp(rng.normal(0, 0.22 * strength))),
        gain=(float(tint[0]), float(tint[1]), float(tint[2])),
        lift=float(rng.normal(0, 0.04 * strength)),
        saturation=0.0 if grey else float(1 + rng.uniform(-0.5, 0.4) * strength),
    )


def soften(rng: Generator, planes: Tensor) -> Tensor:
    """Blur some clips, (T, C, H, W), as a lens out of focus does; borders are mirrored."""
    if rng.random() >= _BLUR_CHANCE:
        return planes
    sigma = rng.uniform(0.3, _MOST_BLUR)
    reach = int(np.ceil(2 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    row = planes.new_tensor(weights / weights.sum())
    channels = planes.shape[1]
    across = row.view(1, 1, 1, -1).repeat(channels, 1, 1, 1)
    padded = functional.pad(planes, (reach, reach, reach, reach), mode="reflect")
    planes = functional.conv2d(padded, across, groups=channels)
    return functional.conv2d(planes, across.transpose(2, 3), groups=channels)


def add_grain(rng: Generator, planes: Tensor) -> Tensor:
    """Add grain to some clips, (T, 3, H, W) in [0, 1], new in every frame; kept in [0, 1]."""
    if rng.random() >= _GRAIN_CHANCE:
        return planes
    amount = float(rng.uniform(0, _MOST_GRAIN))
    noise = rng.standard_normal(planes.shape, dtype=np.float32)
    return (planes + torch.from_numpy(noise) * amount).clamp(0, 1)


def recolour(rng: Generator, clip: Clip) -> Clip:
    """Give a clip a look, its source and its foreground alike."""
    look = draw_look(rng, LOOK_STRENGTH)
    return Clip(src=look.apply(clip.src), fgr=look.apply(clip.fgr), pha=clip.pha)


def finish(rng: Generator, clip: Clip) -> Clip:
    """Do what a camera does to a clip as a whole: a look, blur, and grain on what it saw."""
    clip = recolour(rng, clip)
    seen = soften(rng, torch.cat([clip.src, clip.fgr, clip.pha], 1))
    return Clip(src=add_grain(rng, seen[:, :3]), fgr=seen[:, 3:6], pha=seen[:, 6:])
