"""Where a name leads, through links."""

import os
from pathlib import Path

__all__ = ["real_path"]


def real_path(path: Path) -> Path:
    """Return the file that a name stands for, in full; the name itself where links go in a circle.

    `Path.resolve` raises on such a circle up to Python 3.12.
    """
    return Path(os.path.realpath(path))
