"""Doing something with each shot that a task of a farm is about."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from robust_matte.errors import (
    Cancelled,
    MissingFramesError,
    Preempted,
    RobustMatteError,
    WouldOverwriteError,
)
from robust_matte.farm.farm_plan import PLAN_NAME, FarmPlan, Piece, Shot
from robust_matte.farm.planned_weights import find_planned_weights
from robust_matte.farm.roots import Roots
from robust_matte.farm.shot_error import of_shot
from robust_matte.farm.shot_settings import settings_of_shot
from robust_matte.farm.shot_sources import AGAIN_OVERWRITTEN
from robust_matte.jobs.output_names import job_folder
from robust_matte.jobs.plan import load_plan
from robust_matte.jobs.progress import Listener, PartReached, Warned
from robust_matte.media.sequences import FramePattern
from robust_matte.settings.key_settings import KeySettings

__all__ = ["FarmRun", "ShotResults", "run_shots"]

_T = TypeVar("_T")
_FRAMES_BACK = (
    "Render them and run this again, or plan again with --missing hold, or with --frames for those "
    "that are there."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmRun:
    """How a task is run.

    Attributes:
        path: The plan's file.
        moved: Roots that are elsewhere than at planning, by name.
        model: Where the weights are, if not where they are looked for; see `find_planned_weights`.
        device: As `KeySettings.device`.
        threads: As `KeySettings.threads`.
        repin: As `KeySettings.repin`.
    """

    path: Path
    moved: dict[str, Path] = field(default_factory=dict)
    model: str | None = None
    device: str = "auto"
    threads: int = 0
    repin: bool = False


@dataclass(frozen=True, slots=True)
class ShotResults(Generic[_T]):
    """What a task did.

    Attributes:
        results: Of each shot that went well, by name.
        faults: What stopped the others, each with its shot's name.
    """

    results: dict[str, _T]
    faults: tuple[RobustMatteError, ...]


def run_shots(
    run: FarmRun,
    plan: FarmPlan,
    pieces: Sequence[Piece],
    listener: Listener,
    act: Callable[[KeySettings, Sequence[tuple[int, int]]], _T],
) -> ShotResults[_T]:
    """Do something with the pieces of each shot; where one fails, the others are still done.

    Args:
        run: How it is run.
        plan: The plan.
        pieces: What is done; nothing is looked at where there are none.
        listener: Told which shot begins.
        act: Given a shot's settings on this machine, and first and last frame of its pieces.

    Raises:
        RobustMatteError: No shot can be done: roots or weights are not there; or it was stopped.
    """
    if not pieces:
        return ShotResults({}, ())
    roots = Roots.of_plan(run.path, plan.plates, run.moved)
    weights = find_planned_weights(plan.weights, run.model)
    ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for piece in pieces:
        ranges[piece.shot].append((piece.first, piece.last))
    results: dict[str, _T] = {}
    faults: list[RobustMatteError] = []
    for index, (name, mine) in enumerate(ranges.items()):
        if len(ranges) > 1:
            listener(PartReached(index, len(ranges), name))
        try:
            shot = plan.shot(name)
            _check_plan(shot, roots)
            results[name] = act(_settings(run, shot, roots, weights), mine)
        except (Preempted, Cancelled):
            for fault in faults:  # nobody hears of them otherwise
                listener(Warned(str(fault)))
            raise
        except MissingFramesError as fault:
            faults.append(of_shot(fault, name, hint=_FRAMES_BACK))
        except RobustMatteError as fault:
            faults.append(of_shot(fault, name))
    return ShotResults(results, tuple(faults))


def _settings(run: FarmRun, shot: Shot, roots: Roots, weights: Path) -> KeySettings:
    return settings_of_shot(
        shot,
        roots,
        model=str(weights),
        device=run.device,
        threads=run.threads,
        repin=run.repin,
        contact_sheet="none",
    )


def _check_plan(shot: Shot, roots: Roots) -> None:
    """Make sure that the plan beside a shot's output is the one that the pieces are of.

    Raises:
        WouldOverwriteError: It was made anew since.
    """
    path = job_folder(FramePattern.parse(roots.output(shot.output))) / PLAN_NAME
    known = load_plan(path)
    if known is not None and known.job != shot.job:
        raise WouldOverwriteError(
            f"{path} was made anew since the bins were packed.",
            hint=AGAIN_OVERWRITTEN,
            path=path,
        )
