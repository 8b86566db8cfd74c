"""Where messages become tasks: one job at a time, and word for it to end."""

import threading
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from robust_matte.errors import BusyError, Cancelled, Preempted, ProtocolError
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.worker.events import Event, Warned
from robust_matte.worker.failing import failed
from robust_matte.worker.messages import Cancel, JobMessage, Message, Quit
from robust_matte.worker.texts import shown

__all__ = ["JOB_GOES_ON", "Desk", "Task"]

JOB_GOES_ON = "Finished frames are kept; the same job goes on from there."

_WAKE_S = 1.0  # Windows hands signals to a thread that waits only when it wakes


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A job that was taken on.

    Attributes:
        message: What the host asked for.
        stop: Asks it to end.
    """

    message: JobMessage
    stop: StopRequest = field(default_factory=StopRequest)


class Desk(StopRequest):
    """Takes messages on the thread that reads them, and gives tasks to the one that works.

    Asked to stop, as by a signal, it asks the task at hand and gives no further one; a handler may
    do that at any moment, so it takes no lock.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._task: Task | None = None
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()  # its `put` may interrupt itself

    def take(self, message: Message) -> Event | None:
        """Do what a message asks, or put it before the other thread; returns what is said at once.

        `quit` is for `leave`, which comes with the end of all messages, too.
        """
        match message:
            case Quit():
                return None
            case Cancel():
                return self._cancel(message.id)
            case _:
                return self._begin(message)

    def leave(self) -> None:
        """End the task at hand, and then the work: the host said so, or is gone."""
        with self._lock:
            if self._task is not None:
                self._task.stop.ask(Cancelled("The host has ended the worker.", hint=JOB_GOES_ON))
        self._tasks.put(None)

    def ask(self, ending: Cancelled | Preempted | None = None) -> None:
        """End the task at hand, and then the work."""
        super().ask(ending)
        task = self._task
        if task is not None:
            task.stop.ask(ending)
        self._tasks.put(None)

    def next_task(self) -> Task | None:
        """Wait for a task; None where there will be no more."""
        while not self.is_asked:
            try:
                return self._tasks.get(timeout=_WAKE_S)
            except Empty:
                continue
        return None

    def free(self) -> None:
        """Say that the task is done, so that the next one may come."""
        with self._lock:
            self._task = None

    def _begin(self, message: JobMessage) -> Event | None:
        with self._lock:
            busy = self._task
            if busy is None:
                self._task = Task(message)
                self._tasks.put(self._task)
                return None
        if busy.message.id == message.id:  # a failure of that id would end the job that runs
            return failed(_same_id(message.id), None)
        error = BusyError(
            f"The worker is at another job, {busy.message.id}.",
            hint="Wait until it has ended, or cancel it.",
        )
        return failed(error, message.id)

    def _cancel(self, job: str) -> Event | None:
        with self._lock:
            if self._task is not None and self._task.message.id == job:
                self._task.stop.ask(Cancelled("Stopped.", hint=JOB_GOES_ON))
                return None
        return Warned(id=job, text=shown(f"There is no job {job} to cancel."))


def _same_id(job: str) -> ProtocolError:
    return ProtocolError(
        f"The job {job} runs, and another one has the same id.",
        hint="Give each job an id of its own.",
    )
