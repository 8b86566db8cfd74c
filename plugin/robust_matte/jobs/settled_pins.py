"""Making sure that segments go on under the pins that they were begun with, or are begun anew."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from robust_matte.errors import ModelError, Preempted
from robust_matte.jobs.folder_door import LockTimes
from robust_matte.jobs.marks import PINS_ATTRIBUTE, read_mark
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.piece_lock import PieceLocks
from robust_matte.jobs.pins import Pins, pins_of
from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.progress import Listener, Noted
from robust_matte.jobs.segment_pins import SegmentPins
from robust_matte.jobs.state_files import CHECKPOINT_FOLDER, STATES_FOLDER, StateFiles

__all__ = ["settle_pins", "states_lock_folder"]


def states_lock_folder(outputs: Outputs) -> Path:
    """Return where the locks are of those who roll through whole segments, and write no frame."""
    return outputs.lock_folder / "states"


def settle_pins(
    job: PlannedJob,
    pins: SegmentPins,
    segments: Iterable[int],
    listener: Listener,
    *,
    may_renew: bool = True,
    holds_states: bool = False,
) -> set[int]:
    """Make sure that segments may be keyed under the pins of this run.

    A segment of other pins is begun anew where the setting `repin` says so, or where nothing was
    made of it: who began it was stopped before its first frame. That is done under the segment's
    locks, so that nobody who lives is at it.

    Args:
        job: The job.
        pins: The pins of its segments.
        segments: Their first frames.
        listener: Told of what is waited for, and of a segment that is begun anew unasked.
        may_renew: Whether a segment may be begun anew.
        holds_states: Whether the caller has the lock on these segments' states.

    Returns:
        The first frames of the segments that are begun anew.

    Raises:
        OtherPinsError: A segment was begun with others.
        Preempted: A segment that is to be begun anew is being keyed.
        OutputError: The new pins cannot be written.
    """
    own, renewed = pins_of(job.model.identity), set()
    for first in sorted(segments):
        begun = pins.of_segment(first)
        if begun in (None, own):
            continue
        if not may_renew:
            pins.check(first, own)
        elif job.opened.settings.repin:
            with _alone(job, pins, first, listener, holds_states=holds_states):
                pins.renew(first, own)
            renewed.add(first)
        elif _is_renewed(job, pins, first, own, listener, holds_states=holds_states):
            renewed.add(first)
    return renewed


def _is_renewed(
    job: PlannedJob,
    pins: SegmentPins,
    first: int,
    own: Pins,
    listener: Listener,
    *,
    holds_states: bool,
) -> bool:
    """Begin a segment anew of which nothing was made.

    Raises:
        OtherPinsError: Something was, or is being made.
    """
    begun = pins.of_segment(first)
    if begun is None or _is_made(job, pins, first, begun):
        pins.check(first, own)
    try:
        with _alone(job, pins, first, listener, holds_states=holds_states):
            pins.look_again(first)
            now = pins.of_segment(first)
            if now is not None and _is_made(job, pins, first, now):
                pins.check(first, own)
            pins.renew(first, own)
    except Preempted:
        pins.check(first, own)
        raise
    listener(
        Noted(
            f"the segment {pins.spoken(first)} was begun under other pins, but nothing was made "
            "of it: it is begun under those of this run"
        )
    )
    return True


def _alone(
    job: PlannedJob, pins: SegmentPins, first: int, listener: Listener, *, holds_states: bool
) -> ExitStack:
    """Take the locks of a whole segment."""
    segment, outputs = pins.segment(first), job.opened.outputs
    folders = [outputs.lock_folder] + ([] if holds_states else [states_lock_folder(outputs)])
    with ExitStack() as stack:
        for folder in folders:
            span = (segment.first, segment.last)
            stack.enter_context(PieceLocks(folder, [span], LockTimes(), listener))
        return stack.pop_all()


def _is_made(job: PlannedJob, pins: SegmentPins, first: int, begun: Pins) -> bool:
    """Say whether there is a frame or a state of a segment under these pins."""
    folders: Sequence[str] = (CHECKPOINT_FOLDER, STATES_FOLDER)
    own_folder = job.opened.outputs.job_folder
    for place in (StateFiles(own_folder / name, job.plan.job, begun.hash) for name in folders):
        for file in place.listed():
            try:
                if file.first == first and place.load(file, job.model):
                    return True
            except (ModelError, OSError):
                continue
    numbers, segment = job.opened.plate.numbers, pins.segment(first)
    wanted = (job.plan.job, begun.hash)
    for number in numbers[bisect_left(numbers, first) : bisect_right(numbers, segment.last)]:
        for path in job.opened.outputs.files(number):
            mark = read_mark(path, PINS_ATTRIBUTE)
            if (*mark[:1], *mark[-1:]) == wanted:
                return True
    return False
