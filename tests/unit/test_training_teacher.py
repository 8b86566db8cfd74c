"""The teacher says what its network says, and learns nothing itself."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from robust_matte_rvm import CheckpointError, MattingNetwork, RecurrentState, low_res_view
from robust_matte_rvm.training.teacher import Teacher

_CPU = torch.device("cpu")


@pytest.fixture
def network() -> MattingNetwork:
    torch.manual_seed(5)
    return MattingNetwork("mobilenetv3").eval()


@pytest.fixture
def teacher(network: MattingNetwork, tmp_path: Path) -> Teacher:
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    return Teacher(tmp_path / "w.safetensors", _CPU)


@torch.inference_mode()
def test_a_still_is_shown_four_times_and_lifted(teacher: Teacher, network: MattingNetwork) -> None:
    picture = torch.rand(3, 40, 1024)
    clip = teacher.matte_still(picture)
    low = low_res_view(picture[None], (20, 512))
    state = RecurrentState.empty()
    for _ in range(3):
        _, state = network.low_res_pass(low, state)
    matte, _ = network.low_res_pass(low, state)
    fgr, pha = network.refine(picture[None], low, matte)
    assert torch.equal(clip.src, picture[None])
    torch.testing.assert_close(clip.fgr, fgr, rtol=0, atol=1e-4)
    torch.testing.assert_close(clip.pha, pha, rtol=0, atol=1e-4)


@torch.inference_mode()
def test_a_small_still_is_seen_at_its_own_size(teacher: Teacher) -> None:
    clip = teacher.matte_still(torch.rand(3, 33, 50))
    assert clip.fgr.shape == (1, 3, 33, 50)
    assert clip.pha.shape == (1, 1, 33, 50)


def test_clips_are_matted_in_order_from_an_empty_state(
    teacher: Teacher, network: MattingNetwork
) -> None:
    src = torch.rand(2, 3, 3, 32, 48)
    clip = teacher.matte_clip(src)
    with torch.inference_mode():
        fgr, pha, *_ = network(src)
    torch.testing.assert_close(clip.fgr, fgr, rtol=0, atol=1e-4)
    torch.testing.assert_close(clip.pha, pha, rtol=0, atol=1e-4)
    assert not clip.pha.requires_grad


@pytest.mark.parametrize("decodes", [False, True])
def test_what_it_sees_is_what_its_layers_make(
    teacher: Teacher, network: MattingNetwork, *, decodes: bool
) -> None:
    src = torch.rand(2, 3, 3, 33, 50)
    seen = teacher.observe(src, decodes=decodes)
    with torch.inference_mode():
        _, _, f3, f4 = network.backbone(src.flatten(0, 1))
        matte, _ = network.low_res_pass(src.flatten(0, 1), RecurrentState.empty(), frames=3)
        wanted = (f3, network.aspp(f4), matte.hidden if decodes else None)
    for got, want in zip(seen, wanted, strict=True):
        if want is None:
            assert got is None
        else:
            assert got is not None
            torch.testing.assert_close(got, want, rtol=0, atol=1e-3)
            assert not got.requires_grad


def test_it_knows_its_channels(teacher: Teacher) -> None:
    assert (teacher.channels, teacher.hidden_channels) == ((40, 128), 16)


def test_no_weights_no_teacher(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="No such file"):
        Teacher(tmp_path / "absent.safetensors", _CPU)
