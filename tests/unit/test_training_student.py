"""The student says what its network will say, before bounds, and lets gradients through."""

import pytest
import torch
from torch import Tensor, nn

from robust_matte_rvm import MattingNetwork, RecurrentState, low_res_view
from robust_matte_rvm.training.student import Student, StudentOutput

_SIZE = (45, 63)


def _shift(network: MattingNetwork, value: float) -> None:
    nn.init.constant_(network.get_parameter("project_mat.conv.bias"), value)


def _network() -> MattingNetwork:
    torch.manual_seed(7)
    network = MattingNetwork("draft")
    _shift(network, 0.4)  # between the bounds, mostly
    return network


def _clips(clips: int = 2, frames: int = 3) -> Tensor:
    return torch.rand(clips, frames, 3, 90, 126, generator=torch.Generator().manual_seed(11))


@torch.inference_mode()
def test_at_the_views_own_size_it_says_what_the_network_says() -> None:
    student, src = Student(_network()).eval(), low_res_view(_clips().flatten(0, 1), _SIZE)
    src = src.view(2, 3, 3, *_SIZE)
    said = student(src)
    fgr, pha, *_ = student.network(src)
    seg, *_ = student.network(src, segmentation_pass=True)
    assert torch.equal(said.fgr.clamp(0, 1), fgr)
    assert torch.equal(said.pha.clamp(0, 1), pha)
    assert torch.equal(said.seg, seg)
    assert said.full is None


@torch.inference_mode()
def test_a_smaller_view_is_lifted_as_the_network_lifts_it() -> None:
    student, src = Student(_network()).eval(), _clips()
    said = student(src, _SIZE, True)
    assert said.pha.shape == (2, 3, 1, *_SIZE)
    assert said.full is not None
    flat = src.flatten(0, 1)
    low = low_res_view(flat, _SIZE)
    matte, _ = student.network.low_res_pass(low, RecurrentState.empty(), frames=3)
    fgr, pha = student.network.refine(flat, low, matte)
    # In strips there, in whole planes here.
    wanted = torch.cat([fgr, pha], 1).view(2, 3, 4, 90, 126)
    torch.testing.assert_close(said.full.clamp(0, 1), wanted, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_nothing_is_bounded() -> None:
    student = Student(_network()).eval()
    _shift(student.network, 3.0)
    said = student(_clips(), _SIZE, True)
    assert said.full is not None
    for planes in (said.fgr, said.pha, said.full):
        assert float(planes.min()) > 1


def _named(said: StudentOutput) -> list[tuple[int, ...] | None]:
    return [None if f is None else tuple(f.shape) for f in (said.f3, said.f4, said.hidden)]


@pytest.mark.parametrize(
    ("channels", "shapes"),
    [
        pytest.param(None, [None, None, None], id="no-teacher"),
        pytest.param((40, 128), [(6, 40, 6, 8), (6, 128, 3, 4), None], id="features"),
        pytest.param(
            (40, 128, 16), [(6, 40, 6, 8), (6, 128, 3, 4), (6, 16, *_SIZE)], id="hidden-too"
        ),
    ],
)
def test_features_come_in_the_teachers_channels(
    channels: tuple[int, ...] | None, shapes: list[tuple[int, ...] | None]
) -> None:
    assert _named(Student(_network(), channels)(_clips(), _SIZE)) == shapes


def test_projections_are_no_part_of_what_is_trained_for_use() -> None:
    network = _network()
    before = set(network.state_dict())
    student = Student(network, (40, 128, 16))
    assert set(student.network.state_dict()) == before
    assert {name.partition(".")[0] for name in student.state_dict()} == {"network", "adapters"}


def test_gradients_reach_every_weight() -> None:
    student = Student(_network(), (40, 128, 16))
    said = student(_clips(), _SIZE, True)
    sums = [planes.square().mean() for planes in said if planes is not None]
    torch.stack(sums).sum().backward()  # type: ignore[no-untyped-call]
    assert [name for name, p in student.named_parameters() if p.grad is None] == []
    finite = [bool(p.grad.isfinite().all()) for p in student.parameters() if p.grad is not None]
    assert all(finite)


def test_later_frames_teach_earlier_ones() -> None:
    student, src = Student(_network()), _clips(1, 3).requires_grad_()
    student(src).pha[:, 2].sum().backward()
    assert src.grad is not None
    assert bool((src.grad[:, 0] != 0).any())


def test_bfloat16_inside_gives_float32_outside() -> None:
    student = Student(_network(), (40, 128, 16))
    with torch.autocast("cpu", torch.bfloat16):
        said = student(_clips(), _SIZE, True)
    for planes in (said.fgr, said.pha, said.seg, said.full):
        assert planes is not None
        assert planes.dtype == torch.float32
