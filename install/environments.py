"""The virtual environment: made, found broken, made again, and known to be up to date."""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from failures import InstallError
from processes import Runner
from steps import announce, show_end

__all__ = ["Environment", "Stamp", "lock", "make_environment", "missing_modules"]

LOCK: Final = ".robust_matte.lock"
LOG: Final = "robust_matte_install.log"
STAMP: Final = ".robust_matte.json"
PATIENCE_S: Final = 1800.0  # a first installation on a slow line
POLL_S: Final = 0.5
REPORT_VERSION: Final = "import sys; print('%d.%d' % sys.version_info[:2])"
SUPPORTED: Final = ("3.11", "3.12", "3.13", "3.14")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What was installed: written last, so its presence means that nothing was interrupted.

    Args:
        digest: Of everything that decides the packages.
        torch: `cpu` or `cuda`.
        parts: What is there beside the engine: extras of the project, and `dev`, its tools.
    """

    digest: str
    torch: str
    parts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One virtual environment for one checkout.

    Args:
        root: The repository.
        folder: The environment, `.venv` in the repository if nothing else was asked for.
    """

    root: Path
    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter inside."""
        if os.name == "nt":
            return self.folder / "Scripts" / "python.exe"
        return self.folder / "bin" / "python"

    @property
    def log(self) -> Path:
        """What the programs of the installation said, all of it."""
        return self.folder / LOG

    @property
    def constraints(self) -> Path:
        """The file with the exact versions."""
        return self.root / "install" / "constraints.txt"

    def module(self, name: str, *arguments: str) -> list[str]:
        """Return the command that runs a module inside, blind to the current folder (`-P`)."""
        return [str(self.python), "-P", "-m", name, *arguments]

    def digest(self) -> str:
        """Return a hash of what decides the packages; a checkout that was moved counts as new."""
        ours = sorted((self.root / "install").glob("*.py"))
        total = hashlib.sha256(str(self.root).encode())
        for path in (self.root / "pyproject.toml", self.constraints, *ours):
            total.update(path.name.encode() + b"\0" + path.read_bytes())
        return total.hexdigest()

    def read_stamp(self) -> Stamp | None:
        """Return what the last complete installation left, or nothing."""
        try:
            stored = json.loads((self.folder / STAMP).read_text("utf-8"))
            return Stamp(**stored | {"parts": frozenset(stored["parts"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write_stamp(self, stamp: Stamp) -> None:
        """Declare the installation complete."""
        fresh = self.folder / f"{STAMP}.new"
        stored = asdict(stamp) | {"parts": sorted(stamp.parts)}
        fresh.write_text(json.dumps(stored) + "\n", "utf-8")
        fresh.replace(self.folder / STAMP)

    def drop_stamp(self) -> None:
        """Declare the installation unfinished."""
        (self.folder / STAMP).unlink(missing_ok=True)

    def python_version(self, runner: Runner) -> str:
        """Return the version of the interpreter inside, or an empty text if it does not start."""
        answer = runner.capture([str(self.python), "-c", REPORT_VERSION])
        return answer.text.strip() if answer.code == 0 else ""

    def check_folder(self) -> None:
        """Refuse a folder that holds something else: repairing deletes what is inside.

        Raises:
            InstallError: The folder is a file, or is neither empty nor an environment.
        """
        hint = "Name an empty or a new folder with --venv."
        if self.folder.exists() and not self.folder.is_dir():
            raise InstallError(f"{self.folder} is not a folder.", hint=hint)
        names = {path.name for path in self.folder.iterdir()} if self.folder.exists() else set()
        if names and not names & {"pyvenv.cfg", LOCK}:
            raise InstallError(f"{self.folder} holds other files than an environment.", hint=hint)


def make_environment(environment: Environment, runner: Runner) -> None:
    """Make the environment where it does not work, out of the Python that runs this.

    An interpreter that starts is never deleted: it may be somebody's own.

    Raises:
        InstallError: Modules of this Python are missing, the environment is for another Python, or
            it could not be made.
    """
    version = environment.python_version(runner)
    if version and version not in SUPPORTED:
        raise InstallError(
            f"The environment {environment.folder} is for Python {version}.",
            hint=f"Name another folder with --venv; {', '.join(SUPPORTED[:-1])} are supported.",
        )
    if version and _has_pip(environment, runner):
        return
    _check_modules()
    _clear(environment.folder)
    command = [sys.executable, "-m", "venv", str(environment.folder)]
    announce("a virtual environment")
    answer = runner.record(command, environment.log)
    if answer.code != 0 or not environment.python_version(runner):
        show_end(answer)
        raise InstallError(
            f"The virtual environment {environment.folder} could not be made (exit code "
            f"{answer.code}).",
            hint="The lines above say why; run the same command again after that is put right.",
        )


def _has_pip(environment: Environment, runner: Runner) -> bool:
    """Tell whether pip is there, after trying to put it there."""
    ask = environment.module("pip", "--version")
    if runner.capture(ask).code == 0:
        return True
    runner.capture(environment.module("ensurepip", "--upgrade"))
    return runner.capture(ask).code == 0


def missing_modules() -> list[str]:
    """Return which of the two modules that Linux packages leave out are missing here."""
    return [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]


def _check_modules() -> None:
    missing = missing_modules()
    if missing:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise InstallError(
            f"This Python ({sys.executable}) lacks the module {' and '.join(missing)}, "
            "which makes virtual environments.",
            hint=f"On Debian and Ubuntu install it with: sudo apt install python{version}-venv; "
            "elsewhere use a complete Python from https://www.python.org/downloads.",
        )


def _clear(folder: Path) -> None:
    """Empty a half-made environment, all but the lock that we hold in it and the log."""
    for path in folder.iterdir():
        if path.name in (LOCK, LOG):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextlib.contextmanager
def lock(environment: Environment, *, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Let one bootstrap at a time work on the environment; the system ends the lock of a dead one.

    The lock is a file inside the folder, so that nothing new appears in the repository.

    Args:
        environment: Its folder is made if need be.
        patience_s: How long to wait for another one, in seconds.

    Raises:
        InstallError: The folder cannot be written, or the other one does not come to an end.
    """
    environment.check_folder()
    try:
        environment.folder.mkdir(parents=True, exist_ok=True)
        file = (environment.folder / LOCK).open("a+b")
    except OSError as error:
        raise InstallError(
            f"{environment.folder} cannot be written: {error.strerror}.",
            hint="Name a folder of your own with --venv.",
        ) from error
    with file:
        _wait_for(file, environment.folder, patience_s)
        yield


def _wait_for(file: IO[bytes], folder: Path, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    told = False
    while not _try_lock(file):
        if not told:
            sys.stderr.write(f"Another bootstrap is at work in {folder}; waiting for it.\n")
            told = True
        if time.monotonic() >= deadline:
            raise InstallError(
                f"Another bootstrap is at work in {folder} for over {patience_s / 60:.0f} minutes.",
                hint="End it, or name another folder with --venv.",
            )
        time.sleep(POLL_S)


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
