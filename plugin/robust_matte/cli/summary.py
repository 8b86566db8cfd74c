"""What a job did, as a table on stdout."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from robust_matte.cli.tables import Row, print_rows

if TYPE_CHECKING:
    from robust_matte.jobs.key_result import KeyResult

__all__ = ["print_summary", "summary_rows"]


def print_summary(result: "KeyResult") -> None:
    """Print where the result is and how it went."""
    print_rows(summary_rows(result))


def summary_rows(result: "KeyResult") -> Iterator[Row]:
    """Yield what the summary says, for commands that say more."""
    for layer, pattern in result.outputs.items():
        yield Row(layer, pattern)
    for kind, meaning in result.masks.items():
        yield Row(kind, meaning)
    for one in result.views or (result,):
        view = f" {one.view}" if result.views else ""
        if one.contact_sheet is not None:
            yield Row(f"contact sheet{view}", str(one.contact_sheet))
        if one.hints is not None:
            yield Row(f"hints{view}", one.hints)
        if one.review is not None:
            yield Row(f"review{view}", str(one.review))
        yield Row(f"plan{view}", str(one.job_folder / "plan.json"))
    yield Row("model", f"{result.weights.variant}, weights with sha256 {result.weights.sha256}")
    counts = {"held": result.held, "black": result.black}
    filled = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    filled = f", {filled.replace(' ', ' of them ', 1)}" if filled else ""
    kept = f", {result.kept} right already" if result.kept else ""
    segments = f"{result.segments} segment{'s' if result.segments != 1 else ''}"
    views = f" in {len(result.views)} views" if result.views else ""
    yield Row("frames", f"{result.written} written{filled}{kept}; the plate has {segments}{views}")
    rate = f" ({result.written / result.seconds:.1f} fps)" if result.written else ""
    yield Row("time", f"{result.seconds:.1f} s{rate}")
    for text in result.warnings:  # also where progress is not shown: 68 frames may be missing
        yield Row("warning", text, style="yellow")
