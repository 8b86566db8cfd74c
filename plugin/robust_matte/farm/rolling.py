"""The serial pass of a split: the states that the pieces of a plan start from."""

from collections import defaultdict
from collections.abc import Sequence

from robust_matte.farm.farm_plan import FarmPlan, Piece
from robust_matte.farm.shot_runs import FarmRun, ShotResults, run_shots
from robust_matte.jobs.progress import Listener, silent
from robust_matte.jobs.shared_model import share_model
from robust_matte.jobs.states import StatesResult, make_states
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network
from robust_matte.settings.key_settings import KeySettings

__all__ = ["roll_pieces", "split_pieces"]


def split_pieces(plan: FarmPlan, number: int | None = None) -> list[Piece]:
    """Return all pieces of the segments that are split.

    Args:
        plan: The plan.
        number: A bin: then of those segments alone whose first piece is in it, so that the tasks
            of all bins roll through each segment once.
    """
    ordered: dict[tuple[str, int], list[Piece]] = defaultdict(list)
    for piece in plan.pieces:
        ordered[piece.shot, piece.segment].append(piece)
    own = plan.pieces if number is None else plan.bins[number]
    begun = {(piece.shot, piece.segment, piece.first) for piece in own}
    found = []
    for segment, pieces in ordered.items():
        pieces.sort(key=lambda piece: piece.first)
        if len(pieces) > 1 and (*segment, pieces[0].first) in begun:
            found += pieces
    return found


def roll_pieces(
    run: FarmRun,
    plan: FarmPlan,
    pieces: Sequence[Piece],
    listener: Listener = silent,
    *,
    open_model: ModelOpener = Network,
    stop: StopRequest | None = None,
) -> ShotResults[StatesResult]:
    """Make the states before pieces, shot after shot; where one fails, the others are still made.

    Args:
        run: How it is run.
        plan: The plan.
        pieces: All pieces of some segments; see `split_pieces`.
        listener: Called with what happens, on the calling thread.
        open_model: What loads the model, once for all shots.
        stop: Asks it to stop; see `make_states`.

    Raises:
        RobustMatteError: No shot can be done: roots or weights are not there; or it was stopped.
    """
    share = share_model(open_model)

    def act(settings: KeySettings, mine: Sequence[tuple[int, int]]) -> StatesResult:
        return make_states(settings, mine, listener, open_model=share, stop=stop)

    return run_shots(run, plan, pieces, listener, act)
