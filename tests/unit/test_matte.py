"""The layers of one frame, cut to the plate's data window."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.keying.matte import Matte, finish_matte
from robust_matte.keying.prepared import Preparation, PreparedFrame
from robust_matte.media.frames import Frame, FrameHeader
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Nonfinite, PlateSpace

Image = NDArray[np.float32]

SEEN = ModelView(PlateSpace.LINEAR_REC709)
AREA = Window(-1, -2, 8, 7)


def _prepared(window: Window, rng: np.random.Generator) -> PreparedFrame:
    pixels = rng.random((window.height, window.width, 3), np.float32)
    header = FrameHeader(data_window=window, display_window=Window(0, 0, 6, 4))
    frame = Frame(number=3, pixels=pixels, header=header)
    return Preparation(SEEN, AREA, Nonfinite.KEEP).prepare(frame)


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        pytest.param(AREA, AREA, id="the area"),
        pytest.param(Window(1, 1, 3, 2), Window(1, 1, 3, 2), id="inside"),
        pytest.param(Window(-5, 0, 30, 30), Window(-1, 0, 8, 5), id="larger"),
    ],
)
def test_layers_cover_the_data_window_within_the_area(
    data: Window, kept: Window, rng: np.random.Generator
) -> None:
    frame = _prepared(data, rng)
    alpha = np.ones((AREA.height, AREA.width), np.float32)
    alpha[:, ::2] = 0.25
    fgr = rng.random((AREA.height, AREA.width, 3), np.float32)
    matte = finish_matte(frame, fgr, alpha, SEEN, AREA)
    assert matte.window == kept
    rows, columns = kept.slices_in(AREA)
    np.testing.assert_array_equal(matte.alpha, alpha[rows, columns])
    np.testing.assert_array_equal(matte.network_alpha, alpha[rows, columns])
    is_opaque = matte.alpha == 1.0
    assert is_opaque.any()
    np.testing.assert_array_equal(
        matte.foreground[is_opaque], frame.light[rows, columns][is_opaque]
    )
    np.testing.assert_allclose(
        matte.foreground[~is_opaque], SEEN.light(fgr)[rows, columns][~is_opaque], atol=3e-4
    )
    np.testing.assert_array_equal(matte.rgb, matte.foreground * matte.alpha[..., None])


def test_plate_outside_of_the_area_is_black_over_the_area(rng: np.random.Generator) -> None:
    """A file cannot be empty, and where the plate has nothing there is nothing to see."""
    frame = _prepared(Window(100, 100, 4, 4), rng)
    alpha = np.ones((AREA.height, AREA.width), np.float32)
    matte = finish_matte(frame, rng.random((7, 8, 3), np.float32), alpha, SEEN, AREA)
    assert matte.window == AREA
    for layer in (matte.rgb, matte.alpha, matte.foreground, matte.network_alpha):
        assert layer.shape[:2] == (AREA.height, AREA.width)
        assert not layer.any()


def test_hole_is_transparent_black() -> None:
    matte = Matte.black(AREA)
    assert matte.window == AREA
    assert matte.rgb.shape == matte.foreground.shape == (7, 8, 3)
    assert matte.alpha.shape == matte.network_alpha.shape == (7, 8)
    assert not any(x.any() for x in (matte.rgb, matte.alpha, matte.foreground, matte.network_alpha))
