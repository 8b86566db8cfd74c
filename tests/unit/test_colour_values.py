"""Light of known codes, as camera makers and standards publish it: nothing here is our own sum."""

import numpy as np
import pytest

from robust_matte.colour.configs import builtin_config
from robust_matte.colour.model_view import ModelView
from robust_matte.colour.transforms import convert

# (space, code, light, how close, where it is printed)
PUBLISHED = [
    # ARRI, ALEXA Log C Curve: Usage in VFX, 2017, table of EI 800; black is f of the curve.
    ("ARRI LogC3 (EI800)", 0.391007, 0.18, 1e-5),
    ("ARRI LogC3 (EI800)", 0.092809, 0.0, 1e-5),
    # ARRI, LogC4 Logarithmic Color Space Specification, 2022, 3: 95/1023 is black, 1.0 is 469.8.
    ("ARRI LogC4", 0.278396, 0.18, 1e-5),
    ("ARRI LogC4", 95 / 1023, 0.0, 1e-5),
    ("ARRI LogC4", 1.0, 469.8, 1e-4),
    # Sony, Technical Summary for S-Gamut3.Cine/S-Log3 and S-Gamut3/S-Log3, table of 10-bit codes.
    ("S-Log3 S-Gamut3", 95 / 1023, 0.0, 1e-5),
    ("S-Log3 S-Gamut3", 420 / 1023, 0.18, 1e-5),
    ("S-Log3 S-Gamut3", 598 / 1023, 0.90, 5e-3),
    ("S-Log3 S-Gamut3.Cine", 420 / 1023, 0.18, 1e-5),
    # Canon, Input Transform White Paper, 2018: 39.8 and 34.3 per cent for 18 % grey.
    ("CanonLog2 CinemaGamut D55", 0.398254, 0.18, 1e-4),
    ("CanonLog3 CinemaGamut D55", 0.343389, 0.18, 1e-4),
    # RED, White Paper on REDWideGamutRGB and Log3G10, 2017: grey at 1/3, ten stops more at 1.
    ("Log3G10 REDWideGamutRGB", 1 / 3, 0.18, 1e-4),
    ("Log3G10 REDWideGamutRGB", 1.0, 184.322, 1e-4),
    ("Log3G10 REDWideGamutRGB", 0.091551, 0.0, 1e-5),
    # Apple, Apple Log Profile White Paper, 2023, of the printed constants.
    ("Apple Log", 0.488272, 0.18, 1e-4),
    # Blackmagic, Generation 5 Color Science, 2021, of the printed constants.
    ("BMDFilm WideGamut Gen5", 0.383562, 0.18, 1e-4),
    # DaVinci Resolve 17 Wide Gamut Intermediate, table: 18 % at 0.336043.
    ("DaVinci Intermediate WideGamut", 0.336043, 0.18, 1e-4),
    # Panasonic, V-Log/V-Gamut Reference Manual, table 3: 18 % at code 433 of 10 bits.
    ("V-Log V-Gamut", 433 / 1023, 0.18, 3e-3),
    # ACES S-2016-001: 18 % at (log2(0.18) + 9.72) / 17.52.
    ("ACEScct", 0.413588, 0.18, 1e-4),
    # Kodak, Cineon conversion, 1995: aim points 95, 685, and 470 for an 18 % card.
    ("cineon", 95 / 1023, 0.0, 1e-5),
    ("cineon", 685 / 1023, 1.0, 1e-5),
    ("cineon", 470 / 1023, 0.18, 2e-2),
    # SMPTE ST 2084 / ITU-R BT.2408-7, table 1; 1.0 is 100 cd/m2.
    ("pq_rec2020_display", 0.508078, 1.0, 1e-4),
    ("pq_rec2020_display", 0.58, 2.03, 2e-2),
    ("pq_rec2020_display", 0.38, 0.26, 2e-2),
    ("pq_rec2020_display", 0.751827, 10.0, 1e-3),
    ("pq_rec2020_display", 1.0, 100.0, 1e-4),
    # ITU-R BT.2100-2, table 5: code 0.5 is scene light 1/12, to the 1.2th power of 1000 cd/m2.
    ("hlg_rec2020_display", 0.5, 10 * (1 / 12) ** 1.2, 1e-4),
    ("hlg_rec2020_display", 0.75, 2.03, 1e-2),
    ("hlg_rec2020_display", 0.38, 0.26, 3e-2),
    ("hlg_rec2020_display", 1.0, 10.0, 1e-4),
    # ITU-R BT.1886, annex 1, with black at 0; and IEC 61966-2-1.
    ("g24_rec2020_tx", 0.5, 0.189465, 1e-5),
    ("rec1886_rec709_display", 0.5, 0.189465, 1e-5),
    ("srgb_p3d65_scene", 0.5, 0.214041, 1e-5),
    ("srgb_rec2020_tx", 0.5, 0.214041, 1e-5),
    # SMPTE RP 431-2: gamma 2.6.
    ("g26_p3dci_tx", 0.5, 0.164938, 1e-5),
    ("g26_p3d65_tx", 0.5, 0.164938, 1e-5),
]


