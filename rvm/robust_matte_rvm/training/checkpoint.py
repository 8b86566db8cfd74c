"""From where a run goes on: everything that the next step depends on, in one file."""

import io
import json
import pickle
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from robust_matte_rvm.errors import RunFolderError
from robust_matte_rvm.training.events import Listener, Warned
from robust_matte_rvm.training.run_folder import unwritten
from robust_matte_rvm.training.writing import write_atomically

__all__ = ["Checkpoint", "find_checkpoint", "save_checkpoint"]

_FORM = 1
_KEPT = 2
_NAME = re.compile(r"checkpoint_(?P<step>\d+)\.pt")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checkpoint:
    """A run after some step.

    Attributes:
        step: Steps that are done.
        seconds: How long they took.
        identity: What decides the run's numbers, by name; see `identity.py`.
        student: State of what is trained.
        optimizer: State of the optimiser.
        average: State of the running mean.
    """

    step: int
    seconds: float
    identity: Mapping[str, Any]
    student: Mapping[str, Any]
    optimizer: Mapping[str, Any]
    average: Mapping[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint, whole or not at all; the last two are kept.

    Args:
        folder: Of the run.
        checkpoint: What to keep; tensors on any device.

    Returns:
        The file.

    Raises:
        RunFolderError: It cannot be written.
    """
    file = folder / f"checkpoint_{checkpoint.step:08d}.pt"
    content = {
        "form": _FORM,
        "step": checkpoint.step,
        "seconds": checkpoint.seconds,
        "identity": json.dumps(checkpoint.identity, sort_keys=True),
        "student": checkpoint.student,
        "optimizer": checkpoint.optimizer,
        "average": checkpoint.average,
    }
    data = io.BytesIO()
    torch.save(content, data)
    try:
        write_atomically(file, data.getvalue())
        for old in _list(folder)[_KEPT:]:
            old.unlink()
    except OSError as error:
        raise unwritten(file, error) from error
    return file


def find_checkpoint(folder: Path, listener: Listener) -> Checkpoint | None:
    """Read the newest checkpoint that is whole.

    Args:
        folder: Of the run.
        listener: Told of those that are damaged.

    Returns:
        It, with tensors on the CPU; None where the run has none.

    Raises:
        RunFolderError: There are some, and all of them are damaged.
    """
    files = _list(folder)
    for file in files:
        found = _read(file)
        if found is not None:
            return found
        listener(Warned(f"The checkpoint {file} is damaged; the one before it is looked for."))
    if files:
        raise RunFolderError(
            f"No checkpoint in {folder} can be read.",
            "Put one back from a copy; or name another folder with --out, to begin anew.",
        )
    return None


def _list(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, the newest first."""
    found = [(int(match["step"]), one) for one in folder.iterdir() if (match := _match(one))]
    return [one for _, one in sorted(found, reverse=True)]


def _match(file: Path) -> re.Match[str] | None:
    return _NAME.fullmatch(file.name)


def _read(file: Path) -> Checkpoint | None:
    """Return what a file holds, or None if it is damaged; nothing in it is run."""
    try:
        data = file.read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:  # torch itself checks no checksum
            if archive.testzip() is not None:
                return None
        told = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        if told.pop("form") != _FORM:
            return None
        return Checkpoint(**(told | {"identity": json.loads(told["identity"])}))
    except (OSError, zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError):
        return None
    except (AttributeError, KeyError, TypeError, ValueError):  # sound, but no checkpoint of a run
        return None
