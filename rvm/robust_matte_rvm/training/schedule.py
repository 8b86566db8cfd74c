"""Which step of a run is what: stages, passes and sizes as data, and the learning rates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robust_matte_rvm.training.config import Part, PassConfig, StageConfig

__all__ = ["Schedule", "StepPlace", "learning_rate"]

_SIZES = 1  # keeps the draws of sizes apart from those of clips


@dataclass(frozen=True, slots=True)
class StepPlace:
    """Where in a run a step is.

    Attributes:
        step: Steps of the run before it.
        number: Stages before its own.
        index: Steps of its stage before it.
        turn: Steps of its stage before it that had the same pass.
        stage: Its stage.
        batch: Its pass.
    """

    step: int
    number: int
    index: int
    turn: int
    stage: StageConfig
    batch: PassConfig

    @property
    def is_last(self) -> bool:
        """Whether the stage ends with it."""
        return self.index + 1 == self.stage.steps

    def draw_size(self, seed: int) -> tuple[int, int]:
        """Return height and width of its clips, the same ones in every process."""
        if self.batch.smallest is None:
            return self.batch.size if self.turn % 2 == 0 else self.batch.size[::-1]
        sequence = np.random.SeedSequence([seed, self.number, self.index], spawn_key=(_SIZES,))
        rng = np.random.default_rng(sequence)
        low, high = self.batch.smallest, self.batch.size
        height, width = rng.integers(low, high, endpoint=True)
        return int(height), int(width)

    def view(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """Return what the network works at for clips of a size; None for the size itself."""
        wanted = self.batch.view
        if wanted is None:
            return None
        ratio = wanted if wanted <= 1 else wanted / max(size)
        return round(size[0] * ratio), round(size[1] * ratio)


class Schedule:
    """The stages of a run, one after the other.

    Args:
        stages: At least one, their orders naming passes that they have.
    """

    def __init__(self, stages: Sequence[StageConfig]) -> None:
        self._stages = tuple(stages)
        self.steps = sum(stage.steps for stage in stages)

    def place(self, step: int) -> StepPlace:
        """Return where a step is.

        Args:
            step: Steps before it, less than all.
        """
        index = step
        for number, stage in enumerate(self._stages):
            if index < stage.steps:
                return _place(step, number, index, stage)
            index -= stage.steps
        raise IndexError(step)

    def begun(self, step: int) -> int:
        """Return how many stages have had a step when so many steps are done."""
        if step == 0:
            return 0
        return self.place(step - 1).number + 1

    def cost(self, first: int, last: int) -> float:
        """Return the pixels of the steps from `first` up to `last`: about what they take."""
        total, before = 0.0, 0
        for stage in self._stages:
            steps = min(last, before + stage.steps) - max(first, before)
            total += max(0, steps) * _pixels(stage)
            before += stage.steps
        return total


def learning_rate(stage: StageConfig, index: int, part: Part | None = None) -> float:
    """Return the learning rate of a step: a linear rise, then half a cosine down.

    Args:
        stage: The stage.
        index: Steps of it before this one.
        part: A part of the network, which may have a rate of its own.
    """
    rate = _shared_rate(stage, index)
    if part not in stage.rates:
        return rate
    own = stage.rates[part]
    return own * (rate / stage.rate) if stage.rate else own


def _shared_rate(stage: StageConfig, index: int) -> float:
    warm = max(1, round(stage.steps * stage.warm_up))
    if index < warm:
        return stage.rate * (index + 1) / warm
    done = (index - warm) / max(1, stage.steps - warm)
    return stage.last_rate + (stage.rate - stage.last_rate) * (1 + math.cos(math.pi * done)) / 2


def _place(step: int, number: int, index: int, stage: StageConfig) -> StepPlace:
    rounds, at = divmod(index, len(stage.order))
    name = stage.order[at]
    turn = rounds * stage.order.count(name) + stage.order[:at].count(name)
    return StepPlace(step, number, index, turn, stage, stage.find_pass(name))


def _pixels(stage: StageConfig) -> float:
    """Return the pixels of a step, the mean of the stage's passes."""
    passes = [stage.find_pass(name) for name in stage.order]
    pixels = sum(one.batch * one.frames * one.size[0] * one.size[1] for one in passes)
    return float(pixels) / len(passes)
