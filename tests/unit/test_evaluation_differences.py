"""Errors counted pixel by pixel, against pictures of 5x5 that were worked by hand."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte_rvm.evaluation import (
    foreground_squared_error,
    intersection_over_union,
    mean_absolute_difference,
    mean_squared_error,
    temporal_difference,
)

Image = NDArray[np.float32]


def square(left: int = 1) -> Image:
    """3x3 ones in 5x5 zeros."""
    alpha = np.zeros((5, 5), np.float32)
    alpha[1:4, left : left + 3] = 1.0
    return alpha


def changed(alpha: Image, values: dict[tuple[int, int], float]) -> Image:
    other = alpha.copy()
    for place, value in values.items():
        other[place] = value
    return other


@pytest.mark.parametrize(
    ("alpha", "mad", "mse", "iou"),
    [
        pytest.param(square(), 0.0, 0.0, 1.0, id="equal"),
        # one of nine at a half, one outside at a fifth: 0.7 / 25, 0.29 / 25; 0.5 is not above 0.5
        pytest.param(
            changed(square(), {(1, 1): 0.5, (0, 4): 0.2}), 0.028, 0.0116, 8 / 9, id="two pixels"
        ),
        # three pixels lost on the left, three too many on the right; 6 shared of 12
        pytest.param(square(2), 0.24, 0.24, 0.5, id="shift"),
        pytest.param(changed(square(), {(2, 2): 0.0}), 0.04, 0.04, 8 / 9, id="hole"),
        pytest.param(1 - square(), 1.0, 1.0, 0.0, id="inverse"),
        pytest.param(square() * 0.6, 0.144, 0.0576, 1.0, id="faint"),
    ],
)
def test_a_picture_worked_by_hand(alpha: Image, mad: float, mse: float, iou: float) -> None:
    assert mean_absolute_difference(alpha, square()) == pytest.approx(mad, abs=1e-7)
    assert mean_squared_error(alpha, square()) == pytest.approx(mse, abs=1e-7)
    assert intersection_over_union(alpha, square()) == pytest.approx(iou, abs=1e-12)


def test_two_empty_masks_are_the_same() -> None:
    empty = np.zeros((5, 5), np.float32)
    assert intersection_over_union(empty, empty) == 1.0
    assert intersection_over_union(empty, square()) == 0.0


def test_large_pictures_lose_no_digits() -> None:
    alpha = np.full((2000, 2000), 0.1, np.float32)
    expected = float(np.float32(0.1))
    assert mean_absolute_difference(alpha, np.zeros_like(alpha)) == pytest.approx(
        expected, rel=1e-13
    )
    assert mean_squared_error(alpha, np.zeros_like(alpha)) == pytest.approx(expected**2, rel=1e-13)


def test_flicker_is_the_root_of_the_mean_square_of_what_changed_wrongly() -> None:
    truth = square()
    flickering = changed(truth, dict.fromkeys([(1, 1), (1, 2), (2, 1), (2, 2)], 0.5))
    # four pixels fall by a half while the truth stands still: sqrt(4 * 0.25 / 25)
    assert temporal_difference(flickering, truth, truth, truth) == pytest.approx(0.2, abs=1e-12)
    assert temporal_difference(truth, flickering, truth, truth) == pytest.approx(0.2, abs=1e-12)


def test_an_error_that_stands_still_is_no_flicker() -> None:
    wrong = changed(square(), {(2, 2): 0.0, (0, 0): 1.0})
    assert temporal_difference(wrong, wrong, square(), square()) == 0.0


def test_a_matte_that_moves_as_the_truth_does_has_no_flicker() -> None:
    assert temporal_difference(square(2), square(1), square(2), square(1)) == 0.0
    # one that stays behind: six pixels by 1
    late = temporal_difference(square(1), square(1), square(2), square(1))
    assert late == pytest.approx(math.sqrt(6 / 25), abs=1e-12)


def test_foreground_counts_where_the_truth_has_alpha_alone() -> None:
    true_alpha = changed(np.zeros((5, 5), np.float32), {(0, 0): 1.0, (0, 1): 0.01})
    truth = np.full((5, 5, 3), 0.5, np.float32)
    colour = truth.copy()
    colour[0, 0, 0] = 0.75  # 0.0625 in one of six values
    colour[0, 1, 2] = 0.0  # 0.25 in another
    colour[3, 3] = 1.0  # behind no alpha
    error = foreground_squared_error(colour, truth, true_alpha)
    assert error == pytest.approx(0.3125 / 6, abs=1e-12)


def test_foreground_of_an_empty_truth_has_no_error() -> None:
    colour = np.ones((5, 5, 3), np.float32)
    assert math.isnan(foreground_squared_error(colour, colour, np.zeros((5, 5), np.float32)))
