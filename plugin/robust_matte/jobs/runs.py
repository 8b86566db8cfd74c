"""What is fed to the model, segment by segment, and what is told of frames that only roll it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.progress import StageReached
from robust_matte.jobs.targets import Target
from robust_matte.keying.rolling import Run

__all__ = ["runs_of", "told_of_rolling"]


def runs_of(job: PlannedJob, targets: Sequence[Target], todo: Sequence[Target]) -> list[Run]:
    """Say what is fed of each segment with frames to do: from its reset to the last of them.

    A cold run starts at the first frame that was asked for, done or not, so that going on gives
    what an uninterrupted run gives.

    Args:
        job: The job.
        targets: All frames that the job writes.
        todo: Those of them that are to be keyed now.
    """
    settings, numbers = job.opened.settings, job.opened.plate.numbers
    asked = sorted({one.source for one in targets if one.source is not None})
    wanted = sorted({one.source for one in todo if one.source is not None})
    runs = []
    for segment in job.plan.keyed_segments():
        mine = _within(wanted, segment.first, segment.last)
        if mine:
            start = segment.first
            if settings.cold:
                start = _within(asked, segment.first, segment.last)[0]
            inside = _within(numbers, start, segment.last)
            fed = _within(numbers, start, mine[-1])
            warm_up = tuple(inside[1 : settings.warm_up + 1])
            runs.append(Run(segment, tuple(fed), frozenset(mine), warm_up))
    return runs


def told_of_rolling(runs: Sequence[Run]) -> Iterator[StageReached]:
    """Yield what is told of each frame that is fed for the state alone, in `key_runs`' order."""
    for run in runs:
        warming = run.warm_up[::-1]
        rolling = [number for number in run.fed if number not in run.wanted]
        first = run.fed[0]
        for done, number in enumerate(warming, start=1):
            text = f"for frame {first}"
            yield StageReached("warming up", done, len(warming), text, number=number)
        for done, number in enumerate(rolling, start=1):
            text = f"from frame {first}"
            yield StageReached("rolling", done, len(rolling), text, number=number)


def _within(numbers: Sequence[int], first: int, last: int) -> Sequence[int]:
    """Return those of ascending numbers that lie in a range, both ends included."""
    return numbers[bisect_left(numbers, first) : bisect_right(numbers, last)]
