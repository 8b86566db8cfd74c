"""Writing behind: order, the bound, errors in place, and no thread left behind."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from robust_matte.media.writebehind import WriteBehind

pytestmark = pytest.mark.timeout(30)

PATIENCE_S = 10.0  # how long a thread may take to come round; reached only where it never does


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert [thread.name for thread in set(threading.enumerate()) - before] == []


def _fails(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("depth", [1, 2, 7])
def test_results_come_in_order_each_once(threads: int, depth: int) -> None:
    got = []
    with WriteBehind[int](threads=threads, depth=depth) as writer:
        for number in range(60):
            got += writer.submit(partial(int, number))
        got += writer.drain()
    assert got == list(range(60))


def test_result_waits_for_the_one_before_it() -> None:
    first, second = threading.Event(), threading.Event()

    def slow() -> str:
        assert first.wait(PATIENCE_S)
        return "first"

    def quick() -> str:
        second.set()
        return "second"

    with WriteBehind[str](threads=2, depth=5) as writer:
        assert writer.submit(slow) == []
        assert writer.submit(quick) == []
        assert second.wait(PATIENCE_S)
        assert writer.submit(lambda: "third") == []
        first.set()
        assert list(writer.drain()) == ["first", "second", "third"]


@pytest.mark.parametrize(("threads", "depth"), [(1, 1), (2, 3), (4, 2)])
def test_no_more_is_held_than_the_depth(threads: int, depth: int) -> None:
    lock = threading.Lock()
    running = most_running = begun = 0
    returned = 0

    def work() -> int:
        nonlocal running, most_running, begun
        with lock:
            running, begun = running + 1, begun + 1
            most_running = max(most_running, running)
        with lock:
            running -= 1
        return 1

    with WriteBehind[int](threads=threads, depth=depth) as writer:
        for given in range(1, 51):
            returned += len(writer.submit(work))
            assert given - returned <= depth
        returned += len(list(writer.drain()))
    assert returned == begun == 50
    assert most_running <= min(threads, depth)


def test_giving_waits_for_room() -> None:
    leave = threading.Event()

    def slow() -> int:
        assert leave.wait(PATIENCE_S)
        return 7

    with WriteBehind[int](threads=1, depth=1) as writer:
        assert writer.submit(slow) == []
        threading.Timer(0.05, leave.set).start()
        assert writer.submit(lambda: 8) == [7]
        assert list(writer.drain()) == [8]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_error_is_raised_where_its_result_would_have_come(error: BaseException) -> None:
    got: list[int] = []

    def give() -> None:
        with WriteBehind[int](threads=2, depth=2) as writer:
            for work in (lambda: 0, _fails(error), lambda: 2):
                got.extend(writer.submit(work))
            for result in writer.drain():
                got.append(result)

    with pytest.raises(type(error)) as caught:
        give()
    assert got == [0]
    assert caught.value is error


def test_leaving_by_an_error_ends_what_was_begun_and_drops_the_rest() -> None:
    begun, leave = threading.Event(), threading.Event()
    ended: list[str] = []

    def slow() -> None:
        begun.set()
        assert leave.wait(PATIENCE_S)
        ended.append("slow")

    def give() -> None:
        with WriteBehind[None](threads=1, depth=5) as writer:
            writer.submit(slow)
            writer.submit(partial(ended.append, "dropped"))
            assert begun.wait(PATIENCE_S)
            threading.Timer(0.05, leave.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give()
    assert ended == ["slow"]


def test_leaving_in_peace_ends_all_work() -> None:
    ended: list[int] = []
    with WriteBehind[None](threads=2, depth=9) as writer:
        for number in range(5):
            writer.submit(partial(ended.append, number))
    assert sorted(ended) == [0, 1, 2, 3, 4]
