"""Holes filled from around, means, and reading between the cells of a grid."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.keying.grids import box_means, fill_holes, read_between, sum_cells

Image = NDArray[np.float32]


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 3), (17, 32)])
def test_what_is_there_stays_and_one_colour_fills_everything(
    shape: tuple[int, int], rng: np.random.Generator
) -> None:
    colours = np.full((*shape, 3), (0.25, 2.0, 0.0), np.float32)
    weights = (rng.random((*shape, 1)) > 0.7).astype(np.float32)
    weights[0, 0] = 1.0
    colours[weights[..., 0] == 0.0] = 99.0
    found = fill_holes(colours, weights)
    np.testing.assert_array_equal(found[weights[..., 0] == 1.0], colours[weights[..., 0] == 1.0])
    np.testing.assert_allclose(found, np.broadcast_to((0.25, 2.0, 0.0), found.shape), rtol=1e-5)


def test_a_hole_is_filled_from_the_side_that_is_nearer() -> None:
    colours, weights = np.zeros((16, 64, 1), np.float32), np.zeros((16, 64, 1), np.float32)
    colours[:, 56:] = 1.0
    weights[:, :8] = weights[:, 56:] = 1.0
    across = fill_holes(colours, weights)[8, :, 0]
    assert (np.diff(across) >= -1e-6).all()
    assert across[12] < 0.3
    assert across[51] > 0.7


def test_nothing_to_fill_from_is_black() -> None:
    nothing = np.zeros((5, 6, 1), np.float32)
    assert not fill_holes(np.ones((5, 6, 3), np.float32), nothing).any()


def test_means_are_those_of_the_neighbourhood(rng: np.random.Generator) -> None:
    image = rng.random((7, 9, 2), np.float32)
    found = box_means(image, 2)
    for row, column in ((0, 0), (3, 4), (6, 8)):
        near = image[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
        np.testing.assert_allclose(found[row, column], near.mean(axis=(0, 1)), rtol=1e-5)


def test_a_slope_is_read_exactly_between_cells() -> None:
    """Cells of 4 pixels have their centres at 1.5, 5.5 and so on."""
    rows, columns = np.mgrid[0:5, 0:6].astype(np.float32)
    grid = np.stack([rows, columns], axis=2)
    at = (np.array([2, 9, 17]), np.array([1, 21, 10]))
    found = read_between(grid, at, 4)
    np.testing.assert_allclose(found[:, 0], [0.125, 1.875, 3.875], atol=1e-6)
    np.testing.assert_allclose(found[:, 1], [0.0, 4.875, 2.125], atol=1e-6)


def test_each_pixel_counts_for_its_cell() -> None:
    at = (np.array([0, 1, 3, 9]), np.array([0, 1, 5, 5]))  # the last is beyond the last whole cell
    found = sum_cells(np.array([[1], [2], [4], [8]], np.float32), at, 2, (2, 3))
    np.testing.assert_array_equal(found[..., 0], [[3, 0, 0], [0, 0, 12]])
