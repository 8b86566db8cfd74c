"""Guided filters: explain a low-res matte by the plate's own edges.

Both explain the low-res matte as a local linear function of the low-res plate, `matte = a * plate
+ b`, for `lift` to enlarge and apply to the full plate. The plate is seen as R'G'B' and their mean,
one guide for each of the four planes (foreground residual, alpha).

Source:
    He & Sun 2015, "Fast Guided Filter", arXiv 1505.00996. Wu et al. 2018, "Fast End-to-End
    Trainable Guided Filter", arXiv 1803.05619. Lin et al. 2022, arXiv 2108.11515, section 3.3.
"""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from robust_matte_rvm.layout import join_channels
from robust_matte_rvm.lifting import GUIDES, see_guide

__all__ = ["DeepGuidedFilter", "FastGuidedFilter"]

_BOX = 3
_EPSILON = 1e-5


class _Statistics(NamedTuple):
    """Local means over 3x3 of the low-res view x and matte y, each (B, 4, h, w)."""

    mean_x: Tensor
    mean_y: Tensor
    covariance: Tensor
    variance: Tensor


def _measure(src_low: Tensor, matte: Tensor, box: Tensor) -> _Statistics:
    """Measure a view and its matte; beyond the border is black, as RVM was trained and run.

    Args:
        src_low: (B, 3, h, w).
        matte: (B, 4, h, w).
        box: Weights of the 3x3 mean, (4, 1, 3, 3).
    """
    x, y = see_guide(src_low), matte
    weights = box.repeat(4, 1, 1, 1)  # one pass for all four means
    planes = join_channels(x, y, x * y, x * x)
    means = functional.conv2d(planes, weights, padding=1, groups=len(weights))
    mean_x, mean_y, mean_xy, mean_xx = means.chunk(4, 1)
    return _Statistics(mean_x, mean_y, mean_xy - mean_x * mean_y, mean_xx - mean_x * mean_x)


def _model(a: Tensor, means: _Statistics) -> Tensor:
    """Return a and b as one tensor, (B, 8, h, w)."""
    return join_channels(a, means.mean_y - a * means.mean_x)


class FastGuidedFilter(nn.Module):
    """The closed form, without parameters."""

    def forward(self, src_low: Tensor, matte: Tensor, hidden: Tensor) -> Tensor:
        """Explain a matte.

        Args:
            src_low: The low-res view, (B, 3, h, w), display-encoded R'G'B' in [0, 1].
            matte: Foreground residual and alpha made from it, (B, 4, h, w), unbounded.
            hidden: Not used; both refiners are called alike.

        Returns:
            The local linear model, (B, 8, h, w): a, then b; see `lift`.
        """
        del hidden
        box = matte.new_full((GUIDES, 1, _BOX, _BOX), 1 / _BOX**2)
        means = _measure(src_low, matte, box)
        return _model(means.covariance / (means.variance + _EPSILON), means)


class DeepGuidedFilter(nn.Module):
    """The trained form: a small network finds `a` from statistics and hidden features."""

    def __init__(self, hidden: int = 16) -> None:
        super().__init__()
        # A parameter, because the official checkpoints hold it.
        self.box_filter = nn.Conv2d(GUIDES, GUIDES, _BOX, padding=1, groups=GUIDES, bias=False)
        nn.init.constant_(self.box_filter.weight, 1 / _BOX**2)
        self.conv = nn.Sequential(
            nn.Conv2d(2 * GUIDES + hidden, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, GUIDES, 1),
        )

    def forward(self, src_low: Tensor, matte: Tensor, hidden: Tensor) -> Tensor:
        """Explain a matte.

        Args:
            src_low: The low-res view, (B, 3, h, w), display-encoded R'G'B' in [0, 1].
            matte: Foreground residual and alpha made from it, (B, 4, h, w), unbounded.
            hidden: The decoder's features, (B, C, h, w).

        Returns:
            The local linear model, (B, 8, h, w): a, then b; see `lift`.
        """
        means = _measure(src_low, matte, self.box_filter.weight)
        a: Tensor = self.conv(join_channels(means.covariance, means.variance, hidden))
        return _model(a, means)
