"""Which of a host's environment variables its worker gets."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["scrubbed"]

# A host sets these for itself. Its Python's would break the worker's, its libraries would be loaded
# into torch, and a virtual environment that the host was started from is not the worker's.
_HOST = re.compile(
    r"PYTHON.*|__PYVENV_LAUNCHER__|VIRTUAL_ENV.*|_?CONDA.*|BLENDER_.*|NUKE_.*|QT_.*"
    r"|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_.*",
    re.IGNORECASE,
)


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what a host set for itself.

    What is about the user, the machine or the studio stays: HOME, PATH, OCIO, CUDA_*, proxies,
    ROBUST_MATTE_* and whatever else is not known to harm.
    """
    return {name: value for name, value in environment.items() if not _HOST.fullmatch(name)}
