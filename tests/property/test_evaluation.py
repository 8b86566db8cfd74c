"""What holds of the measures for any two mattes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from robust_matte_rvm.evaluation import (
    connectivity_error,
    gradient_error,
    intersection_over_union,
    mean_absolute_difference,
    mean_squared_error,
    temporal_difference,
)

Image = NDArray[np.float32]

CODES = st.integers(0, 255).map(lambda code: np.float32(code / 255))
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def mattes(count: int) -> st.SearchStrategy[tuple[Image, ...]]:
    return SHAPES.flatmap(
        lambda shape: st.tuples(*[arrays(np.float32, shape, elements=CODES)] * count)
    )


@given(mattes(2))
def test_errors_are_symmetric_and_within_bounds(pair: tuple[Image, Image]) -> None:
    alpha, truth = pair
    for measure, limit in (
        (mean_absolute_difference, 1.0),
        (mean_squared_error, 1.0),
        (intersection_over_union, 1.0),
        (connectivity_error, float(alpha.size)),
        (gradient_error, np.inf),
    ):
        value = measure(alpha, truth)
        assert measure(truth, alpha) == pytest.approx(value, rel=1e-9)
        assert 0.0 <= value <= limit


@given(mattes(1))
def test_equal_mattes_are_perfect(single: tuple[Image]) -> None:
    (alpha,) = single
    for measure in (
        mean_absolute_difference,
        mean_squared_error,
        connectivity_error,
        gradient_error,
    ):
        assert measure(alpha, alpha) == 0.0
    assert intersection_over_union(alpha, alpha) == 1.0


@given(mattes(2), st.integers(1, 4))
def test_halving_all_halves_mad_and_quarters_mse(pair: tuple[Image, Image], power: int) -> None:
    alpha, truth = pair
    factor = np.float32(0.5**power)  # exact in float32
    mad, mse = mean_absolute_difference(alpha, truth), mean_squared_error(alpha, truth)
    assert mean_absolute_difference(alpha * factor, truth * factor) == pytest.approx(mad * factor)
    assert mean_squared_error(alpha * factor, truth * factor) == pytest.approx(mse * factor**2)
    assert mad**2 <= mse + 1e-12  # a mean of squares is never below the square of the mean
    assert mse <= mad + 1e-12


@given(mattes(4))
def test_flicker_does_not_see_what_is_added_to_both_frames(frames: tuple[Image, ...]) -> None:
    now, before, truth, true_before = frames
    still = np.zeros_like(now)
    value = temporal_difference(now, before, truth, true_before)
    assert temporal_difference(before, now, true_before, truth) == pytest.approx(value)
    # against a truth that stands still it is the root of the MSE between the frames
    assert temporal_difference(now, before, still, still) == pytest.approx(
        mean_squared_error(now, before) ** 0.5
    )
    assert value <= 2.0
