"""Which frames of a job are to be made, and whether this run may make them."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from robust_matte.jobs.folder_door import LockTimes
from robust_matte.jobs.piece_lock import PieceLocks
from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.progress import Listener, StageReached, silent
from robust_matte.jobs.segment_pins import SegmentPins
from robust_matte.jobs.settled_pins import settle_pins
from robust_matte.jobs.targets import Target

__all__ = ["Claim", "claimed"]


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """What a run is to do, and nobody else does meanwhile.

    Attributes:
        todo: The frames to make.
        pins: Under what each segment is keyed.
        locks: On the pieces with these frames.
    """

    todo: list[Target]
    pins: SegmentPins
    locks: PieceLocks


@contextmanager
def claimed(
    job: PlannedJob,
    targets: Sequence[Target],
    listener: Listener,
    pieces: Sequence[tuple[int, int]] | None = None,
) -> Iterator[Claim]:
    """Find what is to be done of some frames, and keep other workers from it meanwhile.

    Args:
        job: The job.
        targets: The frames.
        listener: Told of progress.
        pieces: First and last frame of the pieces that these are of; None where they are of whole
            segments.

    Raises:
        OtherPinsError: A segment was begun under other pins.
        Preempted: Another worker keys some of these frames.
        OutputError: The job's folder cannot be written.
    """
    folder = job.opened.outputs.pins_folder
    pins = SegmentPins(job.plan, folder)
    todo = _unfinished(job, pins, targets, listener)
    renewed = settle_pins(job, pins, _segments(pins, todo), listener)
    todo = _with_renewed(pins, targets, todo, renewed)
    spans = _spans(todo, sorted(first for first, _ in pieces or ()) or pins.firsts)
    with PieceLocks(job.opened.outputs.lock_folder, spans, LockTimes(), listener) as locks:
        pins = SegmentPins(job.plan, folder)
        if locks.has_waited:  # for one who may have done the most of it before it ended
            todo = _unfinished(job, pins, targets, listener)
        else:  # nor is one waited for that has just ended
            todo = _unfinished(job, pins, todo, silent)
        settle_pins(job, pins, _segments(pins, todo), listener, may_renew=False)
        yield Claim(todo, pins, locks)


def _spans(todo: Iterable[Target], starts: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and last frame to write of each piece; those side by side are one.

    Black frames are no piece's work: whoever writes them writes the same.
    """
    spans: dict[int, tuple[int, int]] = {}
    for number in (one.number for one in todo if one.source is not None):
        piece = bisect_right(starts, number)
        first, last = spans.get(piece, (number, number))
        spans[piece] = (min(first, number), max(last, number))
    joined: list[tuple[int, int]] = []
    for _, (first, last) in sorted(spans.items()):
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _unfinished(
    job: PlannedJob, pins: SegmentPins, targets: Sequence[Target], listener: Listener
) -> list[Target]:
    """Return the frames that are not right already: of this job, under their segment's pins."""
    outputs, todo = job.opened.outputs, []
    for done, target in enumerate(targets, start=1):
        own = pins.of_frame(target.source)
        if own is None or not outputs.is_done(target.number, job.plan.job, own.hash):
            todo.append(target)
        listener(StageReached("checking", done, len(targets), "looking for finished frames"))
    return todo


def _segments(pins: SegmentPins, todo: Iterable[Target]) -> set[int]:
    """Return the first frames of the segments that some frames are of."""
    return {pins.segment(one.source).first for one in todo if one.source is not None}


def _with_renewed(
    pins: SegmentPins, targets: Sequence[Target], todo: Sequence[Target], renewed: Collection[int]
) -> list[Target]:
    """Return the frames to do, which are all of a segment that is begun anew."""
    if not renewed:
        return list(todo)
    left = {one.number for one in todo}
    return [
        one
        for one in targets
        if one.number in left
        or (one.source is not None and pins.segment(one.source).first in renewed)
    ]
