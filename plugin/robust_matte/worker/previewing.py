"""Previews: from a message to one frame and its manifest."""

from robust_matte.jobs.job_document import settings_of_job
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.worker.bench import Bench
from robust_matte.worker.events import PreviewManifest, PreviewSeconds
from robust_matte.worker.messages import Preview
from robust_matte.worker.places import in_full
from robust_matte.worker.telling import Teller
from robust_matte.worker.texts import some_texts

__all__ = ["make_preview"]


def make_preview(
    message: Preview, bench: Bench, tell: Teller, stop: StopRequest
) -> PreviewManifest:
    """Key one frame."""
    folder = None if message.folder is None else in_full(message.folder, "folder")
    settings = settings_of_job(message.job, None)
    result = bench.previewer.preview(
        settings, message.frame, tell, quick=message.quick, folder=folder, stop=stop
    )
    return PreviewManifest(
        files={layer: str(file) for layer, file in result.files.items()},
        frame=result.frame,
        approximate=result.approximate,
        rolled=result.rolled,
        seconds=PreviewSeconds(**{name: round(took, 4) for name, took in result.seconds.items()}),
        warnings=some_texts(tuple(dict.fromkeys([*result.warnings, *tell.warnings]))),
        notes=some_texts(tell.notes),
    )
