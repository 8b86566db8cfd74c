"""The last lines that a worker wrote to stderr: what it died of."""

from __future__ import annotations

import threading
from collections import deque
from typing import IO

from .lines import Lines

__all__ = ["Tail"]

LINES = 20
BYTES = 2000  # of a line
CHUNK = 1 << 16


class Tail:
    """Reads a pipe to its end on a thread of its own, and keeps its last lines."""

    def __init__(self, pipe: IO[bytes]) -> None:
        """Take over a pipe; `thread` is to be started."""
        self._pipe = pipe
        self._lines: deque[str] = deque(maxlen=LINES)
        self.thread = threading.Thread(target=self._run, name="robust-matte-stderr", daemon=True)

    def lines(self) -> tuple[str, ...]:
        """Return the last lines, oldest first, at most 20."""
        return tuple(self._lines)

    def _run(self) -> None:
        lines = Lines(BYTES)
        with self._pipe:
            while chunk := self._pipe.read(CHUNK):
                self._keep(lines.feed(chunk))
        self._keep([lines.rest()])

    def _keep(self, lines: list[bytes]) -> None:
        texts = (line.decode("utf-8", "replace").rstrip() for line in lines)
        self._lines.extend(text for text in texts if text)
