"""What the network remembers from frame to frame, as a value.

A file of it holds more than r1 to r4: how each lay in memory, because a convolution may take
another path, and give other bits, where its input lies otherwise; and a hash of it all, because a
flipped bit makes another state that looks as good.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from robust_matte_rvm.errors import StateError
from robust_matte_rvm.tensor_files import pack_tensors, read_words

__all__ = ["RecurrentState"]


@dataclass(frozen=True, slots=True, eq=False)
class RecurrentState:
    """The four memories of the decoder, r1 at 1/2 of the low-res size to r4 at 1/16.

    Either all four are there or none: a state without tensors is the one after a reset.

    Attributes:
        r1: (B, C1, h / 2, w / 2), sizes rounded up; within -1 to 1, on the model's device.
        r2: (B, C2, h / 4, w / 4).
        r3: (B, C3, h / 8, w / 8).
        r4: (B, C4, h / 16, w / 16).

    Raises:
        StateError: Some of the four are missing.
    """

    r1: Tensor | None = None
    r2: Tensor | None = None
    r3: Tensor | None = None
    r4: Tensor | None = None

    def __post_init__(self) -> None:
        if len(self.tensors) not in (0, len(_NAMES)):
            missing = [name for name in _NAMES if getattr(self, name) is None]
            raise StateError(
                f"The recurrent state lacks {', '.join(missing)}.",
                "Pass all of r1, r2, r3 and r4, or none of them to start anew.",
            )

    @classmethod
    def empty(cls) -> Self:
        """Return the state after a reset."""
        return cls()

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """r1 to r4, or nothing after a reset."""
        found = (self.r1, self.r2, self.r3, self.r4)
        return tuple(tensor for tensor in found if tensor is not None)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of r1 to r4, or nothing after a reset."""
        return tuple(tuple(tensor.shape) for tensor in self.tensors)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is remembered."""
        return not self.tensors

    def is_finite(self) -> bool:
        """Return whether no memory holds NaN or infinity; waits for the device."""
        return all(bool(torch.isfinite(tensor).all()) for tensor in self.tensors)

    def to(self, device: torch.device | str) -> Self:
        """Return the state on another device, lying as it did; what is there already is shared."""
        return type(self)(*(_moved(tensor, torch.device(device)) for tensor in self.tensors))

    def detached(self) -> Self:
        """Return the state cut off from the gradients of earlier frames; memory is shared."""
        return type(self)(*(tensor.detach() for tensor in self.tensors))

    def to_bytes(self, metadata: Mapping[str, str] | None = None) -> bytes:
        """Return the state as a safetensors file: the same state, the same bytes.

        Args:
            metadata: Words to keep beside the tensors.
        """
        words = dict(metadata or {})
        if self.tensors:
            words[_LAYOUT] = json.dumps([tensor.stride() for tensor in self.tensors])
        plain = [tensor.detach().cpu().contiguous() for tensor in self.tensors]
        words[_DIGEST] = _digest(plain, words)
        return pack_tensors(dict(zip(_NAMES, plain, strict=False)), words)

    @classmethod
    def from_bytes(cls, data: bytes, source: str = "The state") -> tuple[Self, dict[str, str]]:
        """Read what `to_bytes` wrote.

        Args:
            data: A safetensors file.
            source: What to call it in an error.

        Returns:
            The state, on the CPU, every bit, dtype and stride as it was, and the metadata.

        Raises:
            StateError: `data` is damaged or holds something else.
        """
        try:
            tensors = safetensors.torch.load(data)
            metadata = read_words(data)
            ordered = [tensors[name] for name in _NAMES if name in tensors]
            _check_digest(ordered, metadata)
            laid = _laid_out(ordered, metadata.pop(_LAYOUT, None))
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise StateError(
                f"{source} is damaged or no recurrent state: {error}.",
                "Delete it; the state is computed anew from the start of the segment.",
            ) from error
        if set(tensors) - set(_NAMES) or any(tensor.ndim != 4 for tensor in tensors.values()):
            raise StateError(
                f"{source} holds {', '.join(sorted(tensors))}, not r1, r2, r3 and r4.",
                "Name a file that holds a recurrent state.",
            )
        lying = dict(zip((name for name in _NAMES if name in tensors), laid, strict=True))
        return cls(*(lying.get(name) for name in _NAMES)), metadata

    def save(self, path: Path, metadata: Mapping[str, str] | None = None) -> None:
        """Write the state to a safetensors file, over what is there.

        Args:
            path: The file; its folder must exist.
            metadata: Words to keep beside the tensors.

        Raises:
            OSError: The file cannot be written; it may then be there in part.
        """
        path.write_bytes(self.to_bytes(metadata))

    @classmethod
    def load(cls, path: Path) -> tuple[Self, dict[str, str]]:
        """Read what `save` wrote.

        Returns:
            The state, on the CPU, every bit, dtype and stride as it was, and the metadata.

        Raises:
            StateError: The file cannot be read, is damaged or holds something else.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StateError(
                f"{path} cannot be read: {error.strerror}.",
                "Check the path and its permissions.",
            ) from error
        return cls.from_bytes(data, str(path))


_NAMES = tuple(field.name for field in fields(RecurrentState))
_LAYOUT, _DIGEST = "strides", "sha256"


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor elsewhere; `Tensor.to` forgets the strides of axes that are 1 long."""
    if tensor.device == device:
        return tensor
    there = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)
    return there.copy_(tensor)


def _laid_out(tensors: Sequence[Tensor], layout: str | None) -> list[Tensor]:
    """Return tensors as they lay when they were stored; as they are, where nothing was told."""
    if layout is None:
        return list(tensors)
    strides = json.loads(layout)
    return [
        torch.empty_strided(tensor.shape, tuple(stride), dtype=tensor.dtype).copy_(tensor)
        for tensor, stride in zip(tensors, strides, strict=True)
    ]


def _digest(tensors: Sequence[Tensor], words: Mapping[str, str]) -> str:
    """Return a hash of words and contiguous tensors."""
    found = hashlib.sha256(json.dumps(dict(words), sort_keys=True).encode())
    for tensor in tensors:
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _check_digest(tensors: Sequence[Tensor], words: dict[str, str]) -> None:
    """Take the hash out of the words, and make sure that it is right; a foreign file has none.

    Raises:
        ValueError: It is not.
    """
    told = words.pop(_DIGEST, None)
    if told is not None and told != _digest(tensors, words):
        raise ValueError("its content is not what its hash says")
