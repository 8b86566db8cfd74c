"""The flags that say which plan is meant, which part of it, and where its roots are."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Bin", "BinOfStates", "PlanArgument", "PlanFile", "Root", "SegmentName"]

_PANEL = "Plan"
_BIN_HELP = "Its number, from 0."

PlanArgument = Annotated[
    Path, typer.Argument(metavar="PLAN", help="The plan.json that robust-matte plan wrote.")
]
PlanFile = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        metavar="FILE",
        help="In place of PLATE: key a part of the plan.json that robust-matte plan wrote.",
        rich_help_panel=_PANEL,
    ),
]
Bin = Annotated[
    str | None,
    typer.Option(
        "--bin",
        metavar="K|K/N",
        help=f"The bin to key. {_BIN_HELP} Or 3/16 for the third of 16, as farms number tasks.",
        rich_help_panel=_PANEL,
    ),
]
BinOfStates = Annotated[
    str | None,
    typer.Option(
        "--bin",
        metavar="K|K/N",
        help="Roll only through segments that begin in this bin: the bins' tasks side by side do "
        f"each segment once. {_BIN_HELP}",
        rich_help_panel=_PANEL,
    ),
]
SegmentName = Annotated[
    str | None,
    typer.Option(
        "--segment",
        metavar="SHOT:N",
        help="The segment to key, counted from 0 in its shot; N alone where there is one shot.",
        rich_help_panel=_PANEL,
    ),
]
Root = Annotated[
    list[str] | None,
    typer.Option(
        "--root",
        metavar="plates=PATH|out=PATH",
        help="Where the plates or the results are on this machine, if they were moved since.",
        rich_help_panel=_PANEL,
    ),
]
