"""The flags that lay masks on `key`'s alpha."""

from typing import Annotated

import typer

from robust_matte.settings.choices import SourceAlpha

__all__ = ["Core", "Garbage", "InvertGarbage", "OwnAlpha"]

_PANEL = "Alpha"

Garbage = Annotated[
    str | None,
    typer.Option(
        metavar="MASK",
        help="Keep out what is white in this mask: its frames are paired with the plate's by "
        "number; one still serves all. The network does not see what it covers.",
        rich_help_panel=_PANEL,
    ),
]
InvertGarbage = Annotated[
    bool,
    typer.Option(
        "--invert-garbage",
        help="Keep out what is black in it instead: white is where people may be.",
        rich_help_panel=_PANEL,
    ),
]
Core = Annotated[
    str | None,
    typer.Option(
        metavar="MASK",
        help="Make solid what is white in this mask, paired as --garbage is; where both are "
        "white, it is solid.",
        rich_help_panel=_PANEL,
    ),
]
OwnAlpha = Annotated[
    SourceAlpha,
    typer.Option(
        help="What the plate's own alpha is taken for: nothing, or garbage where it is 0.",
        rich_help_panel=_PANEL,
    ),
]
