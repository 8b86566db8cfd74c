"""The main job: key one plate from settings to finished files."""

import time
from collections.abc import Sequence
from dataclasses import replace

from robust_matte.jobs.key_result import KeyResult, joined_results
from robust_matte.jobs.pieces import targets_in, tell_of_lacking_states
from robust_matte.jobs.planning import PlannedJob, plan_job
from robust_matte.jobs.progress import KeptWarnings, Listener, PartReached, silent
from robust_matte.jobs.run_record import recording_run
from robust_matte.jobs.runs import kept_states, runs_of, spans_of
from robust_matte.jobs.shared_model import share_model
from robust_matte.jobs.shown import draw_sheet, make_its_hints, make_its_review
from robust_matte.jobs.stereo import settings_of_views
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.jobs.targets import targets_for, warn_of_black
from robust_matte.jobs.unfinished import claimed
from robust_matte.jobs.writing import Work, write_all
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network
from robust_matte.media.sequences import frame_ranges
from robust_matte.settings.key_settings import KeySettings

__all__ = ["key"]

_ALONE = {"contact_sheet": "none", "hint_dir": None, "review": None}  # of a piece of a result


def key(
    settings: KeySettings,
    listener: Listener = silent,
    *,
    open_model: ModelOpener = Network,
    pieces: Sequence[tuple[int, int]] | None = None,
    stop: StopRequest | None = None,
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
        stop: Asks it to stop, which it does after the frame that it is at; it then keeps the
            state, so that the next run goes on with the next frame.

    Raises:
        Cancelled: It was asked to stop.
        Preempted: Likewise, as the request says; or another worker is at these frames.
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
        results.append(_key_job(job, kept_events, pieces, stop or StopRequest()))
    return replace(
        joined_results(results),
        seconds=time.monotonic() - started,
        warnings=tuple(kept_events.warnings),
    )


def _key_job(
    job: PlannedJob,
    listener: KeptWarnings,
    pieces: Sequence[tuple[int, int]] | None,
    stop: StopRequest,
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
            runs = runs_of(job, targets, todo, kept_states(job, recorder))
            tell_of_lacking_states(runs, pieces or (), recorder)
            work = Work(job, claim, runs, spans_of(job, mine, pieces))
            write_all(work, recorder, stop)
    return KeyResult(
        outputs={layer: str(pattern) for layer, pattern in opened.outputs.patterns.items()},
        frames=frame_ranges(numbers),
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
