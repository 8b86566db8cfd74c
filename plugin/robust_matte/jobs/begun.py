"""The job that an output was begun with: its plan, its frames, and the weights it goes on with."""

from robust_matte.errors import WouldOverwriteError
from robust_matte.jobs.marks import is_there
from robust_matte.jobs.opening import OpenedJob
from robust_matte.jobs.plan import Plan, load_plan
from robust_matte.jobs.progress import Listener, Warned
from robust_matte.keying.model import Weights
from robust_matte.settings.choices import ImageFormat, Layers
from robust_matte.weights.identity import take_fingerprint
from robust_matte.weights.known import KNOWN
from robust_matte.weights.places import find_weights

__all__ = ["begun_threads", "begun_weights", "has_frames", "plan_on_disk"]


def plan_on_disk(opened: OpenedJob) -> Plan | None:
    """Return the plan beside the output; None if there is none, or none that matters.

    Raises:
        WouldOverwriteError: The file is no plan of this version, and is not to be replaced.
    """
    try:
        return load_plan(opened.outputs.plan_file)
    except WouldOverwriteError:
        if not opened.settings.overwrite:
            raise
        return None


def has_frames(opened: OpenedJob, known: Plan) -> bool:
    """Say whether a job left frames behind."""
    told = known.request.settings
    outputs = opened.outputs.in_form(Layers(told["layers"]), ImageFormat(told["format"]))
    numbers = [number for one in known.segments for number in range(one.first, one.last + 1)]
    return any(is_there(path) for number in numbers for path in outputs.files(number))


def begun_threads(opened: OpenedJob, *, is_planned: bool) -> int:
    """Return the threads that 0 stands for in this job, so that other machines go on with it.

    Args:
        opened: The job.
        is_planned: Whether its plan is not to be replaced.

    Returns:
        What it was planned with; 0, one a core, where it is not planned yet, or planned anew.

    Raises:
        WouldOverwriteError: The plan is of no known version.
    """
    may_be_replaced = opened.settings.overwrite and not is_planned
    plan = None if may_be_replaced else plan_on_disk(opened)
    return 0 if plan is None else plan.pins.threads


def begun_weights(opened: OpenedJob, chosen: Weights, listener: Listener) -> Weights | None:
    """Return the weights that `auto` goes on with, because the output was begun with them.

    What `auto` takes depends on what is here: a job begun with `draft` must not change its model
    in the middle because other weights were fetched meanwhile.

    Args:
        opened: The job.
        chosen: What `auto` would take for a new job.
        listener: Told if it goes on with others.

    Returns:
        None where nothing was begun, or with weights that are `chosen` or are not here.

    Raises:
        WouldOverwriteError: The plan is of no known version.
        WeightsMissingError: The weights it was begun with cannot be looked for, or be read.
    """
    plan = None if opened.settings.overwrite else plan_on_disk(opened)
    if plan is None or plan.request.weights.sha256 == chosen.sha256:
        return None
    begun = plan.request.weights
    known = KNOWN.get(begun.variant)
    path = find_weights(known) if known is not None else None
    if known is None or path is None or not has_frames(opened, plan):
        return None
    if take_fingerprint(path).sha256 != begun.sha256:
        return None
    listener(
        Warned(
            f"{opened.outputs.plan_file} was begun with {known.name}, and goes on with it; "
            f"--overwrite keys everything again with {chosen.path.name}."
        )
    )
    return Weights(path, begun.sha256)
