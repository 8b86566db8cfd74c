"""From where a run goes on: whole files alone, the last two of them, and who may go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from robust_matte_rvm.errors import RunFolderError
from robust_matte_rvm.training.checkpoint import Checkpoint, find_checkpoint, save_checkpoint
from robust_matte_rvm.training.config import TrainConfig
from robust_matte_rvm.training.events import Event, Warned, silent
from robust_matte_rvm.training.identity import check_identity, identify


def checkpoint(step: int) -> Checkpoint:
    return Checkpoint(
        step=step,
        seconds=1.5 * step,
        identity={"seed": 4},
        student={"weight": torch.full((3,), float(step))},
        optimizer={"state": {0: {"step": torch.tensor(float(step))}}, "param_groups": []},
        average={"n_averaged": torch.tensor(step)},
    )


def test_the_newest_comes_back_as_it_was(tmp_path: Path) -> None:
    for step in (99_999_999, 5, 100_000_000):
        save_checkpoint(tmp_path, checkpoint(step))
    found = find_checkpoint(tmp_path, silent)
    assert found is not None
    assert (found.step, found.seconds, found.identity) == (100_000_000, 150_000_000.0, {"seed": 4})
    assert found.student["weight"].tolist() == [1e8] * 3
    assert found.optimizer["state"][0]["step"] == 1e8


def test_two_are_kept_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    for step in (2, 4, 6, 8):
        save_checkpoint(tmp_path, checkpoint(step))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint_00000006.pt", "checkpoint_00000008.pt", "notes.txt"]


def test_a_new_folder_has_none(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path, silent) is None


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def change_a_bit(file: Path) -> None:
    """Change a value without breaking the archive's form: torch alone would take it."""
    data = bytearray(file.read_bytes())
    at = data.index(torch.full((3,), 6.0).numpy().tobytes())
    data[at + 2] ^= 1
    file.write_bytes(data)


def replace(file: Path) -> None:
    torch.save({"weight": torch.ones(3)}, file)


DAMAGES = [
    pytest.param(cut_off, id="cut off"),
    pytest.param(change_a_bit, id="one bit"),
    pytest.param(replace, id="other content"),
    pytest.param(lambda file: file.write_bytes(b""), id="empty"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_of_a_damaged_one_the_one_before_is_taken_and_told(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    save_checkpoint(tmp_path, checkpoint(4))
    newest = save_checkpoint(tmp_path, checkpoint(6))
    damage(newest)
    told: list[Event] = []
    found = find_checkpoint(tmp_path, told.append)
    assert found is not None
    assert found.step == 4
    assert [type(event) for event in told] == [Warned]
    assert str(newest) in str(told[0])


def test_where_all_are_damaged_nothing_begins_anew(tmp_path: Path) -> None:
    for step in (4, 6):
        save_checkpoint(tmp_path, checkpoint(step)).write_bytes(b"no")
    with pytest.raises(RunFolderError, match="No checkpoint in"):
        find_checkpoint(tmp_path, silent)


def test_a_checkpoint_runs_nothing(tmp_path: Path) -> None:
    class Planted:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"form": 1, "step": Planted()}, tmp_path / "checkpoint_00000001.pt")
    with pytest.raises(RunFolderError):
        find_checkpoint(tmp_path, silent)
    assert not (tmp_path / "ran").exists()


# --- who may go on


def config(**values: Any) -> TrainConfig:
    stage = {"steps": 5, "batch": 1, "size": [32, 32], "rate": 0.1, "data": {"a": 1.0}}
    data = {name: {"kind": "footage", "folder": name} for name in "ab"}
    usual = {
        "seed": 1,
        "data": data,
        "stages": [{"name": "one", **stage}, {"name": "two", **stage, "data": {"b": 1.0}}],
    }
    return TrainConfig.model_validate(usual | values)


def changed(at: int, **values: Any) -> dict[str, Any]:
    """Return stages of which one is changed."""
    stages = [one.model_dump() for one in config().stages]
    stages[at] |= values
    return {"stages": stages}


def check(now: TrainConfig, begun: int = 1, processes: int = 1) -> None:
    check_identity(Path("run"), identify(config(), 1), identify(now, processes), begun)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="the same"),
        pytest.param(changed(1, steps=99, rate=3.0), id="a stage that lies ahead"),
        pytest.param({"stages": [config().stages[0]]}, id="it is left out"),
        pytest.param({"stages": [*config().stages] * 2}, id="more stages"),
        pytest.param({"checkpoint_every": 7, "workers": 3, "sheet_every": 9}, id="how it runs"),
        pytest.param({"words": {"data": "own"}}, id="words"),
        pytest.param({"data": {"a": config().data["a"]}}, id="data of a stage that lies ahead"),
    ],
)
def test_what_decides_no_number_so_far_may_change(values: dict[str, Any]) -> None:
    check(config(**values))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param({"seed": 2}, "began with seed = 1, not with seed = 2.", id="seed"),
        pytest.param({"variant": "resnet50"}, "variant = draft, not", id="network"),
        pytest.param(changed(0, rate=0.2), "stages[1].rate = 0.1, not", id="a begun stage"),
        pytest.param(changed(0, steps=6), "stages[1].steps = 5, not", id="its length"),
        pytest.param(changed(0, order=["main"] * 2), "no stages[1].order[2]", id="something more"),
        pytest.param(
            {"data": config().data | {"a": {"kind": "footage", "folder": "c"}}},
            "data.a.folder = a, not with data.a.folder = c.",
            id="a folder",
        ),
    ],
)
def test_what_decides_numbers_may_not_change(values: dict[str, Any], told: str) -> None:
    with pytest.raises(RunFolderError) as caught:
        check(config(**values))
    assert told in caught.value.what


def test_another_count_of_processes_is_another_run() -> None:
    with pytest.raises(RunFolderError, match="processes = 1, not with processes = 2"):
        check(config(), processes=2)


def test_a_teacher_is_known_by_its_content(tmp_path: Path) -> None:
    teacher, moved = tmp_path / "a.pth", tmp_path / "b.pth"
    teacher.write_bytes(b"weights")
    before = identify(config(teacher=teacher), 1)
    teacher.rename(moved)
    check_identity(tmp_path, before, identify(config(teacher=moved), 1), 1)
    moved.write_bytes(b"others")
    with pytest.raises(RunFolderError, match="teacher = sha256"):
        check_identity(tmp_path, before, identify(config(teacher=moved), 1), 1)
