"""Which frames of a job are to be made, and whether this run may make them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from robust_matte.jobs.piece_lock import LockTimes, PieceLocks
from robust_matte.jobs.pins import pins_of
from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.jobs.segment_pins import SegmentPins
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
    todo = _settle_pins(job, pins, targets, _unfinished(job, pins, targets, listener))
    spans = _spans(todo, sorted(first for first, _ in pieces or ()) or pins.firsts)
    with PieceLocks(job.opened.outputs.lock_folder, spans, LockTimes()) as locks:
        if locks.has_waited:  # for one who may have done the most of it before it ended
            pins = SegmentPins(job.plan, folder)
            left = _unfinished(job, pins, targets, listener)
            todo = _settle_pins(job, pins, targets, left, may_renew=False)
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


def _settle_pins(
    job: PlannedJob,
    pins: SegmentPins,
    targets: Sequence[Target],
    todo: Sequence[Target],
    *,
    may_renew: bool = True,
) -> list[Target]:
    """Make sure that what is to be done of a segment goes on under the pins it was begun with.

    Args:
        job: The job; with its setting `repin` such a segment is begun anew.
        pins: The pins of its segments.
        targets: All frames that were asked for.
        todo: Those that are not right already.
        may_renew: Whether a segment may be begun anew: once in a run, and before it takes locks.

    Returns:
        The frames to do, which are more where a segment is begun anew.

    Raises:
        OtherPinsError: A segment was begun with others.
        Preempted: A segment that is to be begun anew is being keyed.
        OutputError: The new pins cannot be written.
    """
    own, renewed = pins_of(job.model.identity), set()
    for first in sorted({pins.segment(one.source).first for one in todo if one.source is not None}):
        if not (job.opened.settings.repin and may_renew):
            pins.check(first, own)
        elif pins.of_segment(first) not in (None, own):
            segment = pins.segment(first)
            with PieceLocks(job.opened.outputs.lock_folder, [(segment.first, segment.last)]):
                pins.renew(first, own)
            renewed.add(first)
    if not renewed:
        return list(todo)
    left = {one.number for one in todo}
    return [
        one
        for one in targets
        if one.number in left
        or (one.source is not None and pins.segment(one.source).first in renewed)
    ]