@pytest.mark.parametrize(
    ("space", "code", "light", "close"),
    PUBLISHED,
    ids=[f"{one[0]} {one[1]:.4g}" for one in PUBLISHED],
)
def test_code_is_the_published_light(space: str, code: float, light: float, close: float) -> None:
    grey = np.full((1, 1, 3), code, np.float32)
    found = ModelView(space).working(grey)[0, 0]
    np.testing.assert_allclose(found, light, rtol=close, atol=2e-5)


# (from, to, matrix, where it is printed); rows of what comes out.
MATRICES = [
    # ACES S-2014-004, ACEScg, 4.1.
    pytest.param(
        "ACEScg",
        "ACES2065-1",
        [
            [0.6954522414, 0.1406786965, 0.1638690622],
            [0.0447945634, 0.8596711185, 0.0955343182],
            [-0.0055258826, 0.0040252103, 1.0015006723],
        ],
        id="AP1 to AP0",
    ),
    # ITU-R BT.2087-0, annex 1.
    pytest.param(
        "lin_rec709_scene",
        "lin_rec2020_scene",
        [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]],
        id="BT.709 to BT.2020",
    ),
    # W3C, CSS Color 4, sample code, of SMPTE EG 432-1 and BT.709.
    pytest.param(
        "lin_p3d65_scene",
        "lin_rec709_scene",
        [[1.2249, -0.2249, 0.0], [-0.0420, 1.0420, 0.0], [-0.0196, -0.0786, 1.0983]],
        id="P3 to Rec.709",
    ),
    # ACES input transforms of the makers, aces-dev: ARRI LogC3 and LogC4, Sony S-Gamut3.
    pytest.param(
        "Linear ARRI Wide Gamut 3",
        "ACES2065-1",
        [
            [0.680206, 0.236137, 0.083658],
            [0.085415, 1.017471, -0.102886],
            [0.002057, -0.062563, 1.060506],
        ],
        id="ARRI Wide Gamut 3",
    ),
    pytest.param(
        "Linear ARRI Wide Gamut 4",
        "ACES2065-1",
        [
            [0.750957362825, 0.144422786710, 0.104619850466],
            [0.000821837079, 1.007397584885, -0.008219421964],
            [-0.000499952144, -0.000854177231, 1.001354129375],
        ],
        id="ARRI Wide Gamut 4",
    ),
    pytest.param(
        "Linear S-Gamut3",
        "ACES2065-1",
        [
            [0.7529825954, 0.1433702162, 0.1036471884],
            [0.0217076974, 1.0153188355, -0.0370265329],
            [-0.0094160528, 0.0033704179, 1.0060456349],
        ],
        id="S-Gamut3",
    ),
    pytest.param(
        "Linear S-Gamut3.Cine",
        "ACES2065-1",
        [
            [0.6387886672, 0.2723514337, 0.0888598992],
            [-0.0039159061, 1.0880732308, -0.0841573249],
            [-0.0299072021, -0.0264325799, 1.0563397820],
        ],
        id="S-Gamut3.Cine",
    ),
]


@pytest.mark.parametrize(("source", "target", "matrix"), MATRICES)
def test_primaries_are_converted_by_the_published_matrix(
    source: str, target: str, matrix: list[list[float]]
) -> None:
    rays = np.eye(3, dtype=np.float32)[None]
    found = convert(rays, builtin_config(), source, target)[0].T
    digits = 5e-4 if max(len(str(one)) for row in matrix for one in row) < 8 else 2e-6
    np.testing.assert_allclose(found, matrix, rtol=0, atol=digits)
