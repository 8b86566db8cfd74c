"""`robust-matte states`: make the states that the pieces of split segments start from."""

import logging
import sys
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robust_matte.cli.key_options import key_options, taking
from robust_matte.cli.plan_options import BinOfStates, PlanArgument, Root
from robust_matte.cli.planned import raise_faults
from robust_matte.cli.progress import relayed_warnings, show_progress
from robust_matte.cli.stopping import stopping_softly
from robust_matte.cli.tables import Row, print_rows
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.keying.cores import share_cores
from robust_matte.keying.heap import keep_heap

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
    if options["verbose"]:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    share_cores()
    keep_heap()
    stop = StopRequest()
    with (
        stopping_softly(_HINT, request=stop, on_term=options["on_term"]) as heed,
        show_progress(options["progress"], "rolling") as listener,
    ):
        from robust_matte.farm.chosen_pieces import read_bin
        from robust_matte.farm.farm_plan import FarmPlan
        from robust_matte.farm.rolling import roll_pieces, split_pieces
        from robust_matte.farm.roots import parse_roots
        from robust_matte.farm.shot_runs import FarmRun

        heed()
        run = FarmRun(
            path=plan,
            moved=parse_roots(root or []),
            model=options["model"] if options["model"] != "auto" else None,
            device=options["device"],
            threads=options["threads"],
            repin=options["repin"],
        )
        farm_plan = FarmPlan.load(plan)
        number = None if bin_number is None else read_bin(farm_plan, bin_number)
        pieces = split_pieces(farm_plan, number)
        with relayed_warnings(listener):
            result = roll_pieces(run, farm_plan, pieces, listener, stop=stop)
    print_rows(_rows(plan, result))
    raise_faults(result.faults)


def _rows(plan: Path, result: "ShotResults[StatesResult]") -> Iterator[Row]:
    yield Row("plan", str(plan))
    if not result.results and not result.faults:
        yield Row("states", "none are needed: no segment is split here")
    for name, one in result.results.items():
        kept = f", {one.kept} there already" if one.kept else ""
        rate = f" ({one.rolled / one.seconds:.1f} fps)" if one.rolled else ""
        rolled = f"{one.rolled} frames rolled in {one.seconds:.1f} s{rate}"
        yield Row(name, f"{one.written} states written{kept}; {rolled}")
