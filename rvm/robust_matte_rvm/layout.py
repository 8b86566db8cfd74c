"""How channels lie in memory."""

import torch
from torch import Tensor

__all__ = ["join_channels"]


def join_channels(*tensors: Tensor) -> Tensor:
    """Concatenate the channels of tensors, (B, Ci, H, W), in the memory format of the first.

    `torch.cat` takes a slice of channels-last channels for channels first, and every convolution
    behind it would have to reorder its input: that made the low-res pass a third slower.
    """
    if tensors[0].stride(1) != 1:
        return torch.cat(tensors, 1)
    return torch.cat([tensor.permute(0, 2, 3, 1) for tensor in tensors], 3).permute(0, 3, 1, 2)
