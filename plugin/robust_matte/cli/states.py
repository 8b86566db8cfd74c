"""`robust-matte states`: make the states that the pieces of split segments start from."""

from collections.abc import Iterator
from contextlib import ExitStack
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robust_matte.cli.key_options import key_options, taking
from robust_matte.cli.plan_options import BinOfStates, PlanArgument, Root
from robust_matte.cli.planned import open_run, raise_faults
from robust_matte.cli.tables import Row, print_rows
from robust_matte.cli.working import at_work
from robust_matte.jobs.stop_request import StopRequest

if TYPE_CHECKING:
    from robust_matte.farm.shot_runs import ShotResults
    from robust_matte.jobs.states import StatesResult

__all__ = ["states_command"]

_HINT = "The states so far are kept; the same command goes on from there."
_TAKEN = {"model", "device", "threads", "repin", "on_term", "offline", "progress", "verbose"}


@taking(key_options, without=signature(key_options).parameters.keys() - _TAKEN)
def states_command(
    plan: PlanArgument,
    bin_number: BinOfStates = None,
    root: Root = None,
    **options: Any,
) -> None:
    """Make the states that the pieces of a plan start from, where plan was told to --split.

    A quick pass through each segment that is split: frames are read and fed to the network at low
    resolution, nothing else is made of them. The same command goes on where it was stopped.
    """
    stop = StopRequest()
    with (
        ExitStack() as afterwards,
        at_work(options, "rolling", hint=_HINT, request=stop) as (heed, listener),
    ):
        from robust_matte.farm.chosen_pieces import read_bin
        from robust_matte.farm.rolling import roll_pieces, split_pieces

        heed()
        model = options["model"] if options["model"] != "auto" else None
        run, farm_plan = open_run(plan, root or [], options, model=model)
        number = None if bin_number is None else read_bin(farm_plan, bin_number)
        pieces = split_pieces(farm_plan, number)
        result = roll_pieces(run, farm_plan, pieces, listener, stop=stop)
        afterwards.callback(print_rows, list(_rows(run.path, result)))
        raise_faults(result.faults)  # before progress tells that all went well


def _rows(plan: Path, result: "ShotResults[StatesResult]") -> Iterator[Row]:
    yield Row("plan", str(plan))
    if not result.results and not result.faults:
        yield Row("states", "none are needed: no segment is split here")
    for name, one in result.results.items():
        kept = f", {one.kept} there already" if one.kept else ""
        rate = f" ({one.rolled / one.seconds:.1f} fps)" if one.rolled else ""
        rolled = f"{one.rolled} frames rolled in {one.seconds:.1f} s{rate}"
        yield Row(name, f"{one.written} states written{kept}; {rolled}")
