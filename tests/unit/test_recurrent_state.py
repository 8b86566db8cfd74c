"""The recurrent state as a value: what it holds, and its way to a file and back."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from robust_matte_rvm import RecurrentState, StateError


def _state(dtype: torch.dtype = torch.float32) -> RecurrentState:
    generator = torch.Generator().manual_seed(3)
    shapes = [(1, 16, 8, 12), (1, 20, 4, 6), (1, 40, 2, 3), (1, 64, 1, 2)]
    tensors = [torch.rand(shape, generator=generator) * 2 - 1 for shape in shapes]
    return RecurrentState(*(tensor.to(dtype) for tensor in tensors))


def test_after_a_reset_nothing_is_remembered() -> None:
    state = RecurrentState.empty()
    assert state.is_empty
    assert state.is_finite()
    assert state.tensors == ()
    assert state.shapes == ()


def test_tensors_come_in_order() -> None:
    state = _state()
    assert not state.is_empty
    named = (state.r1, state.r2, state.r3, state.r4)
    assert all(tensor is r for tensor, r in zip(state.tensors, named, strict=True))
    assert state.shapes == ((1, 16, 8, 12), (1, 20, 4, 6), (1, 40, 2, 3), (1, 64, 1, 2))


def test_an_incomplete_state_names_what_is_missing() -> None:
    with pytest.raises(StateError, match="lacks r2, r4"):
        RecurrentState(r1=torch.zeros(1), r3=torch.zeros(1))


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_one_bad_value_anywhere_is_found(index: int, value: float) -> None:
    state = _state()
    assert state.is_finite()
    state.tensors[index][0, -1, -1, -1] = value
    assert not state.is_finite()


def test_detached_keeps_values_and_drops_gradients() -> None:
    tensors = [tensor.requires_grad_() * 2 for tensor in _state().tensors]
    detached = RecurrentState(*tensors).detached()
    assert not any(tensor.requires_grad for tensor in detached.tensors)
    assert all(map(torch.equal, detached.tensors, tensors))


def test_to_moves_every_tensor() -> None:
    moved = _state().to("meta")
    assert [tensor.device.type for tensor in moved.tensors] == ["meta"] * 4
    assert RecurrentState.empty().to("meta").is_empty


_BITS = {torch.float16: torch.int16, torch.bfloat16: torch.int16, torch.float32: torch.int32}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_bit_comes_back_from_a_file(tmp_path: Path, dtype: torch.dtype) -> None:
    state = _state(dtype)
    special = torch.tensor([float("nan"), float("inf"), -0.0, 1e-40], dtype=dtype)
    state.tensors[0].view(-1)[:4] = special
    state.save(tmp_path / "state.safetensors", {"frame": "1048"})
    loaded, metadata = RecurrentState.load(tmp_path / "state.safetensors")
    assert metadata == {"frame": "1048"}
    assert loaded.shapes == state.shapes
    bits = _BITS.get(dtype, torch.int64)
    for got, wanted in zip(loaded.tensors, state.tensors, strict=True):
        assert got.dtype == dtype
        assert torch.equal(got.view(bits), wanted.view(bits))


def test_an_empty_state_comes_back_empty(tmp_path: Path) -> None:
    RecurrentState.empty().save(tmp_path / "state.safetensors")
    loaded, metadata = RecurrentState.load(tmp_path / "state.safetensors")
    assert loaded.is_empty
    assert metadata == {}


def test_the_file_can_be_read_without_this_package(tmp_path: Path) -> None:
    state = _state()
    state.save(tmp_path / "state.safetensors")
    stored = load_file(tmp_path / "state.safetensors")
    assert sorted(stored) == ["r1", "r2", "r3", "r4"]
    assert torch.equal(stored["r3"], state.tensors[2])


def test_a_state_comes_back_as_it_lay_in_memory(tmp_path: Path) -> None:
    """Channels last, of axes that are 1 long, too, whose strides `Tensor.to` would make up."""
    state = _state()
    turned = RecurrentState(
        *(t.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) for t in state.tensors)
    )
    for lying in (state, turned):
        lying.save(tmp_path / "state.safetensors")
        loaded, metadata = RecurrentState.load(tmp_path / "state.safetensors")
        assert metadata == {}
        for got, wanted in zip(loaded.tensors, lying.tensors, strict=True):
            assert got.stride() == wanted.stride()
            assert torch.equal(got, wanted)
    stored = load_file(tmp_path / "state.safetensors")
    assert torch.equal(stored["r3"], state.tensors[2])


def test_moving_keeps_strides() -> None:
    tensors = [torch.empty_strided((1, 4, 1, 1), (7, 1, 5, 3)) for _ in range(4)]
    moved = RecurrentState(*tensors).to("meta")
    assert [tensor.stride() for tensor in moved.tensors] == [(7, 1, 5, 3)] * 4


@pytest.mark.parametrize("at", [-1, -4000, 200])
def test_a_flipped_bit_is_found(at: int) -> None:
    data = bytearray(_state().to_bytes({"next": "1048" * 20}))
    data[at] ^= 1
    with pytest.raises(StateError, match="damaged or no recurrent state"):
        RecurrentState.from_bytes(bytes(data))


def test_the_same_state_is_the_same_bytes() -> None:
    # safetensors alone writes metadata keys in an order that changes from call to call.
    words = {str(number): "x" for number in range(20)}
    files = {_state().to_bytes(dict(order)) for order in (words, reversed(words.items()))}
    assert len(files | {_state().to_bytes(words) for _ in range(20)}) == 1


def _damaged(case: str) -> bytes:
    good = _state().to_bytes()
    return {"empty": b"", "cut": good[:-1], "text": b"not a state", "header": good[:60]}[case]


@pytest.mark.parametrize("case", ["empty", "cut", "text", "header"])
def test_a_damaged_file_names_itself(tmp_path: Path, case: str) -> None:
    path = tmp_path / "state.safetensors"
    path.write_bytes(_damaged(case))
    with pytest.raises(StateError) as caught:
        RecurrentState.load(path)
    assert str(path) in caught.value.what
    assert caught.value.hint


def test_a_missing_file_names_itself(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"state\.safetensors cannot be read: No such file"):
        RecurrentState.load(tmp_path / "state.safetensors")


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        pytest.param({"weight": torch.zeros(1, 1, 1, 1)}, "holds weight", id="other-names"),
        pytest.param({"r1": torch.zeros(1, 1, 1, 1)}, "lacks r2, r3, r4", id="too-few"),
        pytest.param(
            {name: torch.zeros(2) for name in ("r1", "r2", "r3", "r4")}, "holds r1", id="shapes"
        ),
    ],
)
def test_a_file_of_other_tensors_is_no_state(
    tmp_path: Path, tensors: dict[str, Tensor], words: str
) -> None:
    save_file(tensors, tmp_path / "state.safetensors", {"metadata": "{}"})
    with pytest.raises(StateError, match=words):
        RecurrentState.load(tmp_path / "state.safetensors")


def test_a_foreign_safetensors_file_is_no_state(tmp_path: Path) -> None:
    save_file({"r1": torch.zeros(1, 1, 1, 1)}, tmp_path / "other.safetensors")
    with pytest.raises(StateError, match="damaged or no recurrent state"):
        RecurrentState.load(tmp_path / "other.safetensors")
