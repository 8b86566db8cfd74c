"""One worker process, and what is said to it and heard from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .events import Event

__all__ = ["Worker"]


class Worker:
    """One process of `robust-matte serve`; started once, and closed always.

    Nothing here blocks but `wait` and `close`. For another process make another `Worker`.
    """

    def __init__(
        self, command: Sequence[str], *, ready_s: float = 180.0, cancel_s: float = 30.0
    ) -> None:
        """Keep what is to be started.

        Args:
            command: What `find_worker` returned; `serve` is added.
            ready_s: Seconds within which it must say that it is ready, before it is ended.
            cancel_s: Seconds within which a cancelled job must answer, before the worker is ended.
        """
        raise NotImplementedError

    def start(self) -> None:
        """Start the process; `Ready` comes later, as an event, and jobs may be sent before it.

        Raises:
            WorkerMissing: It could not be started.
        """
        raise NotImplementedError

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        raise NotImplementedError

    def probe(self, job: Mapping[str, Any] | None = None) -> str:
        """Ask for the machine and, with a job, its plate as `info` sees it; return the job's id."""
        raise NotImplementedError

    def bake(self, job: Mapping[str, Any]) -> str:
        """Start a bake and return its id; paths of the job are absolute.

        Raises:
            WorkerGone: The worker does not run.
            MessageError: The job cannot be sent.
        """
        raise NotImplementedError

    def preview(
        self, job: Mapping[str, Any], frame: int, quick: bool = False, folder: str | None = None
    ) -> str:
        """Ask for one frame as the bake would write it, and return the job's id.

        Args:
            job: The bake's job.
            frame: The plate's frame number.
            quick: Start close to the frame: soon there, and approximate.
            folder: Where its files go; None lets the worker choose.

        Raises:
            WorkerGone: The worker does not run.
            MessageError: The job cannot be sent.
        """
        raise NotImplementedError

    def cancel(self, job_id: str) -> None:
        """Let a job stop after the frame in work; a worker that does not answer is ended."""
        raise NotImplementedError

    def quit(self) -> None:
        """Ask the worker to leave; returns at once."""
        raise NotImplementedError

    def poll(self) -> list[Event]:
        """Return what has been heard since the last call, oldest first; never blocks."""
        raise NotImplementedError

    def wait(self, timeout_s: float) -> list[Event]:
        """Return what has been heard, after at most these seconds if that is nothing."""
        raise NotImplementedError

    def stderr_tail(self) -> list[str]:
        """Return the last lines that the worker wrote to stderr, at most 20."""
        raise NotImplementedError

    def close(self, grace_s: float = 5.0) -> None:
        """End the process whatever it does: quit, after the grace terminate, then kill; reap it.

        What it had not yet said is still there for `poll`. May be called more than once.
        """
        raise NotImplementedError
