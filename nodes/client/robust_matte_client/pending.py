"""Events that a host has not yet asked for, in bounded memory."""

from __future__ import annotations

import threading
from collections import deque

from .events import Ended, Event, Ready, Stage, is_last

__all__ = ["Pending"]

MOST = 10_000


class Pending:
    """A queue that reader threads fill and a host empties; neither waits for the other.

    A host that does not look for long loses progress, the oldest first, and never the end of a job.
    """

    def __init__(self, most: int = MOST) -> None:
        """Keep how many events are held."""
        self._most = most
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._is_closed = False

    def put(self, event: Event) -> None:
        """Add an event; a stage takes the place of the one before it. Nothing follows `Ended`."""
        with self._changed:
            if self._is_closed:
                return
            if self._is_overtaken_by(event):
                self._events.pop()
            elif len(self._events) >= self._most:
                self._drop_one()
            self._events.append(event)
            self._is_closed = isinstance(event, Ended)
            self._changed.notify_all()

    def take(self, timeout_s: float = 0.0) -> list[Event]:
        """Return all events, after at most these seconds where there are none."""
        with self._changed:
            if timeout_s > 0:
                self._changed.wait_for(lambda: self._events or self._is_closed, timeout_s)
            events = list(self._events)
            self._events.clear()
            return events

    def _is_overtaken_by(self, event: Event) -> bool:
        last = self._events[-1] if self._events else None
        return isinstance(event, Stage) and isinstance(last, Stage) and event.id == last.id

    def _drop_one(self) -> None:
        """Drop the oldest event that a host can do without; ends of jobs are as few as jobs."""
        for index, event in enumerate(self._events):
            if not is_last(event) and not isinstance(event, Ready):
                del self._events[index]
                return
