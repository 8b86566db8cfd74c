"""How good a matte is against the truth; needs the extra `train`, and no run-time module needs it.

    from robust_matte_rvm.evaluation import METRICS, Meter

    meter = Meter(METRICS)
    for alpha, true_alpha in clip:
        values = meter.measure(alpha, true_alpha)

`robust_matte_rvm.evaluation.plots` draws such values over time.
"""

from robust_matte_rvm.evaluation.connectivity import connectivity_error
from robust_matte_rvm.evaluation.differences import (
    foreground_squared_error,
    intersection_over_union,
    mean_absolute_difference,
    mean_squared_error,
    temporal_difference,
)
from robust_matte_rvm.evaluation.gradients import gradient_error
from robust_matte_rvm.evaluation.metrics import METRICS, ComparedFrame, Meter, Metric

__all__ = [
    "METRICS",
    "ComparedFrame",
    "Meter",
    "Metric",
    "connectivity_error",
    "foreground_squared_error",
    "gradient_error",
    "intersection_over_union",
    "mean_absolute_difference",
    "mean_squared_error",
    "temporal_difference",
]
