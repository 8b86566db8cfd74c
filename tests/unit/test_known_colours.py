"""A known foreground over a known background, in every space: the foreground comes back.

The plate is composited and encoded, and V(F) worked out, by OpenColorIO's processors and the sRGB
formula written out here; the model is one that knows the truth.
"""

from itertools import product

import numpy as np
import PyOpenColorIO as ocio
import pytest
from numpy.typing import NDArray

from robust_matte.colour.configs import BUILTIN_CONFIG, builtin_config
from robust_matte.colour.model_view import ModelView
from robust_matte.keying.matte import Matte, finish_matte
from robust_matte.keying.prepared import Preparation
from robust_matte.media.frames import Frame, FrameHeader
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Nonfinite

Image = NDArray[np.float32]

# Plate space, working space, light of white, and the exponent V is encoded by; 0 is sRGB.
SPACES = [
    pytest.param("lin_rec709_scene", "lin_rec709_scene", 1.0, 0.0, id="Rec.709"),
    pytest.param("ACEScg", "ACEScg", 1.0, 0.0, id="ACEScg"),
    pytest.param("ACES2065-1", "ACES2065-1", 1.0, 0.0, id="ACES2065-1"),
    pytest.param("lin_rec2020_scene", "lin_rec2020_scene", 1.0, 0.0, id="Rec.2020"),
    pytest.param("lin_p3d65_scene", "lin_p3d65_scene", 1.0, 0.0, id="P3"),
    pytest.param("ARRI LogC3 (EI800)", "Linear ARRI Wide Gamut 3", 1.0, 0.0, id="LogC3"),
    pytest.param("ARRI LogC4", "Linear ARRI Wide Gamut 4", 1.0, 0.0, id="LogC4"),
    pytest.param("S-Log3 S-Gamut3.Cine", "Linear S-Gamut3.Cine", 1.0, 0.0, id="S-Log3"),
    pytest.param("CanonLog2 CinemaGamut D55", "Linear CinemaGamut D55", 1.0, 0.0, id="C-Log2"),
    pytest.param("CanonLog3 CinemaGamut D55", "Linear CinemaGamut D55", 1.0, 0.0, id="C-Log3"),
    pytest.param("Log3G10 REDWideGamutRGB", "Linear REDWideGamutRGB", 1.0, 0.0, id="Log3G10"),
    pytest.param("Apple Log", "lin_rec2020_scene", 1.0, 0.0, id="Apple Log"),
    pytest.param("BMDFilm WideGamut Gen5", "Linear BMD WideGamut Gen5", 1.0, 0.0, id="BMD Film"),
    pytest.param("ACEScct", "ACEScg", 1.0, 0.0, id="ACEScct"),
    pytest.param("pq_rec2020_display", "lin_rec2020_scene", 2.03, 0.0, id="PQ"),
    pytest.param("hlg_rec2020_display", "lin_rec2020_scene", 2.03, 0.0, id="HLG"),
    pytest.param("cineon", "lin_rec709_scene", 1.0, 0.0, id="Cineon"),
    pytest.param("g24_rec709_tx", "lin_rec709_scene", 1.0, 2.4, id="Rec.1886"),
    pytest.param("g24_rec2020_tx", "lin_rec2020_scene", 1.0, 2.4, id="Rec.2020 SDR"),
    pytest.param("g26_p3d65_tx", "lin_p3d65_scene", 1.0, 2.6, id="P3 cinema"),
    pytest.param("srgb_p3d65_scene", "lin_p3d65_scene", 1.0, 0.0, id="Display P3"),
]
WINDOW = Window(0, 0, 48, 4)
OURS = {"cineon", "g24_rec2020_tx", "g26_p3d65_tx"}  # not the config's own names
CONFIG = ocio.Config.CreateFromBuiltinConfig(BUILTIN_CONFIG.removeprefix("ocio://"))


def through(pixels: NDArray[np.float64], source: str, target: str) -> NDArray[np.float64]:
    """Convert by a processor made here."""
    config = builtin_config().loaded if {source, target} & OURS else CONFIG
    processor = config.getProcessor(source, target)
    cpu = processor.getOptimizedCPUProcessor(ocio.OPTIMIZATION_LOSSLESS)
    converted = np.array(pixels, np.float32)
    cpu.applyRGB(converted)  # in place
    return converted.astype(np.float64)


def encoded(light: NDArray[np.float64], exponent: float) -> Image:
    """Encode for a display: IEC 61966-2-1, or a power."""
    bounded = np.clip(light, 0.0, 1.0)
    curve = np.where(bounded <= 0.0031308, bounded * 12.92, 1.055 * bounded ** (1 / 2.4) - 0.055)
    return np.asarray(bounded ** (1 / exponent) if exponent else curve, np.float32)


