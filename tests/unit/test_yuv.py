"""Matrices and ranges against float64 arithmetic written from the standards' Kr and Kb."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.media.yuv import CodeLevels, Matrix, codes_to_rgb, yuv_to_rgb

# BT.601-7 2.5.1, BT.709-6 3.2, BT.2020-2 table 4 (non-constant luminance).
_LUMA = {
    Matrix.BT601: (0.299, 0.587, 0.114),
    Matrix.BT709: (0.2126, 0.7152, 0.0722),
    Matrix.BT2020: (0.2627, 0.678, 0.0593),
}
_COLOURS = np.array(
    [
        *np.ndindex(2, 2, 2),  # black, the primaries and their mixtures, white
        (0.18, 0.18, 0.18),
        (0.75, 0.2, 0.05),
        (1.09, 1.09, 1.09),
        (-0.05, -0.05, -0.05),
    ],
    np.float64,
)


def _codes(rgb: NDArray[np.float64], matrix: Matrix, bits: int, full: bool) -> NDArray[np.float64]:
    """Code R'G'B' as H.273 8.3 says, unrounded: (N, 3) Y, Cb, Cr."""
    kr, kg, kb = _LUMA[matrix]
    luma = rgb @ np.array([kr, kg, kb])
    cb = (rgb[:, 2] - luma) / (2 * (1 - kb))
    cr = (rgb[:, 0] - luma) / (2 * (1 - kr))
    if full:
        scale = 2**bits - 1
        return np.stack(
            [scale * luma, scale * cb + 2 ** (bits - 1), scale * cr + 2 ** (bits - 1)], 1
        )
    step = 2 ** (bits - 8)
    return np.stack(
        [step * (219 * luma + 16), step * (224 * cb + 128), step * (224 * cr + 128)], axis=1
    )


@pytest.mark.parametrize("matrix", [pytest.param(m, id=m.value) for m in _LUMA])
@pytest.mark.parametrize("full", [pytest.param(True, id="full"), pytest.param(False, id="limited")])
@pytest.mark.parametrize(
    "bits",
    [pytest.param(8, id="8 bit"), pytest.param(10, id="10 bit"), pytest.param(12, id="12 bit")],
)
def test_known_colours_decode_to_within_their_own_rounding(
    matrix: Matrix, full: bool, bits: int
) -> None:
    exact = _codes(_COLOURS, matrix, bits, full)
    codes = np.clip(np.rint(exact), 0, 2**bits - 1)
    held = np.all(np.abs(codes - exact) <= 0.5, axis=1)  # full range cannot hold what is beyond it
    assert held.sum() >= 8
    planes = [plane.astype(np.uint16)[None] for plane in codes[held].T]
    rgb = yuv_to_rgb(planes, matrix, CodeLevels.of(bits, is_full_range=full))
    kr, _, kb = _LUMA[matrix]
    span, chroma = (2**bits - 1,) * 2 if full else (219 * 2 ** (bits - 8), 224 * 2 ** (bits - 8))
    # Half a code in luma and in each chroma, as far as chroma weighs in red and blue.
    allowed = 0.5 / span + 0.5 / chroma * 2 * (1 - min(kr, kb))
    assert rgb.dtype == np.float32
    assert rgb.flags.c_contiguous
    np.testing.assert_allclose(rgb[0], _COLOURS[held], rtol=0, atol=allowed + 1e-6)


@pytest.mark.parametrize("matrix", [pytest.param(m, id=m.value) for m in _LUMA])
@pytest.mark.parametrize("full", [pytest.param(True, id="full"), pytest.param(False, id="limited")])
@pytest.mark.parametrize("bits", [pytest.param(b, id=f"{b} bit") for b in (8, 10, 12, 16)])
def test_every_code_decodes_as_the_inverted_matrix_says(
    matrix: Matrix, full: bool, bits: int
) -> None:
    random = np.random.default_rng(bits)
    codes = random.integers(0, 2**bits, (3, 37, 41), dtype=np.uint16)
    origin = _codes(np.zeros((1, 3)), matrix, bits, full)
    forward = _codes(np.eye(3), matrix, bits, full) - origin
    expected = (np.moveaxis(codes, 0, -1) - origin) @ np.linalg.inv(forward)
    rgb = yuv_to_rgb(list(codes), matrix, CodeLevels.of(bits, is_full_range=full))
    assert np.abs(rgb - expected).max() < 5e-7


def test_limited_white_is_one_and_superwhite_is_kept() -> None:
    luma = np.array([[64, 940, 1019, 4]], np.uint16)
    grey = np.full((1, 4), 512, np.uint16)
    rgb = yuv_to_rgb([luma, grey, grey], Matrix.BT709, CodeLevels.of(10, is_full_range=False))
    np.testing.assert_array_equal(rgb[0, :2], [[0, 0, 0], [1, 1, 1]])
    np.testing.assert_allclose(rgb[0, 2:, 1], [955 / 876, -60 / 876], rtol=1e-6)


def test_shifted_codes_mean_the_same_signal() -> None:
    random = np.random.default_rng(3)
    codes = random.integers(0, 1024, (3, 5, 7), dtype=np.uint16)
    plain = yuv_to_rgb(list(codes), Matrix.BT2020, CodeLevels.of(10, is_full_range=True))
    levels = CodeLevels.of(10, is_full_range=True, shift=6)
    np.testing.assert_allclose(
        yuv_to_rgb(list(codes << 6), Matrix.BT2020, levels), plain, rtol=0, atol=3e-7
    )


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        pytest.param(True, [0, 16 / 255, 235 / 255, 1], id="full"),
        pytest.param(False, [-16 / 219, 0, 1, 239 / 219], id="limited"),
    ],
)
def test_rgb_codes_are_scaled_by_their_range(full: bool, expected: list[float]) -> None:
    plane = np.array([[0, 16, 235, 255]], np.uint8)
    planes = [plane, plane[:, ::-1], np.zeros_like(plane)]
    rgb = codes_to_rgb(planes, CodeLevels.of(8, is_full_range=full))
    np.testing.assert_allclose(rgb[0, :, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(rgb[0, :, 1], expected[::-1], rtol=1e-6)
    np.testing.assert_allclose(rgb[0, :, 2], expected[0], rtol=1e-6)


def test_one_grey_plane_fills_the_three_channels() -> None:
    plane = np.arange(0, 65536, 257, dtype=">u2").reshape(1, -1)
    rgb = codes_to_rgb([plane], CodeLevels.of(16, is_full_range=True))
    np.testing.assert_allclose(rgb, np.linspace(0, 1, 256)[None, :, None].repeat(3, 2), atol=1e-7)
