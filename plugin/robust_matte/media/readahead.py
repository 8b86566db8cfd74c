"""Decoding ahead of the network, on threads, with a bound on what is held.

A plate gives its frames as tasks: advancing the iterator does what must be serial (a movie's
demuxing), calling a task does the rest on any thread.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["ReadAhead"]

_T = TypeVar("_T")

_WAKE_AGAIN_S = 0.1


class ReadAhead(Generic[_T]):
    """Run tasks on threads and hand their results out in order.

    At most `depth` results, finished or in the making, exist at a time beside the one that the
    consumer has. An error in a task, or in the iterator itself, is raised where its result would
    have come. Leaving the context stops the feeding and waits for the threads.

    Args:
        tasks: The tasks in order; advanced on one thread of its own.
        threads: How many tasks run at once.
        depth: How many results may be held; at least `threads`.
    """

    def __init__(self, tasks: Iterator[Callable[[], _T]], *, threads: int, depth: int) -> None:
        self._tasks = tasks
        self._slots = threading.Semaphore(max(depth, threads))
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        self._futures: queue.SimpleQueue[Future[_T] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._feeder = threading.Thread(target=self._feed, name="demux", daemon=True)

    def __enter__(self) -> Self:
        self._feeder.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        while self._feeder.is_alive():  # a signal that interrupts a release may lose its waking
            self._slots.release()
            self._feeder.join(_WAKE_AGAIN_S)
        self._pool.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[_T]:
        while (future := self._futures.get()) is not None:
            result = future.result()
            self._slots.release()
            yield result

    def _feed(self) -> None:
        """Advance the tasks while there is room; the last entry is None."""
        try:
            try:
                while self._next():
                    pass
            finally:
                close = getattr(self._tasks, "close", None)
                if close is not None:
                    close()
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, whatever it is
            failed: Future[_T] = Future()
            failed.set_exception(error)
            self._futures.put(failed)
        finally:
            self._futures.put(None)

    def _next(self) -> bool:
        self._slots.acquire()
        if self._stopping.is_set():
            return False
        task = next(self._tasks, None)
        if task is None:
            return False
        self._futures.put(self._pool.submit(task))
        return True
