"""Keying and writing what is to be done of one job, and ending it well where it is stopped."""

from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from robust_matte.errors import Cancelled, Preempted
from robust_matte.jobs.checkpoints import Checkpoints, Span
from robust_matte.jobs.finishing import Finisher
from robust_matte.jobs.pins import pins_of
from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.progress import Listener, Noted
from robust_matte.jobs.report import Report, Written
from robust_matte.jobs.run_record import RunRecorder
from robust_matte.jobs.runs import told_of_rolling
from robust_matte.jobs.state_files import CHECKPOINT_FOLDER, StateFiles
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.jobs.targets import Target
from robust_matte.jobs.unfinished import Claim
from robust_matte.keying.rolling import KeyedFrame, Run, key_runs
from robust_matte.media.sequences import frame_ranges
from robust_matte.media.writebehind import WriteBehind

__all__ = ["Work", "write_all"]

_ENCODERS = 2
_HELD = 3  # frames being finished and written; each is 85 MB at 1080p: plate, view, model


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What is to be done of a job.

    Attributes:
        job: The job.
        claim: The frames to write, which nobody else does meanwhile.
        runs: What is fed for them, in timeline order.
        spans: What this worker is responsible for, in timeline order.
    """

    job: PlannedJob
    claim: Claim
    runs: Sequence[Run]
    spans: Sequence[Span]


def write_all(work: Work, listener: RunRecorder, stop: StopRequest) -> None:
    """Key and write what is to be done, reporting on this thread in the order of the work.

    Raises:
        Cancelled: It was asked to stop. What the network had made is written, and its state kept.
        Preempted: Likewise; or another worker has taken the frames over.
    """
    opened = work.job.opened
    if work.runs:  # asked for while another job was at its last frame
        stop.heed()
    _tell_of_states(work.runs, listener)
    report = Report(len(work.claim.todo), opened.outputs, opened.settings.nonfinite, listener)
    states = StateFiles.of_job(CHECKPOINT_FOLDER, work.job)
    keeper = Checkpoints(states, work.job.model, work.spans, work.runs, listener)

    def tell(frames: Iterable[Written]) -> None:
        for written in frames:
            report.add([written])
            keeper.written(1)

    with (
        stop.heeding(),
        WriteBehind[Written](threads=_ENCODERS, depth=_HELD) as writer,
        closing(_finishing(work, keeper, listener, stop)) as tasks,  # ends its readers, always
    ):
        try:
            for task in listener.timed(work.claim.locks.guarded(tasks)):
                tell(writer.submit(task))
                keeper.given()
        except (Cancelled, Preempted):
            tell(writer.drain())
            raise
        tell(writer.drain())
    report.close()
    keeper.close()
    if opened.settings.review is not None or opened.settings.hint_dir is not None:
        stop.heed()  # much is still to be made of the frames


def _tell_of_states(runs: Sequence[Run], listener: RunRecorder) -> None:
    resumed = [run.fed[0] for run in runs if run.restore is not None]
    for number in resumed:
        listener.resumed(number)
    if resumed:
        listener(Noted(f"going on at {frame_ranges(resumed)} from the state that was kept"))


def _finishing(
    work: Work, keeper: Checkpoints, listener: Listener, stop: StopRequest
) -> Generator[Callable[[], Written]]:
    """Yield the finishing of each frame: black ones at once, the others as they are keyed."""
    finisher = Finisher(work.job.opened, work.job.plan, work.claim.pins)
    by_source: dict[int, list[Target]] = defaultdict(list)
    for target in work.claim.todo:
        if target.source is None:
            yield partial(finisher.finish_black, target)
        else:
            by_source[target.source].append(target)
    own = pins_of(work.job.model.identity)
    with closing(_keyed(work, keeper, listener, stop)) as keyed_frames:
        for keyed in keyed_frames:
            work.claim.pins.begin(keyed.segment.first, own)
            for target in by_source[keyed.frame.number]:
                yield partial(finisher.finish, target, keyed)


def _keyed(
    work: Work, keeper: Checkpoints, listener: Listener, stop: StopRequest
) -> Generator[KeyedFrame]:
    """Key the runs, telling of frames that only roll, and looking between frames for a stop."""
    unmatted = told_of_rolling(work.runs)

    def rolled(_: int) -> None:
        event = next(unmatted)
        listener(event)
        if event.stage == "warming up":  # there is no state that is worth keeping
            stop.heed()

    def passed(run: Run, number: int) -> None:
        keeper.passed(number, is_last=stop.is_asked)
        if run is not work.runs[-1] or number != run.fed[-1]:  # what is finished ends well
            stop.heed()

    opened, low_size = work.job.opened, work.job.plan.request.low_size
    return key_runs(
        work.job.model, opened.source, opened.preparation, low_size, work.runs, rolled, passed
    )
