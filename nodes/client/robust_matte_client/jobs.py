"""Which jobs a worker owes an answer."""

from __future__ import annotations

import dataclasses
import itertools
import threading

from .events import Cancelled, Event, Failed, how_it_ended, is_last

__all__ = ["OpenJobs"]

PREEMPTED = 75  # exit code of a worker that was told to leave and whose job can go on
GO_ON = "Start it again: written frames are whole, and a bake goes on where it stopped."


class OpenJobs:
    """Jobs without their last event; safe between threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._count = itertools.count(1)
        self._lock = threading.Lock()
        self._open: dict[str, bool] = {}  # id: whether it was cancelled
        self._is_closed = False

    def new_id(self, do: str) -> str:
        """Return an id that was not given before, such as `bake-1`."""
        return f"{do}-{next(self._count)}"

    def add(self, job_id: str) -> bool:
        """Keep a job that is about to be sent; return False where nobody would answer it."""
        with self._lock:
            if not self._is_closed:
                self._open[job_id] = False
            return not self._is_closed

    def mark_cancelled(self, job_id: str) -> bool:
        """Note that a job was cancelled; return whether it is open and was not cancelled before."""
        with self._lock:
            is_new = self._open.get(job_id) is False
            if is_new:
                self._open[job_id] = True
            return is_new

    def is_open(self, job_id: str) -> bool:
        """Return whether a job still lacks its last event."""
        with self._lock:
            return job_id in self._open

    def heed(self, event: Event) -> str | None:
        """Close the job that an event ends, and return its id."""
        job_id = getattr(event, "id", None)
        if job_id is None or not is_last(event):
            return None
        with self._lock:
            return None if self._open.pop(job_id, None) is None else job_id

    def last_events(
        self, code: int | None, tail: tuple[str, ...], asked: bool, reason: Failed | None
    ) -> list[Event]:
        """Return the last events that a worker which is gone still owed; no job comes after.

        Args:
            code: Its exit code.
            tail: The last lines of its stderr.
            asked: Whether it was to leave.
            reason: Why it was ended before its time, if it was.
        """
        with self._lock:
            self._is_closed = True
            left, self._open = self._open, {}
        why = reason or _why(code)
        return [
            _cancelled(job_id, asked)
            if asked or was_cancelled
            else dataclasses.replace(why, id=job_id, tail=tail)
            for job_id, was_cancelled in left.items()
        ]


def _cancelled(job_id: str, asked: bool) -> Cancelled:
    what = "The worker left with its host" if asked else "The worker did not stop and was ended"
    return Cancelled(
        id=job_id,
        resumable=job_id.startswith("bake"),
        what=f"{what}, in the middle of the job.",
        hint=GO_ON,
    )


def _why(code: int | None) -> Failed:
    if code == PREEMPTED:
        what = "The worker was told by the system to leave."
        return Failed(id=None, code="preempted", what=what, hint=GO_ON)
    what = f"The worker ended in the middle of the job, {how_it_ended(code)}."
    return Failed(id=None, code="internal", what=what, hint=GO_ON)
