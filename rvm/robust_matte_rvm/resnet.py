"""ResNet-50 as an encoder: features at 1/2, 1/4, 1/8 and 1/16.

Source:
    He et al. 2015, "Deep Residual Learning", table 1, with the stride on the 3x3 convolution. The
    last stage is dilated instead of strided, as Robust Video Matting (arXiv 2108.11515) asks for.
    RVM's own ResNet-50 sees the view as it is, without ImageNet's mean and deviation; so do we,
    since its weights were trained that way (tests/data/parity_4.npz shows it).
"""

from torch import Tensor, nn

__all__ = ["ResNet50"]

_EXPANSION = 4


class _Bottleneck(nn.Module):
    """Narrow, filter, widen, and add the input."""

    def __init__(self, channels: int, width: int, *, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        out = width * _EXPANSION
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != out:
            shortcut = nn.Conv2d(channels, out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, 4 * width, H / stride, W / stride)."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        shortcut: Tensor = x if self.downsample is None else self.downsample(x)
        total: Tensor = self.relu(out + shortcut)
        return total


def _stage(
    channels: int, width: int, blocks: int, *, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    """Return one stage; its first block is never dilated, since it stands where the stride was."""
    rest = [_Bottleneck(width * _EXPANSION, width, dilation=dilation) for _ in range(blocks - 1)]
    return nn.Sequential(_Bottleneck(channels, width, stride=stride), *rest)


class ResNet50(nn.Module):
    """The encoder; its parameter names are those of the official checkpoints."""

    channels = (64, 256, 512, 2048)

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = _stage(64, 64, 3)
        self.layer2 = _stage(256, 128, 4, stride=2)
        self.layer3 = _stage(512, 256, 6, stride=2)
        self.layer4 = _stage(1024, 512, 3, dilation=2)

    def forward(self, src: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Encode frames.

        Args:
            src: (B, 3, H, W), floating dtype of the network, display-encoded R'G'B' in [0, 1].

        Returns:
            Features of 64, 256, 512 and 2048 channels at 1/2, 1/4, 1/8 and 1/16, rounded up.
        """
        f1: Tensor = self.relu(self.bn1(self.conv1(src)))
        f2: Tensor = self.layer1(self.maxpool(f1))
        f3: Tensor = self.layer2(f2)
        f4: Tensor = self.layer4(self.layer3(f3))
        return f1, f2, f3, f4
