"""Packages that one command alone needs."""

import sys
from importlib.util import find_spec

from robust_matte.errors import InstallationError

__all__ = ["require_train"]


def require_train(command: str, *modules: str) -> None:
    """Make sure that what the extra train brings is installed.

    Args:
        command: As it is typed, such as `evaluate`.
        modules: What it imports.

    Raises:
        InstallationError: Some of them are not.
    """
    lacking = [name for name in modules if find_spec(name) is None]
    if lacking:
        raise InstallationError(
            f"robust-matte {command} needs what is not installed here: {' and '.join(lacking)}.",
            hint=f'Run: {sys.executable} -m pip install "robust-matte[train]"',
        )
