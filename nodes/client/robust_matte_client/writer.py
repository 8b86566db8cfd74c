"""What a worker is told, written on a thread of its own: a pipe that is full blocks nobody else."""

from __future__ import annotations

import os
import queue
import signal
import threading
import weakref
from typing import IO

__all__ = ["Writer"]

_all: weakref.WeakSet[Writer] = weakref.WeakSet()
_fork_hook: list[bool] = []  # holds something once the hook is there; it cannot be taken away


class Writer:
    """Writes lines in order, and closes the pipe after the last one."""

    def __init__(self, pipe: IO[bytes]) -> None:
        """Take over a pipe; nothing else may write to it or close it."""
        self._pipe = pipe
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="robust-matte-stdin", daemon=True)
        _all.add(self)
        if not _fork_hook and hasattr(os, "register_at_fork"):
            _fork_hook.append(True)
            os.register_at_fork(after_in_child=_close_copies)

    def send(self, line: bytes) -> None:
        """Add a line; returns at once."""
        self._lines.put(line)

    def finish(self) -> None:
        """Close the pipe once all lines are written; the worker ends by that."""
        self._lines.put(None)

    def close_copy(self) -> None:
        """Close a forked process's copy of the pipe, which would keep the worker alive."""
        self._pipe.close()

    def _run(self) -> None:
        if hasattr(signal, "pthread_sigmask"):  # not every host's Python ignores it, and it kills
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
        try:
            while (line := self._lines.get()) is not None:
                rest = memoryview(line)
                while rest:
                    rest = rest[self._pipe.write(rest) :]
        except OSError:  # the worker is gone; who waits for it tells
            return
        finally:
            self._pipe.close()


def _close_copies() -> None:
    for writer in list(_all):
        writer.close_copy()
