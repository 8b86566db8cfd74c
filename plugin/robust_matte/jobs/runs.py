"""What is fed to the model, segment by segment, and what is told of frames that only roll it."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from robust_matte.jobs.checkpoints import Span
from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.jobs.state_files import CHECKPOINT_FOLDER, STATES_FOLDER, StateFiles, StateSearch
from robust_matte.jobs.targets import Target
from robust_matte.keying.model import MatteModel
from robust_matte.keying.rolling import Run
from robust_matte.keying.segments import Segment

__all__ = ["States", "beginning_of", "kept_states", "runs_of", "spans_of", "told_of_rolling"]


class States(Protocol):
    """Where states were kept; `StateSearch` looks for them on the disk."""

    def nearest(
        self, first: int, after: int, upto: int
    ) -> tuple[int, Callable[[MatteModel], None]] | None:
        """Return the latest state before one of some frames; see `StateSearch`."""


def runs_of(
    job: PlannedJob, targets: Sequence[Target], todo: Sequence[Target], states: States
) -> list[Run]:
    """Say what is fed of each segment with frames to do, to the last of them.

    A segment is fed from its reset, or from the nearest state before the first of them; where
    there is a nearer one before another, what lies between is passed over. A cold run starts at
    the first frame that was asked for, done or not, so that going on gives what an uninterrupted
    run gives.

    Args:
        job: The job.
        targets: All frames that the job writes.
        todo: Those of them that are to be keyed now.
        states: The states that were kept.
    """
    wanted = sorted({one.source for one in todo if one.source is not None})
    runs = []
    for segment in job.plan.keyed_segments():
        mine = _within(wanted, segment.first, segment.last)
        if mine:
            inside, warm_up = beginning_of(job, targets, segment)
            runs += _runs_in(segment, inside, warm_up, mine, states)
    return runs


def beginning_of(
    job: PlannedJob, targets: Sequence[Target], segment: Segment
) -> tuple[Sequence[int], tuple[int, ...]]:
    """Say from where a segment is fed without any state.

    Args:
        job: The job.
        targets: All frames that the job writes; of the segment at least one.
        segment: The segment.

    Returns:
        Its frames from there on, ascending, and those that it is warmed up with there.
    """
    settings, start = job.opened.settings, segment.first
    if settings.cold:
        asked = {one.source for one in targets if one.source is not None}
        start = min(number for number in asked if number in segment)
    inside = _within(job.opened.plate.numbers, start, segment.last)
    return inside, tuple(inside[1 : settings.warm_up + 1])


def kept_states(job: PlannedJob, listener: Listener) -> StateSearch:
    """Return what a job may go on from: of itself, stopped or killed, or made for its pieces."""
    places = [StateFiles.of_job(name, job) for name in (CHECKPOINT_FOLDER, STATES_FOLDER)]
    return StateSearch(places, job.model, listener)


def spans_of(
    job: PlannedJob, targets: Sequence[Target], pieces: Sequence[tuple[int, int]] | None
) -> list[Span]:
    """Say which frames of each segment this worker is responsible for.

    Args:
        job: The job.
        targets: All frames that this worker writes.
        pieces: What it keys, each inside of one segment; by default all segments.
    """
    asked = sorted({one.source for one in targets if one.source is not None})
    segments = job.plan.segments
    if pieces is None:
        pieces = [(segment.first, segment.last) for segment in segments]
    starts = [segment.first for segment in segments]
    spans = []
    for first, last in sorted(pieces):
        mine = _within(asked, first, last)
        if mine:
            segment = starts[bisect_right(starts, first) - 1]
            numbers = _within(job.opened.plate.numbers, first, last)
            spans.append(Span(segment, numbers, mine))
    return spans


def _runs_in(
    segment: Segment,
    inside: Sequence[int],
    warm_up: tuple[int, ...],
    wanted: Sequence[int],
    states: States,
) -> list[Run]:
    """Return the runs of one segment.

    Args:
        segment: The segment.
        inside: Its frames, ascending, from where it would start without a state.
        warm_up: What it would be warmed up with there.
        wanted: The frames to give a matte for, ascending.
        states: The states that were kept.
    """
    runs: list[Run] = []
    restore: Callable[[MatteModel], None] | None = None
    start = done = at = 0  # places: of the run, after its wanted frames, and in `wanted`

    def close(upto: int) -> None:
        mine = frozenset(wanted[at:upto])
        if mine:
            ahead = warm_up if restore is None else ()
            runs.append(Run(segment, tuple(inside[start:done]), mine, ahead, restore))

    for index, number in enumerate(wanted):
        here = bisect_left(inside, number)
        found = states.nearest(segment.first, inside[done], number) if here > done else None
        if found is not None:
            close(index)
            at, start, restore = index, bisect_left(inside, found[0]), found[1]
        done = here + 1
    close(len(wanted))
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
