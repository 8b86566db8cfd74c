"""What a straight movie stores where nothing is seen: the kept colours, carried outwards."""

import numpy as np
import pytest

from robust_matte.media.edge_fill import carry_outwards


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 5), (48, 64), (33, 70)])
def test_kept_pixels_stay_and_the_others_are_of_their_colours(
    size: tuple[int, int], rng: np.random.Generator
) -> None:
    colour = rng.uniform(0.2, 0.9, (*size, 3)).astype(np.float32)
    is_kept = rng.random(size) < 0.3
    is_kept.flat[0] = True
    spoilt = np.where(is_kept[..., None], colour, np.float32(np.nan))
    carried = carry_outwards(spoilt, is_kept)
    assert carried.dtype == np.float32
    np.testing.assert_array_equal(carried[is_kept], colour[is_kept])
    assert carried.min() >= colour[is_kept].min() - 1e-6
    assert carried.max() <= colour[is_kept].max() + 1e-6


def test_a_flat_subject_goes_on_flat() -> None:
    colour = np.zeros((40, 56, 3), np.float32)
    is_kept = np.zeros((40, 56), bool)
    is_kept[10:20, 12:30] = True
    colour[is_kept] = (0.7, 0.4, 0.1)
    carried = carry_outwards(colour, is_kept)
    np.testing.assert_allclose(carried, np.broadcast_to((0.7, 0.4, 0.1), carried.shape), atol=1e-6)


def test_pixels_beside_the_edge_are_like_it() -> None:
    """A subject red on the left and blue on the right stays so outside of either side."""
    colour = np.zeros((64, 64, 3), np.float32)
    colour[:, :32, 0], colour[:, 32:, 2] = 1.0, 1.0
    is_kept = np.zeros((64, 64), bool)
    is_kept[16:48, 16:48] = True
    carried = carry_outwards(colour, is_kept)
    assert carried[32, 13, 0] > 0.9
    assert carried[32, 50, 2] > 0.9
    steps = np.abs(np.diff(carried[32, :16], axis=0)).max()
    assert steps < 0.15  # no edge for a codec to ring at


def test_all_or_nothing() -> None:
    colour = np.full((5, 4, 3), 0.5, np.float32)
    assert carry_outwards(colour, np.ones((5, 4), bool)) is colour
    assert not carry_outwards(colour, np.zeros((5, 4), bool)).any()
