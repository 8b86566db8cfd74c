"""Doing what messages ask for: a function for each, from message to manifest."""

from robust_matte.jobs.info import inspect_plate
from robust_matte.jobs.job_document import read_job, settings_of_job
from robust_matte.jobs.key import key
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.media.exr_layers import LayerChoice
from robust_matte.worker.bench import Bench
from robust_matte.worker.events import (
    BakeManifest,
    Manifest,
    ProbeManifest,
)
from robust_matte.worker.machine import describe_machine
from robust_matte.worker.messages import Bake, JobMessage, Preview, Probe
from robust_matte.worker.places import in_full
from robust_matte.worker.previewing import make_preview
from robust_matte.worker.telling import Teller
from robust_matte.worker.texts import some_texts

__all__ = ["do_job"]


def do_job(message: JobMessage, bench: Bench, tell: Teller, stop: StopRequest) -> Manifest:
    """Do a job and return what it made.

    Args:
        message: What is asked for.
        bench: What is warm.
        tell: Told of what happens, and ends the work where the work itself does not look.
        stop: Ends the work.

    Raises:
        RobustMatteError: See the classes.
    """
    match message:
        case Probe():
            return _probe(message, tell)
        case Bake():
            return _bake(message, bench, tell, stop)
        case Preview():
            return make_preview(message, bench, tell, stop)


def _probe(message: Probe, tell: Teller) -> ProbeManifest:
    """Look at the machine and, if there is a job, at its plate."""
    plate = None
    if message.job is not None:
        settings = settings_of_job(message.job, None, needs_output=False)
        choice = LayerChoice(settings.layer, settings.view)
        plate = inspect_plate(
            settings.plate,
            first_frame=settings.first_frame,
            choice=choice,
            roi=settings.roi,
            listener=tell,
        ).model_dump(mode="json")
    return ProbeManifest(machine=describe_machine(), plate=plate)


def _bake(message: Bake, bench: Bench, tell: Teller, stop: StopRequest) -> BakeManifest:
    """Key a plate."""
    if message.job_file is None:
        settings = settings_of_job(message.job, None)
    else:
        settings = read_job(in_full(message.job_file, "job_file"))
    result = key(settings, tell, open_model=bench.open_model, stop=stop)
    return BakeManifest(
        outputs=result.outputs,
        frames=result.frames,
        written=result.written,
        kept=result.kept,
        held=result.held,
        black=result.black,
        segments=result.segments,
        model=result.weights.variant,
        weights=result.weights.sha256,
        job_folder=str(result.job_folder),
        approximate=settings.cold,
        warnings=some_texts(tell.warnings),
        notes=some_texts(tell.notes),
        seconds=round(result.seconds, 3),
    )
