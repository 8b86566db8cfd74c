"""A trained network that says what another shall learn, where nobody has drawn mattes."""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from robust_matte_rvm.checkpoints import load_network
from robust_matte_rvm.folding import fold_network
from robust_matte_rvm.network import USUAL_SIDES, low_res_view
from robust_matte_rvm.recurrent_state import RecurrentState
from robust_matte_rvm.training.clips import Clip

__all__ = ["Observation", "Teacher"]

_SETTLING = 4  # times a still is shown, for its state to settle
_SMALL = 32  # pixels, of a view that shows how many channels there are


class Observation(NamedTuple):
    """What a teacher sees in clips.

    Attributes:
        f3: Its encoder's features at 1/8, (B * T, C, h / 8, w / 8), float32.
        f4: Its pooled features at 1/16, (B * T, C, h / 16, w / 16).
        hidden: What its decoder makes of them at the view's size, (B * T, C, h, w); None where it
            was not asked.
    """

    f3: Tensor
    f4: Tensor
    hidden: Tensor | None


class Teacher:
    """A network with weights, that is not trained itself.

    Args:
        weights: A file that `load_network` reads.
        device: Where it runs.

    Attributes:
        channels: Of its features at 1/8 and at 1/16.
        hidden_channels: Of its hidden features.

    Raises:
        CheckpointError: See `load_network`.
    """

    def __init__(self, weights: Path, device: torch.device) -> None:
        self._network = fold_network(load_network(weights).network).to(device)
        self._device = device
        seen = self.observe(torch.zeros(1, 1, 3, _SMALL, _SMALL, device=device))
        self.channels = (seen.f3.shape[1], seen.f4.shape[1])
        self.hidden_channels: int = self._network.project_mat.conv.in_channels

    @torch.no_grad()
    def matte_still(self, picture: Tensor) -> Clip:
        """Matte a photograph.

        Args:
            picture: (3, H, W), float32, display-encoded R'G'B' in [0, 1], on the CPU.

        Returns:
            A clip of one frame, on the CPU.
        """
        src = picture[None].to(self._device).contiguous(memory_format=torch.channels_last)
        height, width = picture.shape[1:]
        ratio = min(USUAL_SIDES[self._network.variant] / max(height, width), 1.0)
        src_low = low_res_view(src, (round(height * ratio), round(width * ratio)))
        state = RecurrentState.empty()
        low, state = self._network.low_res_pass(src_low, state)
        for _ in range(_SETTLING - 1):
            low, state = self._network.low_res_pass(src_low, state)
        fgr, pha = self._network.refine(src, src_low, low)
        return Clip(src=picture[None], fgr=fgr.cpu(), pha=pha.cpu())

    @torch.no_grad()
    def matte_clip(self, src: Tensor) -> Clip:
        """Matte clips at their own size, from an empty state.

        Args:
            src: (B, T, 3, H, W), float32, display-encoded R'G'B' in [0, 1], on the CPU.

        Returns:
            Likewise shaped mattes, in [0, 1], on the CPU.
        """
        fgr, pha, *_ = self._network(src.to(self._device))
        return Clip(src=src, fgr=fgr.cpu(), pha=pha.cpu())

    @torch.no_grad()
    def observe(self, src: Tensor, *, decodes: bool = False) -> Observation:
        """Return what the teacher sees in clips, from an empty state.

        Args:
            src: As for `matte_clip`, but on the teacher's device.
            decodes: Whether its decoder runs, too.
        """
        flat = src.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        f1, f2, f3, f4 = self._network.backbone(flat)
        f4 = self._network.aspp(f4)
        hidden = None
        if decodes:
            hidden, _ = self._network.decoder(flat, (f1, f2, f3, f4), (None,) * 4, src.shape[1])
        return Observation(f3, f4, hidden)
