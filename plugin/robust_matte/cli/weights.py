"""`robust-matte weights`: which weights there are, where they are, and how they get there."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robust_matte.cli.progress import Progress, ProgressStyle, show_progress
from robust_matte.cli.stopping import NOTHING_CHANGED, stopping_softly
from robust_matte.errors import RobustMatteError

if TYPE_CHECKING:
    from robust_matte.weights.identity import StoredWeights
    from robust_matte.weights.listing import ListedWeights

__all__ = [
    "fetch_command",
    "import_command",
    "list_command",
    "verify_command",
    "weights_app",
]

_KEPT = "What was fetched is kept; the same command goes on from there."
_WIDEST = 5000  # a path must never be cut off: people copy it


weights_app = typer.Typer(
    help="The networks' weights: list, fetch, import and verify them.", no_args_is_help=True
)


@weights_app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the weights that are known by name, where they are, and whether they are right."""
    from robust_matte.weights.known import LICENCE
    from robust_matte.weights.listing import list_weights
    from robust_matte.weights.places import search_folders

    folders = [str(folder) for folder in search_folders()]
    listed = list_weights()
    if as_json:
        document = {
            "schema_version": 1,
            "folders": folders,
            "licence": LICENCE,
            "weights": [_as_document(one) for one in listed],
        }
        print(json.dumps(document, indent=1))
        return
    _print_table(["name", "size", "identity", "file"], [_as_row(one) for one in listed])
    for one in listed:
        if one.problem is not None:
            print(f"\n{one.known.name}: {one.problem.hint}")
    print(f"\nLooked for in {', then in '.join(folders)}.\n{LICENCE}")


@weights_app.command("fetch")
def fetch_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="mobilenetv3 or resnet50; by default the first. draft is here always.",
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Never touch the network: only look for them.")
    ] = False,
    progress: Progress = ProgressStyle.AUTO,
) -> None:
    """Fetch weights, unless they are here, from RVM's release page or ROBUST_MATTE_WEIGHTS_URL."""
    from robust_matte.weights.known import AUTO, get_known

    wanted = [get_known(name) for name in names or [AUTO]]
    rows = []
    with stopping_softly(_KEPT) as heed, show_progress(progress, "fetching") as listener:
        from robust_matte.jobs.obtaining import fetch_named  # imports torch

        heed()
        for known in wanted:
            stored = fetch_named(known, listener, offline=offline)
            rows.append([known.name, *_described(stored)])
    _print_table([], rows)


@weights_app.command("import")
def import_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file that was fetched on another machine.")
    ],
    name: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="What it must be; by default that is found out."),
    ] = None,
    progress: Progress = ProgressStyle.AUTO,
) -> None:
    """Copy FILE to where weights are looked for, after checking what it is."""
    with stopping_softly(NOTHING_CHANGED) as heed, show_progress(progress, "checking") as listener:
        from robust_matte.jobs.obtaining import import_file  # imports torch

        heed()
        known, stored = import_file(file, name, listener)
    _print_table([], [[known.name, *_described(stored)]])


@weights_app.command("verify")
def verify_command(
    weights: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME|FILE", help="By default all that are here and have a name."),
    ] = None,
) -> None:
    """Check what weights files are, and that a network takes them: names, shapes, finite values."""
    rows: list[list[str]] = []
    errors: list[RobustMatteError] = []
    with stopping_softly(NOTHING_CHANGED) as heed:
        from robust_matte.keying.network_check import check_network  # imports torch
        from robust_matte.weights.choice import choose_weights
        from robust_matte.weights.store import verify_weights

        heed()
        for word in weights or _names_here():
            try:
                chosen = choose_weights(word, offline=False, may_be_absent=False)
                stored = verify_weights(chosen.known, chosen.path, check_network)
            except RobustMatteError as error:
                errors.append(error)
            else:
                rows.append([chosen.known.name if chosen.known else "own", *_described(stored)])
    _print_table([], rows)
    for found in errors[:-1]:
        print(f"{found.what}\n{found.hint}", file=sys.stderr)
    if errors:
        raise errors[-1]


def _names_here() -> list[str]:
    from robust_matte.weights.known import KNOWN
    from robust_matte.weights.places import find_weights

    return [name for name, known in KNOWN.items() if known.is_packaged or find_weights(known)]


def _as_row(listed: "ListedWeights") -> list[str]:
    name = listed.known.name
    if listed.problem is not None:
        return [name, "", "WRONG", listed.problem.what]
    if listed.stored is None:
        return [name, "", "", f"not here: robust-matte weights fetch {name}"]
    return [name, *_described(listed.stored)]


def _described(stored: "StoredWeights") -> list[str]:
    """Return size, identity and path, for people."""
    identity = {
        "packaged": "in the package",
        "published": "as published",
        "pinned": "none published; as first fetched or imported",
        "unknown": "nothing to compare with",
    }
    size = f"{stored.content.size / 1e6:.1f} MB"
    return [size, identity[stored.standing], str(stored.path)]


def _as_document(listed: "ListedWeights") -> dict[str, Any]:
    stored = listed.stored
    path = stored.path if stored else listed.problem and listed.problem.path
    return {
        "name": listed.known.name,
        "file": listed.known.file,
        "published_git_id": listed.known.git_blob,
        "path": str(path) if path else None,
        "bytes": stored.content.size if stored else None,
        "sha256": stored.content.sha256 if stored else None,
        "git_id": stored.content.git_blob if stored else None,
        "identity": stored.standing if stored else "wrong" if listed.problem else None,
    }


def _print_table(titles: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*titles, show_header=bool(titles), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    if rows:
        Console(width=_WIDEST, highlight=False).print(table)
