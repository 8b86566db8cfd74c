"""The gain that brings a dark or a bright segment to what the network learnt on."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.keying.exposure import (
    Exposure,
    choose_gain,
    measure_exposure,
    sampled_frames,
)
from robust_matte.settings.choices import PlateSpace

Image = NDArray[np.float32]
LINEAR = ModelView(PlateSpace.LINEAR_REC709)


def _room(rng: np.random.Generator) -> Image:
    """A picture with a median of 0.15 and two in a hundred pixels above 0.8."""
    light = 0.15 * 2.0 ** rng.normal(0, 1.18, (60, 80, 1))
    return np.repeat(light, 3, axis=2).astype(np.float32)


@pytest.mark.parametrize("stops", [-5.0, -2.0, -0.3, 0.0, 0.3, 1.0, 4.0])
def test_a_changed_exposure_is_found(stops: float, rng: np.random.Generator) -> None:
    """Within a quarter of a stop; half a stop is left alone."""
    dark = _room(rng) * np.float32(2.0**-stops)
    found = choose_gain([measure_exposure(dark, LINEAR.working)])
    assert found == (0.0 if abs(stops) < 0.5 else pytest.approx(stops, abs=0.25))


@pytest.mark.parametrize(
    ("middle", "highlights"),
    [
        pytest.param(0.01, 0.8, id="a lamp at night"),
        pytest.param(0.15, 9.0, id="a window in a room"),
        pytest.param(0.9, 0.98, id="a white studio"),
        pytest.param(0.22, 0.7, id="an ordinary picture"),
        pytest.param(0.0, 0.0, id="black"),
        pytest.param(0.0003, 0.001, id="the noise of black"),
    ],
)
def test_contrast_is_no_exposure(middle: float, highlights: float) -> None:
    assert choose_gain([Exposure(middle, highlights)]) == 0.0


def test_what_both_ask_for_counts() -> None:
    assert choose_gain([Exposure(0.15 / 2**5, 0.8 / 2**2)]) == 2.0
    assert choose_gain([Exposure(0.15 * 2**2, 0.8 * 2**3)]) == -2.0
    assert choose_gain([Exposure(1e-4, 0.004)]) == 6.0  # and never more


def test_a_fade_from_black_counts_little() -> None:
    frames = [Exposure(0.0, 0.0), *[Exposure(0.15 / 8, 0.1)] * 8]
    assert choose_gain(frames) == 3.0


@pytest.mark.parametrize("space", PlateSpace)
def test_light_is_measured_and_not_codes(space: PlateSpace) -> None:
    codes = np.full((8, 8, 3), 0.5, np.float32)
    found = measure_exposure(codes, ModelView(space).working)
    wanted = {PlateSpace.LINEAR_REC709: 0.5, PlateSpace.SRGB: 0.21404, "g24": 0.5**2.4}
    assert found.middle == pytest.approx(wanted.get(space, wanted["g24"]), rel=1e-4)


def test_black_around_and_bad_pixels_are_left_out() -> None:
    light = np.zeros((40, 40, 3), np.float32)
    light[10:30, 10:30] = 0.25
    light[12, 12], light[13, 13], light[14, 14] = np.nan, np.inf, -1.0
    assert measure_exposure(light, LINEAR.working) == Exposure(0.25, 0.25)


def test_frames_are_spread_over_the_segment() -> None:
    assert sampled_frames([4, 6, 8]) == [4, 6, 8]
    found = sampled_frames(range(1001, 1101))
    assert len(found) == 9
    assert found == sorted(set(found))
    assert (found[0], found[4], found[-1]) == (1006, 1051, 1095)
