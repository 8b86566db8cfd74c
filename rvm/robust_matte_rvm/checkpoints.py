"""Weights files: read without running what is in them, checked name by name.

Both the official `.pth` files and safetensors are read; the first bytes decide, not the suffix.
"""

import io
import logging
import pickle
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from robust_matte_rvm.errors import CheckpointError
from robust_matte_rvm.network import MattingNetwork, RefinerKind, Variant

__all__ = ["LoadedNetwork", "load_network", "read_tensors"]

log = logging.getLogger(__name__)

_REFINER = "refiner."
_SEGMENTATION = "project_seg."
_FIRST_NAMES: dict[Variant, str] = {
    "mobilenetv3": "backbone.features.0.0.weight",
    "resnet50": "backbone.conv1.weight",
    "draft": "backbone.stem.0.weight",
}
_ANOTHER_FILE = (
    "Name an RVM checkpoint (rvm_mobilenetv3.pth, rvm_resnet50.pth) or its safetensors form."
)
_COPY_AGAIN = "Download or copy the file again, and compare its size with the original."
_NAMES_SHOWN = 3
_TORCH_STARTS = (b"PK\x03\x04", b"\x80\x02")  # torch's zip, and pickle before 1.6
_START = 9  # bytes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedNetwork:
    """A network with the weights of a file.

    Attributes:
        network: On the CPU, float32, in eval mode.
        variant: The encoder the file is for.
        refiner: The refiner the network has.
        notes: What the user should know of the choice, one sentence each; often none.
    """

    network: MattingNetwork
    variant: Variant
    refiner: RefinerKind
    notes: tuple[str, ...]


def load_network(path: Path, refiner: RefinerKind | None = None) -> LoadedNetwork:
    """Read a weights file into a new network; nothing in the file is run.

    Args:
        path: A safetensors file or a `.pth` as torch writes it.
        refiner: The refiner wanted; None takes the deep guided filter where the file has it, else
            the fast one.

    Returns:
        The network, what it is, and notes on what the file lacks.

    Raises:
        CheckpointError: The file cannot be read, is damaged, would run code, or is for another
            network.
    """
    tensors = read_tensors(path)
    variant = _infer_variant(path, tensors)
    chosen, notes = _choose_refiner(path, tensors, refiner)
    if variant == "draft" and refiner is None:
        notes = ()  # it is trained without one
    if chosen == "fast_guided_filter":
        tensors = {name: t for name, t in tensors.items() if not name.startswith(_REFINER)}
    has_segmentation = _has(tensors, _SEGMENTATION)
    with torch.device("meta"):  # no random weights are drawn: all of them come from the file
        network = MattingNetwork(variant, chosen, has_segmentation=has_segmentation)
    _check(path, tensors, network.state_dict())
    network.load_state_dict(_own(tensors), strict=True, assign=True)
    log.debug("%s: %s, %s", path, variant, chosen)
    return LoadedNetwork(network=network.eval(), variant=variant, refiner=chosen, notes=notes)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by name, on the CPU."""
    try:
        with path.open("rb") as file:
            _check_start(path, file.read(_START))  # a film named by mistake would fill the memory
            file.seek(0)
            data = file.read()
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror}.", "Check the path and its permissions."
        ) from error
    try:
        return _parse(path, data)
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:  # torch's own text tells how to run the code after all
        raise CheckpointError(
            f"{path} is damaged, or holds more than tensors; nothing in it was run.",
            "Fetch the weights again from where they were published.",
        ) from error
    except Exception as error:  # a damaged or hostile pickle can raise anything
        log.debug("%s cannot be parsed: %s", path, error)
        raise CheckpointError(
            f"{path} is damaged, or is no plain table of tensors.", _COPY_AGAIN
        ) from error


def _check_start(path: Path, start: bytes) -> None:
    """Raise CheckpointError unless a file starts as weights do."""
    if not (_is_safetensors(start) or start.startswith(_TORCH_STARTS)):
        size = path.stat().st_size
        raise CheckpointError(
            f"{path} is neither a safetensors nor a torch file ({size} bytes).", _ANOTHER_FILE
        )


def _is_safetensors(data: bytes) -> bool:
    return data[8:9] == b"{"  # eight bytes of length, then JSON


def _parse(path: Path, data: bytes) -> dict[str, Tensor]:
    """Return the tensors in `data`; whatever the parsers raise on damage comes through."""
    if _is_safetensors(data):
        return safetensors.torch.load(data)
    if data.startswith(b"PK"):
        _check_archive(path, data)
    content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    if not isinstance(content, Mapping) or not all(map(_is_entry, content.items())):
        raise CheckpointError(
            f"{path} holds something else than a table of names and tensors.", _ANOTHER_FILE
        )
    return dict(content)


def _check_archive(path: Path, data: bytes) -> None:
    """Raise CheckpointError for programs and for bits that changed: torch checks no checksum."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(name.endswith("/constants.pkl") for name in archive.namelist()):
            raise CheckpointError(
                f"{path} is a TorchScript program, and programs in weights files are not run.",
                _ANOTHER_FILE,
            )
        damaged = archive.testzip()
    if damaged is not None:
        raise CheckpointError(
            f"{path} is damaged: {damaged} in it does not match its checksum.", _COPY_AGAIN
        )


