"""One command line for each segment of a plan: for cuecmd, GNU parallel, SLURM and others."""

from collections.abc import Sequence

from robust_matte.farm.farm_plan import FarmPlan
from robust_matte.farm.verbs import Places, as_shell, bin_task, segment_task

__all__ = ["command_lines"]


def command_lines(plan: FarmPlan, program: Sequence[str], places: Places) -> list[str]:
    """Return a line for each segment of a plan; where segments are split, one for each bin.

    Args:
        plan: The plan.
        program: The program and its first words.
        places: Roots, device and manner.
    """
    tasks = [
        segment_task(shot.name, index)
        for shot in plan.shots
        for index, _ in enumerate(shot.segments)
    ]
    if plan.split:
        count = len(plan.bins)
        tasks = [bin_task(number, count) for number in range(1, count + 1)]
    return [as_shell([*program, *places.key_words(task)]) for task in tasks]
