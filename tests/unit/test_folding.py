"""Folding: the same mattes without normalisations, in the layout that is quick."""

from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from robust_matte_rvm import (
    MattingNetwork,
    NetworkError,
    RecurrentState,
    RefinerKind,
    Variant,
    fold_network,
    low_res_view,
)


def _trained(variant: Variant, refiner: RefinerKind) -> MattingNetwork:
    """Return a network whose normalisations do something, in float64."""
    torch.manual_seed(5)
    network = MattingNetwork(variant, refiner).double().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in (
                (module.weight.data, 0.5, 1.5),
                (module.bias.data, -0.2, 0.2),
                (module.running_mean, -0.2, 0.2),
                (module.running_var, 0.5, 2.0),
            ):
                assert tensor is not None
                tensor.uniform_(low, high)
    return network


def _key(network: MattingNetwork, clip: list[Tensor]) -> list[Tensor]:
    state = RecurrentState.empty()
    planes: list[Tensor] = []
    for src in clip:
        low = low_res_view(src, (40, 56))
        matte, state = network.low_res_pass(low, state)
        planes += network.refine(src, low, matte)
    return [*planes, *state.tensors]


@pytest.mark.parametrize("variant", get_args(Variant))
@pytest.mark.parametrize("refiner", get_args(RefinerKind))
@torch.inference_mode()
def test_a_folded_network_gives_the_same_mattes(variant: Variant, refiner: RefinerKind) -> None:
    network = _trained(variant, refiner)
    clip = [torch.rand(1, 3, 90, 126, dtype=torch.float64) for _ in range(3)]
    wanted = _key(network, clip)
    folded = fold_network(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    for order in (torch.contiguous_format, torch.channels_last):
        got = _key(folded, [src.contiguous(memory_format=order) for src in clip])
        for one, other in zip(got, wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("variant", ["mobilenetv3", "draft"])
@torch.inference_mode()
def test_every_layer_stays_channels_last(variant: Variant) -> None:
    network = fold_network(_trained(variant, "deep_guided_filter"))
    strays: list[str] = []

    def check(name: str) -> None:
        def look(module: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> None:
            del module
            for tensor in (args[0], out):
                if tensor.shape[2] > 1 and not tensor.is_contiguous(
                    memory_format=torch.channels_last
                ):
                    strays.append(name)

        network.get_submodule(name).register_forward_hook(look)

    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            assert module.weight.is_contiguous(memory_format=torch.channels_last), name
            check(name)
    clip = [torch.rand(1, 3, 90, 126, dtype=torch.float64) for _ in range(2)]
    _key(network, [src.contiguous(memory_format=torch.channels_last) for src in clip])
    assert not strays


def test_a_network_in_training_is_refused() -> None:
    with pytest.raises(NetworkError, match="training mode") as caught:
        fold_network(MattingNetwork("mobilenetv3", "fast_guided_filter"))
    assert "eval()" in caught.value.hint
