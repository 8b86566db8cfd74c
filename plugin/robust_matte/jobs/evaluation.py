"""How good a result is against its truth: a few numbers, and each frame's."""

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from robust_matte.jobs.comparison import Comparison
from robust_matte.jobs.progress import Listener
from robust_matte.media.frames import FloatImage
from robust_matte.media.sequences import frame_ranges
from robust_matte.media.windows import Size

__all__ = ["Evaluation", "MeasuredClip", "Meter", "Metric", "MetricResult", "evaluate_clip"]

_STRICT = ConfigDict(frozen=True, extra="forbid")


class Metric(Protocol):
    """What the job asks of a measure; the command hands in those of the network package."""

    @property
    def name(self) -> str:
        """As on the command line and in tables."""

    @property
    def title(self) -> str:
        """As papers print it, with its scale."""

    @property
    def is_better_high(self) -> bool:
        """Whether equal mattes have the highest value."""


class Meter(Protocol):
    """Measures frames in order."""

    def measure(
        self,
        alpha: FloatImage,
        true_alpha: FloatImage,
        foreground: FloatImage | None = None,
        true_foreground: FloatImage | None = None,
    ) -> Mapping[str, float]:
        """Return values by name, NaN where a measure does not apply; layers as `PairedFrame`."""


class MetricResult(BaseModel):
    """One measure over a clip.

    Attributes:
        name: As on the command line.
        title: With the scale of the values.
        mean: Over the frames that it applies to; null if there are none.
        worst: The value of the worst frame.
        worst_frame: That frame's number.
        frames: How many frames it applies to.
    """

    model_config = _STRICT
    name: str
    title: str
    mean: float | None
    worst: float | None
    worst_frame: int | None
    frames: int


class Evaluation(BaseModel):
    """What `robust-matte evaluate --json` prints.

    Attributes:
        schema_version: Of this document.
        prediction: The result, as a pattern or file.
        truth: The true alpha.
        truth_foreground: The true foreground, or null.
        frames: As fileseq writes them.
        count: How many.
        size: The picture.
        metrics: In the order of the help.
    """

    model_config = _STRICT
    schema_version: Literal[1] = 1
    prediction: str
    truth: str
    truth_foreground: str | None
    frames: str
    count: int
    size: Size
    metrics: tuple[MetricResult, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredClip:
    """An evaluation with each frame's values.

    Attributes:
        evaluation: The summary.
        numbers: Frame numbers.
        series: Values by the metric's name, one per frame; NaN where it does not apply.
    """

    evaluation: Evaluation
    numbers: tuple[int, ...]
    series: Mapping[str, Sequence[float]]

    def rows(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Yield each frame's number and values."""
        for at, number in enumerate(self.numbers):
            yield number, {name: values[at] for name, values in self.series.items()}


def evaluate_clip(
    comparison: Comparison, metrics: Sequence[Metric], meter: Meter, listener: Listener
) -> MeasuredClip:
    """Measure all frames; of each, eight bytes per metric are kept.

    Args:
        comparison: Result and truth.
        metrics: What `meter` measures.
        meter: New, so that the first frame has none before it.
        listener: Told of progress.

    Raises:
        FrameSizeError: A frame has another size than the first one of the result.
        InputError: A file cannot be read or lacks the layer.
    """
    series = {metric.name: array("d") for metric in metrics}
    size = Size(0, 0)
    for frame in comparison.frames(listener):
        size = frame.size
        for name, value in meter.measure(*frame.layers).items():
            series[name].append(value)
    sources = [layer.plate.source for layer in comparison.layers]
    results = tuple(_summarise(one, comparison.numbers, series[one.name]) for one in metrics)
    evaluation = Evaluation(
        prediction=sources[0],
        truth=sources[1],
        truth_foreground=sources[3] if len(sources) > 3 else None,
        frames=frame_ranges(comparison.numbers),
        count=len(comparison.numbers),
        size=size,
        metrics=results,
    )
    return MeasuredClip(evaluation, comparison.numbers, series)


def _summarise(metric: Metric, numbers: Sequence[int], values: Sequence[float]) -> MetricResult:
    """Return mean and worst value; of equally bad frames the first one is the worst."""
    known = [
        (value, -number) for number, value in zip(numbers, values, strict=True) if value == value
    ]
    if not known:
        return MetricResult(
            name=metric.name, title=metric.title, mean=None, worst=None, worst_frame=None, frames=0
        )
    worst = min(known, key=lambda one: (one[0], -one[1])) if metric.is_better_high else max(known)
    return MetricResult(
        name=metric.name,
        title=metric.title,
        mean=math.fsum(value for value, _ in known) / len(known),
        worst=worst[0],
        worst_frame=-worst[1],
        frames=len(known),
    )
