"""Exported weights: small, the same every time, and still the network that was trained."""

import hashlib
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from robust_matte_rvm import (
    VARIANTS,
    CheckpointError,
    MattingNetwork,
    RecurrentState,
    Variant,
    load_network,
    low_res_view,
)
from robust_matte_rvm.tensor_files import read_words
from robust_matte_rvm.training.export import export_network

_WORDS = {"name": "draft", "seed": "1", "steps": "15500", "data": "photographs; their licence é"}
_MOST_BYTES = 4_000_000
_TOLERANCE = 1e-3  # of alpha: a quarter of a step of 8 bits; half precision moves it by 0.0004


def _trained(variant: Variant = "draft") -> MattingNetwork:
    """Return a network whose normalisations do something."""
    torch.manual_seed(5)
    network = MattingNetwork(variant)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
    nn.init.normal_(network.project_mat.conv.weight)  # else alpha would hardly differ from 0
    nn.init.constant_(network.get_parameter("project_mat.conv.bias"), 0.5)
    return network


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.safetensors"


@torch.inference_mode()
def _mattes(network: MattingNetwork, clip: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return alpha unbounded at the view's size and bounded at full size, of all frames."""
    state, low, full = RecurrentState.empty(), [], []
    for src in clip:
        view = low_res_view(src, (45, 63))
        matte, state = network.low_res_pass(view, state)
        low.append(matte.pha)
        full.append(network.refine(src, view, matte)[1])
    return torch.cat(low), torch.cat(full)


@pytest.mark.parametrize("variant", VARIANTS)
def test_mattes_stay_what_they_were(path: Path, variant: Variant) -> None:
    network = _trained(variant).eval()
    export_network(network, path, _WORDS)
    loaded = load_network(path)
    assert (loaded.variant, loaded.refiner, loaded.notes) == (variant, "deep_guided_filter", ())
    clip = [torch.rand(1, 3, 90, 126) for _ in range(4)]
    for got, wanted in zip(_mattes(loaded.network, clip), _mattes(network, clip), strict=True):
        assert float(wanted.std()) > 0.01  # else nothing would be compared
        assert float((got - wanted).abs().max()) < _TOLERANCE


def test_every_weight_is_there_in_half_precision(path: Path) -> None:
    network = _trained()
    export_network(network, path, _WORDS)
    stored = safetensors.torch.load_file(path)
    assert stored.keys() == network.state_dict().keys()
    for name, full in network.state_dict().items():
        wanted = full.half() if full.is_floating_point() else full
        assert stored[name].dtype == wanted.dtype, name
        assert torch.equal(stored[name], wanted), name


def test_the_file_says_what_it_is_and_where_from(path: Path) -> None:
    export_network(_trained(), path, _WORDS)
    told = read_words(path.read_bytes())
    assert told == {**_WORDS, "variant": "draft", "precision": "float16"}


def test_the_same_weights_make_the_same_bytes(path: Path) -> None:
    network = _trained()
    first = export_network(network, path, _WORDS)
    data = path.read_bytes()
    again = export_network(
        network.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
        path,
        dict(reversed(_WORDS.items())),
    )
    assert path.read_bytes() == data
    assert first == again
    assert (first.size, first.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_draft_fits_into_the_wheel(path: Path) -> None:
    assert export_network(_trained(), path, _WORDS).size == path.stat().st_size <= _MOST_BYTES


def test_what_is_exported_can_be_trained_on(path: Path) -> None:
    export_network(_trained(), path, _WORDS)
    network = load_network(path).network.train()
    network(torch.rand(2, 3, 32, 32))[1].mean().backward()
    assert sum(isinstance(module, nn.BatchNorm2d) for module in network.modules()) == 41
    stem = network.get_parameter("backbone.stem.0.weight")
    assert stem.grad is not None
    assert stem.grad.any()


def test_the_coarsest_rounding_is_named(path: Path) -> None:
    network = _trained()
    with torch.no_grad():
        for entry in network.state_dict().values():
            if entry.is_floating_point():
                entry.fill_(1.0)
        # Below 2^-14 half precision has steps of 2^-24: a third of it is nothing, two are one.
        bias = network.get_parameter("project_mat.conv.bias")
        bias.copy_(torch.tensor([0.0, 2**-24 / 3, -(2**-24), 3 * 2**-24]))
    done = export_network(network, path, _WORDS)
    assert done.coarsest == "project_mat.conv.bias"
    assert done.rounding == pytest.approx(1 / 9)


def test_weights_that_half_precision_holds_cost_nothing(path: Path) -> None:
    network = _trained()
    with torch.no_grad():
        for entry in network.state_dict().values():
            if entry.is_floating_point():
                entry.copy_(entry.half())
    assert export_network(network, path, _WORDS).rounding == 0


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param(
            "decoder.decode1.gru.hh.0.bias", 1e5, "holds 100000, half .* 65504", id="large"
        ),
        pytest.param("aspp.aspp1.1.running_var", -7e4, "holds 70000, half", id="statistics"),
        pytest.param("project_mat.conv.bias", float("nan"), "holds NaN or infinity", id="nan"),
        pytest.param("project_seg.conv.bias", float("inf"), "holds NaN or infinity", id="infinity"),
    ],
)
def test_weights_that_do_not_fit_are_named_and_leave_the_old_file(
    path: Path, name: str, value: float, words: str
) -> None:
    path.write_text("as it was")
    network = _trained()
    with torch.no_grad():
        network.state_dict()[name].view(-1)[-1] = value
    with pytest.raises(CheckpointError, match=f"{name} {words}") as caught:
        export_network(network, path, _WORDS)
    assert str(path) in caught.value.what
    assert caught.value.hint
    assert path.read_text() == "as it was"


def test_the_largest_number_of_half_precision_fits(path: Path) -> None:
    network = _trained()
    with torch.no_grad():
        network.get_parameter("project_mat.conv.bias")[0] = -65510.0  # rounds to -65504
    export_network(network, path, _WORDS)
    assert load_network(path).network.get_parameter("project_mat.conv.bias")[0] == -65504


def test_a_folder_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        export_network(_trained(), tmp_path / "absent" / "w.safetensors", _WORDS)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_cannot_be_taken_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    with pytest.raises(OSError, match="directory"):
        export_network(_trained(), tmp_path / "w", _WORDS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["w"]
