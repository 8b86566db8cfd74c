"""What happens when a worker does not answer in time, whether its host looks or not."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Deadlines"]


class Deadlines:
    """Actions that come unless they are dropped before; safe between threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._timers: dict[str, threading.Timer] = {}
        self._is_closed = False

    def set(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        """Let an action come after some seconds, on another thread; one of a name at a time."""
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        with self._lock:
            if self._is_closed or name in self._timers:
                return
            self._timers[name] = timer
            timer.start()

    def drop(self, name: str) -> None:
        """Let an action not come."""
        with self._lock:
            timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Let none come any more."""
        with self._lock:
            self._is_closed = True
            timers = list(self._timers.values())
            self._timers.clear()
        for timer in timers:
            timer.cancel()
