"""`robust-matte demo`: a result to look at, with nothing at hand."""

import logging
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robust_matte.cli.progress import Progress, ProgressStyle, show_progress
from robust_matte.cli.stopping import stopping_softly
from robust_matte.cli.summary import summary_rows
from robust_matte.cli.tables import Row, print_rows
from robust_matte.jobs.relayed_warnings import relayed_warnings
from robust_matte.keying.cores import share_cores
from robust_matte.keying.heap import keep_heap

if TYPE_CHECKING:
    from robust_matte.jobs.key_result import KeyResult

__all__ = ["demo_command"]


def demo_command(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where everything goes.")
    ] = Path("robust_matte_demo"),
    model: Annotated[
        str,
        typer.Option(
            metavar="draft|NAME|FILE",
            help="draft is always here; others as for robust-matte key.",
        ),
    ] = "draft",
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps; a named one never falls back.")
    ] = "auto",
    offline: Annotated[bool, typer.Option("--offline", help="Never touch the network.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what another job wrote there.")
    ] = False,
    progress: Progress = ProgressStyle.AUTO,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each step.")] = False,
) -> None:
    """Draw two seconds of a person before a moving camera, and key them.

    The person is an astronaut on a photograph in the public domain, which comes with scikit-image:
    the extra called demo. Plate, matte, contact sheet and a movie of the result are written.
    """
    if verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    share_cores()
    keep_heap()
    with stopping_softly() as heed, show_progress(progress) as listener:
        from robust_matte.jobs.demo import demo_settings, run_demo

        settings = demo_settings(
            output, model=model, device=device, offline=offline, overwrite=overwrite
        )
        heed()
        with relayed_warnings(listener):
            result = run_demo(settings, listener)
    print_rows(_rows(settings.plate, result))


def _rows(plate: str, result: "KeyResult") -> Iterator[Row]:
    yield Row("plate", plate)
    yield from summary_rows(result)
    yield Row("look at", f"{result.contact_sheet}, then {result.review}", style="bold")
    key = f"{_program()} key"
    yield Row("try next", f"{key} CLIP    a movie, a folder or a pattern such as plate.####.exr")
    yield Row("", f"{key} CLIP --model mobilenetv3 -o finer    fetches RVM's network, 15 MB, once")


def _program() -> str:
    """Return how this program is called from where the reader is.

    Out of an environment that is not activated, its name alone would not be found.
    """
    found, python = shutil.which("robust-matte"), Path(sys.executable)
    is_on_path = found is not None and Path(found).parent == python.parent
    return "robust-matte" if is_on_path else f"{python} -m robust_matte"
