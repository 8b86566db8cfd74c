"""Each frame's values as a table, and where table and plot may be written."""

import csv
import io
import math
from collections.abc import Collection
from pathlib import Path

from robust_matte.errors import WouldOverwriteError
from robust_matte.jobs.evaluation import MeasuredClip
from robust_matte.jobs.marks import is_there
from robust_matte.jobs.own_file import check_own_file
from robust_matte.media.atomic import check_writable, write_atomically
from robust_matte.media.stills import text_attribute

__all__ = ["PLOT_TEXTS", "check_plot", "check_table", "write_table"]

PLOT_TEXTS = {"Description": "Robust Matte evaluation"}
_FRAME = "frame"


def check_table(
    path: Path, taken: Collection[Path], names: Collection[str], *, overwrite: bool
) -> None:
    """Make sure that a table can be written, and replaces nothing but a table.

    Args:
        path: The CSV to be written.
        taken: Files that are read, resolved.
        names: The columns that a table may have.
        overwrite: Whether other files may be replaced.

    Raises:
        SettingsError: It is no CSV, or a file that is compared.
        WouldOverwriteError: It is there and no table of an evaluation.
        OutputError: It cannot be written there.
    """
    check_own_file(path, "table", (".csv",), taken)
    check_writable(path)
    if is_there(path) and not overwrite and not _is_table(path, names):
        raise _in_the_way(path, "table")


def check_plot(path: Path, taken: Collection[Path], *, overwrite: bool) -> None:
    """Make sure that a plot can be written, and replaces nothing but a plot.

    Args:
        path: The PNG to be written.
        taken: Files that are read, resolved.
        overwrite: Whether other files may be replaced.

    Raises:
        SettingsError: It is no PNG, or a file that is compared.
        WouldOverwriteError: It is there and no plot of an evaluation.
        OutputError: It cannot be written there.
    """
    check_own_file(path, "plot", (".png",), taken)
    check_writable(path)
    mark = PLOT_TEXTS["Description"]
    if is_there(path) and not overwrite and text_attribute(path, "ImageDescription") != mark:
        raise _in_the_way(path, "plot")


def write_table(path: Path, clip: MeasuredClip) -> None:
    """Write a row per frame: its number, then each metric; empty where that does not apply.

    Args:
        path: The CSV to write or replace, atomically.
        clip: What was measured.

    Raises:
        OutputError: It cannot be written.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([_FRAME, *clip.series])
    for number, values in clip.rows():
        table.writerow([number, *("" if math.isnan(value) else value for value in values.values())])
    write_atomically(path, text.getvalue().encode())


def _in_the_way(path: Path, kind: str) -> WouldOverwriteError:
    return WouldOverwriteError(
        f"{path} exists and is no {kind} of an evaluation.",
        hint="Name another file, or replace it with --overwrite.",
        path=path,
    )


def _is_table(path: Path, names: Collection[str]) -> bool:
    """Say whether a file starts as `write_table` starts it."""
    try:
        with path.open("rb") as file:
            columns = file.readline(1024).decode("ascii", errors="replace").strip().split(",")
    except OSError:
        return False
    return columns[0] == _FRAME and len(columns) > 1 and set(columns[1:]) <= set(names)
