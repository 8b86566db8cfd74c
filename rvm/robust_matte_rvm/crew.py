"""A crew: threads that share pieces of work, each of which runs its steps alone.

Torch splits every step among its threads and waits for the last of them before the next: many short
steps are mostly waiting, the more so where other programs have one of the cores. The threads of a
crew meet once, when all pieces are done.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Barrier
from typing import TypeVar

import torch

__all__ = ["share"]

_Piece = TypeVar("_Piece")


def share(work: Callable[[Iterator[_Piece]], None], pieces: Iterable[_Piece]) -> None:
    """Do pieces of work on as many threads as torch has here; return when all are done.

    Gradients are not recorded. Which thread does which piece is left to chance.

    Args:
        work: Draws pieces until none is left and does each; called once by each thread, so that it
            can keep what it needs for more than one piece.
        pieces: Those of one call; none may need another.
    """
    count = torch.get_num_threads()
    known = list(pieces)
    drawn = iter(known)  # a list's iterator gives each piece to one thread
    if count == 1:
        work(drawn)
        return
    crew = _crew(count, os.getpid())
    for done in [crew.submit(_work_alone, work, drawn) for _ in range(min(count, len(known)))]:
        done.result()


@torch.inference_mode()
def _work_alone(work: Callable[[Iterator[_Piece]], None], drawn: Iterator[_Piece]) -> None:
    work(drawn)


@lru_cache(maxsize=1)
def _crew(size: int, process: int) -> ThreadPoolExecutor:
    """Return the threads of this process; those of its parent did not live through the fork."""
    del process
    crew = ThreadPoolExecutor(size, "crew", _stay_alone)
    begun = Barrier(size)  # else one thread could begin twice, and another later
    for each in [crew.submit(begun.wait) for _ in range(size)]:
        each.result()
    torch.set_num_threads(size)
    return crew


def _stay_alone() -> None:
    """Let this thread split no step; also tells all threads that torch has not met yet."""
    torch.set_num_threads(1)
    torch.get_num_threads()  # now it has met this one, which so keeps its number
