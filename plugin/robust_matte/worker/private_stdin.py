"""Stdin of the worker alone: no child reads what a host says, and its reader can be woken."""

import os
import select
import sys

__all__ = ["PrivateStdin"]

_STDIN = 0


class PrivateStdin:
    """Takes stdin from everybody else, as a child would read what is said to the worker.

    A thread that still reads when Python ends keeps modules alive, and compiled ones complain of
    that for lines on end. On Windows, where nothing wakes a pipe's reader, such a thread is left.
    """

    def __init__(self) -> None:
        self._stdin = _take()
        self._woken, self._wake = os.pipe()

    def read(self, count: int) -> bytes:
        """Wait for what is said, and return up to so many bytes; none at the end.

        Raises:
            OSError: What the host speaks through is broken.
        """
        if sys.platform != "win32":
            ready, _, _ = select.select([self._stdin, self._woken], [], [])
            if self._woken in ready:
                return b""
        return os.read(self._stdin, count)

    def hang_up(self) -> None:
        """Let the thread that reads hear the end, whatever the host does."""
        os.write(self._wake, b"\n")


def _take() -> int:
    """Put nothing in the place of stdin, and return what it was."""
    try:
        stdin = os.dup(_STDIN)
    except OSError:  # it is closed: there is nobody who could say anything
        return os.open(os.devnull, os.O_RDONLY)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, _STDIN)
    os.close(nowhere)
    return stdin
