"""Reading ahead: order, the bound, errors in place, and no thread left behind however it ends."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from robust_matte.media.readahead import ReadAhead

pytestmark = pytest.mark.timeout(30)

PATIENCE_S = 10.0  # how long a thread may take to come round; reached only where it never does


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in set(threading.enumerate()) - before]
    assert left == []


class Meter:
    """Counts results that were begun, and compares with those that were taken."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.begun = self.taken = self.running = self.most_running = self.most_ahead = 0

    def tasks(self, count: int) -> Iterator[Callable[[], int]]:
        for number in range(count):
            yield partial(self.task, number)

    def task(self, number: int) -> int:
        with self.changed:
            self.begun += 1
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self.most_ahead = max(self.most_ahead, self.begun - self.taken)
            self.changed.notify_all()
        with self.changed:
            self.running -= 1
        return number

    def take(self) -> None:
        with self.changed:
            self.taken += 1

    def wait_for_begun(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.begun >= count, PATIENCE_S)


def _consume(ahead: ReadAhead[int], got: list[int]) -> None:
    """Keep what comes, up to an error."""
    with ahead as results:
        for result in results:
            got.append(result)


def _fails(error: BaseException) -> Callable[[], int]:
    def task() -> int:
        raise error

    return task


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order(threads: int) -> None:
    """Although the first task of each pair ends after the second."""
    ended = [threading.Event() for _ in range(40)]

    def task(number: int) -> int:
        if threads > 1 and number % 2 == 0:
            assert ended[number + 1].wait(PATIENCE_S)
        ended[number].set()
        return number

    with ReadAhead(iter([partial(task, n) for n in range(40)]), threads=threads, depth=6) as ahead:
        assert list(ahead) == list(range(40))


@pytest.mark.parametrize(
    ("threads", "depth", "bound"),
    [
        pytest.param(1, 1, 1, id="one"),
        pytest.param(2, 3, 3, id="more depth than threads"),
        pytest.param(4, 2, 4, id="more threads than depth"),
    ],
)
def test_reading_ahead_fills_the_bound_and_stops_there(
    threads: int, depth: int, bound: int
) -> None:
    meter = Meter()
    with ReadAhead(meter.tasks(50), threads=threads, depth=depth) as ahead:
        for number in ahead:
            meter.take()
            meter.wait_for_begun(min(50, number + 1 + bound))
    assert meter.begun == meter.taken == 50
    assert meter.most_running <= threads
    assert bound <= meter.most_ahead <= bound + 1  # the consumer's own


def test_nothing_is_read_before_the_context_is_entered() -> None:
    meter = Meter()
    ReadAhead(meter.tasks(3), threads=1, depth=2)
    assert meter.begun == 0


def test_no_tasks_give_no_results() -> None:
    with ReadAhead[int](iter([]), threads=2, depth=3) as ahead:
        assert list(ahead) == []


@pytest.mark.parametrize("error", [OSError("torn"), KeyboardInterrupt(), SystemExit(3)])
def test_error_in_a_task_is_raised_in_its_place(error: BaseException) -> None:
    tasks = iter([lambda: 0, lambda: 1, _fails(error), lambda: 3])
    got: list[int] = []
    with pytest.raises(type(error)) as caught:
        _consume(ReadAhead(tasks, threads=2, depth=4), got)
    assert got == [0, 1]
    assert caught.value is error


@pytest.mark.parametrize("error", [OSError("torn"), KeyboardInterrupt()])
def test_error_in_the_iterator_is_raised_in_its_place(error: BaseException) -> None:
    def tasks() -> Iterator[Callable[[], int]]:
        yield lambda: 0
        yield lambda: 1
        raise error

    got: list[int] = []
    with pytest.raises(type(error)) as caught:
        _consume(ReadAhead(tasks(), threads=2, depth=4), got)
    assert got == [0, 1]
    assert caught.value is error


