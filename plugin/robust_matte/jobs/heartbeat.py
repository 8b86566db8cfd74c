"""Saying that a job is alive while it has nothing to tell."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

__all__ = ["BEAT_S", "Heartbeat"]

BEAT_S = 50.0  # farms take a log without a new line in a minute for a dead task
_LOOK_EVERY_S = 1.0


class Heartbeat:
    """Calls a function, on a thread of its own, once nothing was told for a while.

    Args:
        beat: Called with the seconds since something happened; where
            it finds that nobody listens any more (OSError), that is the last time.
        every_s: Seconds of silence before each call.
        clock: Seconds that never go back, whatever becomes of the wall clock.
    """

    def __init__(
        self,
        beat: Callable[[float], None],
        *,
        every_s: float = BEAT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._beat = beat
        self._every_s = every_s
        self._clock = clock
        self._happened = self._told = clock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def happened(self) -> None:
        """Note that something happened."""
        self._happened = self._clock()

    def told(self) -> None:
        """Note that a line was written."""
        self._told = self._clock()

    def look(self) -> None:
        """Call the function if it is time to."""
        now = self._clock()
        if now - self._told >= self._every_s:
            self._told = now
            self._beat(now - self._happened)

    def _run(self) -> None:
        with suppress(OSError):
            while not self._ended.wait(min(_LOOK_EVERY_S, self._every_s)):
                self.look()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
