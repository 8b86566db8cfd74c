"""Guided filters: lift a low-res matte to the plate's size along the plate's own edges.

Both explain the low-res matte as a local linear function of the low-res plate, `matte = a * plate
+ b`, enlarge `a` and `b`, and apply them to the full plate. The plate is seen as R'G'B' and their
mean, one guide for each of the four planes (foreground residual, alpha).

Source:
    He & Sun 2015, "Fast Guided Filter", arXiv 1505.00996. Wu et al. 2018, "Fast End-to-End
    Trainable Guided Filter", arXiv 1803.05619. Lin et al. 2022, arXiv 2108.11515, section 3.3.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["DeepGuidedFilter", "FastGuidedFilter"]

_PLANES = 4
_BOX = 3
_EPSILON = 1e-5


def _guide(src: Tensor) -> Tensor:
    """Return R', G', B' and their mean, (B, 4, H, W)."""
    return torch.cat([src, src.mean(1, keepdim=True)], 1)


def _apply(a: Tensor, b: Tensor, src: Tensor) -> Tensor:
    """Enlarge the linear model to the size of `src`, (B, 3, H, W), and apply it."""
    size = (src.shape[2], src.shape[3])
    a = functional.interpolate(a, size, mode="bilinear", align_corners=False)
    b = functional.interpolate(b, size, mode="bilinear", align_corners=False)
    return a * _guide(src) + b


class FastGuidedFilter(nn.Module):
    """The closed form, without parameters."""

    def forward(self, src: Tensor, src_low: Tensor, matte: Tensor, hidden: Tensor) -> Tensor:
        """Lift a matte to full size.

        Args:
            src: The full view, (B, 3, H, W), display-encoded R'G'B' in [0, 1].
            src_low: The low-res view, (B, 3, h, w), that `matte` was made from.
            matte: Foreground residual and alpha, (B, 4, h, w), unbounded.
            hidden: Not used; both refiners are called alike.

        Returns:
            Foreground residual and alpha, (B, 4, H, W), unbounded.
        """
        del hidden
        guide = _guide(src_low)
        mean_x, mean_y = _box_mean(guide), _box_mean(matte)
        covariance = _box_mean(guide * matte) - mean_x * mean_y
        variance = _box_mean(guide * guide) - mean_x * mean_x
        a = covariance / (variance + _EPSILON)
        return _apply(a, mean_y - a * mean_x, src)


def _box_mean(x: Tensor) -> Tensor:
    """Return sums over 3x3 divided by 9; beyond the border is black, as RVM was trained and run."""
    row = torch.full((x.shape[1], 1, 1, _BOX), 1 / _BOX, dtype=x.dtype, device=x.device)
    x = functional.conv2d(x, row, padding=(0, 1), groups=x.shape[1])
    return functional.conv2d(x, row.transpose(2, 3), padding=(1, 0), groups=x.shape[1])


class DeepGuidedFilter(nn.Module):
    """The trained form: a small network finds `a` from statistics and hidden features."""

    def __init__(self, hidden: int = 16) -> None:
        super().__init__()
        # A parameter, because the official checkpoints hold it.
        self.box_filter = nn.Conv2d(_PLANES, _PLANES, _BOX, padding=1, groups=_PLANES, bias=False)
        nn.init.constant_(self.box_filter.weight, 1 / _BOX**2)
        self.conv = nn.Sequential(
            nn.Conv2d(2 * _PLANES + hidden, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, _PLANES, 1),
        )

    def forward(self, src: Tensor, src_low: Tensor, matte: Tensor, hidden: Tensor) -> Tensor:
        """Lift a matte to full size.

        Args:
            src: The full view, (B, 3, H, W), display-encoded R'G'B' in [0, 1].
            src_low: The low-res view, (B, 3, h, w), that `matte` was made from.
            matte: Foreground residual and alpha, (B, 4, h, w), unbounded.
            hidden: The decoder's features, (B, 16, h, w).

        Returns:
            Foreground residual and alpha, (B, 4, H, W), unbounded.
        """
        guide = _guide(src_low)
        mean_x, mean_y = self.box_filter(guide), self.box_filter(matte)
        covariance = self.box_filter(guide * matte) - mean_x * mean_y
        variance = self.box_filter(guide * guide) - mean_x * mean_x
        a: Tensor = self.conv(torch.cat([covariance, variance, hidden], 1))
        return _apply(a, mean_y - a * mean_x, src)
