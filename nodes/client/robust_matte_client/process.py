"""The worker as a process of the system: in a group of its own, ended whole, reaped always."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from .environment import scrubbed
from .errors import WorkerMissing

__all__ = ["Process"]


class Process:
    """A program with three pipes; what it starts itself ends with it.

    Attributes:
        stdin: Unbuffered; whoever writes may block.
        stdout: Unbuffered; a read returns what is there.
        stderr: Likewise.
    """

    def __init__(self, command: Sequence[str]) -> None:
        """Start it, with a scrubbed environment and in the root folder, which nobody can plant in.

        Raises:
            WorkerMissing: It could not be started.
        """
        try:
            self._popen = _popen(command)
        except (OSError, ValueError) as error:  # ValueError: a zero byte in the command
            why = getattr(error, "strerror", None) or error
            raise WorkerMissing(
                f"The worker {command[0]} could not be started: {why}.",
                "Look at its path, or install the engine again: `python3 install/bootstrap.py`.",
            ) from error
        self.pid = self._popen.pid
        self.stdin = _pipe(self._popen.stdin)
        self.stdout = _pipe(self._popen.stdout)
        self.stderr = _pipe(self._popen.stderr)
        self._lock = threading.Lock()  # no signal goes to a number that the system gave away
        self._is_reaped = False

    def wait(self) -> int | None:
        """Wait for its end, end what it left behind, reap it; return its exit code.

        Returns:
            The code, negative for a signal; None where the host reaped it.
        """
        is_ours = _wait_unreaped(self._popen)
        with self._lock:
            _end_group(self.pid, by_force=True)
            code = self._popen.wait()
            self._is_reaped = True
        return code if is_ours else None

    def terminate(self) -> None:
        """Ask the process and all that it started to end; it finishes the frame, if it can."""
        self._end(by_force=False)

    def kill(self) -> None:
        """End the process and all that it started."""
        self._end(by_force=True)

    def _end(self, by_force: bool) -> None:
        with self._lock:
            if not self._is_reaped:
                _end_group(self.pid, by_force)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("a pipe was asked for")
    return pipe


def _popen(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a program; its pipes are closed in whatever else the host starts, as Python opens them.

    A group of its own keeps a terminal's Ctrl-C from it, and lets it be ended with its children.
    """
    return subprocess.Popen(  # noqa: S603 - what the artist or the installer named
        command,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(sys.prefix).anchor or os.sep,
        env=scrubbed(os.environ),
        start_new_session=True,
        creationflags=_FLAGS,
    )


if sys.platform == "win32":
    _FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW

    def _wait_unreaped(popen: subprocess.Popen[bytes]) -> bool:
        """Wait for the end; the handle keeps the number."""
        popen.wait()
        return True

    def _end_group(pid: int, by_force: bool) -> None:
        """End the tree; there is no asking here that a program without a window would hear."""
        del by_force
        taskkill = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "taskkill.exe"
        quiet = subprocess.DEVNULL
        subprocess.run(  # noqa: S603 - the system's own
            [str(taskkill), "/PID", str(pid), "/T", "/F"],
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            check=False,
            creationflags=subprocess.CREATE_NO_WINDOW,
        )

else:
    _FLAGS = 0

    def _wait_unreaped(popen: subprocess.Popen[bytes]) -> bool:
        """Wait for the end, if it can be without reaping, so that the group's number stays its own.

        Returns:
            Whether the end was seen; some hosts reap whatever ends.
        """
        try:
            if hasattr(os, "waitid"):
                os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
            else:  # on macOS before Python 3.13
                _, status = os.waitpid(popen.pid, 0)
                popen.returncode = os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            return False
        return True

    def _end_group(pid: int, by_force: bool) -> None:
        """Send the signal to every process of the group; gone is well."""
        try:
            os.killpg(pid, signal.SIGKILL if by_force else signal.SIGTERM)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of a zombie
            return
