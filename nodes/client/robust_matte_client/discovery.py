"""Where the worker is: a preference, a variable, the installer's file, or the PATH."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from .errors import WorkerMissing

__all__ = ["VARIABLE", "config_file", "configured_command", "find_worker"]

VARIABLE = "ROBUST_MATTE_WORKER"
PROGRAM = "robust-matte"
CONFIG_VERSION = 1
INSTALL = f"Run `python3 install/bootstrap.py blender`, or name its program in {VARIABLE}."


def find_worker(chosen: str = "") -> tuple[str, ...]:
    """Return the command that starts the engine, without `serve`.

    Looked at in this order: `chosen`, ROBUST_MATTE_WORKER, the installer's file, the PATH. What a
    person named is never passed over: where it is not there, that is said.

    Args:
        chosen: A host's preference: the program, a Python that has it, or a whole command line.

    Raises:
        WorkerMissing: There is none; it names what was looked at.
    """
    if chosen.strip():
        return _named(chosen.strip(), "is chosen in the preferences")
    variable = os.environ.get(VARIABLE, "").strip()
    if variable:
        return _named(variable, f"{VARIABLE} names")
    command, lacking = configured_command()
    if command:
        return command
    program = shutil.which(PROGRAM)
    if program:
        return (str(Path(program).absolute()),)
    raise WorkerMissing(
        f"No worker is found: {VARIABLE} is not set, {lacking}, and {PROGRAM} is not on the PATH.",
        INSTALL,
    )


def config_file() -> Path:
    """Return where the installer writes the worker's command; it may not be there."""
    if sys.platform == "win32":
        roaming = os.environ.get("APPDATA", "")
        base = Path(roaming) if roaming else Path.home() / "AppData" / "Roaming"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        named = Path(os.environ.get("XDG_CONFIG_HOME", ""))
        # a relative one is void, by its standard
        base = named if named.is_absolute() else Path.home() / ".config"
    return base / "robust-matte" / "worker.json"


def configured_command() -> tuple[tuple[str, ...], str]:
    """Return the installer's command, or an empty one and what is wrong, as part of a sentence."""
    path = config_file()
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return (), f"{path} is not there"
    except (OSError, ValueError, RecursionError) as error:
        return (), f"{path} cannot be read ({error})"
    if not isinstance(content, dict) or content.get("version") != CONFIG_VERSION:
        return (), f"{path} is not of version {CONFIG_VERSION}"
    command = content.get("command")
    if not isinstance(command, list) or not command or not all(map(_is_text, command)):
        return (), f"{path} holds no command"
    if not _is_program(Path(command[0])):
        return (), f"{command[0]}, which {path} names, is not there"
    return tuple(command), ""


def _is_text(word: object) -> bool:
    return isinstance(word, str) and word != ""


def _named(text: str, how: str) -> tuple[str, ...]:
    """Return the command that a person named."""
    program = _found(text)
    if program:
        return _with_module(program)
    try:
        words = shlex.split(text, posix=os.name != "nt")
    except ValueError:
        words = []
    program = _found(words[0]) if len(words) > 1 else ""
    if program:
        return (program, *words[1:])
    raise WorkerMissing(
        f"The worker {text}, which {how}, is not there or cannot be run.",
        f"Name the program {PROGRAM}, or a Python that has it; `python3 install/bootstrap.py "
        "blender` installs both.",
    )


def _found(name: str) -> str:
    """Return the absolute path of a program, or nothing; links are kept, an environment is one."""
    path = _home_expanded(name)
    if _is_program(path):
        return str(path.absolute())
    found = shutil.which(name) if path.name == name else None
    return str(Path(found).absolute()) if found else ""


def _home_expanded(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:  # no home is known
        return Path(name)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _with_module(program: str) -> tuple[str, ...]:
    """Return the command of a program; a Python runs the engine, apart from its user's files."""
    if re.match(r"pythonw?[\d.]*(\.exe)?$", Path(program).name, re.IGNORECASE):
        return (program, "-I", "-m", "robust_matte")
    return (program,)
