"""A clip measured frame by frame, in the scales of the literature."""

import gc
import math
import weakref

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte_rvm.evaluation import METRICS, Meter, gradient_error

Image = NDArray[np.float32]

BY_NAME = {metric.name: metric for metric in METRICS}


def dotted(value: float) -> Image:
    """10x10 zeros, but for four pixels."""
    alpha = np.zeros((10, 10), np.float32)
    alpha[4:6, 4:6] = value
    return alpha


def test_values_have_the_scales_of_the_paper() -> None:
    alpha, truth = dotted(0.5), dotted(1.0)
    colour = np.full((10, 10, 3), 0.5, np.float32)
    meter = Meter(METRICS)
    meter.measure(truth, truth, colour, colour)
    found = meter.measure(alpha, truth, colour + np.float32(0.125), colour)
    assert found == pytest.approx(
        {
            "mad": 20.0,  # 4 * 0.5 / 100, x 1000
            "mse": 10.0,  # 4 * 0.25 / 100, x 1000
            "grad": 0.0,  # the same when stretched
            "conn": 0.002,  # four pixels, connected up to 0.5, the truth 0.5 away, / 1000
            "dtssd": 10.0,  # sqrt(4 * 0.25 / 100), x 100
            "iou": 0.0,  # a half is not above a half
            "fgr_mse": 15.625,  # 0.125 squared, x 1000
        },
        abs=1e-6,
    )
    gradient = Meter([BY_NAME["grad"]]).measure(np.zeros_like(truth), truth)["grad"]
    assert gradient == pytest.approx(gradient_error(np.zeros_like(truth), truth) / 1000)


def test_what_does_not_apply_is_no_number() -> None:
    empty, colour = dotted(0.0), np.zeros((10, 10, 3), np.float32)
    found = Meter(METRICS).measure(empty, empty, colour, colour)
    assert {name for name, value in found.items() if math.isnan(value)} == {"dtssd", "fgr_mse"}
    assert math.isnan(Meter(METRICS).measure(dotted(1.0), dotted(1.0))["fgr_mse"])


def test_flicker_is_of_the_frame_just_before() -> None:
    meter, truth = Meter([BY_NAME["dtssd"]]), dotted(1.0)
    found = [meter.measure(dotted(value), truth)["dtssd"] for value in (1.0, 0.5, 0.5, 1.0)]
    assert found[1:] == pytest.approx([10.0, 0.0, 10.0], abs=1e-9)


def test_only_the_metrics_asked_for_are_measured_in_their_order() -> None:
    meter = Meter([BY_NAME["iou"], BY_NAME["mad"]])
    assert list(meter.measure(dotted(1.0), dotted(1.0))) == ["iou", "mad"]


def test_meter_holds_one_frame() -> None:
    meter, truth = Meter(METRICS), dotted(1.0)
    alive = []
    for _ in range(6):
        alpha = dotted(0.5)
        alive.append(weakref.ref(alpha))
        meter.measure(alpha, truth)
        del alpha
    gc.collect()
    assert [one() is None for one in alive] == [True] * 5 + [False]


@pytest.mark.parametrize("name", BY_NAME)
def test_equal_frames_are_perfect(name: str) -> None:
    meter, colour = Meter([BY_NAME[name]]), np.ones((10, 10, 3), np.float32)
    meter.measure(dotted(0.3), dotted(0.3), colour, colour)
    value = meter.measure(dotted(0.8), dotted(0.8), colour, colour)[name]
    assert value == (1.0 if BY_NAME[name].is_better_high else 0.0)
