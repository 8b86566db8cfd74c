"""The model view: bounded whatever the plate holds, and the way back to light."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.settings.choices import PlateSpace

LINEAR, SRGB, GAMMA = PlateSpace.LINEAR_REC709, PlateSpace.SRGB, PlateSpace.GAMMA24_REC709
Image = NDArray[np.float32]

ODD = [
    np.nan,
    np.inf,
    -np.inf,
    -0.0,
    3.4e38,
    -3.4e38,
    1e-45,
    -1e-45,
    65504.0,
    -0.1,
    1.0,
    0.99999994,
]


@pytest.fixture
def odd() -> Image:
    return np.array(ODD, np.float32).reshape(2, 2, 3)


@pytest.mark.parametrize("space", PlateSpace)
def test_view_is_bounded(space: PlateSpace, odd: Image) -> None:
    before = odd.copy()
    view = ModelView(space).view(odd)
    assert view.dtype == np.float32
    assert not np.shares_memory(view, odd)
    np.testing.assert_array_equal(odd, before)
    flat = view.reshape(-1)
    assert flat[[0, 2, 5, 7, 9]].tolist() == [0.0] * 5  # NaN, what is below black
    assert (flat[[1, 4, 8, 10]] >= 1.0 - 1e-6).all()  # infinite, large, white
    assert ((view >= 0.0) & (view <= 1.0)).all()


@pytest.mark.parametrize("space", PlateSpace)
def test_view_of_noise_is_bounded(space: PlateSpace, rng: np.random.Generator) -> None:
    """Any bit pattern at all."""
    bits = rng.integers(0, 2**32, (64, 64, 3), np.uint32)
    with np.errstate(invalid="ignore"):
        view = ModelView(space).view(bits.view(np.float32))
    assert ((view >= 0.0) & (view <= 1.0)).all()


@pytest.mark.parametrize("space", [SRGB, GAMMA])
def test_display_referred_plate_is_seen_as_it_is(
    space: PlateSpace, rng: np.random.Generator
) -> None:
    codes = rng.random((16, 16, 3), np.float32)
    codes[0, 0] = (0.0, 1.0, 0.5)
    seen = ModelView(space)
    np.testing.assert_array_equal(seen.view(codes), codes)
    assert seen.encoding is space


def test_scene_referred_plate_is_seen_as_srgb() -> None:
    """IEC 61966-2-1 at points worked out by hand; the fast power is within 1.1e-4."""
    light = np.array([[[0.0, 0.0031308, 0.18], [0.5, 1.0, 12.0]]], np.float32)
    wanted = [[[0.0, 0.04045, 0.461356], [0.735357, 1.0, 1.0]]]
    seen = ModelView(LINEAR)
    np.testing.assert_allclose(seen.view(light), wanted, rtol=1.1e-4)
    assert seen.encoding is SRGB


def test_linear_plate_is_its_own_light(odd: Image) -> None:
    assert ModelView(LINEAR).working(odd) is odd


def test_light_of_codes_by_hand() -> None:
    """0.5 in sRGB is 0.214041 of full light, in gamma 2.4 0.189465; ends are exact."""
    codes = np.array([[[0.0, 0.5, 1.0]]], np.float32)
    for space, half in ((LINEAR, 0.214041), (SRGB, 0.214041), (GAMMA, 0.189465)):
        light = ModelView(space).light(codes)[0, 0]
        assert (light[0], light[2]) == (0.0, 1.0)
        assert light[1] == pytest.approx(half, abs=1e-6)
    for space in (SRGB, GAMMA):
        np.testing.assert_array_equal(
            ModelView(space).working(codes), ModelView(space).light(codes)
        )


def test_bright_codes_of_a_movie_stay_bright() -> None:
    """A super-white code is clipped in the view, not in the light."""
    codes = np.full((1, 1, 3), 1.09, np.float32)
    seen = ModelView(GAMMA)
    assert seen.working(codes)[0, 0, 0] == pytest.approx(1.09**2.4, rel=1e-6)
    assert seen.view(codes).tolist() == [[[1.0, 1.0, 1.0]]]


def test_light_undoes_the_view_of_a_scene(rng: np.random.Generator) -> None:
    light = rng.random((32, 32, 3), np.float32)
    seen = ModelView(LINEAR)
    np.testing.assert_allclose(seen.light(seen.view(light)), light, rtol=3e-4, atol=1e-6)


@pytest.mark.parametrize("space", PlateSpace)
@pytest.mark.parametrize("gain", [-3.0, 3.0])
def test_gain_brightens_the_view_and_light_undoes_it(space: PlateSpace, gain: float) -> None:
    """The very view of a plate whose light was multiplied beforehand."""
    light = np.linspace(0.001, 0.12, 24, dtype=np.float32).reshape(2, 4, 3)
    codes = light if space is LINEAR else _encoded(light, space)
    brighter = light * 2.0**gain
    wanted = _encoded(brighter, SRGB if space is LINEAR else space)
    seen = ModelView(space, gain)
    np.testing.assert_allclose(seen.view(codes), wanted, atol=2e-4)
    np.testing.assert_allclose(seen.light(seen.view(codes)), light, rtol=1e-3)
    np.testing.assert_array_equal(seen.working(codes), ModelView(space).working(codes))


@pytest.mark.parametrize("space", PlateSpace)
@pytest.mark.parametrize("gain", [-20.0, 20.0])
def test_view_with_gain_is_bounded(space: PlateSpace, gain: float, odd: Image) -> None:
    view = ModelView(space, gain).view(odd)
    assert ((view >= 0.0) & (view <= 1.0)).all()


def test_gain_brings_what_is_above_white_into_view() -> None:
    """4.0 two stops down is white, 2.0 is half of it."""
    light = np.array([[[2.0, 4.0, 8.0]]], np.float32)
    view = ModelView(LINEAR, -2.0).view(light)[0, 0]
    np.testing.assert_allclose(view, [0.735357, 1.0, 1.0], rtol=1.1e-4)
    np.testing.assert_allclose(
        ModelView(LINEAR, -2.0).light(view[None, None]), [[[2.0, 4.0, 4.0]]], rtol=1e-3
    )


def _encoded(light: Image, space: PlateSpace) -> Image:
    if space is GAMMA:
        return np.asarray(light ** (1 / 2.4), np.float32)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(curve, np.float32)
