"""What a job did, as a table on stdout."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robust_matte.jobs.key import KeyResult

__all__ = ["print_summary"]

_WIDEST = 5000  # a path must never be cut off: people copy it


def print_summary(result: "KeyResult") -> None:
    """Print where the result is and how it went."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    for layer, pattern in result.outputs.items():
        table.add_row(layer, Text(pattern))
    if result.contact_sheet is not None:
        table.add_row("contact sheet", Text(str(result.contact_sheet)))
    if result.review is not None:
        table.add_row("review", Text(str(result.review)))
    table.add_row("plan", Text(str(result.job_folder / "plan.json")))
    counts = {"held": result.held, "black": result.black}
    filled = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    filled = f", {filled.replace(' ', ' of them ', 1)}" if filled else ""
    kept = f", {result.kept} right already" if result.kept else ""
    segments = f"{result.segments} segment{'s' if result.segments != 1 else ''}"
    table.add_row("frames", f"{result.written} written{filled}{kept}; the plate has {segments}")
    rate = f" ({result.written / result.seconds:.1f} fps)" if result.written else ""
    table.add_row("time", f"{result.seconds:.1f} s{rate}")
    for text in result.warnings:  # also where progress is not shown: 68 frames may be missing
        table.add_row("warning", Text(text))
    Console(width=_WIDEST, highlight=False).print(table)
