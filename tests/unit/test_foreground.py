"""The foreground's colour in single pixels; the design's table is keyed end to end."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.keying.foreground import premultiply, recover_foreground
from robust_matte.settings.choices import PlateSpace

Image = NDArray[np.float32]
LINEAR = ModelView(PlateSpace.LINEAR_REC709)


def _recovered(light: list[float], fgr: list[float], alpha: float) -> list[float]:
    """Recover one pixel of a scene-linear plate; `fgr` is light too."""
    plate = np.array([[light]], np.float32)
    model = LINEAR.view(np.array([[fgr]], np.float32))
    cover = np.array([[alpha]], np.float32)
    result = recover_foreground(plate, LINEAR.view(plate), model, cover, LINEAR)
    assert result.dtype == np.float32
    return [float(value) for value in result[0, 0]]


def test_band_takes_the_models_colour() -> None:
    found = _recovered([0.6, 0.5, 0.4], [0.1, 0.2, 0.3], 0.5)
    assert found == pytest.approx([0.1, 0.2, 0.3], abs=2e-4)


def test_colour_gives_way_to_the_plate_near_full_cover() -> None:
    """Halfway through the smooth step from 0.95 to 1, halfway between the two."""
    found = _recovered([0.6, 0.5, 0.4], [0.2, 0.3, 0.8], 0.975)
    assert found == pytest.approx([0.4, 0.4, 0.6], abs=2e-4)


def test_light_over_the_ceiling_stays_with_a_foreground_at_the_ceiling() -> None:
    assert _recovered([7.0, 5.0, 3.0], [1.0, 1.0, 1.0], 0.5) == pytest.approx([7, 5, 3], rel=1e-5)


def test_light_over_the_ceiling_is_dropped_from_a_darker_foreground() -> None:
    found = _recovered([7.0, 5.0, 3.0], [0.2, 0.3, 0.4], 0.5)
    assert found == pytest.approx([0.2, 0.3, 0.4], abs=2e-4)


def test_one_channel_that_is_not_the_foregrounds_drops_the_excess_of_all() -> None:
    found = _recovered([7.0, 5.0, 0.1], [1.0, 0.5, 0.1], 0.5)
    assert found == pytest.approx([1.0, 0.5, 0.1], abs=2e-4)


def test_light_below_black_is_kept() -> None:
    """No channel is at the ceiling: what the view cut off at black is the foreground's own."""
    found = _recovered([-0.05, 0.2, 0.2], [0.0, 0.2, 0.2], 0.5)
    assert found == pytest.approx([-0.05, 0.2, 0.2], abs=2e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixel_with_a_bad_channel_is_the_plates_own(bad: float) -> None:
    found = _recovered([bad, 0.25, 0.5], [0.9, 0.9, 0.9], 0.5)
    np.testing.assert_array_equal(found, [bad, 0.25, 0.5])


def test_bad_pixel_leaves_its_neighbours_alone(rng: np.random.Generator) -> None:
    plate, fgr = (rng.random((4, 5, 3), np.float32) for _ in range(2))
    alpha = np.full((4, 5), 0.5, np.float32)
    whole = recover_foreground(plate, LINEAR.view(plate), fgr, alpha, LINEAR)
    plate[2, 3, 1] = np.nan
    found = recover_foreground(plate, LINEAR.view(plate), fgr, alpha, LINEAR)
    found[2, 3] = whole[2, 3]
    np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("space", PlateSpace)
def test_nothing_that_was_given_is_changed(space: PlateSpace, rng: np.random.Generator) -> None:
    seen = ModelView(space)
    plate, fgr = (rng.random((4, 5, 3), np.float32) * 2 for _ in range(2))
    alpha = np.linspace(0, 1, 20, dtype=np.float32).reshape(4, 5)
    view, model = seen.view(plate), np.clip(fgr, 0, 1)
    before = [array.copy() for array in (plate, view, model, alpha)]
    result = recover_foreground(plate, view, model, alpha, seen)
    premultiply(result, alpha)
    for array, was in zip((plate, view, model, alpha), before, strict=True):
        np.testing.assert_array_equal(array, was)
    assert not np.shares_memory(result, plate)


def test_product_is_black_where_nothing_covers() -> None:
    rgb = np.array([[[np.inf, np.nan, -5.0], [np.inf, -0.0, 5.0]]], np.float32)
    found = premultiply(rgb, np.array([[0.0, 0.5]], np.float32))
    np.testing.assert_array_equal(found, [[[0, 0, 0], [np.inf, 0, 2.5]]])
    assert not np.signbit(found[0, 0]).any()
    assert np.signbit(found[0, 1, 1])


def test_light_no_rec709_screen_has_stays_with_the_screen() -> None:
    """Behind a grey edge is a green outside of Rec.709: its red below black is not the edge's."""
    seen = ModelView("ACEScg")
    grey = np.full((1, 1, 3), 0.18, np.float32)
    screen = np.array([[[0.02, 0.6, 0.03]]], np.float32)  # in ACEScg
    assert seen.view(screen).min() == 0.0  # the view does cut it off
    for cover in (0.1, 0.3, 0.5, 0.9):
        plate = (grey * cover + screen * (1 - cover)).astype(np.float32)
        alpha = np.full((1, 1), cover, np.float32)
        view = seen.view(plate)
        found = recover_foreground(plate, view, seen.view(grey), alpha, seen)
        np.testing.assert_allclose(found, grey, rtol=1e-3)
