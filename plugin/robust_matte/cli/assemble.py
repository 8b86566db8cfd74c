"""`robust-matte assemble`: a movie of finished frames, to hand on."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robust_matte.cli.progress import Progress, ProgressStyle, show_progress
from robust_matte.cli.stopping import stopping_softly
from robust_matte.cli.tables import Row, print_rows
from robust_matte.jobs.relayed_warnings import relayed_warnings
from robust_matte.settings.assemble_settings import AUTO_VIEW, AssembleSettings, MovieAlpha

if TYPE_CHECKING:
    from robust_matte.jobs.assemble import AssembleResult

__all__ = ["assemble_command"]

_HINT = "The frames are as they were, and so is a movie of before; the same command starts over."


def assemble_command(
    result: Annotated[
        str,
        typer.Argument(
            metavar="RESULT",
            help="What key was told with -o: a folder, or a pattern such as matte.####.exr.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE.mov", help="The movie to make.")
    ],
    alpha: Annotated[
        MovieAlpha,
        typer.Option(
            help="straight: colour beside alpha. premultiplied: codes times alpha, over black. "
            "none: no alpha; the result over black."
        ),
    ] = MovieAlpha.STRAIGHT,
    view_transform: Annotated[
        str,
        typer.Option(
            metavar="auto|VIEW|DISPLAY/VIEW|SPACE",
            help="How light becomes codes. auto: as the plate was encoded if it was made for a "
            "display, so that its codes come back; else Rec.709 with gamma 2.4, white at 1.0. Or a "
            "view of the OpenColorIO config, or a display's colour space.",
        ),
    ] = AUTO_VIEW,
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME",
            help="The OpenColorIO config; by default $OCIO, or the studio config built in.",
        ),
    ] = None,
    fps: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            help="Frames a second, such as 24, 23.976 or 30000/1001; by default what the frames "
            "say.",
        ),
    ] = None,
    frames: Annotated[
        str | None, typer.Option(help="Such as 1001-1100; by default all that there are.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is no movie of RESULT.")
    ] = False,
    progress: Progress = ProgressStyle.AUTO,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each step.")] = False,
) -> None:
    """Make a ProRes 4444 movie of RESULT, finished EXR frames; 10 bits a channel, alpha too.

    A movie that is there already and of these very frames is left alone.
    """
    if verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    settings = AssembleSettings(
        result=result,
        output=output,
        frames=frames,
        fps=fps,
        alpha=alpha,
        view_transform=view_transform,
        config=config,
        overwrite=overwrite,
    )
    with stopping_softly(_HINT) as heed, show_progress(progress, "assembling") as listener:
        from robust_matte.jobs.assemble import assemble

        heed()
        with relayed_warnings(listener):
            made = assemble(settings, listener)
    print_rows(_rows(made))


def _rows(made: "AssembleResult") -> Iterator[Row]:
    count = len(made.frames)
    yield Row("movie", str(made.movie), "bold")
    yield Row("is", "new" if made.is_new else "right already: of these very frames; not made again")
    counted = "1 frame" if count == 1 else f"{count} frames"
    yield Row("frames", f"{made.frames}: {counted} of {made.size} at {float(made.rate):.5g} fps")
    yield Row("timecode", made.timecode or "none: the frames have none")
    yield Row("codec", "ProRes 4444, 10 bits a channel")
    yield Row("alpha", f"{made.alpha}")
    yield Row("colour", made.rendering)
    rate = f" ({count / made.seconds:.1f} fps)" if made.is_new else ""
    yield Row("time", f"{made.seconds:.1f} s{rate}")
    for text in made.warnings:
        yield Row("warning", text, style="yellow")
