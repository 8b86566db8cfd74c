"""The job as one JSON document: what hosts send, farms keep and `key --job` reads."""

import os
import stat
from pathlib import Path
from typing import Any

from robust_matte.colour.configs import is_builtin_config
from robust_matte.errors import InputError, RobustMatteError, SettingsError
from robust_matte.settings.cut_list import CutList
from robust_matte.settings.key_settings import KeySettings
from robust_matte.settings.strict_json import LONGEST, parse_strict_json
from robust_matte.weights.known import KNOWN

__all__ = ["read_job", "settings_of_job"]

_PATHS = ("plate", "output", "garbage", "core", "hint_dir", "review")
_WORDS = {"model": ("auto", *KNOWN), "contact_sheet": ("auto", "none")}
_OPENS = "Check that it opens in an editor and that its disk is there."


def settings_of_job(
    document: Any, folder: Path | None, *, needs_output: bool = True
) -> KeySettings:
    """Return the settings of a job document; what it leaves out has its default.

    Args:
        document: The parsed JSON: the fields of `KeySettings`.
        folder: What relative paths in it are relative to. None where they mean nothing, since
            nobody knows where a host was started: they are refused then.
        needs_output: Whether it must say where the result goes.

    Raises:
        SettingsError: It is no such document, or a value is none that a job takes.
    """
    if not isinstance(document, dict):
        raise SettingsError(
            "The job is no JSON object.", hint='Write settings by their names, {"plate": …}.'
        )
    placed = {name: _placed(name, value, folder) for name, value in document.items()}
    settings = KeySettings(**placed)
    if needs_output and settings.output is None:
        raise SettingsError(
            "The job does not say where its result goes.", hint="Give it an output."
        )
    return settings


def read_job(path: Path) -> KeySettings:
    """Read a job document; relative paths in it are relative to its folder.

    Raises:
        InputError: It cannot be read.
        SettingsError: It is no job document, or a value is none that a job takes.
    """
    path = path.absolute()

    def damaged(fault: str) -> RobustMatteError:
        return SettingsError(
            f"The job {path} cannot be understood: {fault}.",
            hint="Write it as one JSON object; robust-matte serve --schema prints its form.",
            path=path,
        )

    return settings_of_job(parse_strict_json(_content(path), damaged), path.parent)


def _content(path: Path) -> bytes:
    """Return what is in a file, if it is a file and of a job's size."""
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode) and status.st_size <= LONGEST:
            return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(
            f"The job {path} is not there.",
            hint="Check its name, and that its disk is there.",
            path=path,
        ) from error
    except (OSError, ValueError) as error:  # a name with a zero byte is no OSError
        reason = getattr(error, "strerror", None) or "it has no name that a file can have"
        raise InputError(
            f"The job {path} cannot be read: {reason}.", hint=_OPENS, path=path
        ) from error
    reason = "it is larger than 1 MiB" if stat.S_ISREG(status.st_mode) else "it is no file"
    raise InputError(f"The job {path} cannot be read: {reason}.", hint=_OPENS, path=path)


def _placed(name: str, value: Any, folder: Path | None) -> Any:
    """Return a setting's value, in full if it is a path."""
    if not isinstance(value, str) or not value or not _is_path(name, value):
        return value
    if "\0" in value:
        raise SettingsError(
            f"The {name} of the job has a zero byte in its name.", hint="Write its name as it is."
        )
    if Path(value).is_absolute():
        return value
    if name == "model" and not _may_be_file(value, folder):
        raise SettingsError(
            f"The model of the job is {value}, which is neither a known name nor a file.",
            hint=f"Write {', '.join(_WORDS['model'])}, or a file's path in full.",
        )
    if folder is None:
        raise SettingsError(
            f"The {name} of the job is {value}, which says nothing about where it is.",
            hint="Write it in full, from the root or drive on.",
        )
    return str(folder / value)


def _may_be_file(model: str, folder: Path | None) -> bool:
    """Say whether a model that is not known may be meant as a file, rather than a name."""
    if folder is None:
        return False
    is_there = os.path.exists(folder / model)  # noqa: PTH110 - of a name too long, Path's raises
    return is_there or Path(model).suffix != ""


def _is_path(name: str, value: str) -> bool:
    if name in _PATHS:
        return True
    if name in _WORDS:
        return value not in _WORDS[name]
    if name == "cuts":
        return CutList.parse(value).file is not None
    return name == "config" and not is_builtin_config(value)
