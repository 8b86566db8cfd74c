"""The last layer of the low-res pass: hidden features to a matte or a segmentation."""

from torch import Tensor, nn

__all__ = ["Projection"]


class Projection(nn.Module):
    """A 1x1 convolution from hidden features to as many planes as asked for."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return (B, out, h, w), unbounded, from (B, channels, h, w)."""
        planes: Tensor = self.conv(hidden)
        return planes
