"""`robust-matte plan`: plan many shots, and pack them into bins for a farm."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robust_matte.cli.key_options import given_settings, key_options, taking
from robust_matte.cli.plan_options import Root
from robust_matte.cli.tables import Row, print_rows
from robust_matte.cli.working import at_work
from robust_matte.errors import SettingsError

if TYPE_CHECKING:
    from robust_matte.farm.farm_plan import FarmPlan
    from robust_matte.farm.planning import FarmResult

__all__ = ["plan_command"]

_PANEL = "Plan"
_HINT = "Finished plans of shots are kept; the same command goes on from there."
_SHOWN = {"hint_dir", "hint_depth", "contact_sheet", "review", "review_over"}


@taking(key_options, without={"output", "repin", *_SHOWN})
def plan_command(
    plates: Annotated[
        list[str],
        typer.Argument(
            metavar="PLATE...",
            help="Plates as robust-matte key takes them, folders of shots (a folder or a movie for "
            "each), or lists: CSV files with the column plate, and any of name, frames, cuts, gain "
            "and the other settings of a shot.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            help="A folder: plan.json goes there, and each shot's frames into a folder in it.",
            rich_help_panel=_PANEL,
        ),
    ],
    bins: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100_000,
            metavar="N",
            help="Into how many bins the work is packed; by default one a piece, at most 64.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="states:M",
            help="Cut segments of more than M frames into pieces of M: robust-matte states makes "
            "the state that each starts from. By default segments stay whole.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="What a single plate is called; by default as its folder or file.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    skip_bad: Annotated[
        bool,
        typer.Option(
            "--skip-bad",
            help="Leave out shots that cannot be planned, in place of writing no plan.json.",
            rich_help_panel=_PANEL,
        ),
    ] = False,
    root: Root = None,
    **options: Any,
) -> None:
    """Plan shots: find their cuts, and pack their segments into bins that a farm keys side by side.

    What is written is what robust-matte key would write of each. The same command again changes
    nothing.
    """
    length = None if split is None else _split_length(split)
    settings = given_settings(options)
    with at_work(options, "planning", hint=_HINT) as (heed, listener):
        from robust_matte.farm.found_shots import find_shots
        from robust_matte.farm.planning import FarmRequest, plan_farm
        from robust_matte.farm.roots import parse_roots

        roots = parse_roots(root or [])
        if "out" in roots:
            raise SettingsError("The root out is what -o names.", hint="Leave --root out=PATH out.")
        heed()
        request = FarmRequest(
            shots=find_shots(plates, name),
            output=output,
            settings=settings,
            bins=bins,
            split=length,
            plates=roots.get("plates"),
            skip_bad=skip_bad,
        )
        result = plan_farm(request, listener)
    print_rows(_rows(result))


def _split_length(text: str) -> int:
    """Read `states:M`.

    Raises:
        SettingsError: It is something else.
    """
    found = re.fullmatch(r"states:(\d{1,9})", text.strip())
    if found is None or int(found[1]) < 1:
        raise SettingsError(
            f'The split "{text}" cannot be understood.',
            hint="Write states:M, where M is the most frames of a piece, such as states:240.",
        )
    return int(found[1])


def _rows(result: "FarmResult") -> Iterator[Row]:
    plan = result.plan
    pieces = Counter(piece.shot for piece in plan.pieces)
    yield Row("plan", f"{result.path}{'' if result.is_new else '  (as it was)'}")
    for shot in plan.shots:
        counts = f"{_counted(shot.frames, 'frame')}, {_counted(len(shot.segments), 'segment')}"
        cut = f", {_counted(pieces[shot.name], 'piece')}" if plan.split is not None else ""
        yield Row(shot.name, f"{counts}{cut}  {shot.output}")
    yield from _bin_rows(plan)
    yield Row("weights", f"{plan.weights.name}, sha256 {plan.weights.sha256}")
    for fault in result.skipped:
        yield Row("left out", fault.what, style="yellow")
    yield from _next_rows(result)


def _bin_rows(plan: "FarmPlan") -> Iterator[Row]:
    """Yield how full each bin is."""
    pixels = {shot.name: shot.pixels for shot in plan.shots}
    loads = [sum(one.frames * pixels[one.shot] for one in pieces) for pieces in plan.bins]
    total = sum(loads) or 1
    for number, (pieces, load) in enumerate(zip(plan.bins, loads, strict=True)):
        frames = sum(piece.frames for piece in pieces)
        told = f"{_counted(frames, 'frame')} in {_counted(len(pieces), 'piece')}"
        yield Row(f"bin {number}", f"{told}, {100 * load / total:.0f} % of the work")


def _next_rows(result: "FarmResult") -> Iterator[Row]:
    plan, path = result.plan, shlex.quote(str(result.path.absolute()))
    label = "run next"
    if plan.split is not None:
        yield Row(label, f"robust-matte states {path}")
        label = ""
    last = len(plan.bins) - 1
    bins = "0" if last == 0 else f"K    with each K from 0 to {last}, on as many machines"
    yield Row(label, f"robust-matte key --plan {path} --bin {bins}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
