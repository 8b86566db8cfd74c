"""The clips of each step, drawn from the seed and the step alone.

Nothing is shuffled and no order is kept: each clip is drawn from the seed, the step, the process
and its place in the batch. So a run that was killed goes on from its last checkpoint as if nothing
had happened, however far it had come.
"""

import signal
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from robust_matte_rvm.errors import NetworkError
from robust_matte_rvm.training.clips import Clip, ClipSource
from robust_matte_rvm.training.schedule import Schedule, StepPlace

__all__ = ["StepBatches", "draw_ahead"]


class StepBatches(Dataset[Clip]):
    """The batches of one process, step by step, for torch's `DataLoader` without batches.

    Args:
        schedule: What each step is.
        sources: The data sets by name.
        seed: Of the run.
        rank: Number of the process.
        first: Steps that are done already.
    """

    def __init__(
        self,
        schedule: Schedule,
        sources: Mapping[str, ClipSource],
        *,
        seed: int,
        rank: int = 0,
        first: int = 0,
    ) -> None:
        self._schedule = schedule
        self._sources = sources
        self._seed = seed
        self._rank = rank
        self._first = first

    def __len__(self) -> int:
        return self._schedule.steps - self._first

    def __getitem__(self, index: int) -> Clip:
        """Draw the batch of a step, shapes (B, T, C, H, W), on the CPU.

        Args:
            index: Steps since `first`.
        """
        place = self._schedule.place(self._first + index)
        size = place.draw_size(self._seed)
        clips = [self._draw(place, at, size) for at in range(place.batch.batch)]
        return Clip(*(torch.stack(planes) for planes in zip(*clips, strict=True)))

    def _draw(self, place: StepPlace, at: int, size: tuple[int, int]) -> Clip:
        names = list(place.batch.data)
        shares = np.array([place.batch.data[name] for name in names])
        rng = np.random.default_rng([self._seed, place.number, place.index, self._rank, at])
        source = self._sources[names[rng.choice(len(names), p=shares / shares.sum())]]
        return source.draw(rng, place.batch.frames, size)


class _Caught(Dataset[Clip | NetworkError]):
    """Batches, and errors in their place: of those that are raised torch keeps the traceback alone.

    Args:
        batches: What is drawn.
    """

    def __init__(self, batches: StepBatches) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Clip | NetworkError:
        try:
            return self._batches[index]
        except NetworkError as error:
            return error


def draw_ahead(batches: StepBatches, workers: int, *, pins: bool) -> Iterator[Clip]:
    """Yield the batches in their order.

    Args:
        batches: What is drawn.
        workers: Processes that draw them; 0 draws each here when it is asked for.
        pins: Whether they come in memory that a card copies from.

    Raises:
        DataSetError: A clip cannot be read.
    """
    loader: DataLoader[Clip | NetworkError] = DataLoader(
        _Caught(batches),
        batch_size=None,
        num_workers=workers,
        pin_memory=pins,
        worker_init_fn=_ignore_signals,
    )
    for drawn in loader:
        if isinstance(drawn, NetworkError):
            raise drawn
        yield drawn


def _ignore_signals(number: int) -> None:  # noqa: ARG001 - as torch calls it
    """Let a worker live when all of a run's processes are told to stop: the step needs its clip.

    It ends with the process that it works for.
    """
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
