"""The main job: key one plate from settings to finished files."""

import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from robust_matte.jobs.contact_sheet import choose_frames, draw_contact_sheet
from robust_matte.jobs.finishing import Finisher
from robust_matte.jobs.hints import make_hints
from robust_matte.jobs.opening import OpenedJob
from robust_matte.jobs.plan import WeightsRecord
from robust_matte.jobs.planning import PlannedJob, plan_job
from robust_matte.jobs.progress import Event, Listener, Noted, StageReached, Warned, silent
from robust_matte.jobs.report import Report, Written
from robust_matte.jobs.review import Review, make_review
from robust_matte.jobs.run_record import RunRecorder, recording_run
from robust_matte.jobs.stereo import settings_of_views
from robust_matte.jobs.targets import Target, targets_for, warn_of_black
from robust_matte.keying.model import MatteModel, ModelOpener, Weights
from robust_matte.keying.network import Network
from robust_matte.keying.rolling import Run, key_runs
from robust_matte.media.writebehind import WriteBehind
from robust_matte.settings.backdrop import Backdrop
from robust_matte.settings.choices import Refiner
from robust_matte.settings.key_settings import KeySettings

__all__ = ["KeyResult", "key"]

_ENCODERS = 2
_HELD = 3  # frames being finished and written; each is 85 MB at 1080p: plate, view, model


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyResult:
    """What a job did.

    Attributes:
        outputs: The pattern of each kind of file, by layer.
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


def key(
    settings: KeySettings, listener: Listener = silent, *, open_model: ModelOpener = Network
) -> KeyResult:
    """Key a plate and write its layers; frames that are right already are left alone.

    Of a stereo plate each view is a job of its own, if all are asked for; nothing is keyed before
    all of them are planned.

    Args:
        settings: The job.
        listener: Called with what happens, on the calling thread.
        open_model: What loads the model.

    Raises:
        RobustMatteError: See the classes; no incomplete file is left under its final name.
    """
    started = time.monotonic()
    kept_events = _Kept(listener)
    sharing = _sharing(open_model)
    jobs = [plan_job(one, kept_events, sharing) for one in settings_of_views(settings)]
    results = []
    for job in jobs:
        if len(jobs) > 1:
            kept_events(Noted(f"keying the view {job.opened.picture.view}"))
        results.append(_key_job(job, kept_events))
    return replace(
        _joined(results),
        seconds=time.monotonic() - started,
        warnings=tuple(kept_events.warnings),
    )


def _key_job(job: PlannedJob, listener: "_Kept") -> KeyResult:
    """Do what is to be done of one job: of a plate, or of one of its views."""
    opened = job.opened
    targets = targets_for(opened.frames, opened.plate.numbers, opened.settings.missing)
    warn_of_black(targets, opened.settings.missing, listener)
    todo = _unfinished(job, targets, listener)
    numbers, identity = [target.number for target in targets], job.model.identity
    with recording_run(
        opened.outputs, job.plan, identity, numbers, listener, listener.warnings
    ) as recorder:
        _write_all(job, targets, todo, recorder)
    return KeyResult(
        outputs={layer: str(pattern) for layer, pattern in opened.outputs.patterns.items()},
        written=len(todo),
        held=sum(one.held is not None for one in todo),
        black=sum(one.source is None for one in todo),
        kept=len(targets) - len(todo),
        segments=len(job.plan.segments),
        weights=job.plan.request.weights,
        contact_sheet=_draw_sheet(job, targets, listener),
        hints=_make_hints(job, listener),
        masks={one.kind: one.meaning for one in opened.masks.named},
        review=_make_review(opened, listener),
        job_folder=opened.outputs.job_folder,
        warnings=(),
        seconds=0.0,
        view=opened.picture.view,
    )


def _joined(results: Sequence[KeyResult]) -> KeyResult:
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


def _sharing(open_model: ModelOpener) -> ModelOpener:
    """Load a model once for all views: it is reset before each segment."""
    opened: dict[Weights, MatteModel] = {}

    def share(weights: Weights, *, refiner: Refiner, device: str, threads: int) -> MatteModel:
        if weights not in opened:
            opened[weights] = open_model(weights, refiner=refiner, device=device, threads=threads)
        return opened[weights]

    return share


class _Kept:
    """A listener that keeps warnings on their way."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.warnings: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Warned):
            self.warnings.append(event.text)
        self._listener(event)


def _unfinished(job: PlannedJob, targets: Sequence[Target], listener: Listener) -> list[Target]:
    """Return the frames that are not right already."""
    todo = []
    for done, target in enumerate(targets, start=1):
        if not job.opened.outputs.is_done(target.number, job.plan.job):
            todo.append(target)
        listener(StageReached("checking", done, len(targets), "looking for finished frames"))
    return todo


def _draw_sheet(job: PlannedJob, targets: Sequence[Target], listener: Listener) -> Path | None:
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


def _make_hints(job: PlannedJob, listener: Listener) -> str | None:
    """Make the alpha hints, if any are wanted, and return where they are."""
    hints = job.opened.hints
    if hints is None:
        return None
    make_hints(hints, list(job.opened.frames), job.plan.job, listener)
    return str(hints.pattern)


def _make_review(opened: OpenedJob, listener: Listener) -> Path | None:
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


def _write_all(
    job: PlannedJob, targets: Sequence[Target], todo: Sequence[Target], listener: RunRecorder
) -> None:
    """Key and write what is to be done, reporting on this thread in the order of the work."""
    opened = job.opened
    opened.outputs.remove_leftovers([target.number for target in targets])
    report = Report(len(todo), opened.outputs, opened.settings.nonfinite, listener)
    runs = _runs(job, targets, todo)
    with (
        WriteBehind[Written](threads=_ENCODERS, depth=_HELD) as writer,
        closing(_work(job, runs, todo, listener)) as works,  # ends its reading threads, always
    ):
        for work in listener.timed(works):
            report.add(writer.submit(work))
        report.add(writer.drain())
    report.close()


def _work(
    job: PlannedJob, runs: Sequence[Run], todo: Sequence[Target], listener: Listener
) -> Generator[Callable[[], Written]]:
    """Yield the finishing of each frame: black ones at once, the others as they are keyed."""
    finisher = Finisher(job.opened, job.plan)
    by_source: dict[int, list[Target]] = defaultdict(list)
    for target in todo:
        if target.source is None:
            yield partial(finisher.finish_black, target)
        else:
            by_source[target.source].append(target)

    unmatted = _unmatted(runs)

    def rolled(_: int) -> None:
        listener(next(unmatted))

    opened, low_size = job.opened, job.plan.request.low_size
    keyed_frames = key_runs(job.model, opened.source, opened.preparation, low_size, runs, rolled)
    with closing(keyed_frames):
        for keyed in keyed_frames:
            for target in by_source[keyed.frame.number]:
                yield partial(finisher.finish, target, keyed)


def _unmatted(runs: Sequence[Run]) -> Iterator[StageReached]:
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


def _runs(job: PlannedJob, targets: Sequence[Target], todo: Sequence[Target]) -> list[Run]:
    """Say what is fed of each segment with frames to do: from its reset to the last of them.

    A cold run starts at the first frame that was asked for, done or not, so that going on gives
    what an uninterrupted run gives.
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


def _within(numbers: Sequence[int], first: int, last: int) -> Sequence[int]:
    """Return those of ascending numbers that lie in a range, both ends included."""
    return numbers[bisect_left(numbers, first) : bisect_right(numbers, last)]