def plate_codes(light: NDArray[np.float64], space: str, working: str) -> Image:
    if space == "g24_rec709_tx":
        return np.asarray(light ** (1 / 2.4), np.float32)
    return np.asarray(through(light, working, space), np.float32)


def keyed(space: str, gain: float, codes: Image, fgr: Image, alpha: Image) -> tuple[Matte, Image]:
    seen = ModelView(space, gain)
    frame = Frame(
        number=1, pixels=codes, header=FrameHeader(data_window=WINDOW, display_window=WINDOW)
    )
    prepared = Preparation(seen, WINDOW, Nonfinite.KEEP).prepare(frame)
    return finish_matte(prepared, fgr, alpha, seen, WINDOW), prepared.view


def scene(backgrounds: tuple[float, ...], white: float) -> tuple[NDArray[np.float64], ...]:
    """Return F and B as Rec.709 light, and alpha: warm and cool colours that V holds."""
    cases = list(product((0.1, 0.5, 0.8), backgrounds, (0.1, 0.5, 0.9)))
    size = (WINDOW.height, WINDOW.width)
    foreground, background, alpha = np.full((*size, 3), 0.3), np.zeros((*size, 3)), np.ones(size)
    for at, (light, behind, cover) in enumerate(cases[: WINDOW.width - 3]):
        foreground[:, at] = light * np.array([1.0, 0.7, 0.5])
        background[:, at] = behind * np.array([0.6, 0.9, 1.0])
        alpha[:, at] = cover
    return foreground * white, background * white, alpha


@pytest.mark.parametrize(("space", "working", "white", "exponent"), SPACES)
@pytest.mark.parametrize("gain", [-3.0, 0.0, 3.0])
def test_foreground_that_the_view_holds_comes_back(
    space: str, working: str, white: float, exponent: float, gain: float
) -> None:
    level = white * 2.0**-gain
    if gain < 0.0 and (exponent or space in ("cineon", "srgb_p3d65_scene", "hlg_rec2020_display")):
        level = white  # their codes end at white, or soon after
    foreground, background, alpha = scene((0.0, 0.18, 0.9), level)
    fgr = encoded(foreground / (white * 2.0**-gain), exponent)
    wanted = through(foreground, "lin_rec709_scene", working)
    behind = through(background, "lin_rec709_scene", working)
    light = wanted * alpha[..., None] + behind * (1 - alpha[..., None])
    codes = plate_codes(light, space, working)
    matte, view = keyed(space, gain, codes, fgr, alpha.astype(np.float32))
    seen = encoded(through(light, working, "lin_rec709_scene") / (white * 2.0**-gain), exponent)
    np.testing.assert_allclose(view, seen, atol=1e-3)
    largest = np.abs(wanted).max(axis=2, keepdims=True)
    off = np.abs(matte.foreground - wanted)[alpha < 1.0] / largest[alpha < 1.0]
    assert off.max() <= 1e-3
    opaque = np.abs(matte.foreground - light)[alpha == 1.0] / largest[alpha == 1.0]
    assert opaque.max() <= 1e-4


@pytest.mark.parametrize(
    ("space", "working", "white", "exponent"),
    [one for one in SPACES if one.values[0] not in ("cineon", "hlg_rec2020_display")][:15],
)
def test_light_behind_that_no_view_holds_is_left_behind(
    space: str, working: str, white: float, exponent: float
) -> None:
    """Of windows and lamps, up to where the plate's own codes end."""
    foreground, background, alpha = scene((1.0, 5.0, 9.0), white)
    wanted = through(foreground, "lin_rec709_scene", working)
    behind = through(background, "lin_rec709_scene", working)
    cover = alpha[..., None]
    codes = plate_codes(wanted * cover + behind * (1 - cover), space, working)
    fgr = encoded(foreground / white, exponent)
    matte, _ = keyed(space, 0.0, codes, fgr, alpha.astype(np.float32))
    off = np.abs(matte.rgb - wanted * cover)[alpha < 1.0]
    assert off.max() <= 1.5e-3 * white


@pytest.mark.parametrize("space", ["lin_rec709_scene", "ACEScg", "lin_rec2020_scene"])
def test_coloured_light_behind_is_left_behind_whatever_the_primaries(space: str) -> None:
    """A red lamp, by which one channel of V alone is at its ceiling: that one decides."""
    foreground, alpha = np.full((4, 48, 3), (0.9, 0.4, 0.3)), np.full((4, 48), 0.5, np.float32)
    light = 0.5 * foreground + 0.5 * np.array([3.0, 0.0, 0.0])
    codes = np.asarray(through(light, "lin_rec709_scene", space), np.float32)
    matte, _ = keyed(space, 0.0, codes, encoded(foreground, 0.0), alpha)
    wanted = through(foreground, "lin_rec709_scene", space)
    assert np.abs(matte.rgb - 0.5 * wanted).max() <= 1e-3
