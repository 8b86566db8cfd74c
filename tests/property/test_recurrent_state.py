"""Whatever a state holds comes back; whatever happens to its file is told in one kind of error."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from robust_matte_rvm import RecurrentState, StateError

_DTYPES = {torch.float16: torch.int16, torch.float32: torch.int32, torch.float64: torch.int64}


@st.composite
def _tensors(draw: st.DrawFn, dtype: torch.dtype) -> Tensor:
    """Return a tensor of four dimensions with any bits, NaN of every kind among them."""
    shape = draw(st.tuples(*[st.integers(1, 3)] * 4))
    count = torch.Size(shape).numel() * dtype.itemsize
    data = draw(st.binary(min_size=count, max_size=count))
    return torch.frombuffer(bytearray(data), dtype=dtype).view(shape)


@st.composite
def _states(draw: st.DrawFn) -> RecurrentState:
    dtype = draw(st.sampled_from(list(_DTYPES)))
    return RecurrentState(*(draw(_tensors(dtype)) for _ in range(4)))


@given(_states(), st.dictionaries(st.text(), st.text(), max_size=5))
def test_bits_and_words_survive(state: RecurrentState, words: dict[str, str]) -> None:
    loaded, metadata = RecurrentState.from_bytes(state.to_bytes(words))
    assert metadata == words
    assert loaded.shapes == state.shapes
    for got, wanted in zip(loaded.tensors, state.tensors, strict=True):
        assert got.dtype == wanted.dtype
        bits = _DTYPES[got.dtype]
        assert torch.equal(got.view(bits), wanted.view(bits))


@given(_states(), st.data())
def test_a_cut_file_is_a_state_error(state: RecurrentState, data: st.DataObject) -> None:
    whole = state.to_bytes({"frame": "1001"})
    length = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(StateError):
        RecurrentState.from_bytes(whole[:length])


@given(_states(), st.data())
def test_a_changed_byte_is_a_state_error_or_a_state(
    state: RecurrentState, data: st.DataObject
) -> None:
    damaged = bytearray(state.to_bytes({"frame": "1001"}))
    index = data.draw(st.integers(0, len(damaged) - 1))
    damaged[index] ^= data.draw(st.integers(1, 255))
    try:
        loaded, _ = RecurrentState.from_bytes(bytes(damaged))
    except StateError:
        return
    assert len(loaded.tensors) in (0, 4)
