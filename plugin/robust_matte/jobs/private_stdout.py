"""The process's stdout for one writer alone, whatever libraries print there."""

import ctypes
import os
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self, TextIO

__all__ = ["PrivateStdout"]

_OUT, _ERR = 1, 2


class PrivateStdout:
    """Takes stdout from everybody else: what they write there goes to stderr from now on.

    That holds for compiled libraries and for child processes too, since the descriptor itself is
    led elsewhere; only `line` still writes to what stdout was. As a context it ends with that.

    Once nobody reads what stdout was, or the disk under it is full, lines are dropped in silence:
    a job does not end because nobody listens to it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._python = sys.stdout
        _flush(self._python)  # what was printed before belongs before
        self._kept = _duplicate(_OUT)
        self._stream = open(os.dup(self._kept), "wb")  # noqa: PTH123, SIM115 - until given back
        elsewhere = _duplicate(_ERR)
        os.dup2(elsewhere, _OUT)
        os.close(elsewhere)
        sys.stdout = sys.stderr

    def line(self, text: str) -> None:
        """Write one line at once; line breaks within are spaces. Any thread may call it."""
        encoded = " ".join(text.splitlines()).encode("utf-8", "backslashreplace")
        with self._lock:
            if self._stream.closed:
                return
            try:
                self._stream.write(encoded + b"\n")
                self._stream.flush()
            except OSError:
                self._close()

    def give_back(self) -> None:
        """Let everybody write to stdout again, and drop later lines; for tests and workers."""
        with self._lock:
            if self._kept < 0:
                return
            self._close()
            _flush(sys.stdout)
            os.dup2(self._kept, _OUT)
            os.close(self._kept)
            self._kept = -1
            sys.stdout = self._python

    def _close(self) -> None:
        with suppress(OSError):  # it tries once more to write what it holds, and closes either way
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.give_back()


def _flush(stream: TextIO | None) -> None:
    """Write what Python and compiled code still hold of stdout to where it leads now."""
    if stream is not None:
        stream.flush()
    with suppress(OSError, AttributeError, TypeError):  # without a C library it has none to flush
        ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None).fflush(None)


def _duplicate(descriptor: int) -> int:
    """Return a private copy of a descriptor; of a closed one, as daemons have, one to nowhere."""
    try:
        return os.dup(descriptor)
    except OSError:
        return os.open(os.devnull, os.O_RDWR)
