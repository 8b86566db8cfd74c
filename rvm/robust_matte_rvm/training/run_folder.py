"""The folder of a run, and whose it is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robust_matte_rvm.errors import RunFolderError
from robust_matte_rvm.training.writing import write_atomically

__all__ = ["LABELS", "WEIGHTS", "check_folder", "claim_folder", "unwritten"]

LABELS = "labels"
WEIGHTS = "weights.safetensors"
_MARK = "run.json"
_SOME_SHOWN = 3


def check_folder(folder: Path) -> None:
    """Make sure that a folder is a run's, or free.

    Raises:
        RunFolderError: It holds what no run wrote, or cannot be listed.
    """
    try:
        listed = sorted(one.name for one in folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise RunFolderError(
            f"The folder {folder} cannot be used: {error.strerror}.",
            "Name another folder with --out.",
        ) from error
    found = [name for name in listed if not name.startswith(".")]  # what systems leave behind
    if found and _MARK not in found:
        raise RunFolderError(
            f"The folder {folder} holds {', '.join(found[:_SOME_SHOWN])}, and no training run.",
            "Name another folder with --out; a new one is made.",
        )


def claim_folder(folder: Path, identity: Mapping[str, Any], config: bytes | None) -> None:
    """Make a folder the run's own, and write into it what the run is.

    Args:
        folder: Free, or a run's.
        identity: What decides the run's numbers; see `identity.py`.
        config: The configuration as its file says it, None where there is no file.

    Raises:
        RunFolderError: It cannot be written.
    """
    told = json.dumps({"form": 1, **identity}, indent=1) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / _MARK, told.encode("utf-8"))
        if config is not None:
            write_atomically(folder / "config.toml", config)
    except OSError as error:
        raise unwritten(folder, error) from error


def unwritten(path: Path, error: OSError) -> RunFolderError:
    """Build the error for a file or folder of a run that cannot be written."""
    return RunFolderError(
        f"{path} cannot be written: {error.strerror}.",
        "Make room, or make the folder writable; the same command goes on from the last "
        "checkpoint.",
    )
