"""The flags for pictures that `key` makes of its result."""

from pathlib import Path
from typing import Annotated

import typer

from robust_matte.settings.choices import HintDepth

__all__ = ["ContactSheet", "HintBits", "HintFolder", "Review", "ReviewOver"]

_PANEL = "Output"

HintFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Also write the alpha as grey PNG files there, named and numbered as the plate: "
        "hints for green-screen unmixers.",
        rich_help_panel=_PANEL,
    ),
]
HintBits = Annotated[
    HintDepth, typer.Option(help="Bits of a hint's codes.", rich_help_panel=_PANEL)
]
ContactSheet = Annotated[
    str,
    typer.Option(
        metavar="FILE.png|auto|none",
        help="A picture of the result; auto puts it beside the plan, in NAME.robust_matte.",
        rich_help_panel=_PANEL,
    ),
]
Review = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.mp4|FILE.mov",
        help="Also make a movie of the result over a backdrop, to look at.",
        rich_help_panel=_PANEL,
    ),
]
ReviewOver = Annotated[
    str,
    typer.Option(
        metavar="checker|black|white|grey|green|#RRGGBB",
        help="What the review shows the result over.",
        rich_help_panel=_PANEL,
    ),
]
