"""Keying pieces of a plan: what one task of a farm does."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from robust_matte.errors import Cancelled, Preempted, RobustMatteError, WouldOverwriteError
from robust_matte.farm.farm_plan import PLAN_NAME, FarmPlan, Piece, Shot
from robust_matte.farm.planned_weights import find_planned_weights
from robust_matte.farm.roots import Roots
from robust_matte.farm.shot_error import of_shot
from robust_matte.farm.shot_settings import settings_of_shot
from robust_matte.jobs.key import key
from robust_matte.jobs.key_result import KeyResult
from robust_matte.jobs.output_names import job_folder
from robust_matte.jobs.plan import load_plan
from robust_matte.jobs.progress import Listener, PartReached, silent
from robust_matte.jobs.shared_model import share_model
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network
from robust_matte.media.sequences import FramePattern

__all__ = ["FarmRun", "PiecesResult", "key_pieces"]


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
class PiecesResult:
    """What a task did.

    Attributes:
        results: Of each shot that went well, by name.
        faults: What stopped the others, each with its shot's name.
    """

    results: dict[str, KeyResult]
    faults: tuple[RobustMatteError, ...]


def key_pieces(
    run: FarmRun,
    plan: FarmPlan,
    pieces: Sequence[Piece],
    listener: Listener = silent,
    *,
    open_model: ModelOpener = Network,
    stop: StopRequest | None = None,
) -> PiecesResult:
    """Key pieces of a plan, shot after shot; where one cannot be keyed, the others still are.

    Args:
        run: How it is run.
        plan: The plan.
        pieces: What is keyed.
        listener: Called with what happens, on the calling thread.
        open_model: What loads the model, once for all shots.
        stop: Asks it to stop; see `key`.

    Raises:
        RobustMatteError: No shot can be keyed: roots or weights are not there; or it was stopped.
    """
    roots = Roots.of_plan(run.path, plan.plates, run.moved)
    weights = find_planned_weights(plan.weights, run.model) if pieces else None
    ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for piece in pieces:
        ranges[piece.shot].append((piece.first, piece.last))
    share, results, faults = share_model(open_model), {}, []
    for index, (name, mine) in enumerate(ranges.items()):
        if len(ranges) > 1:
            listener(PartReached(index, len(ranges), name))
        try:
            shot = plan.shot(name)
            _check_plan(shot, roots)
            settings = settings_of_shot(
                shot,
                roots,
                model=str(weights),
                device=run.device,
                threads=run.threads,
                repin=run.repin,
                contact_sheet="none",
            )
            results[name] = key(settings, listener, open_model=share, pieces=mine, stop=stop)
        except (Preempted, Cancelled):
            raise
        except RobustMatteError as fault:
            faults.append(of_shot(fault, name))
    return PiecesResult(results, tuple(faults))


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
            hint="Run robust-matte plan again, as it was run before.",
            path=path,
        )
