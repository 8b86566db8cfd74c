"""Lite reduced atrous spatial pyramid pooling: the deepest features, weighed by the whole picture.

Source:
    Howard et al. 2019, "Searching for MobileNetV3", section 6.4 (LR-ASPP); here its gate pools
    the whole picture, as in Robust Video Matting (arXiv 2108.11515).
"""

from torch import Tensor, nn

__all__ = ["LiteASPP"]


class LiteASPP(nn.Module):
    """Narrow the deepest features and gate each channel."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.aspp1 = nn.Sequential(
            nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
        )
        self.aspp2 = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, out, 1, bias=False), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, H, W) from (B, channels, H, W)."""
        features: Tensor = self.aspp1(x)
        gate: Tensor = self.aspp2(x)
        return features * gate
