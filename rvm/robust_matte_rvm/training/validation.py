"""How good the network is on what it is never trained on."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from robust_matte_rvm.evaluation import (
    intersection_over_union,
    mean_absolute_difference,
    temporal_difference,
)
from robust_matte_rvm.network import MattingNetwork, low_res_view
from robust_matte_rvm.recurrent_state import RecurrentState
from robust_matte_rvm.training.clips import Clip

__all__ = ["Validation"]

_SETTLING = 6  # times that a still is shown


class Validation:
    """Clips and stills with mattes, and how a network is held against them.

    The network works at its view alone; the refiner, which early stages do not train, is left out.

    Args:
        clips: Stills are clips of one frame, shapes (T, C, H, W).
        view: Longest side that the network works at, in pixels.
        device: Where the network is.
    """

    def __init__(self, clips: Sequence[Clip], view: int, device: torch.device) -> None:
        self._clips = tuple(clips)
        self._view = view
        self._device = device

    def __len__(self) -> int:
        return len(self._clips)

    @torch.no_grad()
    def measure(self, network: MattingNetwork) -> dict[str, float]:
        """Return the means over all clips by name.

        Args:
            network: In eval mode.

        Returns:
            `iou` at 0.5, with its median over the clips, and `mad`; `dtssd`, where there are clips
            of several frames. Plain values, not scaled as in papers.
        """
        measured = [self._measure(network, clip) for clip in self._clips]
        overlaps, gaps, changes = (
            [value for values in of_clips for value in values]
            for of_clips in zip(*measured, strict=True)
        )
        medians = [float(np.mean(overlap)) for overlap, _, _ in measured]
        found = {
            "iou": float(np.mean(overlaps)),
            "iou_median": float(np.median(medians)),
            "mad": float(np.mean(gaps)),
        }
        return found | ({"dtssd": float(np.mean(changes))} if changes else {})

    def _measure(
        self, network: MattingNetwork, clip: Clip
    ) -> tuple[list[float], list[float], list[float]]:
        """Return IoU and MAD of each frame, and dtSSD of each frame that has one before it."""
        mattes = [matte.numpy() for matte in self._matte(network, clip.src)]
        truths = [pha[0].numpy() for pha in clip.pha]
        pairs = list(zip(mattes, truths, strict=True))
        changes = [
            temporal_difference(matte, before, true, true_before)
            for (before, true_before), (matte, true) in pairwise(pairs)
        ]
        overlaps = [intersection_over_union(*pair) for pair in pairs]
        return overlaps, [mean_absolute_difference(*pair) for pair in pairs], changes

    def _matte(self, network: MattingNetwork, src: Tensor) -> list[Tensor]:
        """Return the alpha of each frame, (H, W), in [0, 1], on the CPU."""
        height, width = src.shape[2:]
        ratio = self._view / max(height, width)
        size = (round(height * ratio), round(width * ratio))
        state = RecurrentState.empty()
        mattes = []
        for frame in src:
            shown = frame[None].to(self._device, memory_format=torch.channels_last)
            low = low_res_view(shown, size)
            said, state = network.low_res_pass(low, state)
            for _ in range(_SETTLING - 1 if len(src) == 1 else 0):
                said, state = network.low_res_pass(low, state)
            pha = functional.interpolate(said.pha, (height, width), mode="bilinear")
            mattes.append(pha[0, 0].clamp(0, 1).cpu())
        return mattes
