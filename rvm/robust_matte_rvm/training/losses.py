"""What training makes small: the terms of the paper, one function each.

Predictions and truths are clips, (B, T, C, H, W), float32; foregrounds are display-encoded R'G'B',
straight. All results are means over pixels, scalars of shape ().

Source:
    Lin et al. 2022, "Robust High-Resolution Video Matting with Temporal Guidance",
    arXiv 2108.11515, section 4.2.
"""

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "alpha_l1",
    "foreground_l1",
    "foreground_temporal",
    "laplacian_pyramid",
    "matting_loss",
    "segmentation_cross_entropy",
    "temporal_coherence",
]

_LEVELS = 5
_TEMPORAL_WEIGHT = 5.0
_BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)
_LEAST_PIXELS = 1.0  # a batch without a subject has no foreground to learn, not a division by zero


def alpha_l1(pha: Tensor, true_pha: Tensor) -> Tensor:
    """Return the mean absolute difference of alphas, (B, T, 1, H, W) each."""
    return functional.l1_loss(pha, true_pha)


def laplacian_pyramid(pha: Tensor, true_pha: Tensor) -> Tensor:
    """Return the L1 distance of five Laplacian levels; level s counts 2^(s-1) / 5.

    It sees edges and hair at the fine levels and whole limbs at the coarse ones.

    Args:
        pha: (B, T, 1, H, W).
        true_pha: Likewise.

    Source:
        Hou & Liu 2019, "Context-Aware Image Matting", arXiv 1909.09725, section 3.3, as
        arXiv 2108.11515 weighs it.
    """
    # The pyramid is linear, so the pyramid of the difference is the difference of the pyramids.
    level = (pha - true_pha).flatten(0, 1)
    loss = level.new_zeros(())
    for index in range(_LEVELS):
        halved = _halve(level)
        detail = level - _double(halved, level.shape[-2:])
        loss = loss + detail.abs().mean() * 2.0**index / _LEVELS
        level = halved
    return loss


def temporal_coherence(pha: Tensor, true_pha: Tensor) -> Tensor:
    """Return the mean squared difference of the time derivatives; 0 for a single frame.

    Args:
        pha: (B, T, C, H, W); the derivative is that of neighbouring frames.
        true_pha: Likewise.
    """
    if pha.shape[1] < 2:
        return pha.new_zeros(())
    return functional.mse_loss(pha.diff(dim=1), true_pha.diff(dim=1))


def foreground_l1(fgr: Tensor, true_fgr: Tensor, true_pha: Tensor) -> Tensor:
    """Return the mean absolute difference of foregrounds where the true alpha is above 0.

    Args:
        fgr: (B, T, 3, H, W).
        true_fgr: Likewise.
        true_pha: (B, T, 1, H, W).
    """
    subject = (true_pha > 0).to(fgr.dtype)
    return _mean_within((fgr - true_fgr).abs(), subject)


def foreground_temporal(fgr: Tensor, true_fgr: Tensor, true_pha: Tensor) -> Tensor:
    """Return the mean squared difference of the foregrounds' time derivatives, alpha above 0.

    Args:
        fgr: (B, T, 3, H, W).
        true_fgr: Likewise.
        true_pha: (B, T, 1, H, W); a pixel counts where it is above 0 in both frames.
    """
    if fgr.shape[1] < 2:
        return fgr.new_zeros(())
    subject = (true_pha > 0).to(fgr.dtype)
    both = subject[:, 1:] * subject[:, :-1]
    return _mean_within((fgr.diff(dim=1) - true_fgr.diff(dim=1)).square(), both)


def matting_loss(fgr: Tensor, pha: Tensor, true_fgr: Tensor, true_pha: Tensor) -> dict[str, Tensor]:
    """Return the terms by name, weighted so that their sum is the paper's total.

    Args:
        fgr: (B, T, 3, H, W).
        pha: (B, T, 1, H, W).
        true_fgr: As `fgr`.
        true_pha: As `pha`.
    """
    return {
        "alpha": alpha_l1(pha, true_pha),
        "pyramid": laplacian_pyramid(pha, true_pha),
        "temporal": _TEMPORAL_WEIGHT * temporal_coherence(pha, true_pha),
        "foreground": foreground_l1(fgr, true_fgr, true_pha),
        "foreground_temporal": _TEMPORAL_WEIGHT * foreground_temporal(fgr, true_fgr, true_pha),
    }


def segmentation_cross_entropy(logits: Tensor, true_mask: Tensor) -> Tensor:
    """Return the binary cross-entropy of a segmentation.

    Args:
        logits: (B, T, 1, H, W), before the sigmoid.
        true_mask: Likewise, in [0, 1].
    """
    return functional.binary_cross_entropy_with_logits(logits, true_mask)


def _mean_within(planes: Tensor, subject: Tensor) -> Tensor:
    pixels = (subject.sum() * planes.shape[2]).clamp(min=_LEAST_PIXELS)
    return (planes * subject).sum() / pixels


def _blur(plane: Tensor) -> Tensor:
    """Filter by the 5x5 binomial, borders repeated."""
    row = plane.new_tensor(_BINOMIAL) / sum(_BINOMIAL)
    padded = functional.pad(plane, (2, 2, 2, 2), mode="replicate")
    across = functional.conv2d(padded, row.view(1, 1, 1, 5))
    return functional.conv2d(across, row.view(1, 1, 5, 1))


def _halve(plane: Tensor) -> Tensor:
    """Return every second pixel of the blurred plane, sizes rounded up."""
    return _blur(plane)[:, :, ::2, ::2]


def _double(plane: Tensor, size: torch.Size) -> Tensor:
    """Return the plane at `size`: the binomial means of what is known around each pixel.

    A quarter of the pixels is known, but not at a border: dividing by what is known there keeps a
    plane that is the same everywhere the same.
    """
    spread, known = plane.new_zeros((*plane.shape[:2], *size)), plane.new_zeros((1, 1, *size))
    spread[:, :, ::2, ::2] = plane
    known[:, :, ::2, ::2] = 1
    return _blur(spread) / _blur(known)
