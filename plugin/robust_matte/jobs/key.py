"""The main job: key one plate from settings to finished files."""

import time
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

from robust_matte.jobs.finishing import Finisher
from robust_matte.jobs.key_result import KeyResult, joined_results
from robust_matte.jobs.pieces import targets_in
from robust_matte.jobs.pins import pins_of
from robust_matte.jobs.planning import PlannedJob, plan_job
from robust_matte.jobs.progress import KeptWarnings, Listener, PartReached, silent
from robust_matte.jobs.report import Report, Written
from robust_matte.jobs.run_record import RunRecorder, recording_run
from robust_matte.jobs.runs import runs_of, told_of_rolling
from robust_matte.jobs.shared_model import share_model
from robust_matte.jobs.shown import draw_sheet, make_its_hints, make_its_review
from robust_matte.jobs.stereo import settings_of_views
from robust_matte.jobs.targets import Target, targets_for, warn_of_black
from robust_matte.jobs.unfinished import Claim, claimed
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network
from robust_matte.keying.rolling import Run, key_runs
from robust_matte.media.writebehind import WriteBehind
from robust_matte.settings.key_settings import KeySettings

__all__ = ["key"]

_ENCODERS = 2
_HELD = 3  # frames being finished and written; each is 85 MB at 1080p: plate, view, model
_ALONE = {"contact_sheet": "none", "hint_dir": None, "review": None}  # of a piece of a result


def key(
    settings: KeySettings,
    listener: Listener = silent,
    *,
    open_model: ModelOpener = Network,
    pieces: Sequence[tuple[int, int]] | None = None,
) -> KeyResult:
    """Key a plate and write its layers; frames that are right already are left alone.

    Of a stereo plate each view is a job of its own, if all are asked for; nothing is keyed before
    all of them are planned.

    Args:
        settings: The job.
        listener: Called with what happens, on the calling thread.
        open_model: What loads the model.
        pieces: First and last frame of what is to be keyed of a plan that is on disk already, each
            inside of one segment; by default all frames, of a plan that is made where there is
            none. The plan is only read then, and no contact sheet, review or hints are made.

    Raises:
        RobustMatteError: See the classes; no incomplete file is left under its final name.
    """
    started = time.monotonic()
    kept_events = KeptWarnings(listener)
    sharing = share_model(open_model)
    if pieces is not None:
        settings = settings.model_copy(update=_ALONE)
    views = settings_of_views(settings)
    jobs = [plan_job(one, kept_events, sharing, pieces=pieces) for one in views]
    results = []
    for done, job in enumerate(jobs):
        if len(jobs) > 1:
            text = f"keying the view {job.opened.picture.view}"
            kept_events(PartReached(done, len(jobs), text))
        results.append(_key_job(job, kept_events, pieces))
    return replace(
        joined_results(results),
        seconds=time.monotonic() - started,
        warnings=tuple(kept_events.warnings),
    )


def _key_job(
    job: PlannedJob, listener: KeptWarnings, pieces: Sequence[tuple[int, int]] | None
) -> KeyResult:
    """Do what is to be done of one job: of a plate, or of one of its views."""
    opened = job.opened
    targets = targets_for(opened.frames, opened.plate.numbers, opened.settings.missing)
    warn_of_black(targets, opened.settings.missing, listener)
    mine = targets
    if pieces is not None:
        mine = targets_in(pieces, job.plan.segments, targets)
        if not opened.settings.overwrite:
            opened.outputs.refuse_foreign([one.number for one in mine], job.plan.job)
    numbers, identity = [target.number for target in mine], job.model.identity
    with claimed(job, mine, listener, pieces) as claim:
        todo = claim.todo
        opened.outputs.remove_leftovers(numbers)
        with recording_run(
            opened.outputs, job.plan, identity, numbers, listener, listener.warnings
        ) as recorder:
            _write_all(job, claim, targets, recorder)
    return KeyResult(
        outputs={layer: str(pattern) for layer, pattern in opened.outputs.patterns.items()},
        written=len(todo),
        held=sum(one.held is not None for one in todo),
        black=sum(one.source is None for one in todo),
        kept=len(mine) - len(todo),
        segments=len(job.plan.segments),
        weights=job.plan.request.weights,
        contact_sheet=draw_sheet(job, targets, listener),
        hints=make_its_hints(job, listener),
        masks={one.kind: one.meaning for one in opened.masks.named},
        review=make_its_review(opened, listener),
        job_folder=opened.outputs.job_folder,
        warnings=(),
        seconds=0.0,
        view=opened.picture.view,
    )


def _write_all(
    job: PlannedJob,
    claim: Claim,
    targets: Sequence[Target],
    listener: RunRecorder,
) -> None:
    """Key and write what is to be done, reporting on this thread in the order of the work."""
    opened, todo = job.opened, claim.todo
    report = Report(len(todo), opened.outputs, opened.settings.nonfinite, listener)
    runs = runs_of(job, targets, todo)
    with (
        WriteBehind[Written](threads=_ENCODERS, depth=_HELD) as writer,
        closing(_work(job, claim, runs, listener)) as works,  # ends its readers, always
    ):
        for work in listener.timed(claim.locks.guarded(works)):
            report.add(writer.submit(work))
        report.add(writer.drain())
    report.close()


def _work(
    job: PlannedJob,
    claim: Claim,
    runs: Sequence[Run],
    listener: Listener,
) -> Generator[Callable[[], Written]]:
    """Yield the finishing of each frame: black ones at once, the others as they are keyed."""
    finisher = Finisher(job.opened, job.plan, claim.pins)
    by_source: dict[int, list[Target]] = defaultdict(list)
    for target in claim.todo:
        if target.source is None:
            yield partial(finisher.finish_black, target)
        else:
            by_source[target.source].append(target)

    unmatted = told_of_rolling(runs)

    def rolled(_: int) -> None:
        listener(next(unmatted))

    own = pins_of(job.model.identity)
    opened, low_size = job.opened, job.plan.request.low_size
    keyed_frames = key_runs(job.model, opened.source, opened.preparation, low_size, runs, rolled)
    with closing(keyed_frames):
        for keyed in keyed_frames:
            claim.pins.begin(keyed.segment.first, own)
            for target in by_source[keyed.frame.number]:
                yield partial(finisher.finish, target, keyed)
