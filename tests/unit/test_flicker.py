"""Flicker and outliers: what moves is none, what blinks is, at exactly its frame."""

import numpy as np
import pytest

from robust_matte.jobs.flicker import coverage_outliers, flicker_of, flicker_outliers
from robust_matte.media.frames import FloatImage


def edge(at: int, width: int = 40) -> FloatImage:
    """A matte whose edge lies at a column."""
    alpha = np.zeros((10, width, 1), np.float32)
    alpha[:, :at] = 1.0
    return alpha


def test_a_moving_edge_does_not_flicker_however_fast() -> None:
    for speed in (0, 1, 7, 19):
        assert flicker_of(edge(1), edge(1 + speed), edge(1 + 2 * speed)) == 0.0


def test_a_blink_is_what_it_covers() -> None:
    assert flicker_of(edge(20), edge(0), edge(20)) == pytest.approx(20 / 40)
    assert flicker_of(edge(20), edge(24), edge(20)) == pytest.approx(4 / 40)
    half = edge(20) * np.float32(0.25)
    assert flicker_of(edge(20), half, edge(20)) == pytest.approx(0.75 * 20 / 40)


def test_flicker_is_the_residual_of_the_running_median(rng: np.random.Generator) -> None:
    frames = rng.random((3, 9, 11, 1)).astype(np.float32)
    expected = np.abs(frames[1] - np.median(frames, axis=0)).mean()
    assert flicker_of(*frames) == pytest.approx(expected, rel=1e-6)


def test_one_flickering_frame_is_found_without_those_beside_it(rng: np.random.Generator) -> None:
    values: list[float | None] = [None, *(0.001 + 0.0002 * rng.random(40)), None]
    values[19], values[20], values[21] = 0.004, 0.05, 0.005
    assert [one.index for one in flicker_outliers(values)] == [20]


def test_two_flickering_frames_beside_each_other_are_both_found() -> None:
    values: list[float | None] = [0.001] * 40
    values[20], values[21] = 0.05, 0.04
    assert [one.index for one in flicker_outliers(values)] == [20, 21]


def test_steady_frames_do_not_stand_out(rng: np.random.Generator) -> None:
    steady = list(0.001 + 0.0002 * rng.random(500))
    assert flicker_outliers(steady) == []
    assert coverage_outliers(list(0.3 + 0.001 * rng.random(500))) == []
    assert flicker_outliers([0.0] * 50) == coverage_outliers([0.0] * 50) == []


def test_someone_who_walks_in_does_not_stand_out() -> None:
    walk = [0.0] * 20 + [0.01 * step for step in range(40)] + [0.4] * 20
    assert coverage_outliers(walk) == []


@pytest.mark.parametrize("length", [1, 5])
def test_frames_that_lose_the_matte_stand_out(length: int) -> None:
    values: list[float | None] = [0.3] * 60
    values[30 : 30 + length] = [0.1] * length
    assert [one.index for one in coverage_outliers(values)] == list(range(30, 30 + length))
    (first, *_) = coverage_outliers(values)
    assert (first.value, first.usual) == (0.1, 0.3)


def test_a_few_frames_have_nothing_usual() -> None:
    assert flicker_outliers([0.0, 0.9, 0.0]) == []
    assert coverage_outliers([0.1, None, 0.9]) == []
