"""The losses: against numbers worked out by hand and against the pyramid written another way."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from robust_matte_rvm.training import losses
from robust_matte_rvm.training.losses import (
    alpha_l1,
    foreground_l1,
    foreground_temporal,
    laplacian_pyramid,
    matting_loss,
    segmentation_cross_entropy,
    temporal_coherence,
)

_Loss = Callable[[Tensor, Tensor], Tensor]


def _frames(*values: float) -> Tensor:
    """Return one clip of 1x1 pixels, (1, T, 1, 1, 1), one value a frame."""
    return torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1, 1)


def _random(*shape: int, seed: int = 3) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def test_alpha_l1_is_the_mean_over_every_pixel_of_every_frame() -> None:
    pha = torch.tensor([0.0, 1.0, 0.5, 0.25]).view(1, 2, 1, 1, 2)
    true = torch.tensor([0.0, 0.0, 1.0, 0.25]).view(1, 2, 1, 1, 2)
    assert float(alpha_l1(pha, true)) == 0.375


# --- the pyramid


def _reduction(size: int) -> NDArray[np.float64]:
    """Return the matrix that blurs a row of pixels and keeps every second; borders repeat."""
    matrix = np.zeros((-(-size // 2), size))
    for row in range(len(matrix)):
        for offset, weight in zip(range(-2, 3), (1, 4, 6, 4, 1), strict=True):
            matrix[row, min(max(2 * row + offset, 0), size - 1)] += weight / 16
    return matrix


def _expansion(size: int) -> NDArray[np.float64]:
    """Return the matrix back to `size` pixels: weighted means of the pixels kept nearby."""
    matrix = np.zeros((size, -(-size // 2)))
    for row in range(size):
        for offset, weight in zip(range(-2, 3), (1, 4, 6, 4, 1), strict=True):
            source = min(max(row + offset, 0), size - 1)
            if source % 2 == 0:
                matrix[row, source // 2] += weight
    shares: NDArray[np.float64] = matrix / matrix.sum(1, keepdims=True)
    return shares


def _pyramid_loss(difference: NDArray[np.float64]) -> float:
    total = 0.0
    for level in range(1, 6):
        down, across = (_reduction(size) for size in difference.shape)
        halved = down @ difference @ across.T
        up, along = (_expansion(size) for size in difference.shape)
        total += 2 ** (level - 1) / 5 * np.abs(difference - up @ halved @ along.T).mean()
        difference = halved
    return total


@pytest.mark.parametrize(
    ("height", "width"), [pytest.param(320, 352, id="even"), pytest.param(323, 349, id="odd")]
)
def test_pyramid_equals_one_written_with_matrices(height: int, width: int) -> None:
    # The blob's blur, 62 pixels around it on the coarsest level, ends before the border.
    difference = torch.zeros(1, 1, 1, height, width, dtype=torch.float64)
    difference[..., 151:169, 160:190] = _random(18, 30).double() - 0.3
    wanted = _pyramid_loss(difference[0, 0, 0].numpy())
    assert wanted > 0.001
    pha = _random(1, 1, 1, height, width).double()
    assert float(laplacian_pyramid(pha + difference, pha)) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("height", "width"),
    [
        pytest.param(64, 96, id="even"),
        pytest.param(37, 51, id="odd"),
        pytest.param(7, 5, id="smaller-than-the-pyramid"),
        pytest.param(1, 1, id="one-pixel"),
    ],
)
def test_pyramid_equals_one_written_with_matrices_up_to_the_border(height: int, width: int) -> None:
    difference = _random(1, 1, 1, height, width).double() - 0.5
    wanted = _pyramid_loss(difference[0, 0, 0].numpy())
    got = float(laplacian_pyramid(difference, torch.zeros_like(difference)))
    assert got == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("size", [(160, 120), (37, 51), (2, 2)])
def test_a_matte_that_is_wrong_everywhere_alike_lacks_no_detail(size: tuple[int, int]) -> None:
    true = torch.full((1, 1, 1, *size), 0.25)
    assert float(laplacian_pyramid(true + 0.5, true)) == pytest.approx(0, abs=1e-6)


def test_finest_level_of_one_pixel_is_what_is_worked_out_by_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(losses, "_LEVELS", 1)
    pixel = torch.zeros(1, 1, 1, 16, 16)
    pixel[..., 8, 8] = 1
    # Of a row, 1 6 1 (of 16) is kept, and doubled to 1 4 12 28 38 28 12 4 1 (of 128). So the pixel
    # keeps 38 / 128 squared of its value, and the rest appears around it: the sum of all is 1.
    kept = (38 / 128) ** 2
    assert float(laplacian_pyramid(pixel, torch.zeros_like(pixel))) == pytest.approx(
        2 * (1 - kept) / 16**2
    )


def test_pyramid_takes_every_frame_of_every_clip_for_a_picture() -> None:
    pha, true = _random(2, 3, 1, 40, 56), _random(2, 3, 1, 40, 56, seed=4)
    single = [
        laplacian_pyramid(pha[i : i + 1, t : t + 1], true[i : i + 1, t : t + 1])
        for i in range(2)
        for t in range(3)
    ]
    torch.testing.assert_close(laplacian_pyramid(pha, true), torch.stack(single).mean())


# --- time


def test_temporal_coherence_is_the_mean_square_of_the_difference_in_change() -> None:
    # Changes 0.5 and 0.5 against 0 and 1.
    assert float(temporal_coherence(_frames(0, 0.5, 1), _frames(0, 0, 1))) == 0.25


@pytest.mark.parametrize("loss", [temporal_coherence, laplacian_pyramid, alpha_l1])
def test_the_truth_itself_costs_nothing(loss: _Loss) -> None:
    true = _random(2, 3, 1, 20, 24)
    assert float(loss(true.clone(), true)) == 0


def test_an_error_that_stays_is_no_flicker() -> None:
    true, error = _random(2, 4, 1, 9, 7), _random(2, 1, 1, 9, 7, seed=4)
    assert float(temporal_coherence(true + error, true)) == pytest.approx(0, abs=1e-12)
    assert float(temporal_coherence(true + error * _frames(0, 1, 0, 1), true)) > 0.1


def test_one_frame_has_no_flicker() -> None:
    one = _random(2, 1, 1, 4, 4)
    assert float(temporal_coherence(one, one + 1)) == 0
    assert float(foreground_temporal(one, one + 1, one)) == 0


# --- foreground


def _subject(*frames: tuple[float, float]) -> Tensor:
    """Return the alpha of one clip of two pixels, (1, T, 1, 1, 2)."""
    return torch.tensor(frames, dtype=torch.float32).view(1, len(frames), 1, 1, 2)


def test_foreground_counts_where_the_subject_is_however_thin() -> None:
    true = torch.zeros(1, 1, 3, 1, 2)
    fgr = true.clone()
    fgr[..., 0] = torch.tensor([0.1, 0.2, 0.6]).view(3, 1)
    fgr[..., 1] = 50.0  # where nobody stands
    assert float(foreground_l1(fgr, true, _subject((0.001, 0)))) == pytest.approx(0.3)
    assert float(foreground_l1(fgr, true, _subject((0, 1)))) == 50


def test_foreground_of_a_large_subject_counts_as_much_as_of_a_small_one() -> None:
    true = torch.zeros(1, 1, 3, 8, 8)
    small, large = torch.zeros(1, 1, 1, 8, 8), torch.ones(1, 1, 1, 8, 8)
    small[..., 2:4, 5] = 0.5
    for subject in (small, large):
        assert float(foreground_l1(true + 0.25, true, subject)) == 0.25


def test_foreground_flickers_only_where_the_subject_was_and_is() -> None:
    subject = _subject((1, 1), (1, 0), (1, 1))  # the second pixel is uncovered in between
    fgr = torch.zeros(1, 3, 3, 1, 2)
    fgr[:, 1] = 0.5  # changes of 0.5 and of -0.5 where none is true
    assert float(foreground_temporal(fgr, torch.zeros_like(fgr), subject)) == 0.25
    fgr[:, 1, :, :, 0] = 0
    assert float(foreground_temporal(fgr, torch.zeros_like(fgr), subject)) == 0


def test_a_batch_without_a_subject_has_no_foreground_to_learn() -> None:
    fgr = _random(2, 3, 3, 6, 6).requires_grad_()
    nobody = torch.zeros(2, 3, 1, 6, 6)
    true = _random(2, 3, 3, 6, 6, seed=4)
    total = foreground_l1(fgr, true, nobody) + foreground_temporal(fgr, true, nobody)
    total.backward()  # type: ignore[no-untyped-call]
    assert float(total.detach()) == 0
    assert fgr.grad is not None
    assert not fgr.grad.any()


# --- the sum


def test_the_total_is_that_of_the_paper() -> None:
    fgr, true_fgr = _random(2, 3, 3, 24, 24), _random(2, 3, 3, 24, 24, seed=4)
    pha, true_pha = _random(2, 3, 1, 24, 24, seed=5), _random(2, 3, 1, 24, 24, seed=6)
    terms = matting_loss(fgr, pha, true_fgr, true_pha)
    wanted = {
        "alpha": alpha_l1(pha, true_pha),
        "pyramid": laplacian_pyramid(pha, true_pha),
        "temporal": 5 * temporal_coherence(pha, true_pha),
        "foreground": foreground_l1(fgr, true_fgr, true_pha),
        "foreground_temporal": 5 * foreground_temporal(fgr, true_fgr, true_pha),
    }
    assert {name: float(term) for name, term in terms.items()} == {
        name: float(term) for name, term in wanted.items()
    }
    assert all(term.shape == () for term in terms.values())


def test_cross_entropy_is_that_of_the_sigmoid() -> None:
    logits, mask = _frames(0, 2, -2, 0), _frames(1, 1, 1, 0.25)
    # -ln(1/2), -ln(sigmoid(2)), -ln(sigmoid(-2)), and a half again whatever the mask is.
    surprise = [math.log(2), math.log1p(math.exp(-2)), math.log1p(math.exp(2)), math.log(2)]
    got = float(segmentation_cross_entropy(logits, mask))
    assert got == pytest.approx(sum(surprise) / 4)


@pytest.mark.parametrize("scale", [pytest.param(0.0, id="truth"), pytest.param(1e4, id="far-off")])
@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("coverage", [0.0, 1.0])
def test_gradients_are_finite(scale: float, frames: int, coverage: float) -> None:
    true_fgr = _random(2, frames, 3, 17, 12)
    true_pha = _random(2, frames, 1, 17, 12, seed=4) * coverage
    fgr = (true_fgr + scale).requires_grad_()
    pha = (true_pha - scale).requires_grad_()
    terms = matting_loss(fgr, pha, true_fgr, true_pha)
    total = torch.stack([*terms.values(), segmentation_cross_entropy(pha, true_pha)]).sum()
    total.backward()  # type: ignore[no-untyped-call]
    assert total.isfinite()
    for gradient in (fgr.grad, pha.grad):
        assert gradient is not None
        assert bool(gradient.isfinite().all())
