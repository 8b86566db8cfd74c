"""One worker process, and what is said to it and heard from it."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from .deadlines import Deadlines
from .errors import WorkerGone
from .events import Ended, Event, Failed, Ready
from .jobs import OpenJobs
from .listener import Listener
from .messages import (
    bake_message,
    cancel_message,
    preview_message,
    probe_message,
    quit_message,
)
from .pending import Pending
from .process import Process
from .tail import Tail
from .writer import Writer

__all__ = ["Worker"]

TERMINATE_S = 5.0  # from asking a process to end to killing it
DRAIN_S = 2.0  # for what a dead worker still had in its pipes
READY, KILL = "ready", "kill"  # deadlines; that of a cancelled job has its id


class Worker:
    """One process of `robust-matte serve`; started once, and closed always.

    Nothing here blocks but `wait` and `close`. For another process make another `Worker`. Every job
    gets exactly one of `Done`, `Cancelled` and `Failed`, also where the process dies; `Ended` is
    the very last event.
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
        self._command = (*command, "serve")
        self._ready_s = ready_s
        self._cancel_s = cancel_s
        self._jobs = OpenJobs()
        self._pending = Pending()
        self._deadlines = Deadlines()
        self._process: Process | None = None
        self._writer: Writer | None = None
        self._listener: Listener | None = None
        self._tail: Tail | None = None
        self._owner = os.getpid()
        self._was_asked = False
        self._reason: Failed | None = None  # why the process was ended before its time
        self._gone = threading.Event()

    def __enter__(self) -> Worker:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def start(self) -> None:
        """Start the process; `Ready` comes later, as an event, and jobs may be sent before it.

        Raises:
            WorkerMissing: It could not be started.
            WorkerGone: It was started before.
        """
        if self._process is not None:
            raise WorkerGone("This worker was started before.", "Make another one.")
        process = self._process = Process(self._command)
        atexit.register(self.close)
        self._writer = Writer(process.stdin)
        self._listener = Listener(process.stdout, self._hear, self._give_up)
        self._tail = Tail(process.stderr)
        reaper = threading.Thread(target=self._reap, name="robust-matte-end", daemon=True)
        for thread in (self._writer, self._listener, self._tail):
            thread.thread.start()
        reaper.start()
        self._deadlines.set(READY, self._ready_s, self._give_up_on_ready)

    @property
    def is_running(self) -> bool:
        """Whether the process is there; False once `Ended` is on its way."""
        return self._process is not None and not self._gone.is_set()

    @property
    def pid(self) -> int | None:
        """The number of the process, for logs; None before it is started."""
        return None if self._process is None else self._process.pid

    def probe(self, job: Mapping[str, Any] | None = None) -> str:
        """Ask for the machine and, with a job, its plate as `info` sees it; return the job's id.

        Raises:
            WorkerGone: The worker does not run.
            MessageError: The job cannot be sent.
        """
        job_id = self._jobs.new_id("probe")
        return self._send(job_id, probe_message(job_id, job))

    def bake(self, job: Mapping[str, Any]) -> str:
        """Start a bake and return its id; paths of the job are absolute.

        Raises:
            WorkerGone: The worker does not run.
            MessageError: The job cannot be sent.
        """
        job_id = self._jobs.new_id("bake")
        return self._send(job_id, bake_message(job_id, job))

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
        job_id = self._jobs.new_id("preview")
        return self._send(job_id, preview_message(job_id, job, frame, quick, folder))

    def cancel(self, job_id: str) -> None:
        """Let a job stop after the frame in work; a worker that does not answer is ended.

        A job that is finished already is left alone.
        """
        if self._writer is not None and self._jobs.mark_cancelled(job_id):
            self._writer.send(cancel_message(job_id))
            self._deadlines.set(job_id, self._cancel_s, self._end_soon)
            if not self._jobs.is_open(job_id):  # it ended meanwhile; the worker takes others
                self._deadlines.drop(job_id)

    def quit(self) -> None:
        """Ask the worker to leave, with the job in work cancelled; returns at once."""
        if self._writer is not None and not self._was_asked:
            self._was_asked = True
            self._writer.send(quit_message())
            self._writer.finish()

    def poll(self) -> list[Event]:
        """Return what has been heard since the last call, oldest first; never blocks."""
        return self._pending.take()

    def wait(self, timeout_s: float) -> list[Event]:
        """Return what has been heard, after at most these seconds if that is nothing."""
        return self._pending.take(timeout_s) if self._process is not None else []

    def stderr_tail(self) -> list[str]:
        """Return the last lines that the worker wrote to stderr, at most 20."""
        return [] if self._tail is None else list(self._tail.lines())

    def close(self, grace_s: float = 5.0) -> None:
        """End the process whatever it does: quit, after the grace terminate, then kill; reap it.

        What it had not yet said is still there for `poll`. May be called more than once, and is
        called where Python ends.
        """
        if self._process is None or os.getpid() != self._owner:  # a forked copy owns nothing
            return
        self.quit()
        if not self._gone.wait(grace_s):
            self._process.terminate()
            if not self._gone.wait(TERMINATE_S):
                self._process.kill()
                self._gone.wait(TERMINATE_S)

    # --- on the threads

    def _send(self, job_id: str, line: bytes) -> str:
        if self._writer is None:
            raise WorkerGone("The worker was not started.", "Start it before it gets jobs.")
        if self._was_asked or not self._jobs.add(job_id):
            raise WorkerGone("The worker has ended.", "Start another one.")
        self._writer.send(line)
        return job_id

    def _hear(self, event: Event) -> None:
        """Take an event from the listener."""
        if isinstance(event, Ready):
            self._deadlines.drop(READY)
        ended = self._jobs.heed(event)
        if ended is not None:
            self._deadlines.drop(ended)
        self._pending.put(event)

    def _give_up_on_ready(self) -> None:
        self._give_up(
            Failed(
                id=None,
                code="host",
                what=f"The worker did not say within {self._ready_s:g} s that it is ready.",
                hint="Run `robust-matte doctor` in a terminal, which shows what keeps it.",
                tail=tuple(self.stderr_tail()),
            )
        )

    def _give_up(self, reason: Failed) -> None:
        """End a process that is no worker; its jobs fail for the same reason."""
        if self._reason is None:
            self._reason = reason
            self._pending.put(reason)
            self._end_soon()

    def _end_soon(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._deadlines.set(KILL, TERMINATE_S, self._process.kill)

    def _reap(self) -> None:
        """Wait for the end of the process, let the pipes run dry, and tell it all."""
        if self._process is None or self._writer is None:
            return
        code = self._process.wait()
        self._deadlines.close()
        self._writer.finish()
        for other in (self._listener, self._tail, self._writer):
            if other is not None:
                other.thread.join(DRAIN_S)
        tail = tuple(self.stderr_tail())
        for event in self._jobs.last_events(code, tail, self._was_asked, self._reason):
            self._pending.put(event)
        self._pending.put(Ended(code, tail, self._was_asked))
        atexit.unregister(self.close)
        self._gone.set()
