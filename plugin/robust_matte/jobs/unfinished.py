"""Which frames of a job are to be made, and whether this run may make them."""

from collections.abc import Sequence

from robust_matte.jobs.pins import pins_of
from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.jobs.segment_pins import SegmentPins
from robust_matte.jobs.targets import Target

__all__ = ["settle_pins", "unfinished"]


def unfinished(
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


def settle_pins(
    job: PlannedJob, pins: SegmentPins, targets: Sequence[Target], todo: Sequence[Target]
) -> list[Target]:
    """Make sure that what is to be done of a segment goes on under the pins it was begun with.

    Args:
        job: The job; with its setting `repin` such a segment is begun anew.
        pins: The pins of its segments.
        targets: All frames that were asked for.
        todo: Those that are not right already.

    Returns:
        The frames to do, which are more where a segment is begun anew.

    Raises:
        OtherPinsError: A segment was begun with others.
        OutputError: The new pins cannot be written.
    """
    own, renewed = pins_of(job.model.identity), set()
    for first in sorted({pins.segment(one.source).first for one in todo if one.source is not None}):
        if not job.opened.settings.repin:
            pins.check(first, own)
        elif pins.of_segment(first) not in (None, own):
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
