"""Plots of a number per frame, as geometry that a page draws: a path, columns, marks and ticks.

Where a shot has more frames than a plot has columns, each column shows the least and the greatest
of its frames: what stands out for a single frame is still to be seen.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

__all__ = ["Band", "Column", "Mark", "Plot", "Tick", "draw_plot", "envelope", "spoken_share"]

_COLUMNS = 800  # as many pixels as a page is wide, or nearly
_MOST_TICKS = 7
_MOST_LINES = 300  # starts of segments that can be told apart
_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Column:
    """Frames that share a column, by their places in the series.

    Attributes:
        first: The first one's place.
        last: The last one's.
        low: The least value; None where all are unknown.
        high: The greatest.
    """

    first: int
    last: int
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the width, in hundredths of it, and what is said of it."""

    left: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in hundredths of it from the left or the bottom, and its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A frame that stands out: places in hundredths from the left and the bottom."""

    left: float
    bottom: float
    title: str
    frame: int


@dataclass(frozen=True, slots=True)
class Plot:
    """What a page draws, in a box of `places` times 100.

    Attributes:
        places: How many frames there are.
        path: The outline of the envelope, as SVG's path data; y grows downwards.
        columns: What is told of each column, where the pointer is.
        values: Ticks of the upright axis.
        frames: Ticks of the lower axis.
        starts: Starts of segments.
        bands: Holes.
        marks: Frames that stand out.
    """

    places: int
    path: str
    columns: tuple[Band, ...]
    values: tuple[Tick, ...]
    frames: tuple[Tick, ...]
    starts: tuple[Band, ...]
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...]


def envelope(values: Sequence[float | None], columns: int) -> list[Column]:
    """Gather a series into at most so many columns, with the extremes of each.

    Args:
        values: The series; None where a value is unknown.
        columns: How many columns there may be, at least 1.

    Example:
        >>> [(one.low, one.high) for one in envelope([1.0, 9.0, None, 2.0], 2)]
        [(1.0, 9.0), (2.0, 2.0)]
    """
    count = min(columns, len(values))
    edges = [at * len(values) // count for at in range(count + 1)] if count else []
    found = []
    for first, past in pairwise(edges):
        known = [one for one in values[first:past] if one is not None]
        low, high = (min(known), max(known)) if known else (None, None)
        found.append(Column(first, past - 1, low, high))
    return found


def draw_plot(
    numbers: Sequence[int],
    values: Sequence[float | None],
    *,
    marked: Mapping[int, str],
    starts: Mapping[int, str],
    bands: Mapping[int, str],
    least_top: float,
    spoken: Callable[[float], str],
) -> Plot:
    """Lay out a plot.

    Args:
        numbers: Frame numbers, ascending.
        values: A value of each, 0 or more; None where it is unknown.
        marked: What is told of frames that stand out, by number.
        starts: What is told of the first frames of segments.
        bands: What is told of frames of holes.
        least_top: The upright axis goes up to this at least.
        spoken: Writes a value for people.
    """
    top = _top(max((one for one in values if one is not None), default=0.0), least_top)
    columns = envelope(values, _COLUMNS)
    count = max(len(numbers), 1)
    place = {number: at for at, number in enumerate(numbers)}
    told = [(place[one], text) for one, text in starts.items() if one in place]
    return Plot(
        places=count,
        path=" ".join(_outlines(columns, top, sorted(at for at, _ in told))),
        columns=tuple(_told(columns, numbers, spoken)),
        values=tuple(Tick(100 * part, spoken(top * part)) for part in (0.0, 0.5, 1.0)),
        frames=tuple(_frame_ticks(numbers)),
        starts=tuple(
            Band(_share(at, count), 0.0, text) for at, text in _thinned(told, _MOST_LINES)
        ),
        bands=tuple(
            Band(_share(place[one], count), _share(1, count), text)
            for one, text in bands.items()
            if one in place
        ),
        marks=tuple(
            Mark(
                left=_share(place[one] + 0.5, count),
                bottom=round(100 * (values[place[one]] or 0.0) / top, 3),
                title=text,
                frame=one,
            )
            for one, text in marked.items()
        ),
    )


def spoken_share(value: float) -> str:
    """Write a share of the picture as per cent, with digits where they count."""
    percent = 100 * value
    digits = 0 if percent == 0 or percent >= 99.95 else 1 if percent >= 10 else 2
    number = f"{percent:.2g}" if 0 < percent < 0.1 else f"{percent:.{digits}f}"
    return f"{number}\N{NO-BREAK SPACE}%"


def _outlines(columns: Sequence[Column], top: float, starts: Sequence[int]) -> Iterator[str]:
    """Yield a closed outline for each run of known columns: along the top and back below.

    A run ends where a segment does: there is nothing between two shots.
    """

    def run_of(one: Column) -> tuple[bool, int]:
        return one.low is not None, bisect_right(starts, one.first)

    for (is_known, _), run in groupby(columns, key=run_of):
        if not is_known:
            continue
        upper, lower = [], []
        for one in run:
            across = round((one.first + one.last + 1) / 2, 2)
            upper.append(f"{across:g} {_down(one.high, top):g}")
            lower.append(f"{across:g} {_down(one.low, top):g}")
        yield f"M{' L'.join([*upper, *reversed(lower)])}Z"


def _down(value: float | None, top: float) -> float:
    return round(100 - 100 * (value or 0.0) / top, 2)


def _told(
    columns: Sequence[Column], numbers: Sequence[int], spoken: Callable[[float], str]
) -> Iterator[Band]:
    for one in columns:
        first, last = numbers[one.first], numbers[one.last]
        frames = f"{first}" if first == last else f"{first}-{last}"
        if one.low is None or one.high is None:
            text = "unknown"
        elif one.low == one.high:
            text = spoken(one.low)
        else:
            text = f"{spoken(one.low)} to {spoken(one.high)}"
        yield Band(one.first, one.last - one.first + 1, f"{frames}: {text}")


def _frame_ticks(numbers: Sequence[int]) -> Iterator[Tick]:
    """Yield round frame numbers, few enough to be read on a telephone."""
    if not numbers:
        return
    span, step = numbers[-1] - numbers[0], 1
    while span // step >= _MOST_TICKS:
        step = next(one for one in _round_steps() if one > step)
    for at, number in enumerate(numbers):
        if number % step == 0 or len(numbers) == 1:
            yield Tick(_share(at + 0.5, len(numbers)), str(number))


def _round_steps() -> Iterator[int]:
    scale = 1
    while True:
        yield from (scale, 2 * scale, 5 * scale)
        scale *= 10


def _top(highest: float, least: float) -> float:
    """Return a round number that is not below the highest value."""
    wanted, scale = max(highest, least), 1e-9
    while scale * 10 < wanted:
        scale *= 10
    return next((scale * step for step in _STEPS if scale * step >= wanted), scale * 10)


def _share(place: float, count: int) -> float:
    return round(100 * place / count, 3)


def _thinned(told: Sequence[tuple[int, str]], most: int) -> Sequence[tuple[int, str]]:
    return told if len(told) <= most else told[:: -(-len(told) // most)]
