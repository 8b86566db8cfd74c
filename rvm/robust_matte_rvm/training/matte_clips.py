"""Clips out of foregrounds with drawn alphas, laid over backgrounds.

Foreground and background are read at speeds, filmed by cameras and given looks of their own.
"""

from collections.abc import Sequence
from typing import TypeVar

import torch
from numpy.random import Generator
from torch import Tensor

from robust_matte_rvm.training.clips import Clip, lay_over_backdrop
from robust_matte_rvm.training.filling import fill_hole
from robust_matte_rvm.training.motion import BACKDROP, Framing, draw_path, move
from robust_matte_rvm.training.photometry import LOOK_STRENGTH, draw_look, finish
from robust_matte_rvm.training.shots import Shot, film, read_run

__all__ = ["MatteClips"]

_Choice = TypeVar("_Choice")

_LEAST_ALPHA = 8 / 255  # below, colour in files is a few codes, and counts as much in the loss


class MatteClips:
    """Foregrounds over backgrounds as an endless source of clips; a `ClipSource`.

    Half of the clips have a background that moves by itself, if there are any, and half a still.

    Args:
        subjects: Straight colour and alpha, four channels.
        backdrops: Colour without subjects.
        framing: How close the camera comes to the subjects.
    """

    def __init__(
        self, subjects: Sequence[Shot], backdrops: Sequence[Shot], framing: Framing
    ) -> None:
        self._subjects = subjects
        stills = [shot for shot in backdrops if len(shot) == 1]
        moving = [shot for shot in backdrops if len(shot) > 1]
        self._backdrops = [kind for kind in (stills, moving) if kind]
        self._framing = framing

    def draw(self, rng: Generator, frames: int, size: tuple[int, int]) -> Clip:
        """Draw a clip; see `ClipSource`."""
        subject = _pick(rng, self._subjects)
        fgr, pha = _film_subject(rng, subject, frames, size, self._framing)
        backdrop = _pick(rng, _pick(rng, self._backdrops))
        back = film(rng, backdrop, frames, size, BACKDROP)
        looks = draw_look(rng, LOOK_STRENGTH), draw_look(rng, LOOK_STRENGTH)
        return finish(rng, lay_over_backdrop(looks[0].apply(fgr), pha, looks[1].apply(back)))


def _pick(rng: Generator, choices: Sequence[_Choice]) -> _Choice:
    return choices[int(rng.integers(len(choices)))]


def _film_subject(
    rng: Generator, shot: Shot, frames: int, size: tuple[int, int], framing: Framing
) -> tuple[Tensor, Tensor]:
    """Return foreground and alpha; the colour beyond the subject is that of its border.

    Colour is moved premultiplied: so the moved composite is the composite of what was moved, and
    what a file holds where alpha is 0 does not bleed in.
    """
    run = read_run(rng, shot, frames)
    run = torch.cat([run[:, :3] * run[:, 3:], run[:, 3:]], 1)
    moved = move(run, draw_path(rng, frames, framing), size)
    pha = moved[:, 3:].clamp(0, 1)
    fgr = (moved[:, :3] / pha.clamp(min=_LEAST_ALPHA)).clamp(0, 1)
    hole = (pha < _LEAST_ALPHA).float()
    filled = [fill_hole(colour, unknown) for colour, unknown in zip(fgr, hole, strict=True)]
    return torch.stack(filled), pha
