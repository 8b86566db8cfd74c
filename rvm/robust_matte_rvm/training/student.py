"""A matting network with what it needs beside itself while it is trained."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from robust_matte_rvm.lifting import lift_unbounded
from robust_matte_rvm.network import MattingNetwork, low_res_view

__all__ = ["Student", "StudentOutput"]


class StudentOutput(NamedTuple):
    """What a student says of clips.

    Attributes:
        fgr: Foreground at the view's size, (B, T, 3, h, w), float32, display-encoded R'G'B', not
            bounded: a bound has no gradient where it is needed most.
        pha: Alpha, (B, T, 1, h, w), likewise.
        seg: Segmentation before its sigmoid, (B, T, 1, h, w), float32.
        full: Foreground and alpha at full size, (B, T, 4, H, W), like `fgr`; None without a
            refiner's pass.
        f3: Its features at 1/8 as the teacher would have them, (B * T, C, h / 8, w / 8), or None
            without a projection.
        f4: Likewise at 1/16.
        hidden: Likewise what its decoder says at the view's size, (B * T, C, h, w).
    """

    fgr: Tensor
    pha: Tensor
    seg: Tensor
    full: Tensor | None
    f3: Tensor | None
    f4: Tensor | None
    hidden: Tensor | None


class Student(nn.Module):
    """The network, and the projections that compare its features with the teacher's.

    Args:
        network: What is trained; it must have a segmentation head.
        teacher_channels: Of the teacher's features at 1/8 and 1/16 and, to compare these too, of
            its hidden features; None without a teacher.
    """

    def __init__(
        self, network: MattingNetwork, teacher_channels: tuple[int, ...] | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.adapters: nn.ModuleList | None = None
        if teacher_channels:
            own = (*network.backbone.channels[2:], network.project_mat.conv.in_channels)
            self.adapters = nn.ModuleList(
                nn.Conv2d(mine, theirs, 1)
                for mine, theirs in zip(own, teacher_channels, strict=False)
            )

    def forward(
        self, src: Tensor, view: tuple[int, int] | None = None, refines: bool = False
    ) -> StudentOutput:
        """Matte clips from an empty state.

        Args:
            src: (B, T, 3, H, W), float32, display-encoded R'G'B' in [0, 1].
            view: Height and width the network works at; None for those of `src`.
            refines: Whether the refiner lifts the matte to full size.

        Raises:
            SegmentationMissingError: The network has no segmentation head.
        """
        clips, frames = src.shape[:2]
        flat = src.flatten(0, 1)
        low = low_res_view(flat, view) if view else flat
        network = self.network
        f1, f2, f3, f4 = network.backbone(low)
        features = (f1, f2, f3, network.aspp(f4))
        hidden, _ = network.decoder(low, features, (None,) * 4, frames)
        matte = network.project_mat(hidden)

        def clipwise(planes: Tensor) -> Tensor:
            return planes.float().view(clips, frames, *planes.shape[1:])

        return StudentOutput(
            clipwise(matte[:, :3] + low),
            clipwise(matte[:, 3:]),
            clipwise(network.segmentation_head(hidden)),
            clipwise(self._lift(flat, low, matte, hidden)) if refines else None,
            *self._project(f3, f4, hidden),
        )

    def _project(self, *features: Tensor) -> list[Tensor | None]:
        """Return features in the teacher's channels, or None where there is no projection."""
        seen = [adapt(own) for adapt, own in zip(self.adapters or (), features, strict=False)]
        return [*seen, *[None] * (len(features) - len(seen))]

    def _lift(self, src: Tensor, low: Tensor, matte: Tensor, hidden: Tensor) -> Tensor:
        """Return foreground and alpha as the refiner makes them, (B * T, 4, H, W)."""
        model = self.network.refiner(low, matte, hidden)
        return torch.cat(lift_unbounded(model, src), 1)
