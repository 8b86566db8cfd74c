"""EfficientNet-Lite0 up to 1/16: the draft network's encoder, whose weights ImageNet has taught.

The draft network learns from few photographs. An encoder that has seen ImageNet knows flags, cars
and toy bears already; one that starts from nothing takes them for people. Of the last stages, made
to tell a thousand classes apart at 1/32, none is here.

Source:
    Tan & Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    arXiv 1905.11946, table 1; the Lite variant leaves squeeze-and-excitation out, has ReLU6 in
    place of swish, and a stem that is not scaled (TensorFlow's tpu repository, 2020).
"""

from typing import NamedTuple

from torch import Tensor, nn

__all__ = ["EfficientNetLite0"]

_STEM = 32
_MIDDLE, _SPREAD = 127 / 255, 128 / 255  # as its weights were trained
_EPSILON = 1e-3


class _Stage(NamedTuple):
    """Blocks of one kind; the first has the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
)


class _InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow; around it a short cut where sizes allow."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels * expansion
        layers = [] if expansion == 1 else _conv_norm_clip(channels, wide, 1)
        layers += _conv_norm_clip(wide, wide, kernel, stride, groups=wide)
        layers += [nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out, eps=_EPSILON)]
        self.conv = nn.Sequential(*layers)
        self._has_short_cut = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, H / stride, W / stride), rounded up."""
        y: Tensor = self.conv(x)
        return y.add_(x) if self._has_short_cut else y


class EfficientNetLite0(nn.Module):
    """The encoder, eleven blocks deep."""

    channels = (16, 24, 40, 112)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(*_conv_norm_clip(3, _STEM, 3, 2))
        self.stages = nn.ModuleList()
        before = _STEM
        for stage in _STAGES:
            strides = [stage.stride] + [1] * (stage.blocks - 1)
            blocks = []
            for stride in strides:
                blocks.append(
                    _InvertedResidual(before, stage.channels, stage.kernel, stride, stage.expansion)
                )
                before = stage.channels
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, src: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Encode frames.

        Args:
            src: (B, 3, H, W), floating dtype of the network, display-encoded R'G'B' in [0, 1].

        Returns:
            Features of 16, 24, 40 and 112 channels at 1/2, 1/4, 1/8 and 1/16, rounded up.
        """
        f1: Tensor = self.stages[0](self.stem((src - _MIDDLE) / _SPREAD))
        f2: Tensor = self.stages[1](f1)
        f3: Tensor = self.stages[2](f2)
        f4: Tensor = self.stages[4](self.stages[3](f3))
        return f1, f2, f3, f4


def _conv_norm_clip(
    channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """Return a convolution, its norm and ReLU6."""
    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(out, eps=_EPSILON), nn.ReLU6(inplace=True)]
