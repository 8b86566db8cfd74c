"""Frames made ready: placed in the work area, looked over, as light and as view."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.keying.prepared import BadPixels, Preparation
from robust_matte.media.frames import Frame, FrameHeader
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Nonfinite, PlateSpace

Image = NDArray[np.float32]

KEEP, ZERO = Nonfinite.KEEP, Nonfinite.ZERO
LINEAR, SRGB = PlateSpace.LINEAR_REC709, PlateSpace.SRGB


def _frame(pixels: Image, x: int = 0, y: int = 0) -> Frame:
    window = Window(x, y, pixels.shape[1], pixels.shape[0])
    header = FrameHeader(data_window=window, display_window=Window(0, 0, 8, 6))
    return Frame(number=1001, pixels=pixels, header=header)


def _preparation(area: Window, policy: Nonfinite = KEEP, space: PlateSpace = LINEAR) -> Preparation:
    return Preparation(ModelView(space), area, policy)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        pytest.param(0, 0, id="at the corner"),
        pytest.param(3, 2, id="inside"),
        pytest.param(-2, -1, id="over the top left"),
        pytest.param(6, 4, id="over the bottom right"),
        pytest.param(50, 0, id="outside"),
        pytest.param(-4, 0, id="just outside"),
    ],
)
@pytest.mark.parametrize("area", [Window(0, 0, 8, 6), Window(-2, -1, 10, 7)])
def test_pixels_sit_where_the_data_window_says(
    x: int, y: int, area: Window, rng: np.random.Generator
) -> None:
    """Against a canvas filled pixel by pixel; black where the plate has nothing."""
    pixels = rng.random((3, 4, 3), np.float32) + np.float32(0.5)
    wanted = np.zeros((area.height, area.width, 3), np.float32)
    for row in range(3):
        for column in range(4):
            at_x, at_y = x + column - area.x, y + row - area.y
            if 0 <= at_x < area.width and 0 <= at_y < area.height:
                wanted[at_y, at_x] = pixels[row, column]
    prepared = _preparation(area).prepare(_frame(pixels, x, y))
    np.testing.assert_array_equal(prepared.light, wanted)
    assert prepared.view.shape == wanted.shape
    assert prepared.view.flags.c_contiguous
    assert prepared.number == 1001
    assert prepared.bad is None


def test_light_and_view_are_those_of_the_plates_space() -> None:
    codes = np.full((6, 8, 3), 0.5, np.float32)
    prepared = _preparation(Window(0, 0, 8, 6), space=SRGB).prepare(_frame(codes))
    np.testing.assert_array_equal(prepared.view, codes)
    np.testing.assert_allclose(prepared.light, 0.2140411, rtol=1e-5)


@pytest.mark.parametrize("policy", Nonfinite)
def test_bad_pixels_are_counted_and_the_first_is_named(policy: Nonfinite) -> None:
    """A pixel counts once, in the plate's own coordinates, and only inside the work area."""
    pixels = np.full((3, 4, 3), 0.5, np.float32)
    pixels[1, 2] = np.nan
    pixels[2, 0, 1] = np.inf
    pixels[2, 3, 2] = -np.inf
    pixels[0, 0, 0] = np.nan  # above the area
    before = pixels.copy()
    prepared = _preparation(Window(5, 4, 5, 5), policy).prepare(_frame(pixels, x=5, y=3))
    assert prepared.bad == BadPixels(count=3, x=7, y=4)
    np.testing.assert_array_equal(pixels, before)
    assert np.isfinite(prepared.view).all()
    if policy is KEEP:
        np.testing.assert_array_equal(prepared.light[:2, :4], before[1:])
    else:
        np.testing.assert_array_equal(
            prepared.light[:2, :4], np.where(np.isfinite(before), before, 0)[1:]
        )


def test_view_of_a_bad_channel_leaves_the_others() -> None:
    pixels = np.array([[[np.nan, np.inf, 0.25]]], np.float32)
    prepared = _preparation(Window(0, 0, 1, 1), space=SRGB).prepare(_frame(pixels))
    assert prepared.view.tolist() == [[[0.0, 1.0, 0.25]]]
