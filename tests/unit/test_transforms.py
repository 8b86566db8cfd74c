"""Transfer functions, against the standards written out here."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.colour.transforms import transform
from robust_matte.settings.choices import PlateSpace

LINEAR, SRGB, GAMMA = PlateSpace.LINEAR_REC709, PlateSpace.SRGB, PlateSpace.GAMMA24_REC709
Image = NDArray[np.float32]


def srgb_to_light(code: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1, 5.2."""
    return np.where(code <= 0.04045, code / 12.92, (np.maximum(code, 0) / 1.055 + 0.0521327) ** 2.4)


def light_to_srgb(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1, 5.3."""
    curve = 1.055 * np.maximum(light, 0.0) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, curve)


def ramp(first: float, last: float) -> Image:
    """Three different channels, so that a mix-up shows."""
    values = np.linspace(first, last, 3 * 997).astype(np.float32)
    return np.ascontiguousarray(values.reshape(3, 997).T[None])


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "fast"])
@pytest.mark.parametrize(
    ("first", "last"), [pytest.param(0, 1, id="in range"), pytest.param(1, 50, id="above")]
)
def test_srgb_follows_the_standard(first: float, last: float, exact: bool) -> None:
    """OpenColorIO's curve bends at 0.0392857, not 0.04045: up to 1e-5 of a code apart there."""
    pixels = ramp(first, last)
    rtol = 2e-6 if exact else 1.1e-4
    light = transform(pixels, SRGB, LINEAR, exact=exact)
    np.testing.assert_allclose(light, srgb_to_light(pixels.astype(np.float64)), rtol, 1e-6)
    code = transform(pixels, LINEAR, SRGB, exact=exact)
    np.testing.assert_allclose(code, light_to_srgb(pixels.astype(np.float64)), rtol, 1e-5)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "fast"])
def test_srgb_runs_on_straight_below_black(exact: bool) -> None:
    pixels = ramp(-3, 0)
    light = transform(pixels, SRGB, LINEAR, exact=exact)
    np.testing.assert_allclose(light, pixels / 12.92, rtol=3e-4)
    np.testing.assert_allclose(
        transform(pixels, LINEAR, SRGB, exact=exact), pixels * 12.92, rtol=3e-4
    )


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "fast"])
@pytest.mark.parametrize("last", [1, 50])
def test_gamma_24_is_a_power(last: float, exact: bool) -> None:
    pixels = ramp(0, last)
    rtol = 2e-6 if exact else 1.1e-4
    power = pixels.astype(np.float64) ** 2.4
    np.testing.assert_allclose(transform(pixels, GAMMA, LINEAR, exact=exact), power, rtol, 1e-9)
    root = pixels.astype(np.float64) ** (1 / 2.4)
    np.testing.assert_allclose(transform(pixels, LINEAR, GAMMA, exact=exact), root, rtol, 1e-9)


@pytest.mark.parametrize(
    ("source", "space"),
    [
        pytest.param(LINEAR, SRGB, id="light by sRGB"),
        pytest.param(LINEAR, GAMMA, id="light by gamma 2.4"),
        pytest.param(SRGB, GAMMA, id="sRGB by gamma 2.4"),
    ],
)
def test_light_of_any_range_comes_back(source: PlateSpace, space: PlateSpace) -> None:
    pixels = ramp(-2, 100)
    there = transform(pixels, source, space)
    back = transform(there, space, source)
    np.testing.assert_allclose(back, pixels, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("space", PlateSpace)
def test_same_space_gives_the_very_pixels(space: PlateSpace) -> None:
    pixels = ramp(-2, 100)
    assert transform(pixels, space, space) is pixels


@pytest.mark.parametrize("exact", [pytest.param(True, id="exact"), pytest.param(False, id="fast")])
def test_result_is_a_new_array_and_the_source_unchanged(exact: bool) -> None:
    pixels = ramp(0, 2)
    pixels.flags.writeable = False
    before = pixels.copy()
    result = transform(pixels, SRGB, LINEAR, exact=exact)
    assert result.dtype == np.float32
    assert result.shape == pixels.shape
    assert result.flags.writeable
    assert not np.shares_memory(result, pixels)
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(np.s_[:, ::2], id="every second column"),
        pytest.param(np.s_[1:3, 2:5], id="a window"),
        pytest.param(np.s_[::-1], id="upside down"),
        pytest.param(np.s_[..., ::-1], id="BGR"),
    ],
)
def test_layout_in_memory_does_not_matter(
    part: tuple[slice, ...], rng: np.random.Generator
) -> None:
    pixels = rng.random((4, 8, 3), np.float32)
    wanted = transform(pixels, SRGB, LINEAR)[part]
    np.testing.assert_array_equal(transform(pixels[part], SRGB, LINEAR), wanted)
    turned = transform(np.asfortranarray(pixels), SRGB, LINEAR)[part]
    np.testing.assert_array_equal(turned, wanted)
