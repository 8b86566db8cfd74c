"""Where weights are kept, and what the environment says of it."""

import os
import stat
from pathlib import Path

from platformdirs import user_cache_path

from robust_matte.errors import WeightsMissingError
from robust_matte.weights.known import DOWNLOADS, KnownWeights

__all__ = ["find_weights", "is_here", "is_offline", "mirror", "own_folder", "search_folders"]

_PACKAGE = Path(__file__).parent
_FOLDER = "ROBUST_MATTE_WEIGHTS"
_MIRROR = "ROBUST_MATTE_WEIGHTS_URL"
_OFFLINE = "ROBUST_MATTE_OFFLINE"


def search_folders() -> tuple[Path, ...]:
    """Return the folders in which weights are looked for, the first one first.

    They are the folder that `ROBUST_MATTE_WEIGHTS` names, if it does, and the user's cache; they
    need not exist.
    """
    cache = user_cache_path("robust-matte", appauthor=False) / "weights"
    shared = os.environ.get(_FOLDER, "")
    return (Path(shared).absolute(), cache) if shared else (cache,)


def own_folder() -> Path:
    """Return the folder that fetched and imported weights go to: the first one of the search.

    A shared folder that cannot be written to is an error then, and no reason to fill the cache of
    every machine of a farm.
    """
    return search_folders()[0]


def find_weights(known: KnownWeights) -> Path | None:
    """Return the file of weights known by name, or None if it is in no folder.

    Packaged weights are looked for beside this very module, and in no other folder.

    Raises:
        WeightsMissingError: A folder cannot be looked into; or packaged weights are gone.
    """
    if known.is_packaged:
        return _packaged_file(known)
    files = (folder / known.file for folder in search_folders())
    return next((file for file in files if is_here(file)), None)


def _packaged_file(known: KnownWeights) -> Path:
    file = _PACKAGE / known.file
    if not is_here(file):
        raise WeightsMissingError(
            f"The weights {file} are gone from this installation.",
            hint="Copy the file there from a fresh copy of this program, or name other weights, as "
            "--model mobilenetv3 does.",
            path=file,
        )
    return file


def is_here(file: Path) -> bool:
    """Say whether a weights file is there.

    A folder that may not be looked into is no folder without it: the next one could hold another.

    Raises:
        WeightsMissingError: Its folder cannot be looked into.
    """
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise WeightsMissingError(
            f"The weights {file} cannot be read: {error.strerror}.",
            hint=f"Ask whoever keeps {file.parent} to let you read it, or let ROBUST_MATTE_WEIGHTS "
            "name another folder.",
            path=file,
        ) from error


def mirror() -> str:
    """Return the address under which the published files are, without a slash at its end."""
    return (os.environ.get(_MIRROR, "") or DOWNLOADS).rstrip("/")


def is_offline(*, is_asked: bool) -> bool:
    """Say whether the network must not be touched: by a flag, or by `ROBUST_MATTE_OFFLINE`."""
    return is_asked or os.environ.get(_OFFLINE, "") not in ("", "0")
