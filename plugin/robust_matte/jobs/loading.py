"""From settings to an opened job with its model: all that comes before looking for cuts."""

from dataclasses import dataclass
from pathlib import Path

from robust_matte.jobs.begun import begun_threads, begun_weights
from robust_matte.jobs.header_cuts import check_headers
from robust_matte.jobs.looks import Looks
from robust_matte.jobs.memory import check_memory
from robust_matte.jobs.opening import OpenedJob, open_job
from robust_matte.jobs.progress import Listener, Noted, StageReached, Warned
from robust_matte.keying.model import MatteModel, ModelOpener, Weights
from robust_matte.settings.cut_list import CutList
from robust_matte.settings.key_settings import KeySettings
from robust_matte.weights.choice import ChosenWeights, choose_weights
from robust_matte.weights.known import AUTO, KNOWN

__all__ = ["LoadedJob", "load_job"]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedJob:
    """A job that is opened, and its model.

    Attributes:
        opened: Settings, plate and names.
        weights: What the model was loaded from.
        model: The model.
    """

    opened: OpenedJob
    weights: Weights
    model: MatteModel


def load_job(
    settings: KeySettings,
    listener: Listener,
    open_model: ModelOpener,
    *,
    counted: Path | None = None,
    is_planned: bool = False,
    looks: Looks | None = None,
) -> LoadedJob:
    """Check everything that can be checked without decoding the plate, and load the model.

    Args:
        settings: The job.
        listener: Told of what happens.
        open_model: What loads the model.
        counted: A folder where the count of a movie's frames may be kept.
        is_planned: Whether the job's plan is there and stays as it is.
        looks: How plate and weights are looked at; by default anew.

    Raises:
        RobustMatteError: See the classes; nothing has been written then.
    """
    looks = looks or Looks()
    chosen = choose_weights(settings.model, offline=settings.offline)
    weights = None if chosen.is_absent else looks.weights(chosen, listener)
    opened = open_job(settings, listener, chosen.path, counted, looks)
    weights = weights or looks.weights(chosen, listener)  # not fetched for an unsound plate
    if settings.model == "auto":
        weights = _settled_weights(opened, chosen, weights, listener)
    listener(StageReached("loading", 0, 0, f"loading {weights.path.name}"))
    threads = settings.threads or begun_threads(opened, is_planned=is_planned)
    model = open_model(weights, refiner=settings.refiner, device=settings.device, threads=threads)
    for text in model.notes:
        listener(Noted(text))
    check_memory(opened, model.identity, listener)
    if not is_planned and CutList.parse(settings.cuts).is_in_headers:
        check_headers(opened.plate, listener)
    return LoadedJob(opened, weights, model)


def _settled_weights(
    opened: OpenedJob, chosen: ChosenWeights, weights: Weights, listener: Listener
) -> Weights:
    """Return what `auto` takes: what the output was begun with, or else what is here."""
    begun = begun_weights(opened, weights, listener)
    if begun is None and chosen.is_stopgap:
        listener(
            Warned(
                f"The weights {KNOWN[AUTO].file} are not here: draft is used, the small network "
                f"that comes with this program. Get the official ones by robust-matte weights "
                f"fetch {AUTO}."
            )
        )
    return begun or weights
