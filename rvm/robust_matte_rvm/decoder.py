"""The recurrent decoder: from features of four scales to hidden features at the low-res size.

Clips are laid flat: a batch of B clips with T frames each is (B * T, C, H, W), clip by clip. Only
the recurrent cell looks at time.

Source:
    Lin et al. 2022, "Robust High-Resolution Video Matting with Temporal Guidance",
    arXiv 2108.11515, section 3.2 and figure 3.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_matte_rvm.layout import join_channels

__all__ = ["RecurrentDecoder"]

_Four = tuple[Tensor, Tensor, Tensor, Tensor]
_SRC_CHANNELS = 3


class _ConvGRU(nn.Module):
    """A gated recurrent unit of 3x3 convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.ih = nn.Sequential(nn.Conv2d(channels * 2, channels * 2, 3, padding=1), nn.Sigmoid())
        self.hh = nn.Sequential(nn.Conv2d(channels * 2, channels, 3, padding=1), nn.Tanh())

    def forward(self, x: Tensor, state: Tensor | None, frames: int) -> tuple[Tensor, Tensor]:
        """Run every clip through time.

        Args:
            x: (B * T, C, H, W), clip by clip.
            state: (B, C, H, W) from the frame before, or None after a reset.
            frames: T.

        Returns:
            The outputs, (B * T, C, H, W), and the state after the last frame, (B, C, H, W).
        """
        clips = x.view(-1, frames, *x.shape[1:])
        state = torch.zeros_like(clips[:, 0]) if state is None else state
        outputs = []
        for frame in clips.unbind(1):
            state = self._step(frame, state)
            outputs.append(state)
        if frames == 1:  # as it is: a stack would drop a channels-last layout
            return state, state
        return torch.stack(outputs, 1).flatten(0, 1), state

    def _step(self, x: Tensor, state: Tensor) -> Tensor:
        reset, update = self.ih(join_channels(x, state)).chunk(2, 1)
        candidate: Tensor = self.hh(join_channels(x, reset * state))
        return torch.lerp(state, candidate, update)


def _recur(gru: _ConvGRU, x: Tensor, state: Tensor | None, frames: int) -> tuple[Tensor, Tensor]:
    """Send half of the channels through time and leave the other half as they are."""
    still, moving = x.chunk(2, 1)
    moving, state = gru(moving, state, frames)
    return join_channels(still, moving), state


def _double(x: Tensor, like: Tensor) -> Tensor:
    """Return `x` at twice its size, cropped to the size of `like`: odd sizes were rounded up."""
    x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    return x[:, :, : like.shape[2], : like.shape[3]]


def _halve(src: Tensor) -> Tensor:
    """Return the 2x2 means, sizes rounded up; a lone last row or column is its own mean."""
    return functional.avg_pool2d(src, 2, 2, ceil_mode=True, count_include_pad=False)


class _Bottleneck(nn.Module):
    """The deepest block: recurrence alone."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gru = _ConvGRU(channels // 2)

    def forward(self, x: Tensor, state: Tensor | None, frames: int) -> tuple[Tensor, Tensor]:
        """Return (B * T, C, H, W) and the new state, (B, C / 2, H, W)."""
        return _recur(self.gru, x, state, frames)


class _UpsamplingBlock(nn.Module):
    """Upsample, merge with the encoder's features and the source, recur."""

    def __init__(self, channels: int, skip: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(channels + skip + _SRC_CHANNELS, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )
        self.gru = _ConvGRU(out // 2)

    def forward(
        self, x: Tensor, skip: Tensor, src: Tensor, state: Tensor | None, frames: int
    ) -> tuple[Tensor, Tensor]:
        """Return (B * T, out, H, W) at the size of `src`, and the new state, (B, out / 2, H, W)."""
        x = self.conv(join_channels(_double(x, src), skip, src))
        return _recur(self.gru, x, state, frames)


class _OutputBlock(nn.Module):
    """Upsample to the low-res size and filter twice, without recurrence."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(channels + _SRC_CHANNELS, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor, src: Tensor) -> Tensor:
        """Return (B * T, out, h, w) at the size of `src`."""
        hidden: Tensor = self.conv(join_channels(_double(x, src), src))
        return hidden


class RecurrentDecoder(nn.Module):
    """Four recurrent blocks from 1/16 to 1/2, and the output block.

    Args:
        features: Channels of the four features, 1/2 first; the last as LR-ASPP returns them.
        widths: Channels of the blocks at 1/8, 1/4, 1/2 and 1.
    """

    def __init__(
        self, features: tuple[int, int, int, int], widths: tuple[int, int, int, int]
    ) -> None:
        super().__init__()
        self.decode4 = _Bottleneck(features[3])
        self.decode3 = _UpsamplingBlock(features[3], features[2], widths[0])
        self.decode2 = _UpsamplingBlock(widths[0], features[1], widths[1])
        self.decode1 = _UpsamplingBlock(widths[1], features[0], widths[2])
        self.decode0 = _OutputBlock(widths[2], widths[3])

    def forward(
        self, src: Tensor, features: _Four, state: tuple[Tensor | None, ...], frames: int
    ) -> tuple[Tensor, _Four]:
        """Decode frames.

        Args:
            src: The low-res view, (B * T, 3, h, w), display-encoded R'G'B' in [0, 1].
            features: The encoder's at 1/2, 1/4, 1/8 and LR-ASPP's at 1/16.
            state: r1 to r4, each (B, C, H, W) or None.
            frames: T.

        Returns:
            Hidden features, (B * T, C, h, w), as wide as the last block, and the new r1 to r4.
        """
        f1, f2, f3, f4 = features
        r1, r2, r3, r4 = state
        src1 = _halve(src)
        src2 = _halve(src1)
        src3 = _halve(src2)
        x, r4 = self.decode4(f4, r4, frames)
        x, r3 = self.decode3(x, f3, src3, r3, frames)
        x, r2 = self.decode2(x, f2, src2, r2, frames)
        x, r1 = self.decode1(x, f1, src1, r1, frames)
        return self.decode0(x, src), (r1, r2, r3, r4)
