"""Segments: the runs of frames between two resets of the state."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

__all__ = ["Reset", "Segment", "own_step", "split_segments"]

_STEPPED_OVER = 2  # the state carries over holes of up to this many steps


class Reset(StrEnum):
    """Why the state was dropped."""

    FIRST = "first frame"
    CUT = "cut"
    HOLE = "hole"


@dataclass(frozen=True, slots=True)
class Segment:
    """The frames from one reset to the next, both ends included.

    The network sees them brighter by `gain` stops.
    """

    first: int
    last: int
    reset: Reset
    gain: float = 0.0

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}" if self.last > self.first else f"{self.first}"


def split_segments(numbers: Sequence[int], cuts: Iterable[int]) -> list[Segment]:
    """Split a plate into segments.

    The state is dropped at the first frame, at each cut, and after a hole of more than two steps.
    A cut at a frame that does not exist counts for the next one that does. Steps are the plate's
    own, whatever frames are asked for: a plate rendered on twos has no holes.

    Args:
        numbers: The frames that exist, ascending, at least one.
        cuts: First frames of shots.

    Example:
        >>> [str(one) for one in split_segments([1, 2, 3, 10, 11], [2])]
        ['1', '2-3', '10-11']
    """
    step = own_step(numbers)
    waiting = [cut for cut in sorted(set(cuts)) if cut > numbers[0]]
    starts = [(0, Reset.FIRST)]
    for index, (before, number) in enumerate(pairwise(numbers), start=1):
        if waiting and waiting[0] <= number:
            starts.append((index, Reset.CUT))
            waiting = [cut for cut in waiting if cut > number]
        elif (number - before - 1) // step > _STEPPED_OVER:
            starts.append((index, Reset.HOLE))
    ends = [index for index, _ in starts[1:]] + [len(numbers)]
    return [
        Segment(numbers[index], numbers[end - 1], reset)
        for (index, reset), end in zip(starts, ends, strict=True)
    ]


def own_step(numbers: Sequence[int]) -> int:
    """Return the step between frames that a plate has most often, if it has it twice; else 1."""
    steps = Counter(after - before for before, after in pairwise(numbers))
    step, count = steps.most_common(1)[0] if steps else (1, 0)
    return step if count > 1 else 1
