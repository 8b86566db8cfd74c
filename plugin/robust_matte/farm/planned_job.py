"""A job whose plan is there already, with the roots that were planned with."""

import os
from pathlib import Path

from robust_matte.farm.farm_job import FarmJob, Machine
from robust_matte.farm.farm_plan import FarmPlan

__all__ = ["planned_job"]


def planned_job(
    path: Path, *, name: str, program: tuple[str, ...], machine: Machine, model: str
) -> tuple[FarmPlan, FarmJob]:
    """Read a plan, and return it with its job.

    Args:
        path: The plan.json, in the root `out`.
        name: What the engine calls the job.
        program: The program and its first words.
        machine: What keying needs.
        model: The weights' file, or `auto` where they are found by their name.

    Raises:
        InputError: There is no plan, or it cannot be read.
    """
    plan = FarmPlan.load(path)
    out = path.absolute().parent
    plates = Path(os.path.normpath(out / plan.plates))
    job = FarmJob(
        name=name,
        program=program,
        plates=str(plates),
        out=str(out),
        bins=len(plan.bins),
        split=plan.split,
        model=model,
        machine=machine,
    )
    return plan, job
