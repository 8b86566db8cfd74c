"""Closing the hole that a cut-out leaves: what is left spreads into it, coarse to fine.

Source:
    Gortler et al. 1996, "The Lumigraph", section 3.4 (push and pull).
"""

from torch import Tensor
from torch.nn import functional

__all__ = ["fill_hole"]

_LEAST = 1e-4


def fill_hole(planes: Tensor, hole: Tensor) -> Tensor:
    """Return a picture whose hole is filled with the colours around it.

    Args:
        planes: (C, H, W), float32.
        hole: (1, H, W), in [0, 1]; 1 is unknown.

    Returns:
        (C, H, W); unchanged where `hole` is 0.
    """
    known = (1 - hole)[None]
    filled = _pull(planes[None] * known, known)
    return (planes * (1 - hole) + filled[0] * hole).contiguous()


def _pull(weighted: Tensor, weight: Tensor) -> Tensor:
    """Return the mean colour around each pixel: its own where known, else that of coarser levels.

    Args:
        weighted: Colours times weight, (1, C, H, W).
        weight: How much is known, (1, 1, H, W), in [0, 1].
    """
    height, width = weight.shape[-2:]
    own = weighted / weight.clamp(min=_LEAST)
    if max(height, width) <= 1:
        return own
    halved = [
        functional.avg_pool2d(plane, 2, ceil_mode=True, count_include_pad=False)
        for plane in (weighted, weight)
    ]
    coarse = _pull(*halved)
    coarse = functional.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
    return own * weight + coarse * (1 - weight)
