"""Safetensors files with words: the same content, the same bytes, and nothing lost."""

import pytest
import safetensors.torch
import torch

from robust_matte_rvm.tensor_files import pack_tensors, read_words

_WORDS = {"name": "draft", "data": "photographs; their licence é", "seed": "1"}


def test_the_order_of_words_and_the_layout_of_tensors_change_nothing() -> None:
    weights = torch.rand(4, 3, 2, 2)
    data = pack_tensors({"a": weights, "b": torch.arange(3)}, _WORDS)
    laid_out = weights.contiguous(memory_format=torch.channels_last).requires_grad_()
    again = pack_tensors({"b": torch.arange(3), "a": laid_out}, dict(reversed(_WORDS.items())))
    assert again == data


def test_tensors_and_words_come_back() -> None:
    tensors = {"a": torch.rand(2, 3).half(), "b": torch.tensor(7)}
    data = pack_tensors(tensors, _WORDS)
    got = safetensors.torch.load(data)
    assert got.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert got[name].dtype == tensor.dtype
        assert torch.equal(got[name], tensor)
    assert read_words(data) == _WORDS
    assert read_words(pack_tensors(tensors)) == {}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x02" + bytes(7) + b"{}", id="no-words"),
        pytest.param(pack_tensors({"a": torch.zeros(1)}, _WORDS)[:40], id="cut"),
        pytest.param(safetensors.torch.save({"a": torch.zeros(1)}), id="of-another-program"),
        pytest.param(
            safetensors.torch.save({"a": torch.zeros(1)}, {"metadata": "word"}), id="no-table"
        ),
    ],
)
def test_what_has_no_words_is_an_error(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_words(data)
