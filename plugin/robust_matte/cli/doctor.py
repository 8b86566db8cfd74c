"""`robust-matte doctor`: whether this installation can key, and what to do where it cannot."""

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robust_matte import __version__
from robust_matte.cli.stopping import NOTHING_CHANGED, stopping_softly
from robust_matte.cli.tables import Row, print_rows
from robust_matte.keying.cores import share_cores

if TYPE_CHECKING:
    from robust_matte.jobs.findings import DoctorReport, Finding

__all__ = ["doctor_command"]

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}
_NAME_WIDTH = len("weights")
_STATE_WIDTH = len("problem")


def doctor_command(
    model: Annotated[
        str, typer.Option(help="The weights: auto, draft, mobilenetv3, resnet50, or a file.")
    ] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A folder that results are to go to.")
    ] = Path(),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the list.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Add tracebacks of checks that failed.")
    ] = False,
) -> None:
    """Check this installation: Python, torch and its device, weights, codecs, colour, output.

    Ends with "ready" and 0, or with what to do and the exit code that key would end with.
    """
    from robust_matte.settings.key_settings import KeySettings

    KeySettings(plate="any", model=model, device=device)  # refuses what `key` refuses
    if verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    share_cores()
    with stopping_softly(NOTHING_CHANGED) as heed:
        from robust_matte.jobs.doctor import examine
        from robust_matte.jobs.examination import Examination
        from robust_matte.jobs.findings import DoctorReport

        found = []
        for finding in examine(Examination(model=model, device=device, output=output)):
            heed()  # before a library that it struck is called broken
            found.append(finding)
            if not as_json:
                _print_finding(finding)
    report = DoctorReport(version=__version__, findings=tuple(found))
    if as_json:
        print(report.model_dump_json(indent=1))
    else:
        _print_verdict(report)
    if not report.is_ready:
        raise typer.Exit(report.exit_code)


def _print_finding(finding: "Finding") -> None:
    style = _STYLES[finding.state]
    rows = [Row(finding.name, finding.said, mark=finding.state, mark_style=style)]
    if finding.state == "warning":  # what problems need is listed at the end
        rows.append(Row("", f"to do: {finding.todo}", style))
    print_rows(rows, label_width=_NAME_WIDTH, mark_width=_STATE_WIDTH)


def _print_verdict(report: "DoctorReport") -> None:
    """Print "ready", or what is to be done, in order."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    problems = [one for one in report.findings if one.state == "problem"]
    warnings = sum(one.state == "warning" for one in report.findings)
    console.print()
    if not problems:
        more = f", with {warnings} warning{'s' if warnings > 1 else ''}" if warnings else ""
        console.print(Text(f"ready{more}", "bold green"))
        return
    console.print(Text("To do", "bold red"))
    for at, one in enumerate(problems, start=1):
        console.print(Text(f"{at}. {one.name}: {one.todo}."), soft_wrap=True)  # keeps URLs whole
