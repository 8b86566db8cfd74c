"""The gradient error against its definition, written out with sums over neighbours."""

import math
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte_rvm.evaluation import gradient_error

Image = NDArray[np.float32]

REACH = range(-4, 5)  # ceil(1.4 * sqrt(-2 ln(sqrt(2 pi) * 1.4 * 0.01))) = ceil(3.62)


def gaussian(x: int) -> float:
    return math.exp(-x * x / (2 * 1.4 * 1.4))


def by_definition(alpha: Image, true_alpha: Image) -> float:
    """Sum of squared differences of gradient lengths, pixel by pixel, kernel by kernel."""
    norm = math.sqrt(sum((x * gaussian(x) * gaussian(y)) ** 2 for x, y in product(REACH, REACH)))
    height, width = alpha.shape

    def length(image: Image, row: int, column: int) -> float:
        across = down = 0.0
        for y, x in product(REACH, REACH):
            value = float(
                image[min(max(row + y, 0), height - 1), min(max(column + x, 0), width - 1)]
            )
            across += value * x * gaussian(x) * gaussian(y) / norm
            down += value * y * gaussian(x) * gaussian(y) / norm
        return math.hypot(across, down)

    return sum(
        (length(alpha, *place) - length(true_alpha, *place)) ** 2
        for place in product(range(height), range(width))
    )


def dot() -> Image:
    alpha = np.zeros((5, 5), np.float32)
    alpha[2, 2] = 1.0
    return alpha


def test_a_dot_gives_the_kernels_own_energy() -> None:
    # Both kernels seen through a window of 5 of their 9 taps: 2 (G5 D5) / (G9 D9).
    window = range(-2, 3)
    shares = [
        sum(tap(x) ** 2 for x in window) / sum(tap(x) ** 2 for x in REACH)
        for tap in (gaussian, lambda x: x * gaussian(x))
    ]
    expected = 2 * shares[0] * shares[1]
    # by hand: 2 * (2.46056 * 2.24008) / (2.48139 * 2.43158)
    assert expected == pytest.approx(1.8270, abs=1e-4)
    assert gradient_error(dot(), np.zeros((5, 5), np.float32)) == pytest.approx(expected, rel=1e-9)


def bounded(rng: np.random.Generator, shape: tuple[int, int]) -> Image:
    """Noise that holds 0 and 1, so that stretching leaves it alone."""
    alpha = rng.random(shape, np.float32)
    alpha[0, 0], alpha[-1, -1] = 0.0, 1.0
    return alpha


@pytest.mark.parametrize(
    "shape", [pytest.param((5, 5), id="5x5"), pytest.param((7, 12), id="7x12")]
)
def test_noise_gives_what_the_definition_gives(
    rng: np.random.Generator, shape: tuple[int, int]
) -> None:
    alpha, truth = bounded(rng, shape), bounded(rng, shape)
    assert gradient_error(alpha, truth) == pytest.approx(by_definition(alpha, truth), rel=1e-9)


def test_equal_mattes_have_no_error(rng: np.random.Generator) -> None:
    alpha = bounded(rng, (9, 8))
    assert gradient_error(alpha, alpha) == 0.0


def test_error_is_symmetric_and_turns_with_the_picture(rng: np.random.Generator) -> None:
    alpha, truth = bounded(rng, (9, 8)), bounded(rng, (9, 8))
    error = gradient_error(alpha, truth)
    assert gradient_error(truth, alpha) == pytest.approx(error, rel=1e-12)
    assert gradient_error(alpha.T, truth.T) == pytest.approx(error, rel=1e-9)


def test_mattes_are_stretched_first(rng: np.random.Generator) -> None:
    alpha, truth = bounded(rng, (9, 8)), bounded(rng, (9, 8))
    faint = (alpha * np.float32(0.25) + np.float32(0.5)).astype(np.float32)
    assert gradient_error(faint, alpha) == pytest.approx(0.0, abs=1e-9)
    assert gradient_error(faint, truth) == pytest.approx(gradient_error(alpha, truth), rel=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_matte_of_one_value_has_no_gradient(value: float) -> None:
    flat = np.full((6, 6), value, np.float32)
    assert gradient_error(flat, np.zeros((6, 6), np.float32)) == 0.0


def test_a_soft_edge_in_place_of_a_hard_one_is_an_error() -> None:
    hard = np.zeros((16, 16), np.float32)
    hard[:, 8:] = 1.0
    edge = np.clip((np.arange(16) - 4) / 8, 0, 1).astype(np.float32)
    soft = np.tile(edge, (16, 1))
    assert gradient_error(soft, hard) == pytest.approx(by_definition(soft, hard), rel=1e-9)
    assert gradient_error(soft, hard) > 1.0
