"""Shaping an alpha: numbers that can be worked out by hand, and what must never happen."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.errors import SettingsError
from robust_matte.keying.shaping import premultiplied, shape_alpha, shaped_alpha
from robust_matte.settings.shaping import Shaping

Image = NDArray[np.float32]

EVERYTHING = Shaping(black=0.1, white=0.9, gamma=1.2, grow=1.5, soften=2.0)


def edge(columns: int = 16, rows: int = 9) -> Image:
    """A hard edge: 0 on the left half, 1 on the right."""
    image = np.zeros((rows, columns), np.float32)
    image[:, columns // 2 :] = 1.0
    return image


def test_nothing_asked_is_the_very_array(rng: np.random.Generator) -> None:
    alpha = rng.random((7, 9), np.float32)
    assert shape_alpha(alpha, Shaping()) is alpha
    foreground = rng.random((7, 9, 3), np.float32)
    assert shaped_alpha(alpha, Shaping(), is_half=True) is alpha
    rgb = premultiplied(foreground, alpha, Shaping(), is_half=True)
    np.testing.assert_array_equal(rgb, foreground * alpha[..., None])


def test_levels_spread_what_lies_between_the_points() -> None:
    alpha = np.array([[0.0, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0]], np.float32)
    shaped = shape_alpha(alpha, Shaping(black=0.2, white=0.8))
    np.testing.assert_allclose(shaped, [[0, 0, 0, 0.5, 1, 1, 1]], atol=1e-6)
    assert shaped[0, 4] == 1.0  # exactly: the foreground's core is found by it


def test_gamma_bends_and_keeps_the_ends() -> None:
    alpha = np.array([[0.0, 0.25, 1.0]], np.float32)
    np.testing.assert_allclose(shape_alpha(alpha, Shaping(gamma=2.0)), [[0, 0.5, 1]], atol=1e-6)
    np.testing.assert_allclose(shape_alpha(alpha, Shaping(gamma=0.5)), [[0, 0.0625, 1]], atol=1e-6)


@pytest.mark.parametrize("by", [0.25, 1.0, 1.75, 4.0, 7.5, -0.25, -1.0, -2.5, -6.0])
def test_an_edge_moves_by_the_pixels_asked_for(by: float) -> None:
    shaped = shape_alpha(edge(40), Shaping(grow=by))
    np.testing.assert_allclose(shaped.sum(axis=1), 20.0 + by, atol=1e-5)
    ends = 20 - math.ceil(abs(by)), 20 + math.ceil(abs(by))
    np.testing.assert_array_equal(shaped[:, : ends[0]], 0.0)
    np.testing.assert_array_equal(shaped[:, ends[1] :], 1.0)


@pytest.mark.parametrize("by", [1.0, 2.5, 3.0, 6.3, 20.0])
def test_growing_is_the_largest_within_a_disc(by: float, rng: np.random.Generator) -> None:
    """Against the definition, pixel by pixel, over more than one tile."""
    alpha = (rng.random((150, 530)) > 0.999).astype(np.float32)
    alpha *= rng.random(alpha.shape, np.float32)
    reach = math.ceil(by)
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    weights = np.clip(by + 1.0 - np.hypot(down, across), 0.0, 1.0)
    wanted = np.zeros_like(alpha)
    for y, x in zip(*np.nonzero(alpha), strict=True):
        top, left = max(y - reach, 0), max(x - reach, 0)
        cut = weights[top - y + reach :, left - x + reach :] * alpha[y, x]
        part = wanted[top : y + reach + 1, left : x + reach + 1]
        np.maximum(part, cut[: part.shape[0], : part.shape[1]], out=part)
    np.testing.assert_allclose(shape_alpha(alpha, Shaping(grow=by)), wanted, atol=1e-6)
    shrunk = shape_alpha(np.float32(1.0) - alpha, Shaping(grow=-by))
    np.testing.assert_allclose(shrunk, 1.0 - wanted, atol=1e-6)


@pytest.mark.parametrize("width", [0.5, 1.0, 3.0, 8.3])
def test_softening_makes_a_ramp_of_twice_its_width(width: float) -> None:
    shaped = shape_alpha(edge(80), Shaping(soften=width))[4].astype(float)
    np.testing.assert_allclose(shaped.sum(), 40.0, atol=1e-4)  # no matte is lost or won
    np.testing.assert_allclose(shaped + shaped[::-1], 1.0, atol=1e-5)
    assert (np.diff(shaped) >= 0.0).all()
    assert shaped[40 - round(width) - 1] < 0.05
    assert shaped[39] > 0.02
    steps = np.diff(shaped)
    spread = math.sqrt((steps * (np.arange(79) - 39.0) ** 2).sum())
    if width >= 1.0:  # a Gaussian of half the width, taken over pixels
        np.testing.assert_allclose(spread, math.hypot(width / 2, math.sqrt(1 / 12)), rtol=0.03)


@pytest.mark.parametrize("shaping", [EVERYTHING, Shaping(soften=9.7), Shaping(grow=-4.5)], ids=str)
def test_nothing_darkens_at_the_border(shaping: Shaping) -> None:
    """A body that the frame cuts off stays whole there, and even alpha stays even to the bit."""
    np.testing.assert_array_equal(shape_alpha(np.ones((20, 30), np.float32), shaping), 1.0)
    np.testing.assert_array_equal(shape_alpha(np.zeros((20, 30), np.float32), shaping), 0.0)
    rows = shape_alpha(edge(60, rows=20), shaping)
    np.testing.assert_array_equal(rows, np.broadcast_to(rows[10], rows.shape))


def test_far_from_an_edge_alpha_stays_exact() -> None:
    shaped = shape_alpha(edge(700, rows=140), Shaping(soften=5.0))
    np.testing.assert_array_equal(shaped[:, : 350 - 9], 0.0)
    np.testing.assert_array_equal(shaped[:, 350 + 9 :], 1.0)


def test_bad_alpha_counts_as_none() -> None:
    alpha = edge()
    alpha[4, 12] = np.nan
    alpha[4, 3] = np.inf
    shaped = shape_alpha(alpha, EVERYTHING)
    assert np.isfinite(shaped).all()
    assert shaped.min() >= 0.0
    assert shaped.max() <= 1.0
    assert np.isnan(alpha[4, 12])  # what was given is untouched


def test_tiles_leave_no_seams(rng: np.random.Generator) -> None:
    """The same pixels, whichever tile they fall into."""
    alpha = rng.random((300, 1100), np.float32)
    whole = shape_alpha(alpha, EVERYTHING)
    part = shape_alpha(alpha[77:, 333:], EVERYTHING)
    np.testing.assert_array_equal(whole[77 + 20 :, 333 + 20 :], part[20:, 20:])


def test_layers_are_made_of_what_a_file_of_half_floats_holds(rng: np.random.Generator) -> None:
    foreground = rng.uniform(0, 9, (12, 17, 3)).astype(np.float32)
    alpha = rng.random((12, 17), np.float32)
    kept, held = (one.astype(np.float16).astype(np.float32) for one in (foreground, alpha))
    shaped = shaped_alpha(alpha, EVERYTHING, is_half=True)
    np.testing.assert_array_equal(shaped, shape_alpha(held, EVERYTHING))
    rgb = premultiplied(foreground, shaped, EVERYTHING, is_half=True)
    np.testing.assert_array_equal(rgb, kept * shaped[..., None])


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"black": 0.5, "white": 0.5}, id="no room"),
        pytest.param({"black": math.nan}, id="no black"),
        pytest.param({"white": 1.01}, id="white above 1"),
        pytest.param({"gamma": 0.0}, id="no gamma"),
        pytest.param({"grow": -101.0}, id="shrunk away"),
        pytest.param({"soften": -1.0}, id="sharpened"),
        pytest.param({"soften": math.inf}, id="endless"),
    ],
)
def test_values_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Shaping(**values)


@pytest.mark.parametrize("shaping", [Shaping(), EVERYTHING, Shaping(grow=-0.1)], ids=str)
def test_text_is_read_as_it_was_written(shaping: Shaping) -> None:
    assert Shaping.parse(str(shaping)) == shaping


@pytest.mark.parametrize("text", ["", "black", "hue 3", "black dark", "black 2"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        Shaping.parse(text)
