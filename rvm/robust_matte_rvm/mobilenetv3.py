"""MobileNetV3-Large as an encoder: features at 1/2, 1/4, 1/8 and 1/16.

Source:
    Howard et al. 2019, "Searching for MobileNetV3", table 1. The last stage is dilated instead of
    strided, as DeepLab does and Robust Video Matting (arXiv 2108.11515) asks for.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["MobileNetV3Large"]


class _Row(NamedTuple):
    """One row of the paper's table: an inverted residual block."""

    kernel: int
    expanded: int
    out: int
    squeezes: bool
    hard: bool  # hardswish, else ReLU
    stride: int = 1
    dilation: int = 1


_ROWS = (
    _Row(3, 16, 16, squeezes=False, hard=False),
    _Row(3, 64, 24, squeezes=False, hard=False, stride=2),
    _Row(3, 72, 24, squeezes=False, hard=False),
    _Row(5, 72, 40, squeezes=True, hard=False, stride=2),
    _Row(5, 120, 40, squeezes=True, hard=False),
    _Row(5, 120, 40, squeezes=True, hard=False),
    _Row(3, 240, 80, squeezes=False, hard=True, stride=2),
    _Row(3, 200, 80, squeezes=False, hard=True),
    _Row(3, 184, 80, squeezes=False, hard=True),
    _Row(3, 184, 80, squeezes=False, hard=True),
    _Row(3, 480, 112, squeezes=True, hard=True),
    _Row(3, 672, 112, squeezes=True, hard=True),
    _Row(5, 672, 160, squeezes=True, hard=True, dilation=2),  # stride 2 in the classifier
    _Row(5, 960, 160, squeezes=True, hard=True, dilation=2),
    _Row(5, 960, 160, squeezes=True, hard=True, dilation=2),
)
# ImageNet's colour statistics, which the encoder was first trained with.
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_STEM_CHANNELS = 16
_LAST_CHANNELS = 960
_STAGE_ENDS = (2, 4, 7)  # features[:2] reach 1/2, [2:4] 1/4, [4:7] 1/8, the rest 1/16


def _normalise(src: Tensor) -> Tensor:
    # Made here and not kept as float32 buffers: a float64 network needs all digits of 0.485.
    mean = torch.tensor(_MEAN, dtype=src.dtype, device=src.device).view(3, 1, 1)
    std = torch.tensor(_STD, dtype=src.dtype, device=src.device).view(3, 1, 1)
    return (src - mean) / std


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=0.001, momentum=0.01)


def _act(hard: bool) -> nn.Module:
    return nn.Hardswish(inplace=True) if hard else nn.ReLU(inplace=True)


def _conv_norm(
    channels: int, out: int, kernel: int, *, stride: int = 1, dilation: int = 1, groups: int = 1
) -> list[nn.Module]:
    padding = (kernel - 1) // 2 * dilation
    conv = nn.Conv2d(channels, out, kernel, stride, padding, dilation, groups, bias=False)
    return [conv, _norm(out)]


def _squeezed(channels: int) -> int:
    """Return a quarter of the channels as a multiple of 8, never losing more than a tenth."""
    quarter = channels // 4
    rounded = max(8, (quarter + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * quarter else rounded


class _SqueezeExcite(nn.Module):
    """Weigh every channel by what the whole picture says of it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, _squeezed(channels), 1)
        self.fc2 = nn.Conv2d(_squeezed(channels), channels, 1)
        self.act = nn.ReLU(inplace=True)
        self.gate = nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Scale `x`, (B, C, H, W), channel by channel."""
        scale: Tensor = self.gate(self.fc2(self.act(self.fc1(self.pool(x)))))
        return scale * x


class _InvertedResidual(nn.Module):
    """Widen, filter each channel on its own, weigh, narrow; add the input where shapes allow."""

    def __init__(self, channels: int, row: _Row) -> None:
        super().__init__()
        wide = row.expanded
        layers: list[nn.Module] = []
        if wide != channels:
            layers.append(nn.Sequential(*_conv_norm(channels, wide, 1), _act(row.hard)))
        depthwise = _conv_norm(
            wide, wide, row.kernel, stride=row.stride, dilation=row.dilation, groups=wide
        )
        layers.append(nn.Sequential(*depthwise, _act(row.hard)))
        if row.squeezes:
            layers.append(_SqueezeExcite(wide))
        layers.append(nn.Sequential(*_conv_norm(wide, row.out, 1)))
        self.block = nn.Sequential(*layers)
        self.adds_input = row.stride == 1 and channels == row.out

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, H / stride, W / stride)."""
        out: Tensor = self.block(x)
        return x + out if self.adds_input else out


class MobileNetV3Large(nn.Module):
    """The encoder; its parameter names are those of the official checkpoints."""

    channels = (16, 24, 40, _LAST_CHANNELS)

    def __init__(self) -> None:
        super().__init__()
        stem = nn.Sequential(*_conv_norm(3, _STEM_CHANNELS, 3, stride=2), _act(hard=True))
        blocks: list[nn.Module] = [stem]
        channels = _STEM_CHANNELS
        for row in _ROWS:
            blocks.append(_InvertedResidual(channels, row))
            channels = row.out
        blocks.append(nn.Sequential(*_conv_norm(channels, _LAST_CHANNELS, 1), _act(hard=True)))
        self.features = nn.Sequential(*blocks)

    def forward(self, src: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Encode frames.

        Args:
            src: (B, 3, H, W), floating dtype of the network, display-encoded R'G'B' in [0, 1].

        Returns:
            Features of 16, 24, 40 and 960 channels at 1/2, 1/4, 1/8 and 1/16, rounded up.
        """
        first, second, third = _STAGE_ENDS
        f1: Tensor = self.features[:first](_normalise(src))
        f2: Tensor = self.features[first:second](f1)
        f3: Tensor = self.features[second:third](f2)
        f4: Tensor = self.features[third:](f3)
        return f1, f2, f3, f4
