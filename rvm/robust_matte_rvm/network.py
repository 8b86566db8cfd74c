"""The matting network: as RVM calls it, and split where a comp needs it split.

The recurrent state depends on the low-res pass alone. So a bake can roll the state with
`low_res_pass` and spend full-resolution work only on frames that are written, and gets the same
bits as `forward` on every frame.

Source:
    Lin et al. 2022, "Robust High-Resolution Video Matting with Temporal Guidance",
    arXiv 2108.11515.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn
from torch.nn import functional

from robust_matte_rvm.aspp import LiteASPP
from robust_matte_rvm.decoder import RecurrentDecoder
from robust_matte_rvm.efficientnet_lite import EfficientNetLite0
from robust_matte_rvm.errors import NetworkError, SegmentationMissingError, StateError
from robust_matte_rvm.layout import join_channels
from robust_matte_rvm.lifting import lift
from robust_matte_rvm.mobilenetv3 import MobileNetV3Large
from robust_matte_rvm.projection import Projection
from robust_matte_rvm.recurrent_state import RecurrentState
from robust_matte_rvm.refiners import DeepGuidedFilter, FastGuidedFilter
from robust_matte_rvm.resnet import ResNet50

__all__ = [
    "REFINERS",
    "USUAL_SIDES",
    "VARIANTS",
    "LowResMatte",
    "MattingNetwork",
    "RefinerKind",
    "Variant",
    "low_res_view",
]

Variant = Literal["mobilenetv3", "resnet50", "draft"]
RefinerKind = Literal["deep_guided_filter", "fast_guided_filter"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
REFINERS: tuple[RefinerKind, ...] = get_args(RefinerKind)

USUAL_SIDES: dict[Variant, int] = {"mobilenetv3": 512, "resnet50": 512, "draft": 256}
"""Longest side, in pixels, of the low-res view that a network was made for.

RVM's authors recommend 512 for portraits and half bodies; at 256 `draft` does about as well as at
288, in less time.
"""

_Encoder = MobileNetV3Large | ResNet50 | EfficientNetLite0
_ENCODERS: dict[Variant, type[_Encoder]] = {
    "mobilenetv3": MobileNetV3Large,
    "resnet50": ResNet50,
    "draft": EfficientNetLite0,
}
_ASPP_CHANNELS: dict[Variant, int] = {"mobilenetv3": 128, "resnet50": 256, "draft": 96}
_WIDTHS: dict[Variant, tuple[int, int, int, int]] = {
    "mobilenetv3": (80, 40, 32, 16),
    "resnet50": (128, 64, 32, 16),
    "draft": (48, 16, 8, 8),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LowResMatte:
    """What the low-res pass says of a frame, before the refiner.

    Attributes:
        fgr_residual: Foreground minus low-res view, (B, 3, h, w), unbounded.
        pha: Alpha, (B, 1, h, w), not yet bounded to [0, 1].
        hidden: The decoder's features for the deep guided filter, (B, C, h, w): 8 channels of
            `draft`, 16 of the others.
    """

    fgr_residual: Tensor
    pha: Tensor
    hidden: Tensor


def low_res_view(src: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize a view bilinearly, half-pixel centres, without antialiasing, as RVM does.

    Args:
        src: (B, C, H, W), any floating dtype.
        size: Height and width in whole pixels.

    Returns:
        (B, C, height, width), same dtype and device; `src` itself where the size is already right.
    """
    if (src.shape[2], src.shape[3]) == tuple(size):
        return src
    return functional.interpolate(src, size, mode="bilinear", align_corners=False)


