"""The flags that shape an alpha, the same for `key` and `shape`."""

from typing import Annotated

import typer

__all__ = ["BlackPoint", "Gamma", "Grow", "Soften", "WhitePoint"]

_PANEL = "Alpha"

BlackPoint = Annotated[
    float,
    typer.Option(
        metavar="ALPHA",
        help="Alpha up to this becomes 0: clears haze in the background.",
        rich_help_panel=_PANEL,
    ),
]
WhitePoint = Annotated[
    float,
    typer.Option(
        metavar="ALPHA",
        help="Alpha from this on becomes 1: fills a thin body.",
        rich_help_panel=_PANEL,
    ),
]
Gamma = Annotated[
    float,
    typer.Option(
        metavar="GAMMA",
        help="Above 1 edges get more alpha, below 1 less; 0 and 1 stay.",
        rich_help_panel=_PANEL,
    ),
]
Grow = Annotated[
    float,
    typer.Option(
        metavar="PX",
        help="Grow the matte by so many pixels, or shrink it with -1.5; fractions count.",
        rich_help_panel=_PANEL,
    ),
]
Soften = Annotated[
    float,
    typer.Option(
        metavar="PX",
        help="Soften edges by so many pixels to either side; fractions count.",
        rich_help_panel=_PANEL,
    ),
]
