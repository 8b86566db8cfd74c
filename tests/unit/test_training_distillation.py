"""Distillation: features weighed by their spread, and which of them are learned."""

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from robust_matte_rvm import MattingNetwork, NetworkError, load_network
from robust_matte_rvm.training.distillation import distillation_loss, feature_loss
from robust_matte_rvm.training.student import Student
from robust_matte_rvm.training.teacher import Teacher


def _features(*values: float) -> Tensor:
    """Return features of one channel, one value a pixel."""
    return torch.tensor(values, dtype=torch.float32).view(1, 1, 1, -1)


def test_the_distance_is_counted_in_standard_deviations() -> None:
    theirs = _features(-1, 1)  # spread sqrt(2)
    assert float(feature_loss(theirs + 1, theirs)) == pytest.approx(1 / 4)  # (1 / sqrt(2))^2 / 2
    far = feature_loss(theirs + 10, theirs)
    assert float(far) == pytest.approx(10 / math.sqrt(2) - 1 / 2)


def test_channels_of_any_scale_count_alike() -> None:
    theirs, error = torch.randn(2, 3, 5, 7), torch.randn(2, 3, 5, 7)
    scales = torch.tensor([1e-1, 1.0, 1e3]).view(1, 3, 1, 1)
    got = feature_loss((theirs + error) * scales, theirs * scales)
    torch.testing.assert_close(got, feature_loss(theirs + error, theirs))


def test_a_silent_channel_is_not_divided_by_nothing() -> None:
    theirs = _features(0, 0, 0)
    assert float(feature_loss(theirs + 1e-3, theirs)) == pytest.approx(1 / 2)


def test_half_precision_is_compared_in_full() -> None:
    theirs = torch.randn(1, 4, 6, 6) * 100
    mine = (theirs + torch.randn(1, 4, 6, 6)).bfloat16()
    got = feature_loss(mine, theirs)
    assert got.dtype == torch.float32
    assert float(got) == float(feature_loss(mine.float(), theirs)) > 0


# --- which terms


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(5)
    save_file(MattingNetwork("draft").state_dict(), tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


@pytest.fixture
def teacher(weights: Path) -> Teacher:
    return Teacher(weights, torch.device("cpu"))


@pytest.mark.parametrize(
    ("features", "hidden", "names"),
    [
        pytest.param(2.0, 0.0, ["f3", "f4"], id="features"),
        pytest.param(0.0, 0.5, ["hidden"], id="hidden"),
        pytest.param(2.0, 0.5, ["f3", "f4", "hidden"], id="both"),
        pytest.param(0.0, 0.0, [], id="none"),
    ],
)
def test_what_has_a_weight_is_learned_and_weighted(
    teacher: Teacher, features: float, hidden: float, names: list[str]
) -> None:
    student = Student(MattingNetwork("draft"), (*teacher.channels, teacher.hidden_channels))
    src = torch.rand(2, 2, 3, 32, 48)
    with torch.no_grad():
        said = student(src)
    got = distillation_loss(said, teacher, src, features=features, hidden=hidden)
    assert list(got) == names
    seen = teacher.observe(src, decodes=True)
    assert seen.hidden is not None
    wanted = {
        "f3": features * feature_loss(said.f3, seen.f3),
        "f4": features * feature_loss(said.f4, seen.f4),
        "hidden": hidden * feature_loss(said.hidden, seen.hidden),
    }
    for name, term in got.items():
        assert float(term) == float(wanted[name]) > 0


def _pass_on(adapter: nn.Module) -> None:
    """Make a projection from and to the same channels change nothing."""
    assert isinstance(adapter, nn.Conv2d)
    assert adapter.bias is not None
    nn.init.dirac_(adapter.weight)
    nn.init.zeros_(adapter.bias)


def test_who_sees_what_the_teacher_sees_has_nothing_to_learn(
    weights: Path, teacher: Teacher
) -> None:
    student = Student(load_network(weights).network, (*teacher.channels, teacher.hidden_channels))
    assert student.adapters is not None
    _pass_on(student.adapters[0])
    _pass_on(student.adapters[2])
    src = torch.rand(2, 3, 3, 32, 48)
    with torch.no_grad():
        said = student.eval()(src)
    terms = distillation_loss(said, teacher, src, features=1.0, hidden=1.0)
    assert float(terms["f3"]) < 1e-9
    assert float(terms["hidden"]) < 1e-9  # also: of frames that follow one another
    assert float(terms["f4"]) > 1e-3  # its projection is a random one


def test_gradients_reach_the_student_and_its_projections(teacher: Teacher) -> None:
    student = Student(MattingNetwork("draft"), (*teacher.channels, teacher.hidden_channels))
    src = torch.rand(1, 2, 3, 32, 32)
    terms = distillation_loss(student(src), teacher, src, features=1.0, hidden=1.0)
    torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
    learned = {name for name, p in student.named_parameters() if p.grad is not None}
    everything = {name for name, _ in student.named_parameters()}
    apart = ("network.project_", "network.refiner.")
    assert {name for name in everything - learned if not name.startswith(apart)} == set()


@pytest.mark.parametrize(
    ("channels", "name"), [pytest.param(None, "f3", id="none"), pytest.param(2, "hidden", id="two")]
)
def test_a_projection_that_is_not_there_is_named(
    teacher: Teacher, channels: int | None, name: str
) -> None:
    student = Student(MattingNetwork("draft"), teacher.channels if channels else None)
    src = torch.rand(1, 1, 3, 32, 32)
    with pytest.raises(NetworkError, match=f"no projection of {name} to") as caught:
        distillation_loss(student(src), teacher, src, features=1.0, hidden=1.0)
    assert "channels" in caught.value.hint
