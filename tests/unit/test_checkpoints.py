"""Weights files: those that fit are loaded, all others are refused with a reason."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from robust_matte_rvm import (
    REFINERS,
    VARIANTS,
    CheckpointError,
    MattingNetwork,
    RefinerKind,
    SegmentationMissingError,
    Variant,
    load_network,
)

_Table = dict[str, Tensor]
_NO_REFINER = "The weights have no deep guided filter; the fast guided filter is used."


@pytest.fixture(scope="module")
def official() -> _Table:
    """What an official MobileNetV3 checkpoint holds, with random values."""
    torch.manual_seed(5)
    return MattingNetwork().state_dict()


def _without(table: _Table, *prefixes: str) -> _Table:
    return {name: tensor for name, tensor in table.items() if not name.startswith(prefixes)}


def _save_legacy(table: _Table, path: Path) -> None:
    torch.save(table, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize(
    ("save", "name"),
    [
        pytest.param(save_file, "w.safetensors", id="safetensors"),
        pytest.param(torch.save, "w.pth", id="torch-zip"),
        pytest.param(_save_legacy, "w.pth", id="torch-before-1.6"),
        pytest.param(torch.save, "w.safetensors", id="suffix-that-lies"),
    ],
)
def test_every_entry_arrives(
    tmp_path: Path, official: _Table, save: Callable[[_Table, Path], None], name: str
) -> None:
    save(official, tmp_path / name)
    loaded = load_network(tmp_path / name)
    assert (loaded.variant, loaded.refiner) == ("mobilenetv3", "deep_guided_filter")
    assert loaded.notes == ()
    assert not loaded.network.training
    got = loaded.network.state_dict()
    assert got.keys() == official.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in official.items())


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kept", REFINERS)
@pytest.mark.parametrize("save", [save_file, torch.save])
def test_variant_and_refiner_are_told_by_their_names(
    tmp_path: Path, variant: Variant, kept: RefinerKind, save: Callable[[_Table, Path], None]
) -> None:
    save(MattingNetwork(variant, kept).state_dict(), tmp_path / "w")
    loaded = load_network(tmp_path / "w")
    assert (loaded.variant, loaded.network.variant) == (variant, variant)
    assert loaded.refiner == kept
    is_usual = kept == "deep_guided_filter" or variant == "draft"  # draft is trained without one
    assert loaded.notes == (() if is_usual else (_NO_REFINER,))


def test_half_precision_weights_are_widened(tmp_path: Path, official: _Table) -> None:
    half = {n: t.half() if t.is_floating_point() else t for n, t in official.items()}
    save_file(half, tmp_path / "w.safetensors")
    got = load_network(tmp_path / "w.safetensors").network.state_dict()
    for name, tensor in half.items():
        assert got[name].dtype == (torch.float32 if tensor.is_floating_point() else torch.int64)
        assert torch.equal(got[name].double(), tensor.double())


@torch.inference_mode()
def test_a_loaded_network_computes_as_the_saved_one(tmp_path: Path) -> None:
    torch.manual_seed(9)
    network = MattingNetwork().eval()
    torch.save(network.state_dict(), tmp_path / "w.pth")
    src = torch.rand(1, 3, 48, 64)
    loaded = load_network(tmp_path / "w.pth").network
    got, wanted = loaded(src, downsample_ratio=0.5), network(src, downsample_ratio=0.5)
    assert all(map(torch.equal, got, wanted))


@pytest.mark.parametrize("asked", [None, "fast_guided_filter"])
def test_weights_without_refiner_get_the_fast_one_and_say_so(
    tmp_path: Path, official: _Table, asked: RefinerKind | None
) -> None:
    save_file(_without(official, "refiner."), tmp_path / "w.safetensors")
    loaded = load_network(tmp_path / "w.safetensors", asked)
    assert loaded.refiner == "fast_guided_filter"
    assert loaded.notes == (_NO_REFINER,)
    assert not list(loaded.network.refiner.parameters())


def test_weights_without_refiner_refuse_the_deep_one(tmp_path: Path, official: _Table) -> None:
    save_file(_without(official, "refiner."), tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="no weights for the deep guided filter") as caught:
        load_network(tmp_path / "w.safetensors", "deep_guided_filter")
    assert "fast_guided_filter" in caught.value.hint


def test_a_refiner_left_out_as_asked_is_said(tmp_path: Path, official: _Table) -> None:
    save_file(official, tmp_path / "w.safetensors")
    loaded = load_network(tmp_path / "w.safetensors", "fast_guided_filter")
    assert loaded.refiner == "fast_guided_filter"
    assert loaded.notes == ("The deep guided filter in the weights is left out, as asked.",)


def test_weights_without_segmentation_matte_but_do_not_segment(
    tmp_path: Path, official: _Table
) -> None:
    save_file(_without(official, "project_seg."), tmp_path / "w.safetensors")
    loaded = load_network(tmp_path / "w.safetensors")
    assert loaded.notes == ()  # mattes need none
    src = torch.rand(1, 3, 32, 32)
    assert len(loaded.network(src)) == 6
    with pytest.raises(SegmentationMissingError):
        loaded.network(src, segmentation_pass=True)


def _renamed(table: _Table) -> _Table:
    return {f"module.{name}": tensor for name, tensor in table.items()}


def _poisoned(table: _Table, name: str, value: float) -> _Table:
    tensor = table[name].clone()
    tensor.view(-1)[-1] = value
    return table | {name: tensor}


_STEM = "backbone.features.0.0.weight"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            lambda t: _without(t, "aspp."), r"lacks aspp\.aspp1\.0.* and 4 more", id="lacks"
        ),
        pytest.param(
            lambda t: _without(t, "refiner.conv.6.bias"), "lacks refiner", id="half-refiner"
        ),
        pytest.param(lambda t: t | {"extra": t[_STEM]}, "has unknown extra", id="unknown"),
        pytest.param(
            lambda t: t | {_STEM: t[_STEM][:8]}, r"\(8, 3, 3, 3\) float32.*\(16, 3", id="shape"
        ),
        pytest.param(lambda t: t | {_STEM: t[_STEM].int()}, "int32, the network needs", id="kind"),
        pytest.param(lambda t: _poisoned(t, _STEM, float("nan")), f"NaN.*{_STEM}", id="nan"),
        pytest.param(
            lambda t: _poisoned(t, "project_mat.conv.bias", float("inf")),
            r"infinity in project_mat\.conv\.bias",
            id="infinity",
        ),
        pytest.param(_renamed, r"none of its tensors \(\d+\) is of an encoder", id="other-network"),
        pytest.param(lambda _: {}, r"none of its tensors \(0\) is of an encoder", id="no-tensors"),
    ],
)
@pytest.mark.parametrize("save", [save_file, torch.save])
def test_a_table_that_does_not_fit_says_where(
    tmp_path: Path,
    official: _Table,
    change: Callable[[_Table], _Table],
    words: str,
    save: Callable[[_Table, Path], None],
) -> None:
    path = tmp_path / "weights.bin"
    changed = {name: tensor.contiguous().clone() for name, tensor in change(official).items()}
    save(changed, path)
    with pytest.raises(CheckpointError, match=words) as caught:
        load_network(path)
    assert str(path) in caught.value.what
    assert caught.value.hint


def _bytes_of(save: Callable[[_Table, Path], None], table: _Table, folder: Path) -> bytes:
    save(table, folder / "whole")
    return (folder / "whole").read_bytes()


@pytest.mark.parametrize("save", [save_file, torch.save, _save_legacy])
@pytest.mark.parametrize("share", [0, 1e-7, 6e-7, 1e-4, 0.5, 0.999])
def test_a_cut_file_is_refused(
    tmp_path: Path, official: _Table, save: Callable[[_Table, Path], None], share: float
) -> None:
    data = _bytes_of(save, official, tmp_path)
    path = tmp_path / "cut.pth"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(CheckpointError) as caught:
        load_network(path)
    assert str(path) in caught.value.what
    assert caught.value.hint


def test_one_changed_bit_in_a_torch_file_is_found(tmp_path: Path, official: _Table) -> None:
    data = bytearray(_bytes_of(torch.save, official, tmp_path))
    place = data.find(official[_STEM].numpy().tobytes())
    assert place > 0
    data[place + 2] ^= 1  # a weight that is still finite
    (tmp_path / "w.pth").write_bytes(data)
    with pytest.raises(CheckpointError, match="does not match its checksum"):
        load_network(tmp_path / "w.pth")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<!DOCTYPE html><html>not found</html>", id="web-page"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\noid sha256:1", id="lfs-pointer"),
        pytest.param(bytes(4096), id="zeros"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "rvm_mobilenetv3.pth"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="neither a safetensors nor a torch file"):
        load_network(path)


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="No such file"):
        load_network(tmp_path / "absent.pth")
    with pytest.raises(CheckpointError, match="directory"):
        load_network(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([torch.zeros(1)], id="list"),
        pytest.param({"epoch": 3, "state_dict": {}}, id="training-state"),
        pytest.param({_STEM: torch.zeros(16, 3, 3, 3).to_sparse()}, id="sparse"),
        pytest.param({_STEM: torch.zeros(16, 3, 3, 3, device="meta")}, id="no-values"),
    ],
)
def test_a_torch_file_of_other_things_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="something else than a table of names and tensors"):
        load_network(tmp_path / "w.pth")


def test_a_torchscript_program_is_named_as_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "rvm.torchscript", "w") as archive:
        archive.writestr("rvm/constants.pkl", b"")
        archive.writestr("rvm/data.pkl", b"")
    with pytest.raises(CheckpointError, match="TorchScript program"):
        load_network(tmp_path / "rvm.torchscript")


class _Trap:
    """Writes a file when it is unpickled without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.path,)