def _is_entry(item: tuple[object, object]) -> bool:
    """Return whether an item is a name with a plain tensor that holds its values."""
    name, value = item
    if not isinstance(name, str) or not isinstance(value, Tensor):
        return False
    return value.layout == torch.strided and value.device.type == "cpu"


def _infer_variant(path: Path, tensors: Mapping[str, Tensor]) -> Variant:
    for variant, name in _FIRST_NAMES.items():
        if name in tensors:
            return variant
    raise CheckpointError(
        f"{path} holds no matting network: none of its tensors ({len(tensors)}) is of an encoder.",
        _ANOTHER_FILE,
    )


def _choose_refiner(
    path: Path, tensors: Mapping[str, Tensor], wanted: RefinerKind | None
) -> tuple[RefinerKind, tuple[str, ...]]:
    """Return the refiner to build and what to say of it."""
    if _has(tensors, _REFINER):
        if wanted == "fast_guided_filter":
            return wanted, ("The deep guided filter in the weights is left out, as asked.",)
        return "deep_guided_filter", ()
    if wanted == "deep_guided_filter":
        raise CheckpointError(
            f"{path} has no weights for the deep guided filter.",
            "Choose fast_guided_filter, which needs none, or another checkpoint.",
        )
    note = "The weights have no deep guided filter; the fast guided filter is used."
    return "fast_guided_filter", (note,)


def _check(path: Path, tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Raise CheckpointError unless names, shapes, kinds and values fit the network."""
    for label, names in (
        ("lacks", wanted.keys() - tensors.keys()),
        ("has unknown", tensors.keys() - wanted.keys()),
    ):
        if names:
            raise CheckpointError(f"{path} {label} {_listed(names)}.", _ANOTHER_FILE)
    for name, tensor in wanted.items():
        got = tensors[name]
        if got.shape != tensor.shape or got.is_floating_point() != tensor.is_floating_point():
            raise CheckpointError(
                f"{path}: {name} is {_described(got)}, the network needs {_described(tensor)}.",
                _ANOTHER_FILE,
            )
    broken = [name for name, got in tensors.items() if not bool(torch.isfinite(got).all())]
    if broken:
        raise CheckpointError(f"{path} has NaN or infinity in {_listed(broken)}.", _COPY_AGAIN)


def _own(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return copies in float32 (counters: int64), each contiguous and in memory of its own."""
    return {
        name: got.detach().to(
            torch.float32 if got.is_floating_point() else torch.int64,
            copy=True,
            memory_format=torch.contiguous_format,
        )
        for name, got in tensors.items()
    }


def _has(tensors: Mapping[str, Tensor], prefix: str) -> bool:
    return any(name.startswith(prefix) for name in tensors)


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names)
    rest = len(ordered) - _NAMES_SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(ordered[:_NAMES_SHOWN]) + more


def _described(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"
