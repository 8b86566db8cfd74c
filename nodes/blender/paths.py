"""Paths as a .blend keeps them, and where they lead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bpy

__all__ = ["absolute_path"]


def absolute_path(path: str, owner: Any = None) -> Path:
    """Return where a path leads, without `..` and with links kept.

    Args:
        path: As it is kept: `//` is the folder of the .blend.
        owner: What it is kept in, where that may be of a library, whose folder `//` is then.
    """
    library = None if owner is None else owner.library
    return Path(os.path.normpath(bpy.path.abspath(path, library=library))).absolute()
