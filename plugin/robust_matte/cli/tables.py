"""Facts in columns on stdout: folded to a terminal's width, whole lines elsewhere."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Row", "print_rows"]

_GAP = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One fact.

    Attributes:
        label: What it is about; empty where the row before goes on.
        text: The fact.
        style: How rich shows the text, such as `yellow`; empty for plain.
        mark: A word before the label, such as `ok`; empty for none.
        mark_style: How rich shows that.
    """

    label: str
    text: str
    style: str = ""
    mark: str = ""
    mark_style: str = ""


def print_rows(rows: Iterable[Row], *, label_width: int = 0, mark_width: int = 0) -> None:
    """Print facts under each other.

    Args:
        rows: The facts.
        label_width: Least width of the labels' column, for rows that are printed one by one.
        mark_width: The same of the column for marks; 0 for none.
    """
    listed = list(rows)
    width = max([label_width, *(len(row.label) for row in listed)])
    if not sys.stdout.isatty():
        _print_plain(listed, width, mark_width)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, _GAP, 0, 0))
    if mark_width:
        table.add_column(min_width=mark_width, no_wrap=True)
    table.add_column(min_width=width, style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for row in listed:
        cells = [Text(row.label), Text(row.text, row.style)]
        table.add_row(*([Text(row.mark, row.mark_style)] if mark_width else []), *cells)
    Console(highlight=False).print(table)


def _print_plain(rows: list[Row], width: int, mark_width: int) -> None:
    """Print whole lines, however long: they are searched and copied."""
    for row in rows:
        mark = f"{row.mark:<{mark_width + _GAP}}" if mark_width else ""
        print(f"{mark}{row.label:<{width + _GAP}}{row.text}".rstrip(), flush=True)