def test_error_while_the_iterator_closes_is_raised_in_its_place() -> None:
    """Such as a movie that cannot be closed: the consumer must not wait for ever."""

    class Tasks:
        def __init__(self) -> None:
            self.left = [lambda: 0, lambda: 1]

        def __iter__(self) -> "Tasks":
            return self

        def __next__(self) -> Callable[[], int]:
            if not self.left:
                raise StopIteration
            return self.left.pop(0)

        def close(self) -> None:
            raise OSError("cannot be closed")

    got: list[int] = []
    with pytest.raises(OSError, match="cannot be closed"):
        _consume(ReadAhead(Tasks(), threads=1, depth=2), got)
    assert got == [0, 1]


class Closing:
    """A generator of endless tasks that knows whether it was closed, and by which thread."""

    def __init__(self) -> None:
        self.closed_by: str | None = None
        self.meter = Meter()

    def __call__(self) -> Iterator[Callable[[], int]]:
        number = 0
        try:
            while True:
                yield partial(self.meter.task, number)
                number += 1
        finally:
            self.closed_by = threading.current_thread().name


@pytest.mark.parametrize("taken", [0, 1, 7])
def test_consumer_may_leave_early(taken: int) -> None:
    tasks = Closing()
    with ReadAhead(tasks(), threads=2, depth=3) as ahead:
        for count, _ in enumerate(ahead if taken else (), start=1):
            if count == taken:
                break
        tasks.meter.wait_for_begun(taken + 3)
    assert tasks.closed_by == "demux"
    assert tasks.meter.running == 0


@pytest.mark.parametrize("error", [ValueError("odd"), KeyboardInterrupt()])
def test_consumer_may_fail(error: BaseException) -> None:
    tasks = Closing()

    def consume() -> None:
        with ReadAhead(tasks(), threads=2, depth=3) as ahead:
            for _ in ahead:
                raise error

    with pytest.raises(type(error)):
        consume()
    assert tasks.closed_by == "demux"
    assert tasks.meter.running == 0


def test_leaving_waits_for_the_task_that_runs_and_drops_the_others() -> None:
    begun, leave, ended = threading.Event(), threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        assert leave.wait(PATIENCE_S)
        ended.set()
        return 0

    ran = []

    def never() -> int:
        ran.append("a task that was dropped")
        return 1

    with ReadAhead(iter([slow, never, never]), threads=1, depth=3):
        assert begun.wait(PATIENCE_S)
        threading.Timer(0.05, leave.set).start()
    assert ended.is_set()
    assert ran == []


def test_generator_that_reads_ahead_stops_when_it_is_closed() -> None:
    """As a segment does whose keying is stopped."""
    tasks = Closing()

    def results() -> Iterator[int]:
        with ReadAhead(tasks(), threads=2, depth=3) as ahead:
            yield from ahead

    stream = results()
    assert [next(stream), next(stream)] == [0, 1]
    stream.close()  # type: ignore[attr-defined]
    assert tasks.closed_by == "demux"


def test_error_while_closing_early_does_not_hang() -> None:
    def tasks() -> Iterator[Callable[[], int]]:
        try:
            while True:
                yield lambda: 0
        finally:
            raise OSError("cannot be closed")

    with ReadAhead(tasks(), threads=1, depth=1) as ahead:
        assert next(iter(ahead)) == 0


def test_a_waking_that_a_signal_lost_is_made_up_for() -> None:
    """Leave the semaphore as an exception between a waiter's release and its removal does."""
    meter = Meter()
    with ReadAhead(meter.tasks(9), threads=1, depth=1) as ahead:
        waiters = ahead._slots._cond._waiters  # type: ignore[attr-defined]
        while not waiters:  # the feeder is on its way into its wait
            meter.wait_for_begun(1)
        woken = threading.Lock()
        woken.acquire()
        waiters.appendleft(woken)
    assert meter.begun == 1
