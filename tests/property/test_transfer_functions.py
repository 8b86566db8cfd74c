"""Curves of plate spaces: rising, and the same there and back, at their breakpoints above all."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robust_matte.colour.configs import builtin_config
from robust_matte.colour.model_view import ModelView
from robust_matte.colour.transforms import convert

Image = NDArray[np.float32]

# Where a curve turns from straight to bent, in codes, by the maker's own constants.
BREAKS = {
    "ARRI LogC3 (EI800)": 0.149658,
    "ARRI LogC4": 0.0,
    "S-Log3 S-Gamut3.Cine": 171.2102946929 / 1023,
    "CanonLog2 CinemaGamut D55": 0.092864125,
    "CanonLog3 CinemaGamut D55": 0.15277891,
    "Log3G10 REDWideGamutRGB": 0.0,
    "Apple Log": 0.209,
    "BMDFilm WideGamut Gen5": 0.13388378,
    "ACEScct": 0.155251141552511,
    "srgb_p3d65_scene": 0.04045,
    "srgb_rec2020_tx": 0.04045,
    "srgb_rec709_scene": 0.04045,
    "g24_rec709_tx": 0.0,
    "g24_rec2020_tx": 0.0,
    "g26_p3dci_tx": 0.0,
    "pq_rec2020_display": 0.0,
    "hlg_rec2020_display": 0.5,
    "cineon": 95 / 1023,
}


spaces = st.sampled_from(sorted(BREAKS))
near = st.floats(-1 / 64, 1 / 64, width=32)
codes = st.floats(0.0, 1.0, width=32)


def grey(values: list[float]) -> Image:
    return np.repeat(np.array(values, np.float32)[None, :, None], 3, axis=2)


def rgb(value: float) -> float:
    """Fold a code into what every curve can hold."""
    return min(max(value, 0.0), 1.0)


@settings(max_examples=150, deadline=None)
@given(spaces, near, near)
def test_curve_rises_across_its_breakpoint(space: str, first: float, second: float) -> None:
    at = BREAKS[space]
    low, high = sorted((rgb(at + first), rgb(at + second)))
    light = ModelView(space).working(grey([low, high]))[0, :, 0]
    assert light[1] >= light[0] - 1e-7 * max(1.0, abs(float(light[0])))
    if high - low > 1e-3 and low > 0.0:
        assert light[1] > light[0]


@settings(max_examples=150, deadline=None)
@given(spaces, st.one_of(codes, near))
def test_codes_come_back(space: str, code: float) -> None:
    """Both near the breakpoint and anywhere, as plate and as grey of light."""
    value = rgb(BREAKS[space] + code if abs(code) <= 1 / 64 else code)
    seen = ModelView(space)
    light = seen.working(grey([value]))
    back = convert(light, builtin_config(), seen.described.working, space)
    tolerance = 2e-4 if space.startswith(("pq", "hlg", "g2")) else 1e-5
    assert back[0, 0] == pytest.approx([value] * 3, abs=tolerance)


@settings(max_examples=60, deadline=None)
@example("srgb_p3d65_scene", -3.0, 0.5, 0.98)  # codes of nearly 2
@given(spaces, st.floats(-3.0, 3.0), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_light_of_a_view_is_seen_as_that_view(
    space: str, gain: float, red: float, blue: float
) -> None:
    """L undoes V with its gain, for every colour that the view can hold."""
    seen = ModelView(space, gain)
    view = np.array([[[red, 0.5, blue]]], np.float32)
    light = seen.light(view)
    white = seen.described.white
    lit = convert(light, builtin_config(), seen.described.working, "lin_rec709_scene")
    assert float(lit.max()) <= white * 2.0**-gain * 1.001
    codes = convert(light, builtin_config(), seen.described.working, space)
    np.testing.assert_allclose(seen.view(codes), view, atol=1e-3)