def _save_zip(content: object, path: Path) -> None:
    torch.save(content, path)


def _save_bare(content: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(content, protocol=2))


@pytest.mark.parametrize("save", [_save_zip, _save_bare])
def test_a_file_that_would_run_code_runs_none(
    tmp_path: Path, official: _Table, save: Callable[[object, Path], None]
) -> None:
    sprung, path = tmp_path / "sprung", tmp_path / "rvm_mobilenetv3.pth"
    save({**official, "trap": _Trap(sprung)}, path)
    with pytest.raises(CheckpointError, match="more than tensors; nothing in it was run") as caught:
        load_network(path)
    assert not sprung.exists()
    assert str(path) in caught.value.what


def test_the_trap_above_is_a_real_one(tmp_path: Path) -> None:
    torch.save({"trap": _Trap(tmp_path / "sprung")}, tmp_path / "w.pth")
    torch.load(tmp_path / "w.pth", weights_only=False)
    assert (tmp_path / "sprung").exists()


def test_the_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(CheckpointError("what", "hint")))  # noqa: S301 - our own bytes
    assert (type(error), error.what, error.hint) == (CheckpointError, "what", "hint")
    assert str(error) == "what hint"


@pytest.mark.media
def test_the_web_weights_load_and_say_what_they_lack(media: Path) -> None:
    loaded = load_network(media / "weights/rvm_mobilenetv3_web.safetensors")
    assert (loaded.variant, loaded.refiner) == ("mobilenetv3", "fast_guided_filter")
    assert loaded.notes == (_NO_REFINER,)


def test_a_film_named_by_mistake_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "film.mov"
    with path.open("wb") as file:
        file.truncate(1 << 42)  # takes no room on the disk
    with pytest.raises(CheckpointError, match=r"neither .* \(4398046511104 bytes\)"):
        load_network(path)
