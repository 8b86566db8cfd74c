"""Safetensors files with words beside the tensors: the same content, the same bytes."""

import json
from collections.abc import Mapping

import safetensors.torch
from torch import Tensor

__all__ = ["pack_tensors", "read_words"]

_WORDS_KEY = "metadata"


def pack_tensors(tensors: Mapping[str, Tensor], words: Mapping[str, str] | None = None) -> bytes:
    """Return a safetensors file.

    Args:
        tensors: By name; copied to the CPU, each contiguous there.
        words: What to keep beside them.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # Under one key, since safetensors writes several keys in an order that changes.
    text = json.dumps(dict(words or {}), sort_keys=True)
    return safetensors.torch.save(plain, {_WORDS_KEY: text})


def read_words(data: bytes) -> dict[str, str]:
    """Return the words of what `pack_tensors` made.

    Raises:
        ValueError: It is no such file, or damaged.
        KeyError: Likewise.
        TypeError: Likewise.
    """
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    words = json.loads(header["__metadata__"][_WORDS_KEY])
    return {str(key): str(value) for key, value in words.items()}
