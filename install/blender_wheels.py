"""Blender as a Python module, for the tests of its node: an environment a version, made once.

They lie beside the project's own environment, `.venv.blenders/4.5` beside `.venv`, because each
wants another Python and another numpy. What cannot be had is said in one line, and its tests skip.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from environments import Environment, lock
from processes import Answer, Runner, quote_command
from steps import announce, show_end

__all__ = [
    "VARIABLE",
    "WHEELS",
    "Wheel",
    "find_python",
    "folder_beside",
    "list_wheel_commands",
    "make_blenders",
]

VARIABLE: Final = "ROBUST_MATTE_BLENDERS"  # names other Pythons with bpy, instead of these
STAMP: Final = ".robust_matte.json"
LEAST_FREE_GB: Final = 2.0  # a wheel and what it unpacks to, for one version
REPORT: Final = "import sys; print('%d.%d' % sys.version_info[:2])"
# What `import bpy` links to, of Debian and Ubuntu; desktops have all of it.
LIBRARIES: Final = "libx11-6 libxi6 libxfixes3 libxrender1 libxkbcommon0 libgl1 libsm6 libxxf86vm1"
SHARED: Final = (
    *("certifi==2026.10.18", "charset-normalizer==3.5.2", "Cython==3.3.1", "idna==3.20"),
    *("requests==2.34.2", "urllib3==2.8.0", "zstandard==0.25.0"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One version of Blender, as its wheel.

    Args:
        bpy: The wheel's version.
        python: The one Python it is built for.
        others: What it needs beside SHARED, pinned.
        is_full: Only for the long matrices.
    """

    bpy: str
    python: str
    others: tuple[str, ...]
    is_full: bool = False

    @property
    def name(self) -> str:
        """The version as it is spoken of, `4.5`; the folder's name as well."""
        return self.bpy.rpartition(".")[0]

    @property
    def requirements(self) -> tuple[str, ...]:
        """All that is installed, pinned."""
        return (f"bpy=={self.bpy}", *self.others, *SHARED)


WHEELS: Final = (
    Wheel(bpy="4.5.15", python="3.11", others=("numpy==1.26.4",)),
    Wheel(
        bpy="5.2.3",
        python="3.13",
        others=("numpy==2.5.5", "attrs==26.1.0", "cattrs==26.2.1", "typing_extensions==4.16.0"),
    ),
    Wheel(bpy="4.2.23", python="3.11", others=("numpy==2.4.6",), is_full=True),
    Wheel(bpy="5.0.1", python="3.11", others=("numpy==1.26.4",), is_full=True),
)


def folder_beside(environment: Path) -> Path:
    """Return where the environments with a Blender are, for the project's own."""
    return environment.with_name(f"{environment.name}.blenders")


def make_blenders(environment: Environment, runner: Runner, *, full: bool) -> None:
    """Make what is missing of the environments with a Blender; none of them is a must.

    Args:
        environment: The project's own; theirs are beside it.
        runner: Starts Pythons and pip.
        full: Also those of the long matrices.
    """
    missing = [
        (wheel, folder)
        for wheel, folder in _wanted(environment, full=full)
        if not _is_ready(wheel, folder, runner)
    ]
    if not missing or os.environ.get(VARIABLE):
        return
    with lock(environment):
        for wheel, folder in missing:
            why = (
                ""
                if _is_ready(wheel, folder, runner)
                else _make(wheel, folder, environment, runner)
            )
            _note(folder, why)


def list_wheel_commands(environment: Environment, *, full: bool) -> Iterator[str]:
    """Yield the commands of a fresh set-up, with Python's usual name for its version."""
    for wheel, folder in _wanted(environment, full=full):
        for command in _commands(wheel, folder, f"python{wheel.python}"):
            yield quote_command(command)


def _wanted(environment: Environment, *, full: bool) -> list[tuple[Wheel, Path]]:
    beside = folder_beside(environment.folder)
    return [(wheel, beside / wheel.name) for wheel in WHEELS if full or not wheel.is_full]


def _is_ready(wheel: Wheel, folder: Path, runner: Runner) -> bool:
    try:
        stored = json.loads((folder / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    is_same = stored == list(wheel.requirements)
    return is_same and _version([str(_python_in(folder))], runner) == wheel.python


def _make(wheel: Wheel, folder: Path, environment: Environment, runner: Runner) -> str:
    """Make one environment; return why it could not be made, or an empty text."""
    python = find_python(wheel.python, runner)
    if not python:
        return f"there is no Python {wheel.python}, which Blender {wheel.name} is built for"
    folder.parent.mkdir(exist_ok=True)
    free_gb = shutil.disk_usage(folder.parent).free / 1e9
    if free_gb < LEAST_FREE_GB:
        return f"{folder.parent} has {free_gb:.1f} GB free of {LEAST_FREE_GB:g} that it needs"
    announce(f"Blender {wheel.bpy} for the tests of its node, some 400 MB, 1 GB in {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    for command in _commands(wheel, folder, *python):
        answer = runner.record(command, environment.log)
        if answer.code != 0:
            show_end(answer)
            return f"bpy {wheel.bpy} could not be had: {_last_line(answer)}"
    answer = runner.capture([str(_python_in(folder)), "-I", "-c", "import bpy"])
    if answer.code != 0:
        packages = (
            f" (Debian, Ubuntu: apt install {LIBRARIES})" if "cannot open" in answer.text else ""
        )
        return f"bpy {wheel.bpy} does not start: {_last_line(answer)}{packages}"
    (folder / STAMP).write_text(json.dumps(wheel.requirements) + "\n", "utf-8")
    return ""


def _commands(wheel: Wheel, folder: Path, *python: str) -> list[list[str]]:
    pip = [str(_python_in(folder)), "-I", "-m", "pip", "install", "--retries", "1", "--no-deps"]
    return [[*python, "-m", "venv", str(folder)], [*pip, *wheel.requirements]]


def _note(folder: Path, why: str) -> None:
    """Leave the reason where tests that skip look for it, and say it."""
    note = folder.with_name(f"{folder.name}.txt")
    if why:
        folder.parent.mkdir(exist_ok=True)
        note.write_text(f"{why}\n", "utf-8")
        sys.stderr.write(f"  tests in Blender {folder.name} will skip: {why}\n")
    else:
        note.unlink(missing_ok=True)


def find_python(version: str, runner: Runner) -> list[str]:
    """Return the command that starts a Python of a version, e.g. `3.13`, or nothing.

    pyenv puts names on PATH that only print an error; what they stand for is beside them.
    """
    name = f"python{version}"
    candidates = [[sys.executable], [name]]
    if os.name == "nt":
        candidates.append(["py", f"-{version}"])
    shim = shutil.which(name)
    if shim is not None:
        found = sorted(Path(shim).parents[1].glob(f"versions/{version}.*/bin/python"))
        candidates += [[str(path)] for path in reversed(found)]
    return next((one for one in candidates if _version(one, runner) == version), [])


def _version(python: Sequence[str], runner: Runner) -> str:
    answer = runner.capture([*python, "-c", REPORT])
    return answer.text.strip() if answer.code == 0 else ""


def _python_in(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _last_line(answer: Answer) -> str:
    return (answer.text.strip().splitlines() or [f"exit code {answer.code}"])[-1]
