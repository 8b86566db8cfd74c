"""Making a trained network quick to run."""

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from robust_matte_rvm.errors import NetworkError
from robust_matte_rvm.network import MattingNetwork

__all__ = ["fold_network"]


def fold_network(network: MattingNetwork) -> MattingNetwork:
    """Fold a network for inference: same mattes within float rounding, no longer to be trained.

    Each batch normalisation becomes part of the convolution before it, and weights are laid out
    channels last, in which the CPU's and the GPU's convolutions take their inputs without
    reordering them. Views handed to it should be channels last, too.

    Args:
        network: In eval mode; it is changed in place.

    Returns:
        The same object, for chaining.

    Raises:
        NetworkError: The network is in training mode, where its normalisations still change.
    """
    if network.training:
        raise NetworkError(
            "A network in training mode cannot be folded.", "Call eval() on it first."
        )
    _fold_children(network)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _fold_children(module: nn.Module) -> None:
    """Fold normalisations that follow a convolution in order of definition, as all here do."""
    before: tuple[str, nn.Module] | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d) and before and isinstance(before[1], nn.Conv2d):
            setattr(module, before[0], fuse_conv_bn_eval(before[1], child))
            setattr(module, name, nn.Identity())
        else:
            _fold_children(child)
        before = (name, child)
