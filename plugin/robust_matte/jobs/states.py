"""Making the states that pieces of a segment start from, by a pass at low resolution alone."""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from robust_matte.jobs.folder_door import LockTimes
from robust_matte.jobs.piece_lock import PieceLocks
from robust_matte.jobs.pins import pins_of
from robust_matte.jobs.planning import PlannedJob, plan_job
from robust_matte.jobs.progress import Listener, Noted, StageReached, silent
from robust_matte.jobs.segment_pins import SegmentPins
from robust_matte.jobs.settled_pins import settle_pins, states_lock_folder
from robust_matte.jobs.state_files import STATES_FOLDER, StateFiles, StateSearch
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.jobs.targets import targets_for
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network
from robust_matte.keying.rolling import Run, key_runs
from robust_matte.keying.segments import Segment
from robust_matte.settings.key_settings import KeySettings

__all__ = ["StatesResult", "make_states"]


@dataclass(frozen=True, slots=True)
class StatesResult:
    """What a pass did.

    Attributes:
        written: States written.
        kept: States that were there already.
        rolled: Frames that were fed.
        seconds: From start to end.
    """

    written: int
    kept: int
    rolled: int
    seconds: float


def make_states(
    settings: KeySettings,
    pieces: Sequence[tuple[int, int]],
    listener: Listener = silent,
    *,
    open_model: ModelOpener = Network,
    stop: StopRequest | None = None,
) -> StatesResult:
    """Roll through segments and keep the state before each of their pieces.

    Frames are decoded and shrunk, nothing is refined and no frame is written. States that were made
    before are kept if they are whole, of this job and of these pins; the pass goes on from the
    latest of them. Others who key pieces of these segments meanwhile are not disturbed.

    Args:
        settings: The job; its plan must be on disk, and is only read.
        pieces: First and last frame of all pieces of the segments, each inside of one.
        listener: Called with what happens, on the calling thread.
        open_model: What loads the model.
        stop: Asks it to stop after the frame that it is at; the state is kept then.

    Raises:
        OtherPinsError: A segment was begun under other pins.
        Preempted: Another worker makes states of these segments, or keys one to be begun anew.
        RobustMatteError: See the classes.
    """
    started = time.monotonic()
    job = plan_job(settings, listener, open_model, pieces=pieces)
    states = StateFiles.of_job(STATES_FOLDER, job)
    needed = list(_needed(job, pieces))
    spans = [(segment.first, segment.last) for segment, starts in needed if starts]
    folder = states_lock_folder(job.opened.outputs)
    with PieceLocks(folder, spans, LockTimes(), listener) as locks:
        _begin_segments(job, [first for first, _ in spans], listener)
        tasks = list(_tasks(job, needed, StateSearch([states], job.model, listener)))
        rolled = _roll(job, tasks, states, locks, listener, stop or StopRequest())
    wanted = sum(len(starts) for _, starts in needed)
    written = sum(len(task.lacking) for task in tasks)
    return StatesResult(written, wanted - written, rolled, time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class _Task:
    """What is rolled through, and before which of its frames the state is to be kept."""

    run: Run
    lacking: frozenset[int]
    after: dict[int, int]  # from a frame to the next one that is fed


def _needed(
    job: PlannedJob, pieces: Sequence[tuple[int, int]]
) -> Iterator[tuple[Segment, list[int]]]:
    """Yield each segment with the frames before which a piece needs a state, ascending.

    A piece that is keyed from the segment's beginning needs none, nor one without a frame of the
    plate that is asked for; of a cold job the beginning is the first frame that is.
    """
    starts = sorted(first for first, _ in pieces)
    for segment in job.plan.keyed_segments():
        begin = _begin(job, segment)
        mine = starts[bisect_left(starts, segment.first) : bisect_right(starts, segment.last)]
        yield segment, [first for first in mine if first > begin]


def _begin(job: PlannedJob, segment: Segment) -> int:
    """Return the frame that a segment is fed from."""
    opened = job.opened
    if not opened.settings.cold:
        return segment.first
    targets = targets_for(opened.frames, opened.plate.numbers, opened.settings.missing)
    asked = [one.source for one in targets if one.source is not None and one.source in segment]
    return min(asked, default=segment.last)


def _tasks(
    job: PlannedJob, needed: Iterable[tuple[Segment, list[int]]], search: StateSearch
) -> Iterator[_Task]:
    """Yield what is to be rolled through: from the state before the first one that lacks."""
    present = job.opened.plate.numbers
    for segment, starts in needed:
        lacking = [start for start in starts if not search.has(segment.first, start)]
        if not lacking:
            continue
        begin = _begin(job, segment)
        found = search.nearest(segment.first, begin, lacking[0])
        start = begin if found is None else found[0]
        inside = present[bisect_left(present, begin) : bisect_right(present, segment.last)]
        fed = present[bisect_left(present, start) : bisect_left(present, lacking[-1])]
        warm_up = tuple(inside[1 : job.opened.settings.warm_up + 1]) if found is None else ()
        restore = None if found is None else found[1]
        run = Run(segment, tuple(fed), frozenset(), warm_up, restore)
        after = dict(zip(fed, [*fed[1:], lacking[-1]], strict=True))
        yield _Task(run, frozenset(lacking), after)


def _begin_segments(job: PlannedJob, segments: Sequence[int], listener: Listener) -> None:
    """Begin segments under the pins of this run, which those who key its pieces must have, too."""
    pins = SegmentPins(job.plan, job.opened.outputs.pins_folder)
    settle_pins(job, pins, segments, listener, holds_states=True)
    for first in segments:
        pins.begin(first, pins_of(job.model.identity))


def _roll(
    job: PlannedJob,
    tasks: Sequence[_Task],
    states: StateFiles,
    locks: PieceLocks,
    listener: Listener,
    stop: StopRequest,
) -> int:
    """Roll through all tasks, and return how many frames were fed."""
    by_segment = {task.run.segment.first: task for task in tasks}
    total = sum(len(task.run.fed) for task in tasks)
    done = 0
    for task in tasks:
        if task.run.restore is not None:
            listener(Noted(f"going on at {task.run.fed[0]} from the state that was kept"))

    def rolled(_: int) -> None:
        if stop.is_asked and done == 0:  # while warming up, when there is no state worth keeping
            stop.heed()

    def passed(run: Run, number: int) -> None:
        nonlocal done
        done += 1
        task = by_segment[run.segment.first]
        if task.after[number] in task.lacking or stop.is_asked:
            states.save(job.model, run.segment.first, task.after[number])
        text = f"from frame {run.fed[0]}"
        listener(StageReached("rolling", done, total, text, number=number))
        locks.check()
        if done < total:
            stop.heed()

    opened, low_size = job.opened, job.plan.request.low_size
    runs = [task.run for task in tasks]
    with (
        stop.heeding(),
        closing(
            key_runs(job.model, opened.source, opened.preparation, low_size, runs, rolled, passed)
        ) as keyed,
    ):
        for _ in keyed:
            pass  # nothing is wanted of any frame
    return done
