"""Properties of the way from codes to R'G'B' over all depths, ranges, matrices and sizes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robust_matte.media.yuv import CodeLevels, Matrix, codes_to_rgb, yuv_to_rgb

_MATRICES = st.sampled_from([Matrix.BT601, Matrix.BT709, Matrix.BT2020])
_DEPTHS = st.integers(8, 16)


@st.composite
def _codes(draw: st.DrawFn, planes: int) -> tuple[int, np.ndarray]:
    bits = draw(_DEPTHS)
    shape = (planes, draw(st.integers(1, 70)), draw(st.integers(1, 9)))
    codes = draw(arrays(np.uint16, shape, elements=st.integers(0, 2**bits - 1), fill=st.nothing()))
    return bits, codes


@given(_codes(1), _MATRICES, st.booleans())
def test_neutral_chroma_gives_equal_channels_to_the_last_bit(
    drawn: tuple[int, np.ndarray], matrix: Matrix, full: bool
) -> None:
    bits, (luma,) = drawn
    neutral = np.full_like(luma, 1 << (bits - 1))
    levels = CodeLevels.of(bits, is_full_range=full)
    rgb = yuv_to_rgb([luma, neutral, neutral], matrix, levels)
    assert np.array_equal(rgb, codes_to_rgb([luma], levels))


@given(_codes(3), _MATRICES, st.booleans())
def test_coding_the_result_again_gives_the_codes(
    drawn: tuple[int, np.ndarray], matrix: Matrix, full: bool
) -> None:
    bits, codes = drawn
    levels = CodeLevels.of(bits, is_full_range=full)
    rgb = yuv_to_rgb(list(codes), matrix, levels).astype(np.float64)
    kr, kb = {"BT.601": (0.299, 0.114), "BT.709": (0.2126, 0.0722), "BT.2020": (0.2627, 0.0593)}[
        matrix.value
    ]
    luma = kr * rgb[..., 0] + (1 - kr - kb) * rgb[..., 1] + kb * rgb[..., 2]
    cb = (rgb[..., 2] - luma) / (2 - 2 * kb)
    cr = (rgb[..., 0] - luma) / (2 - 2 * kr)
    last = 2**bits - 1
    black, span, chroma = (0, last, last) if full else (2 ** (bits - 4), 219, 224)
    if not full:
        span, chroma = span * 2 ** (bits - 8), chroma * 2 ** (bits - 8)
    again = [black + span * luma, 2 ** (bits - 1) + chroma * cb, 2 ** (bits - 1) + chroma * cr]
    # Three float32 roundings of values near 1: far below half a code up to 16 bits.
    assert np.abs(np.stack(again) - codes).max() < 0.1


@given(_codes(3), _MATRICES)
def test_rows_do_not_depend_on_their_neighbours(
    drawn: tuple[int, np.ndarray], matrix: Matrix
) -> None:
    bits, codes = drawn
    levels = CodeLevels.of(bits, is_full_range=False)
    whole = yuv_to_rgb(list(codes), matrix, levels)
    last = yuv_to_rgb([plane[-1:] for plane in codes], matrix, levels)
    assert np.array_equal(whole[-1:], last)
