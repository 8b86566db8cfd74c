"""Plots: decimation keeps every extreme, and what is drawn lies in its box."""

import re

from hypothesis import given
from hypothesis import strategies as st

from robust_matte.jobs.plots import draw_plot, envelope, spoken_share

VALUES = st.lists(st.none() | st.floats(0, 1), max_size=300)


@given(VALUES, st.integers(1, 120))
def test_columns_hold_every_value_and_no_other(values: list[float | None], most: int) -> None:
    columns = envelope(values, most)
    assert len(columns) <= most
    covered = [at for one in columns for at in range(one.first, one.last + 1)]
    assert covered == list(range(len(values)))
    for one in columns:
        known = [v for v in values[one.first : one.last + 1] if v is not None]
        assert (one.low, one.high) == ((min(known), max(known)) if known else (None, None))


@given(VALUES, st.integers(1, 120))
def test_the_greatest_and_the_least_survive(values: list[float | None], most: int) -> None:
    columns, known = envelope(values, most), [v for v in values if v is not None]
    highs = [one.high for one in columns if one.high is not None]
    lows = [one.low for one in columns if one.low is not None]
    assert bool(known) == bool(highs)
    if known:
        assert (max(highs), min(lows)) == (max(known), min(known))


@given(VALUES, st.integers(-50, 5000))
def test_what_is_drawn_lies_in_its_box(values: list[float | None], first: int) -> None:
    numbers = list(range(first, first + len(values)))
    marked = {n: "odd" for n, v in zip(numbers, values, strict=True) if v is not None}
    plot = draw_plot(
        numbers,
        values,
        marked=marked,
        starts=dict.fromkeys(numbers[::7], "cut"),
        bands=dict.fromkeys(numbers[::11], "hole"),
        least_top=0.01,
        spoken=spoken_share,
    )
    pairs = [(float(x), float(y)) for x, y in re.findall(r"([\d.e-]+) ([\d.e-]+)", plot.path)]
    assert all(0 <= x <= plot.places and 0 <= y <= 100 for x, y in pairs)
    assert bool(pairs) == any(v is not None for v in values)
    assert all(0 <= one.left <= 100 and 0 <= one.bottom <= 100 for one in plot.marks)
    assert len(plot.frames) <= 8
    assert sum(one.width for one in plot.columns) == len(values)


@given(st.floats(0, 1))
def test_shares_are_spoken_shortly_and_as_they_are(value: float) -> None:
    text = spoken_share(value)
    assert len(text) <= 11
    number = float(text.removesuffix("\N{NO-BREAK SPACE}%")) / 100
    assert abs(number - value) <= max(0.05 * value, 0.0005) if value >= 1e-3 else number <= 1.1e-3
