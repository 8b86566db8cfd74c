"""A crew of threads: every piece once, each thread alone, and torch as it was."""

import threading
from collections.abc import Iterator

import pytest
import torch

from robust_matte_rvm.crew import share


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_every_piece_is_done_once() -> None:
    done: list[int] = []
    share(done.extend, range(100))
    assert sorted(done) == list(range(100))


def test_its_threads_split_no_step_and_this_one_keeps_its_number(threads: int) -> None:
    met = threading.Barrier(threads)
    numbers: dict[str, int] = {}

    def work(pieces: Iterator[int]) -> None:
        list(pieces)
        met.wait(60)  # so that each thread comes here
        numbers[threading.current_thread().name] = torch.get_num_threads()

    for _ in range(2):
        share(work, range(5))
    assert list(numbers.values()) == [1] * threads
    assert torch.get_num_threads() == threads
    other: list[int] = []
    late = threading.Thread(target=lambda: other.append(torch.get_num_threads()))
    late.start()
    late.join()
    assert other == [threads]


@pytest.mark.usefixtures("threads")
def test_what_fails_is_told() -> None:
    def work(pieces: Iterator[int]) -> None:
        for piece in pieces:
            if piece == 7:
                raise ValueError("seven")

    with pytest.raises(ValueError, match="seven"):
        share(work, range(20))


@pytest.mark.usefixtures("threads")
def test_inference_goes_on_in_its_threads() -> None:
    with torch.inference_mode():
        plane = torch.zeros(8)

    def work(pieces: Iterator[int]) -> None:
        for piece in pieces:
            plane[piece] += 1  # which nobody may do to it elsewhere

    with torch.inference_mode():
        share(work, range(8))
    assert plane.tolist() == [1.0] * 8


def test_a_second_call_takes_the_same_threads(threads: int) -> None:
    def who() -> set[int]:
        met, names = threading.Barrier(threads), set[int]()

        def work(pieces: Iterator[int]) -> None:
            list(pieces)
            met.wait(60)
            names.add(threading.get_ident())

        share(work, range(threads))
        return names

    first = who()
    assert len(first) == threads
    assert who() == first


def test_no_more_threads_than_pieces_are_called() -> None:
    calls: list[int] = []
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    share(lambda pieces: calls.append(len(list(pieces))), range(2))
    torch.set_num_threads(before)
    assert (len(calls), sum(calls)) == (2, 2)
