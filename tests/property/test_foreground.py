"""Foreground and product over any light, cover and model."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.keying.foreground import premultiply, recover_foreground
from robust_matte.settings.choices import PlateSpace

Image = NDArray[np.float32]

SHAPE = (3, 4)
covers = st.one_of(
    st.sampled_from([0.0, 1.0, 0.5, 0.95, 0.975, float(np.nextafter(np.float32(1), 0)), 1e-45]),
    st.floats(0, 1, width=32),
)
alphas = hnp.arrays(np.float32, SHAPE, elements=covers)
codes = hnp.arrays(np.float32, (*SHAPE, 3), elements=st.floats(0, 1, width=32))
odd = st.sampled_from([np.nan, np.inf, -np.inf, -0.0, 3.4e38, -3.4e38, 1e-45, 5.0, 70000.0])
lights = hnp.arrays(
    np.float32,
    (*SHAPE, 3),
    elements=st.one_of(odd, st.floats(-2, 60, width=32)).map(lambda x: float(np.float32(x))),
)
spaces = st.sampled_from(list(PlateSpace))


def _bits(image: Image) -> NDArray[np.uint32]:
    return np.ascontiguousarray(image).view(np.uint32)


@given(lights, codes, alphas, spaces)
def test_opaque_and_clear_pixels_are_the_plates_to_the_bit(
    pixels: Image, fgr: Image, alpha: Image, space: PlateSpace
) -> None:
    seen = ModelView(space)
    with np.errstate(over="ignore", invalid="ignore"):
        plate = seen.working(pixels)
        found = recover_foreground(plate, seen.view(pixels), fgr, alpha, seen)
        product = premultiply(found, alpha)
    is_plain = (alpha == 0.0) | (alpha == 1.0)
    np.testing.assert_array_equal(_bits(found[is_plain]), _bits(plate[is_plain]))
    is_opaque = alpha == 1.0
    np.testing.assert_array_equal(_bits(product[is_opaque]), _bits(plate[is_opaque]))
    assert not _bits(product[alpha == 0.0]).any()


@given(lights, codes, alphas, spaces)
def test_good_pixels_stay_good_and_bad_ones_the_plates(
    pixels: Image, fgr: Image, alpha: Image, space: PlateSpace
) -> None:
    seen = ModelView(space)
    plate = seen.working(np.clip(pixels, -1e30, 1e30))  # NaN stays
    found = recover_foreground(plate, seen.view(pixels), fgr, alpha, seen)
    is_good = np.isfinite(plate).all(axis=2)
    assert np.isfinite(found[is_good]).all()
    np.testing.assert_array_equal(_bits(found[~is_good]), _bits(plate[~is_good]))


@given(codes, codes, alphas, spaces)
def test_without_excess_the_foreground_lies_between_plate_and_model(
    pixels: Image, fgr: Image, alpha: Image, space: PlateSpace
) -> None:
    """The view holds such a plate whole; the fast transfer of a linear one is within 1.1e-4.

    No pixel shows the background alone, by which the model's colour could be doubted.
    """
    seen = ModelView(space)
    alpha = np.maximum(alpha, np.float32(0.05))
    plate, model = seen.working(pixels), seen.light(fgr)
    found = recover_foreground(plate, seen.view(pixels), fgr, alpha, seen)
    slack = np.maximum(plate, model) * (4e-4 if space.is_scene_referred else 4e-7) + 1e-6
    assert (found >= np.minimum(plate, model) - slack).all()
    assert (found <= np.maximum(plate, model) + slack).all()
    is_band = (alpha > 0.0) & (alpha <= np.float32(0.95))
    assert (np.abs(found - model)[is_band] <= slack[is_band]).all()


@given(codes, alphas)
def test_product_is_colour_times_cover(rgb: Image, alpha: Image) -> None:
    found = premultiply(rgb, alpha)
    assert found.dtype == np.float32
    exact = rgb.astype(np.float64) * alpha.astype(np.float64)[..., None]
    np.testing.assert_allclose(found, exact, rtol=1e-7, atol=1e-44)
