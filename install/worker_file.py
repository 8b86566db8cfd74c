"""The file that tells hosts how the worker is started; the client in `nodes/client` reads it.

The client has the same rule for the file's place. Neither may import the other: a test holds both
together.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from blender_search import Disk

__all__ = ["config_folder", "digest", "worker_file", "worker_text", "write_whole"]

VERSION: Final = 1  # of the file's form


def config_folder(disk: Disk) -> Path:
    """Return the folder of this user's settings of Robust Matte; it may not be there."""
    if disk.system == "win32":
        roaming = disk.variables.get("APPDATA", "")
        base = Path(roaming) if roaming else disk.home / "AppData" / "Roaming"
    elif disk.system == "darwin":
        base = disk.home / "Library" / "Application Support"
    else:
        named = Path(disk.variables.get("XDG_CONFIG_HOME", ""))
        # a relative one is void, by its standard
        base = named if named.is_absolute() else disk.home / ".config"
    return base / "robust-matte"


def worker_file(disk: Disk) -> Path:
    """Return where the client looks for the worker's command."""
    return config_folder(disk) / "worker.json"


def worker_text(python: Path) -> str:
    """Return the file's content.

    Args:
        python: The interpreter of the environment with the engine.
    """
    command: Sequence[str] = [str(python), "-I", "-m", "robust_matte"]
    return json.dumps({"version": VERSION, "command": command}, indent=2) + "\n"


def write_whole(path: Path, text: str) -> None:
    """Write a small file whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.part")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def digest(path: Path) -> str:
    """Return a hash of a file's content, or an empty text if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
