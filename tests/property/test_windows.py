"""The algebra of windows, against sets of pixels."""

from hypothesis import given
from hypothesis import strategies as st

from robust_matte.media.windows import Window

windows = st.builds(
    Window, st.integers(-6, 6), st.integers(-6, 6), st.integers(1, 7), st.integers(1, 7)
)


def _pixels(window: Window) -> set[tuple[int, int]]:
    columns, rows = range(window.x, window.right), range(window.y, window.bottom)
    return {(x, y) for x in columns for y in rows}


@given(windows, windows)
def test_intersection_holds_the_pixels_that_both_hold(one: Window, other: Window) -> None:
    shared = one.intersected(other)
    assert _pixels(shared) == _pixels(one) & _pixels(other)
    assert shared.is_empty is not bool(_pixels(shared))


@given(windows, windows)
def test_union_is_the_least_window_that_holds_both(one: Window, other: Window) -> None:
    both = one.united(other)
    held = _pixels(one) | _pixels(other)
    assert held <= _pixels(both)
    assert {x for x, _ in held} >= {both.x, both.right - 1}
    assert {y for _, y in held} >= {both.y, both.bottom - 1}


@given(windows, windows, windows)
def test_union_does_not_care_for_order(one: Window, other: Window, third: Window) -> None:
    assert one.united(other).united(third) == third.united(one).united(other)


@given(windows, windows)
def test_slices_of_a_part_have_its_shape_and_place(one: Window, other: Window) -> None:
    """Also of an empty part, which must not wrap around."""
    outer = one.united(other)
    for part in (one, other):
        rows, columns = part.slices_in(outer)
        assert range(outer.y, outer.bottom)[rows] == range(part.y, part.bottom)
        assert range(outer.x, outer.right)[columns] == range(part.x, part.right)
    rows, columns = one.intersected(other).slices_in(other)
    kept = len(range(other.height)[rows]) * len(range(other.width)[columns])
    assert kept == len(_pixels(one) & _pixels(other))


@given(windows)
def test_bounds_come_back(window: Window) -> None:
    bounds = (window.x, window.y, window.right - 1, window.bottom - 1)
    assert Window.from_bounds(*bounds) == window
