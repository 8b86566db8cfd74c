"""Where a name leads, through links, and what is there."""

import os
from pathlib import Path

__all__ = ["is_folder", "real_path"]


def real_path(path: Path) -> Path:
    """Return the file that a name stands for, in full; the name itself where links go in a circle.

    `Path.resolve` raises on such a circle up to Python 3.12.
    """
    return Path(os.path.realpath(path))


def is_folder(path: Path) -> bool:
    """Say whether a name is that of a folder; no, where the system does not tell.

    `Path.is_dir` raises up to Python 3.13 where the way there is barred or a name is too long.
    """
    try:
        return path.is_dir()
    except OSError:
        return False