class MattingNetwork(nn.Module):
    """Encoder, recurrent decoder and refiner; a drop-in for RVM's network of this name.

    Parameter names are those of the official checkpoints; the encoder `draft` is this project's
    own. A new network has random weights: `load_network` makes one that can be used.

    Args:
        variant: The encoder.
        refiner: What lifts the low-res matte to full size.
        has_segmentation: Whether there is a segmentation head; RVM's networks have one.

    Raises:
        NetworkError: No such variant or refiner.
    """

    def __init__(
        self,
        variant: Variant = "mobilenetv3",
        refiner: RefinerKind = "deep_guided_filter",
        *,
        has_segmentation: bool = True,
    ) -> None:
        super().__init__()
        _check_choice("variant", variant, VARIANTS)
        _check_choice("refiner", refiner, REFINERS)
        self.variant: Variant = variant
        backbone = _ENCODERS[variant]()
        f1, f2, f3, f4 = backbone.channels
        aspp, widths = _ASPP_CHANNELS[variant], _WIDTHS[variant]
        hidden = widths[-1]
        self.backbone: _Encoder = backbone
        self.aspp = LiteASPP(f4, aspp)
        self.decoder = RecurrentDecoder((f1, f2, f3, aspp), widths)
        self.project_mat = Projection(hidden, 4)
        self.project_seg = Projection(hidden, 1) if has_segmentation else None
        self.refiner: nn.Module = (
            DeepGuidedFilter(hidden) if refiner == "deep_guided_filter" else FastGuidedFilter()
        )

    def forward(
        self,
        src: Tensor,
        r1: Tensor | None = None,
        r2: Tensor | None = None,
        r3: Tensor | None = None,
        r4: Tensor | None = None,
        downsample_ratio: float = 1.0,
        segmentation_pass: bool = False,
    ) -> list[Tensor]:
        """Matte or segment frames, called as RVM's network is.

        Args:
            src: (B, 3, H, W) or clips (B, T, 3, H, W), display-encoded R'G'B' in [0, 1].
            r1: State after the frame before, or None; likewise r2 to r4.
            r2: See r1.
            r3: See r1.
            r4: See r1.
            downsample_ratio: Low-res size over full size, rounded down; at 1 no refiner runs.
            segmentation_pass: Return a segmentation in place of the matte.

        Returns:
            [fgr, pha, r1, r2, r3, r4], fgr and pha shaped as `src` and within [0, 1]; or
            [seg, r1, r2, r3, r4], seg at the low-res size and unbounded.

        Raises:
            StateError: The state is incomplete or belongs to frames of another size.
            SegmentationMissingError: The weights have no segmentation head.
        """
        frames = src.shape[1] if src.ndim == 5 else 1
        flat = src.flatten(0, 1) if src.ndim == 5 else src
        src_low = _scaled(flat, downsample_ratio)
        state = RecurrentState(r1, r2, r3, r4)
        planes: list[Tensor]
        if segmentation_pass:
            planes, state = self._segment(src_low, state, frames)
        else:
            low, state = self.low_res_pass(src_low, state, frames=frames)
            planes = list(self.refine(flat, src_low, low))
        if src.ndim == 5:
            planes = [plane.view(-1, frames, *plane.shape[1:]) for plane in planes]
        return [*planes, *state.tensors]

    def low_res_pass(
        self, src_low: Tensor, state: RecurrentState, *, frames: int = 1
    ) -> tuple[LowResMatte, RecurrentState]:
        """Advance the state by one frame, or by some, and matte at the low-res size.

        Args:
            src_low: The low-res view, (B, 3, h, w), floating dtype and device of the network,
                display-encoded R'G'B' in [0, 1]; clip by clip where `frames` is not 1.
            state: The state after the frame before; empty after a reset.
            frames: Successive frames of each clip in the batch.

        Returns:
            The low-res matte and the state after the last frame.

        Raises:
            StateError: The state belongs to frames of another size or number, or to another
                variant.
        """
        hidden, state = self._decode(src_low, state, frames)
        matte = self.project_mat(hidden)
        return LowResMatte(fgr_residual=matte[:, :3], pha=matte[:, 3:], hidden=hidden), state

    def refine(self, src: Tensor, src_low: Tensor, low: LowResMatte) -> tuple[Tensor, Tensor]:
        """Lift a low-res matte to full size.

        Where both views have one size there is nothing to lift, and the refiner is left out.

        Args:
            src: The full view, (B, 3, H, W), display-encoded R'G'B' in [0, 1].
            src_low: The low-res view of it, (B, 3, h, w).
            low: What `low_res_pass` said of `src_low`.

        Returns:
            Foreground, (B, 3, H, W), straight, in the view's encoding, and alpha, (B, 1, H, W),
            both in [0, 1].
        """
        if src.shape[2:] == src_low.shape[2:]:
            return (low.fgr_residual + src).clamp(0, 1), low.pha.clamp(0, 1)
        matte = join_channels(low.fgr_residual, low.pha)
        return lift(self.refiner(src_low, matte, low.hidden), src)

    @property
    def segmentation_head(self) -> Projection:
        """From hidden features to a segmentation before its sigmoid.

        Raises:
            SegmentationMissingError: The weights have none.
        """
        if self.project_seg is None:
            raise SegmentationMissingError(
                "The weights in use have no segmentation head (project_seg).",
                "Matte instead, or load a checkpoint that holds project_seg.",
            )
        return self.project_seg

    def state_shapes(
        self, height: int, width: int, clips: int = 1
    ) -> tuple[tuple[int, int, int, int], ...]:
        """Return the shapes of r1 to r4 for a low-res size."""
        widths = _WIDTHS[self.variant]
        channels = (
            widths[2] // 2,
            widths[1] // 2,
            widths[0] // 2,
            _ASPP_CHANNELS[self.variant] // 2,
        )
        scales = (2, 4, 8, 16)
        return tuple(
            (clips, count, -(-height // scale), -(-width // scale))
            for count, scale in zip(channels, scales, strict=True)
        )

    def _decode(
        self, src_low: Tensor, state: RecurrentState, frames: int
    ) -> tuple[Tensor, RecurrentState]:
        """Return the hidden features, (B, C, h, w), and the new state."""
        batch, _, height, width = src_low.shape
        shapes = self.state_shapes(height, width, batch // frames)
        if not state.is_empty and state.shapes != shapes:
            raise StateError(
                f"The recurrent state has shapes {state.shapes}, frames of {width}x{height} in "
                f"{batch // frames} clips need {shapes}.",
                "Start with an empty state when the size or the network changes.",
            )
        f1, f2, f3, f4 = self.backbone(src_low)
        before = (state.r1, state.r2, state.r3, state.r4)
        hidden, after = self.decoder(src_low, (f1, f2, f3, self.aspp(f4)), before, frames)
        return hidden, RecurrentState(*after)

    def _segment(
        self, src_low: Tensor, state: RecurrentState, frames: int
    ) -> tuple[list[Tensor], RecurrentState]:
        head = self.segmentation_head
        hidden, state = self._decode(src_low, state, frames)
        return [head(hidden)], state


def _scaled(src: Tensor, ratio: float) -> Tensor:
    """Return the low-res view by RVM's own arithmetic: sizes floored, positions by the ratio."""
    if ratio == 1:
        return src
    return functional.interpolate(
        src, scale_factor=ratio, mode="bilinear", align_corners=False, recompute_scale_factor=False
    )


def _check_choice(word: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise NetworkError(f"There is no {word} {value!r}.", f"Choose {' or '.join(choices)}.")
