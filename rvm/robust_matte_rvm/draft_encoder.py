"""The draft network's encoder: features at 1/2, 1/4, 1/8 and 1/16 from few, plain convolutions.

Inverted residuals, as MobileNet has them, save multiplications; on the small views that the draft
network is given, time goes into the number of layers and not into multiplications. So its blocks
are the plain residual ones.

Source:
    He et al. 2016, "Deep Residual Learning for Image Recognition", arXiv 1512.03385, figure 5 left.
"""

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["DraftEncoder"]

_CHANNELS = (16, 24, 48, 128)
_BLOCKS = (0, 1, 2, 3)  # behind the convolution that halves the size
_MIDDLE, _SPREAD = 0.45, 0.25  # of display-encoded photographs, roughly


class _ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a short cut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            *_conv_norm(channels, channels), nn.ReLU(inplace=True), *_conv_norm(channels, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H, W), as `x` is."""
        return functional.relu(x + self.block(x), inplace=True)


class DraftEncoder(nn.Module):
    """A narrow residual encoder, six blocks deep."""

    channels = _CHANNELS

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        before = 3
        for channels, blocks in zip(_CHANNELS, _BLOCKS, strict=True):
            halving = [*_conv_norm(before, channels, stride=2), nn.ReLU(inplace=True)]
            residuals = [_ResidualBlock(channels) for _ in range(blocks)]
            self.stages.append(nn.Sequential(*halving, *residuals))
            before = channels

    def forward(self, src: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Encode frames.

        Args:
            src: (B, 3, H, W), floating dtype of the network, display-encoded R'G'B' in [0, 1].

        Returns:
            Features of 16, 24, 48 and 128 channels at 1/2, 1/4, 1/8 and 1/16, rounded up.
        """
        f1: Tensor = self.stages[0]((src - _MIDDLE) / _SPREAD)
        f2: Tensor = self.stages[1](f1)
        f3: Tensor = self.stages[2](f2)
        f4: Tensor = self.stages[3](f3)
        return f1, f2, f3, f4


def _conv_norm(channels: int, out: int, *, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(channels, out, 3, stride, padding=1, bias=False)
    return [conv, nn.BatchNorm2d(out)]
