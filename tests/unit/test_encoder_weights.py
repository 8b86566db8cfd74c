"""Weights of encoders as others publish them, into ours."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from robust_matte_rvm.efficientnet_lite import EfficientNetLite0
from robust_matte_rvm.encoder_weights import load_encoder
from robust_matte_rvm.errors import CheckpointError
from robust_matte_rvm.mobilenetv3 import MobileNetV3Large

# By hand, from the port's own file: its names of layers, and ours.
_SAME = {
    "_conv_stem.weight": "stem.0.weight",
    "_bn0.running_var": "stem.1.running_var",
    "_blocks.0._depthwise_conv.weight": "stages.0.0.conv.0.weight",
    "_blocks.0._bn1.bias": "stages.0.0.conv.1.bias",
    "_blocks.0._project_conv.weight": "stages.0.0.conv.3.weight",
    "_blocks.0._bn2.weight": "stages.0.0.conv.4.weight",
    "_blocks.1._expand_conv.weight": "stages.1.0.conv.0.weight",
    "_blocks.2._depthwise_conv.weight": "stages.1.1.conv.3.weight",
    "_blocks.4._bn0.running_mean": "stages.2.1.conv.1.running_mean",
    "_blocks.7._bn1.weight": "stages.3.2.conv.4.weight",
    "_blocks.10._project_conv.weight": "stages.4.2.conv.6.weight",
    "_blocks.10._bn2.running_var": "stages.4.2.conv.7.running_var",
}
_LAYERS = ("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2")
_WIDTHS = (32, 16, *(24,) * 2, *(40,) * 2, *(80,) * 3, *(112,) * 3)  # before and after each block
_KERNELS = (3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5)


def _draw_port() -> dict[str, Tensor]:
    """Return a file of the port, drawn: with a classifier, and without counters."""
    drawn = {"_conv_stem.weight": torch.randn(32, 3, 3, 3)} | _draw_norm("_bn0", 32)
    for number, kernel in enumerate(_KERNELS):
        before, after = _WIDTHS[number : number + 2]
        wide = before * (6 if number else 1)
        shapes = ((wide, before, 1, 1), (wide, 1, kernel, kernel), (after, wide, 1, 1))
        skipped = 0 if number else 1
        for place, shape in list(enumerate(shapes))[skipped:]:
            drawn[f"_blocks.{number}.{_LAYERS[2 * place]}.weight"] = torch.randn(shape)
            drawn |= _draw_norm(f"_blocks.{number}.{_LAYERS[2 * place + 1]}", shape[0])
    return drawn | {"_fc.weight": torch.randn(1000, 1280)}


def _draw_norm(name: str, channels: int) -> dict[str, Tensor]:
    fields = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{field}": torch.rand(channels) for field in fields}


def _load(encoder: nn.Module, tensors: dict[str, Tensor], folder: Path) -> dict[str, Tensor]:
    file = folder / "encoder.pth"
    torch.save(tensors, file)
    load_encoder(encoder, file)
    return encoder.state_dict()


def test_the_port_of_efficientnet_is_understood(tmp_path: Path) -> None:
    drawn = _draw_port()
    taken = _load(EfficientNetLite0(), drawn, tmp_path)
    for theirs, ours in _SAME.items():
        assert torch.equal(taken[ours], drawn[theirs]), ours
    sums = sorted(float(tensor.sum()) for name, tensor in drawn.items() if name != "_fc.weight")
    own = [float(one.sum()) for name, one in taken.items() if not name.endswith("tracked")]
    assert sorted(own) == sums  # every tensor has been taken, and once


@pytest.mark.parametrize("kind", [EfficientNetLite0, MobileNetV3Large])
def test_files_with_our_own_names_fit(kind: type[nn.Module], tmp_path: Path) -> None:
    drawn = {name: torch.rand_like(one.float()) for name, one in kind().state_dict().items()}
    taken = _load(kind(), drawn | {"classifier.0.weight": torch.zeros(3)}, tmp_path)
    named = [name for name in drawn if not name.endswith("num_batches_tracked")]
    assert all(torch.equal(taken[name], drawn[name]) for name in named)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"_blocks.3._bn1.weight": None}, "the file lacks it", id="missing"),
        pytest.param({"_bn0.bias": torch.zeros(31)}, r"has \(31,\)", id="shape"),
    ],
)
def test_other_files_are_refused(
    change: dict[str, Tensor | None], said: str, tmp_path: Path
) -> None:
    changed = _draw_port() | change
    whole = {name: tensor for name, tensor in changed.items() if tensor is not None}
    with pytest.raises(CheckpointError, match=said):
        _load(EfficientNetLite0(), whole, tmp_path)
