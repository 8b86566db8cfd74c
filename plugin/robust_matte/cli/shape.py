"""`robust-matte shape`: another alpha for finished files, without the network."""

import logging
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from robust_matte.cli.progress import Progress, ProgressStyle, show_progress
from robust_matte.cli.shaping import BlackPoint, Gamma, Grow, Soften, WhitePoint
from robust_matte.cli.stopping import stopping_softly
from robust_matte.cli.tables import Row, print_rows
from robust_matte.jobs.relayed_warnings import relayed_warnings

if TYPE_CHECKING:
    from robust_matte.jobs.shape import ShapeResult

__all__ = ["shape_command"]


def shape_command(
    result: Annotated[
        str,
        typer.Argument(
            metavar="RESULT",
            help="EXR files that robust-matte key wrote: a folder, or a pattern such as "
            "sh010_matte.####.exr.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="A folder, where the files keep their names, or a pattern; by default RESULT "
            "itself, with --overwrite.",
        ),
    ] = None,
    matte_black: BlackPoint = 0.0,
    matte_white: WhitePoint = 1.0,
    matte_gamma: Gamma = 1.0,
    matte_grow: Grow = 0.0,
    matte_soften: Soften = 0.0,
    garbage: Annotated[
        str | None,
        typer.Option(
            metavar="MASK",
            help="The garbage that RESULT was keyed with: needed again where RESULT was shaped.",
        ),
    ] = None,
    invert_garbage: Annotated[
        bool, typer.Option("--invert-garbage", help="As RESULT was keyed with.")
    ] = False,
    core: Annotated[
        str | None, typer.Option(metavar="MASK", help="The core, as --garbage.")
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace RESULT itself, or what is in the way."),
    ] = False,
    progress: Progress = ProgressStyle.AUTO,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each step.")] = False,
) -> None:
    """Shape the alpha of finished files: RESULT gets another alpha, and colour that fits it.

    It starts from the alpha before any shaping: flags do not add up, and without any shaping is
    undone. The network does not run; the alpha is that which key writes with these flags.
    """
    from robust_matte.settings.shape_settings import ShapeSettings

    if verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    settings = ShapeSettings(
        result=result,
        output=output,
        garbage=garbage,
        invert_garbage=invert_garbage,
        core=core,
        matte_black=matte_black,
        matte_white=matte_white,
        matte_gamma=matte_gamma,
        matte_grow=matte_grow,
        matte_soften=matte_soften,
        overwrite=overwrite,
    )
    with stopping_softly() as heed, show_progress(progress, "shaping") as listener:
        from robust_matte.jobs.shape import shape

        heed()
        with relayed_warnings(listener):
            done = shape(settings, listener)
    _print(done)


def _print(done: "ShapeResult") -> None:
    kept = f", {done.kept} right already" if done.kept else ""
    print_rows(
        [
            Row("result", done.output),
            Row("shaping", str(done.shaping)),
            Row("frames", f"{done.written} written{kept}"),
            Row("time", f"{done.seconds:.1f} s"),
        ]
    )
