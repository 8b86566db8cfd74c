"""Files of a training run, that appear whole or not at all.

The engine has the like for its frames; this package stands alone and may not import it.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a hidden name beside `path`, then put it in place in one step.

    It is on the disk when this returns; until then `path` stays as it was.

    Args:
        path: The file to write or replace; its folder must exist.
        data: What it shall hold.

    Raises:
        OSError: It cannot be written; nothing is left of it.
    """
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with suppress(OSError):  # the first failure is the one to tell
            temporary.unlink(missing_ok=True)
