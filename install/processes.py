"""Programs that are started: behind one small interface, so that tests start none."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["Answer", "Runner", "SystemRunner", "child_environment", "quote_command"]

# A studio's shell often points these at another program's Python; here they only do harm.
FOREIGN = frozenset({"PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program returned: exit code, and everything it wrote."""

    code: int
    text: str


class Runner(Protocol):
    """Starts programs and waits for them."""

    def run(self, command: Sequence[str], *, cwd: Path) -> int:
        """Run in a folder with the output as ours; return the exit code."""

    def record(self, command: Sequence[str], log: Path) -> Answer:
        """Run and keep the output, also at the end of a log; a terminal shows its latest line."""

    def capture(self, command: Sequence[str], *, timeout_s: float | None = None) -> Answer:
        """Run and keep the output; what cannot be started answers 127, what takes too long 124."""

    def hand_over(self, command: Sequence[str]) -> int:
        """Become the program: its output, its signals and its exit code are ours from here on."""


class SystemRunner:
    """The real thing."""

    def run(self, command: Sequence[str], *, cwd: Path) -> int:
        """Run in a folder with the output as ours; return the exit code."""
        _flush()
        environment = child_environment(os.environ)
        return subprocess.run(command, cwd=cwd, env=environment, check=False).returncode

    def record(self, command: Sequence[str], log: Path) -> Answer:
        """Run and keep the output, also at the end of a log; a terminal shows its latest line."""
        lines: list[str] = []
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(log.open("a", encoding="utf-8"))
            file.write(f"\n$ {quote_command(command)}\n")
            program = stack.enter_context(_start(command))
            stack.callback(_show_line, "")
            for line in program.stdout or ():
                lines.append(line)
                file.write(line)
                _show_line(line.strip())
        return Answer(program.returncode, "".join(lines))

    def capture(self, command: Sequence[str], *, timeout_s: float | None = None) -> Answer:
        """Run and keep the output; what cannot be started answers 127, what takes too long 124."""
        try:
            with _start(command) as program:
                try:
                    text, _ = program.communicate(timeout=timeout_s)
                except subprocess.TimeoutExpired:
                    program.kill()
                    return Answer(124, f"no answer for {timeout_s:g} s")
        except OSError as error:
            return Answer(127, str(error))
        return Answer(program.returncode, text)

    def hand_over(self, command: Sequence[str]) -> int:
        """Become the program: its output, its signals and its exit code are ours from here on.

        A farm sends SIGTERM to the process it started. Replacing that process (where the system
        can) lets the signal arrive at the engine, which finishes its frame.
        """
        _flush()
        environment = child_environment(os.environ)
        if os.name != "nt":
            os.execve(command[0], list(command), environment)  # noqa: S606 - no shell is wanted
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine gets it too, and answers
        return subprocess.run(command, env=environment, check=False).returncode


def _start(command: Sequence[str]) -> "subprocess.Popen[str]":
    """Start a program whose output, all of it, comes to us."""
    return subprocess.Popen(
        command,
        env=child_environment(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _show_line(text: str) -> None:
    """Show a line in place of the one before, so that a long download is seen to live."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r{text[:width]:<{width}}\r")
        sys.stderr.flush()


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables for pip and for the engine.

    Example:
        >>> child_environment({"PYTHONPATH": "/opt/nuke", "HOME": "/root"})["HOME"]
        '/root'
    """
    kept = {name: value for name, value in environment.items() if name not in FOREIGN}
    return kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def quote_command(command: Sequence[str]) -> str:
    """Return a command as it can be pasted into this system's shell."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)
