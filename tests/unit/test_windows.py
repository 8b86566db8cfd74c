"""Windows as values."""

import numpy as np
import pytest

from robust_matte.media.windows import Size, Window


def test_bounds_are_inclusive() -> None:
    window = Window.from_bounds(-3, -2, 6, 3)
    assert window == Window(-3, -2, 10, 6)
    assert (window.right, window.bottom) == (7, 4)
    assert window.size == Size(10, 6)
    assert str(window.size) == "10x6"


@pytest.mark.parametrize(
    ("one", "other", "shared", "both"),
    [
        pytest.param((0, 0, 4, 4), (2, 1, 4, 2), (2, 1, 2, 2), (0, 0, 6, 4), id="overlap"),
        pytest.param((0, 0, 9, 9), (2, 3, 1, 1), (2, 3, 1, 1), (0, 0, 9, 9), id="inside"),
        pytest.param((-2, -2, 2, 2), (0, 0, 1, 1), None, (-2, -2, 3, 3), id="touching corners"),
        pytest.param((0, 0, 2, 2), (5, 0, 2, 2), None, (0, 0, 7, 2), id="apart"),
    ],
)
def test_what_two_windows_share_and_span(
    one: tuple[int, ...],
    other: tuple[int, ...],
    shared: tuple[int, ...] | None,
    both: tuple[int, ...],
) -> None:
    a, b = Window(*one), Window(*other)
    assert a.united(b) == b.united(a) == Window(*both)
    for met in (a.intersected(b), b.intersected(a)):
        assert met.is_empty is (shared is None)
        assert shared is None or met == Window(*shared)


def test_slices_find_the_window_in_a_larger_array() -> None:
    outer = Window(-2, 5, 6, 4)
    y, x = np.mgrid[5:9, -2:4]
    rows, columns = Window(1, 6, 2, 3).slices_in(outer)
    np.testing.assert_array_equal(x[rows, columns], [[1, 2]] * 3)
    np.testing.assert_array_equal(y[rows, columns], [[6, 6], [7, 7], [8, 8]])
