"""`robust-matte check`: whether all that a plan asked for is there, and a report to look at."""

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robust_matte.cli.progress import Progress, ProgressStyle, show_progress
from robust_matte.cli.stopping import NOTHING_CHANGED, stopping_softly
from robust_matte.cli.tables import Row, print_rows
from robust_matte.jobs.relayed_warnings import relayed_warnings

if TYPE_CHECKING:
    from robust_matte.farm.plan_check import PlanCheck

__all__ = ["check_command"]

_TOLD = 20  # shots with bad frames that are told one by one


def check_command(
    plan: Annotated[
        Path,
        typer.Argument(
            metavar="PLAN",
            help="The plan.json of robust-matte plan, or one in the folder NAME.robust_matte that "
            "key leaves beside its result; or the folder that it is in.",
        ),
    ],
    root: Annotated[
        list[str] | None,
        typer.Option(
            "--root",
            metavar="out=PATH|plates=PATH",
            help="Where the results are on this machine, if they were moved since; no plate is "
            "read.",
        ),
    ] = None,
    progress: Progress = ProgressStyle.AUTO,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each step.")] = False,
) -> None:
    """Read every frame that PLAN asks for, and write a report to look at.

    Each frame must be there, decode in full, and be of this very job, frame and layer. The first
    one that is not is named, with the command that makes it again.
    """
    if verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    with (
        ExitStack() as afterwards,
        stopping_softly(NOTHING_CHANGED) as heed,
        show_progress(progress, "checking") as listener,
    ):
        from robust_matte.farm.plan_check import check_plan
        from robust_matte.farm.roots import parse_roots

        heed()
        with relayed_warnings(listener):
            found = check_plan(plan, parse_roots(root or []), listener)
        afterwards.callback(print_rows, list(_rows(found)))
        found.complain()  # before progress tells that all went well


def _rows(found: "PlanCheck") -> Iterator[Row]:
    yield Row("report", str(found.page))
    bad = [shot for shot in found.shots if shot.bad]
    for shot in bad[:_TOLD]:
        counted = f"{shot.name}: {shot.bad} of {shot.frames} frames"
        yield Row("bad", shot.fault.what if shot.fault else counted, style="red")
    if len(bad) > _TOLD:
        yield Row("", f"and {len(bad) - _TOLD} more shots", style="red")
    odd = [f"{shot.name}: {shot.stand_out}" for shot in found.shots if shot.stand_out]
    if odd:
        more = f" and {len(odd) - _TOLD} more shots" if len(odd) > _TOLD else ""
        yield Row("stand out", f"{', '.join(odd[:_TOLD])}{more}")
    shots = f", in {len(found.shots)} shots" if len(found.shots) > 1 else ""
    yield Row("frames", f"{found.frames - found.bad} right and {found.bad} bad{shots}")
    for command in found.repairs[:_TOLD]:
        yield Row("run again", command)
