"""`robust-matte info`: what `key` would see of a plate."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from robust_matte.cli.progress import ProgressStyle, show_progress
from robust_matte.cli.stopping import NOTHING_CHANGED, stopping_softly
from robust_matte.settings.first_frame import FIRST_FRAME_FLAG, parse_first_frame

if TYPE_CHECKING:
    from robust_matte.jobs.progress import Event, Listener

__all__ = ["info_command"]

_PATIENCE_S = 1.0


def info_command(
    plate: Annotated[
        str,
        typer.Argument(
            metavar="PLATE",
            help="A movie, a still, a folder with one sequence, or a pattern such as "
            "plate.####.exr, plate.%04d.exr or plate.1001-1100#.exr.",
        ),
    ],
    first_frame: Annotated[
        str,
        typer.Option(
            metavar="N|timecode",
            help="Number of a movie's first frame; timecode counts it from the movie's.",
        ),
    ] = "1",
    layer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The layer or part of an EXR plate, as key takes it."),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The view of a stereo plate, as key takes it."),
    ] = None,
    roi: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,W,H",
            help="What key would see of this part of the picture, in the plate's pixels.",
        ),
    ] = None,
    cuts: Annotated[
        bool, typer.Option("--cuts", help="Look for cuts too, which decodes every frame.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the table.")
    ] = False,
) -> None:
    """Say what key would see of PLATE: frames, sizes, channels, colour, and what stops it.

    Headers alone are read, except that a movie's frames are counted by decoding them.
    """
    with stopping_softly(NOTHING_CHANGED) as heed, _patient_progress() as listener:
        from robust_matte.jobs.info import inspect_plate
        from robust_matte.media.exr_layers import LayerChoice

        heed()
        first = parse_first_frame(first_frame, FIRST_FRAME_FLAG)
        info = inspect_plate(
            plate,
            first_frame=first,
            choice=LayerChoice(layer, view),
            roi=roi,
            with_cuts=cuts,
            listener=listener,
        )
    if as_json:
        print(info.model_dump_json(indent=1))
    else:
        from robust_matte.cli.info_rows import info_rows
        from robust_matte.cli.tables import print_rows

        print_rows(info_rows(info))
    if info.exit_code:
        raise typer.Exit(info.exit_code)


@contextmanager
def _patient_progress() -> "Iterator[Listener]":
    """Show progress once it is clear that there is something to wait for."""
    started = time.monotonic()
    shown: Listener | None = None
    with ExitStack() as stack:

        def listen(event: "Event") -> None:
            nonlocal shown
            if shown is None and time.monotonic() - started >= _PATIENCE_S:
                shown = stack.enter_context(show_progress(ProgressStyle.AUTO))
            if shown is not None:
                shown(event)

        yield listen
