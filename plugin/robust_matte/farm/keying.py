"""Keying pieces of a plan: what one task of a farm does."""

from collections.abc import Sequence

from robust_matte.farm.farm_plan import FarmPlan, Piece
from robust_matte.farm.shot_runs import FarmRun, ShotResults, run_shots
from robust_matte.jobs.key import key
from robust_matte.jobs.key_result import KeyResult
from robust_matte.jobs.progress import Listener, silent
from robust_matte.jobs.shared_model import share_model
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network
from robust_matte.settings.key_settings import KeySettings

__all__ = ["key_pieces"]


def key_pieces(
    run: FarmRun,
    plan: FarmPlan,
    pieces: Sequence[Piece],
    listener: Listener = silent,
    *,
    open_model: ModelOpener = Network,
    stop: StopRequest | None = None,
) -> ShotResults[KeyResult]:
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
    share = share_model(open_model)

    def act(settings: KeySettings, mine: Sequence[tuple[int, int]]) -> KeyResult:
        return key(settings, listener, open_model=share, pieces=mine, stop=stop)

    return run_shots(run, plan, pieces, listener, act)
