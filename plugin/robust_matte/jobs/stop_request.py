"""Asking a job to stop: what a signal, a farm or a host's panel has to say to a running one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from robust_matte.errors import Cancelled, Preempted

__all__ = ["GOES_ON", "StopRequest"]

GOES_ON = "Finished frames are kept; the same command goes on from there."


class StopRequest:
    """Asks a job to stop after the frame that it is at; from any thread, or a signal's handler.

    The job looks at it between frames, and only while it keys: it then finishes what it has begun,
    keeps the state, and ends with the error it was given. Before and after that nobody looks, and
    who wants an end at once has to make one, as `cli/stopping` does.
    """

    def __init__(self) -> None:
        self._ending: Cancelled | Preempted | None = None
        self._heeding = threading.Event()

    def ask(self, ending: Cancelled | Preempted | None = None) -> None:
        """Ask the job to stop; it may have ended before it looks.

        Args:
            ending: What it ends with; the first one counts.
        """
        self._ending = self._ending or ending or Cancelled("Stopped.", hint=GOES_ON)

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked."""
        return self._ending is not None

    def heed(self) -> None:
        """End the work if somebody asked.

        Raises:
            Cancelled: A person asked.
            Preempted: A farm asked.
        """
        if self._ending is not None:
            raise self._ending

    @property
    def is_heeded(self) -> bool:
        """Whether the job is at work that it ends by itself where it is asked to."""
        return self._heeding.is_set()

    @contextmanager
    def heeding(self) -> Iterator[None]:
        """Promise to look between frames while the context lasts."""
        self._heeding.set()
        try:
            yield
        finally:
            self._heeding.clear()
