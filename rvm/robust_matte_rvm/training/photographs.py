"""Clips out of photographs with people, matted once by a teacher.

Two clips of five are moving crops of a photograph as it is. The others are composites: a cut-out
over another photograph, with people or with its people painted out, each with a motion and a look
of its own.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from robust_matte_rvm.training.clips import Clip, lay_over
from robust_matte_rvm.training.distractors import strew
from robust_matte_rvm.training.filling import fill_hole
from robust_matte_rvm.training.motion import BACKDROP, Framing, draw_path, move
from robust_matte_rvm.training.photometry import finish, recolour
from robust_matte_rvm.training.pictures import read_picture
from robust_matte_rvm.training.teacher import Teacher

__all__ = ["LABELLED_CHANNELS", "Photographs", "label_photograph", "read_photograph"]

LABELLED_CHANNELS = 10  # source, foreground, alpha, and the source without its people

_AS_IT_IS, _EMPTIED = 0.4, 0.3  # chances; the rest are composites over photographs as they are
_HOLE_GROWTH = 9  # pixels: the teacher's edge is not the last trace of a person


class Photographs:
    """Photographs as an endless source of clips; a `ClipSource`.

    Args:
        stills: Photographs as `label_photograph` returns them, at least one.
        framing: How close the camera comes.
        distractors: Share of the clips in which things lie about that are not people.
    """

    def __init__(
        self, stills: Sequence[Tensor], framing: Framing, distractors: float = 0.0
    ) -> None:
        self._stills = stills
        self._framing = framing
        self._distractors = distractors

    def draw(self, rng: Generator, frames: int, size: tuple[int, int]) -> Clip:
        """Draw a clip; see `ClipSource`."""
        clip = recolour(rng, self._film(rng, self._pick(rng), frames, size))
        chance = rng.random()
        if chance >= _AS_IT_IS:
            other = self._pick(rng)
            if chance < _AS_IT_IS + _EMPTIED:
                back = _film_empty(rng, other, frames, size)
            else:
                back = self._film(rng, other, frames, size)
            clip = lay_over(clip, recolour(rng, back))
        if self._distractors and rng.random() < self._distractors:
            clip = strew(rng, clip, self._pick(rng)[7:])
        return finish(rng, clip)

    def _pick(self, rng: Generator) -> Tensor:
        return self._stills[int(rng.integers(len(self._stills)))]

    def _film(self, rng: Generator, still: Tensor, frames: int, size: tuple[int, int]) -> Clip:
        shot = move(still[:7], draw_path(rng, frames, self._framing), size)
        return Clip(src=shot[:, :3], fgr=shot[:, 3:6], pha=shot[:, 6:])


def read_photograph(file: Path, longest: int) -> Tensor:
    """Return a photograph, (3, H, W), float32, display-encoded R'G'B' in [0, 1].

    Args:
        file: Any format that Pillow reads.
        longest: Pixels; a larger photograph is reduced to this side.

    Raises:
        DataSetError: The file cannot be read.
    """
    values = read_picture(file, "RGB", longest).astype(np.float32) / 255
    return torch.from_numpy(values).permute(2, 0, 1).contiguous()


def label_photograph(file: Path, teacher: Teacher, longest: int) -> Tensor:
    """Read a photograph and have it matted.

    Args:
        file: As for `read_photograph`.
        teacher: What mattes it.
        longest: As there.

    Returns:
        Source, foreground, alpha and the source without its people, (10, H, W), float32 in [0, 1].

    Raises:
        DataSetError: The file cannot be read.
    """
    src = read_photograph(file, longest)
    clip = teacher.matte_still(src)
    empty = fill_hole(src, _grow(clip.pha)[0])
    return torch.cat([src, clip.fgr[0], clip.pha[0], empty]).contiguous()


def _film_empty(rng: Generator, still: Tensor, frames: int, size: tuple[int, int]) -> Clip:
    src = move(still[7:], draw_path(rng, frames, BACKDROP), size)
    return Clip(src=src, fgr=src, pha=torch.zeros_like(src[:, :1]))


def _grow(pha: Tensor) -> Tensor:
    """Return alpha, (B, 1, H, W), spread by some pixels, one axis after the other."""
    side = 2 * _HOLE_GROWTH + 1
    across = functional.max_pool2d(pha, (1, side), stride=1, padding=(0, _HOLE_GROWTH))
    return functional.max_pool2d(across, (side, 1), stride=1, padding=(_HOLE_GROWTH, 0))
