"""A list of shots: a CSV file with a plate in each line, and settings of its own."""

import csv
import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from robust_matte.errors import InputError, SettingsError
from robust_matte.farm.shot_request import ShotRequest, check_name
from robust_matte.farm.shot_settings import NOT_A_SHOTS
from robust_matte.media.links import is_folder
from robust_matte.media.sequences import FramePattern
from robust_matte.settings.cut_list import EDIT_LISTS
from robust_matte.settings.key_settings import KeySettings

__all__ = ["read_shot_list"]

_SETTINGS = sorted(set(KeySettings.model_fields) - NOT_A_SHOTS)
_COLUMNS = ("plate", "name", *_SETTINGS)
_FILES = ("plate", "garbage", "core", "config", "cuts")
# What is a mistake alone, and what makes it none.
_TOGETHER = {
    "invert_garbage": {"garbage": "mask.exr"},
    "cuts_rate": {"cuts": "cut.edl"},
    "cuts_at": {"cuts": "cut.edl"},
}
_HINT = (
    "A list's first line names its columns: plate, and any of name, frames, cuts, gain and so on."
)


def read_shot_list(path: Path) -> list[ShotRequest]:
    """Read a list of shots.

    The first line names the columns: `plate`, and any of `name` and the settings of `key` that a
    shot may have of its own, such as `frames` or `plate_space`. An empty cell leaves a setting as
    it is for all shots. Names of files are relative to the list's folder.

    Raises:
        InputError: It cannot be read, or lists no shot.
        SettingsError: A column or a cell cannot be used; names line and column.
    """
    rows = list(_rows(path))
    if not rows:
        raise InputError(f"The list {path} is empty.", hint=_HINT, path=path)
    columns = _columns(path, rows[0][1])
    shots = [_shot(path, line, columns, cells) for line, cells in rows[1:] if any(cells)]
    if not shots:
        raise InputError(f"The list {path} names no shot.", hint=_HINT, path=path)
    return shots


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and cells; what spreadsheets write with semicolons is read too."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"The list {path} cannot be read: {error.strerror}.", hint=_HINT, path=path
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"The list {path} is no UTF-8 text.", hint="Save it as CSV in UTF-8.", path=path
        ) from error
    first = text.partition("\n")[0]
    reader = csv.reader(
        text.splitlines(), delimiter=";" if ";" in first and "," not in first else ","
    )
    for cells in reader:
        yield reader.line_num, [cell.strip() for cell in cells]


def _columns(path: Path, cells: list[str]) -> list[str]:
    columns = [cell.lower().removeprefix("--").replace("-", "_") for cell in cells]
    for column in columns:
        if column not in _COLUMNS:
            alike = difflib.get_close_matches(column, _COLUMNS, n=1)
            raise SettingsError(
                f"{path}, line 1: there is no column {column}.",
                hint=f"{alike[0]} looks like it." if alike else _HINT,
                path=path,
            )
        if columns.count(column) > 1:
            raise SettingsError(
                f"{path}, line 1: the column {column} is there twice.",
                hint="Take one of them out.",
                path=path,
            )
    if "plate" not in columns:
        raise SettingsError(f"{path}, line 1: there is no column plate.", hint=_HINT, path=path)
    return columns


def _shot(path: Path, line: int, columns: list[str], cells: list[str]) -> ShotRequest:
    place = f"{path}, line {line}"
    if len(cells) > len(columns):
        raise SettingsError(
            f"{place}: there are {len(cells)} cells for {len(columns)} columns.",
            hint="Put quotes around what has a comma in it.",
            path=path,
        )
    told = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
    if "plate" not in told:
        raise SettingsError(
            f"{place}, column plate: there is none.", hint="Name its plate.", path=path
        )
    for name in _FILES:
        if name in told and _is_file(name, told[name], path.parent):
            told[name] = os.path.normpath(path.parent / told[name])
    plate = told.pop("plate")
    name = told.pop("name", "") or _usual_name(plate)
    _check(place, path, told)
    try:
        return ShotRequest(check_name(name), plate, dict(told), place)
    except SettingsError as error:
        raise _of_cell(place, "name", path, error) from error


def _is_file(name: str, cell: str, folder: Path) -> bool:
    """Tell whether a cell names a file; configs may be built in, and cuts frames."""
    if name == "cuts":
        return Path(cell).suffix.lower() in EDIT_LISTS
    return name != "config" or (folder / cell).is_file()


def _usual_name(plate: str) -> str:
    path = Path(plate)
    return path.name if is_folder(path) else FramePattern.parse(path.name).stem


def _check(place: str, path: Path, told: dict[str, Any]) -> None:
    """Make sure that a line's settings can be used; says which cell cannot."""
    for name, cell in told.items():
        try:
            KeySettings(plate="plate.exr", **(_TOGETHER.get(name, {}) | {name: cell}))
        except SettingsError as error:
            raise _of_cell(place, name, path, error) from error
    try:
        KeySettings(plate="plate.exr", **told)
    except SettingsError as error:  # two that do not go together
        what = f"{place}: {error.what}"
        raise SettingsError(what, hint=error.hint, path=path) from error


def _of_cell(place: str, column: str, path: Path, fault: SettingsError) -> SettingsError:
    what = f"{place}, column {column}: {fault.what}"
    return SettingsError(what, hint=fault.hint, path=path)
