"""Clips out of footage that nobody has matted: a teacher does it as they are drawn."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.motion import Framing
from robust_matte_rvm.training.photometry import finish
from robust_matte_rvm.training.shots import Shot, film
from robust_matte_rvm.training.teacher import Teacher

__all__ = ["UnlabelledClips"]

_LEAST_WARM_UP, _MOST_WARM_UP = 3, 16  # frames: a matte changes little after them


class UnlabelledClips:
    """Footage as an endless source of clips; a `ClipSource`.

    The teacher sees a clip before it is recoloured, blurred and grained, and runs towards its first
    frame from behind it, so that its own state has settled there.

    Args:
        shots: Colour.
        teacher: What mattes them.
        framing: How close the camera comes.
    """

    def __init__(self, shots: Sequence[Shot], teacher: Teacher, framing: Framing) -> None:
        self._shots, self._teacher, self._framing = shots, teacher, framing

    def draw(self, rng: Generator, frames: int, size: tuple[int, int]) -> Clip:
        """Draw a clip; see `ClipSource`."""
        shot = self._shots[int(rng.integers(len(self._shots)))]
        src = film(rng, shot, frames, size, self._framing)
        warm_up = min(max(_LEAST_WARM_UP, frames - 1), _MOST_WARM_UP)
        seen = self._teacher.matte_clip(src[_lead_in(warm_up, frames)][None])
        matte = Clip(src=src, fgr=seen.fgr[0, warm_up:], pha=seen.pha[0, warm_up:])
        return finish(rng, matte)


def _lead_in(warm_up: int, frames: int) -> list[int]:
    """Return the numbers of frames as the teacher sees them: backwards to the first, then all."""
    there_and_back = max(2 * (frames - 1), 1)
    steps = np.abs(np.arange(-warm_up, frames)) % there_and_back
    return [int(min(step, there_and_back - step)) if frames > 1 else 0 for step in steps]
