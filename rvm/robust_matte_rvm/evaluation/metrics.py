"""The measures of a matte by name, in the scales of the literature, and how a clip is measured."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from robust_matte_rvm.evaluation.connectivity import connectivity_error
from robust_matte_rvm.evaluation.differences import (
    FloatImage,
    foreground_squared_error,
    intersection_over_union,
    mean_absolute_difference,
    mean_squared_error,
    temporal_difference,
)
from robust_matte_rvm.evaluation.gradients import gradient_error

__all__ = ["METRICS", "ComparedFrame", "Meter", "Metric"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparedFrame:
    """A frame of a matte and of the truth.

    Attributes:
        alpha: The matte, (H, W) float32, [0, 1].
        true_alpha: The truth, likewise.
        foreground: The matte's straight colour, (H, W, 3) float32, display codes in [0, 1]; None
            where colour is not measured.
        true_foreground: The truth, likewise.
    """

    alpha: FloatImage
    true_alpha: FloatImage
    foreground: FloatImage | None = None
    true_foreground: FloatImage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One measure.

    Attributes:
        name: As on the command line and in tables.
        title: As papers print it, with its scale.
        layer: What is measured.
        scale: What the plain measure is multiplied by.
        is_better_high: Whether equal mattes have the highest value, not 0.
        measure: Gives the plain measure of a frame and the frame before it, or None if it is the
            first; NaN where the measure does not apply.
    """

    name: str
    title: str
    layer: Literal["alpha", "foreground"]
    scale: float
    is_better_high: bool
    measure: Callable[[ComparedFrame, ComparedFrame | None], float]


class Meter:
    """Measures a clip frame by frame, in order; holds one frame.

    Args:
        metrics: What is measured.
    """

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = tuple(metrics)
        self._before: ComparedFrame | None = None

    def measure(
        self,
        alpha: FloatImage,
        true_alpha: FloatImage,
        foreground: FloatImage | None = None,
        true_foreground: FloatImage | None = None,
    ) -> dict[str, float]:
        """Measure the next frame; arguments are those of `ComparedFrame`.

        Returns:
            Each metric's value by name, in the scale of the literature; NaN where it does not
            apply: the change of the first frame, colour where the truth is empty.
        """
        frame = ComparedFrame(
            alpha=alpha,
            true_alpha=true_alpha,
            foreground=foreground,
            true_foreground=true_foreground,
        )
        found = {one.name: one.scale * one.measure(frame, self._before) for one in self._metrics}
        self._before = frame
        return found


def _flicker(frame: ComparedFrame, before: ComparedFrame | None) -> float:
    if before is None:
        return math.nan
    return temporal_difference(frame.alpha, before.alpha, frame.true_alpha, before.true_alpha)


def _colour(frame: ComparedFrame, before: ComparedFrame | None) -> float:  # noqa: ARG001 - as all
    if frame.foreground is None or frame.true_foreground is None:
        return math.nan
    return foreground_squared_error(frame.foreground, frame.true_foreground, frame.true_alpha)


def _of_alpha(
    name: str,
    title: str,
    scale: float,
    function: Callable[[FloatImage, FloatImage], float],
    *,
    is_better_high: bool = False,
) -> Metric:
    """Make the metric of a function of alpha and true alpha."""
    return Metric(
        name=name,
        title=title,
        layer="alpha",
        scale=scale,
        is_better_high=is_better_high,
        measure=lambda frame, _: function(frame.alpha, frame.true_alpha),
    )


# Scales of arXiv 2108.11515 (5.1, and its evaluator): values can be held against its tables.
METRICS = (
    _of_alpha("mad", "MAD x 1000", 1e3, mean_absolute_difference),
    _of_alpha("mse", "MSE x 1000", 1e3, mean_squared_error),
    _of_alpha("grad", "Grad / 1000", 1e-3, gradient_error),
    _of_alpha("conn", "Conn / 1000", 1e-3, connectivity_error),
    Metric(
        name="dtssd",
        title="dtSSD x 100",
        layer="alpha",
        scale=1e2,
        is_better_high=False,
        measure=_flicker,
    ),
    _of_alpha("iou", "IoU at 0.5", 1.0, intersection_over_union, is_better_high=True),
    Metric(
        name="fgr_mse",
        title="Fgr MSE x 1000",
        layer="foreground",
        scale=1e3,
        is_better_high=False,
        measure=_colour,
    ),
)
