"""What keying did."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from robust_matte.jobs.plan import WeightsRecord

__all__ = ["KeyResult", "joined_results"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyResult:
    """What a job did.

    Attributes:
        outputs: The pattern of each kind of file, by layer.
        frames: The frames that the job was to make, such as `1001-1100`.
        written: Frames written in this run.
        held: Those of them that repeat the frame before a hole.
        black: Those of them that are transparent black, for a hole.
        kept: Frames that were right already.
        segments: Segments of the plate.
        weights: What it was keyed with.
        seconds: From start to end.
        warnings: What was unexpected, in the order it was told.
        contact_sheet: The picture, or None.
        review: The movie, or None.
        job_folder: Where the plan is.
        hints: The pattern of alpha hints, or None.
        masks: What garbage and core were, and which way round they were taken, by kind.
        view: The view of a stereo plate that was keyed, or None.
        views: Where several were, the result of each; files above are the first one's, and
            numbers those of all.
    """

    outputs: dict[str, str]
    frames: str
    written: int
    held: int
    black: int
    kept: int
    segments: int
    weights: WeightsRecord
    seconds: float
    warnings: tuple[str, ...]
    contact_sheet: Path | None
    review: Path | None
    job_folder: Path
    hints: str | None = None
    masks: dict[str, str] = field(default_factory=dict)
    view: str | None = None
    views: tuple["KeyResult", ...] = ()


def joined_results(results: Sequence[KeyResult]) -> KeyResult:
    """Return the result of all views; where there is one job, its own."""
    if len(results) == 1:
        return results[0]
    return replace(
        results[0],
        outputs={
            f"{layer} {one.view}": pattern
            for one in results
            for layer, pattern in one.outputs.items()
        },
        written=sum(one.written for one in results),
        held=sum(one.held for one in results),
        black=sum(one.black for one in results),
        kept=sum(one.kept for one in results),
        segments=sum(one.segments for one in results),
        view=None,
        views=tuple(results),
    )
