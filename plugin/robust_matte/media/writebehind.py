"""Finishing and writing frames behind the network, on threads, with a bound on what is held."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["WriteBehind"]

_T = TypeVar("_T")


class WriteBehind(Generic[_T]):
    """Run work on threads and hand its results back in the order it was given.

    Leaving the context waits for the work that was given, also after an error elsewhere: what the
    network has made is kept. After Ctrl-C or another stop only work that was begun is finished.

    Args:
        threads: How much work runs at once.
        depth: How much may be held, running or waiting.
    """

    def __init__(self, *, threads: int, depth: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="encode")
        self._depth = depth
        self._futures: deque[Future[_T]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        is_stop = kind is not None and not issubclass(kind, Exception)
        self._pool.shutdown(cancel_futures=is_stop)

    def submit(self, work: Callable[[], _T]) -> list[_T]:
        """Give work, waiting for room; return the results that have come meanwhile."""
        ready = []
        while self._futures and (len(self._futures) >= self._depth or self._futures[0].done()):
            ready.append(self._futures.popleft().result())
        self._futures.append(self._pool.submit(work))
        return ready

    def drain(self) -> Iterator[_T]:
        """Yield the results of all work that was given."""
        while self._futures:
            yield self._futures.popleft().result()
