"""What is made of a finished result: contact sheet, hints and review."""

from collections.abc import Sequence
from pathlib import Path

from robust_matte.jobs.contact_sheet import choose_frames, draw_contact_sheet
from robust_matte.jobs.hints import make_hints
from robust_matte.jobs.opening import OpenedJob
from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.jobs.review import Review, make_review
from robust_matte.jobs.targets import Target
from robust_matte.settings.backdrop import Backdrop

__all__ = ["draw_sheet", "make_its_hints", "make_its_review"]


def draw_sheet(job: PlannedJob, targets: Sequence[Target], listener: Listener) -> Path | None:
    """Draw the contact sheet, if one is wanted, and return where it is."""
    opened = job.opened
    asked = opened.settings.contact_sheet
    if asked == "none":
        return None
    path = opened.outputs.sheet_file if asked == "auto" else Path(asked)
    own = [one.number for one in targets if one.source == one.number]
    resets = {one.first: one.reset for one in job.plan.keyed_segments()}
    listener(StageReached("showing", 0, 0, "drawing the contact sheet"))
    frames = choose_frames(own, resets)
    draw_contact_sheet(path, opened.plate, opened.seen, opened.outputs, frames)
    return path


def make_its_hints(job: PlannedJob, listener: Listener) -> str | None:
    """Make the alpha hints, if any are wanted, and return where they are."""
    hints = job.opened.hints
    if hints is None:
        return None
    make_hints(hints, list(job.opened.frames), job.plan.job, listener)
    return str(hints.pattern)


def make_its_review(opened: OpenedJob, listener: Listener) -> Path | None:
    """Make the review, if one is wanted, and return where it is."""
    settings = opened.settings
    if settings.review is None:
        return None
    path = settings.review.absolute()
    review = Review(
        plate=opened.plate,
        outputs=opened.outputs,
        frames=opened.frames,
        display=opened.windows.display,
        seen=opened.seen,
        backdrop=Backdrop.parse(settings.review_over),
    )
    make_review(path, review, listener)
    return path
