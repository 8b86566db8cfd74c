"""A job whose plan is there already, with the roots that were planned with."""

import os
from pathlib import Path

from robust_matte.errors import SettingsError
from robust_matte.farm.farm_job import FarmJob, Machine
from robust_matte.farm.farm_plan import PLAN_NAME, FarmPlan, PlannedWeights, plan_file
from robust_matte.farm.plan_parameters import is_file, is_whole
from robust_matte.farm.planned_weights import find_planned_weights

__all__ = ["planned_job"]


def planned_job(
    path: Path, *, name: str, program: tuple[str, ...], machine: Machine, model: str
) -> tuple[FarmPlan, FarmJob]:
    """Read a plan, and return it with its job.

    Args:
        path: The plan.json, or its folder, which is the root `out`.
        name: What the engine calls the job.
        program: The program and its first words.
        machine: What keying needs.
        model: The weights' file, or `auto` where they are found by their name.

    Raises:
        InputError: There is no plan, or it cannot be read.
        SettingsError: The plan was made with other weights, or has another name: tasks look for
            it by its own.
        WeightsError: Their file is not there, or holds others.
    """
    path = plan_file(path)
    plan = FarmPlan.load(path)
    if path.name != PLAN_NAME:
        raise SettingsError(
            f"{path} is not called {PLAN_NAME}, as the tasks of a job expect it.",
            hint=f"Name the {PLAN_NAME} in the output folder, or rename the plan.",
        )
    out = Path(os.path.abspath(path)).parent  # noqa: PTH100 - takes .. out, too
    plates = Path(os.path.normpath(out / plan.plates))
    job = FarmJob(
        name=name,
        program=program,
        plates=str(plates),
        out=str(out),
        bins=len(plan.bins),
        split=plan.split,
        model=_settled(plan.weights, model),
        machine=machine,
    )
    return plan, job


def _settled(planned: PlannedWeights, model: str) -> str:
    """Return the weights' whole path or name, if they are those of a plan.

    A whole path where nothing is may be the workers' own; they compare it themselves.
    """
    if is_file(model):
        if not is_whole(model) or Path(model).exists():
            find_planned_weights(planned, model)
        return model if is_whole(model) else os.path.abspath(model)  # noqa: PTH100
    if model not in ("auto", planned.name):
        raise SettingsError(
            f"The plan was made with the weights {planned.name}, not {model}.",
            hint="Leave out --model, or plan again with the weights that you want.",
        )
    return model
