"""States on disk: which one is taken, and which are removed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from robust_matte.errors import ModelError
from robust_matte.jobs.progress import Event, Warned, silent
from robust_matte.jobs.state_files import StateFiles, StateSearch
from robust_matte.keying.model import MatteModel


class Counter:
    """A model whose state is a number."""

    def __init__(self, count: int = 0) -> None:
        self.count = count

    def state_bytes(self, words: Mapping[str, str]) -> bytes:
        return json.dumps([self.count, dict(words)]).encode()

    def load_state(self, data: bytes) -> dict[str, str]:
        try:
            self.count, words = json.loads(data)
        except ValueError as error:
            raise ModelError("The state is damaged.") from error
        return dict(words)


def _model(count: int = 0) -> Any:
    return cast(MatteModel, Counter(count))


@pytest.fixture
def files(tmp_path: Path) -> StateFiles:
    return StateFiles(tmp_path / "checkpoint", "job", "pins")


def _names(files: StateFiles) -> list[str]:
    return sorted(path.name for path in files.folder.iterdir()) if files.folder.exists() else []


def _nearest(
    *places: StateFiles, first: int = 1, after: int = 1, upto: int = 100, told: Any = None
) -> tuple[int, int] | None:
    """Return which frame comes next, and the state that a model then has."""
    search = StateSearch(places, _model(), (told if told is not None else []).append)
    found = search.nearest(first, after, upto)
    if found is None:
        return None
    model = _model(-1)
    found[1](model)
    return found[0], model.count


def test_the_latest_state_before_the_frame_is_taken(files: StateFiles, tmp_path: Path) -> None:
    states = StateFiles(tmp_path / "states", "job", "pins")
    for following in (26, 51, 76):
        files.save(_model(following), 1, following)
    for following in (31, 61):
        states.save(_model(following), 1, following)
    files.save(_model(500), 200, 500)
    assert _nearest(files, states) == (76, 76)
    assert _nearest(files, states, upto=76) == (76, 76)
    assert _nearest(files, states, upto=75) == (61, 61)
    assert _nearest(files, states, upto=60) == (51, 51)
    assert _nearest(files, states, upto=25) is None
    assert _nearest(files, states, after=76) is None
    assert _nearest(files, first=200, upto=1000) == (500, 500)


def test_negative_frames_have_states_too(files: StateFiles) -> None:
    files.save(_model(7), -20, -3)
    assert _names(files) == ["-20_-3.safetensors"]
    assert _nearest(files, first=-20, after=-20, upto=5) == (-3, 7)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"job": "other"}, id="another job"),
        pytest.param({"pins": "other"}, id="other pins"),
    ],
)
def test_states_of_others_are_passed_over_in_silence(
    files: StateFiles, other: dict[str, str]
) -> None:
    files.save(_model(26), 1, 26)
    StateFiles(files.folder, **({"job": "job", "pins": "pins"} | other)).save(_model(1), 1, 51)
    told: list[Event] = []
    assert _nearest(files, told=told) == (26, 26)
    assert told == []


def test_a_renamed_state_is_not_taken_for_another_frame(files: StateFiles) -> None:
    files.save(_model(26), 1, 26)
    (files.folder / "1_26.safetensors").rename(files.folder / "1_27.safetensors")
    assert _nearest(files) is None


def test_a_damaged_state_is_told_and_the_one_before_it_taken(files: StateFiles) -> None:
    files.save(_model(26), 1, 26)
    files.save(_model(51), 1, 51)
    path = files.folder / "1_51.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    told: list[Event] = []
    assert _nearest(files, told=told) == (26, 26)
    assert told == [Warned(f"The state {path} is damaged, and is not used.")]
    path.unlink()
    path.mkdir()  # cannot be read
    assert _nearest(files) == (26, 26)


def test_a_checkpoint_that_was_found_is_there_whoever_removes_it(files: StateFiles) -> None:
    files.save(_model(26), 1, 26)
    found = StateSearch([files], _model(), silent).nearest(1, 1, 100)
    files.forget(1, 1, 100)
    assert found is not None
    model = _model()
    found[1](model)
    assert model.count == 26


def test_a_state_that_is_gone_when_it_is_needed_names_itself(tmp_path: Path) -> None:
    files = StateFiles(tmp_path / "states", "job", "pins")
    files.save(_model(26), 1, 26)
    found = StateSearch([files], _model(), silent).nearest(1, 1, 100)
    assert found is not None
    files.forget(1, 1, 100)
    with pytest.raises(ModelError, match=r"1_26\.safetensors was taken away .* No such file"):
        found[1](_model())


def test_forgetting_keeps_the_latest_and_other_segments(files: StateFiles) -> None:
    for following in (26, 51, 76, 101):
        files.save(_model(), 1, following)
    files.save(_model(), 200, 226)
    files.forget(1, 2, 76, but=2)
    assert _names(files) == [f"{name}.safetensors" for name in ("1_101", "1_51", "1_76", "200_226")]
    files.forget(1, 2, 50, but=2)
    files.forget(1, 2, 100)
    assert _names(files) == ["1_101.safetensors", "200_226.safetensors"]


def test_what_killed_runs_left_goes_and_the_folder_stays_for_others(files: StateFiles) -> None:
    files.save(_model(), 1, 26)
    (files.folder / ".1_51.tmp-77-0123abcd.safetensors").write_bytes(b"torn")
    files.forget(1, 2, 100)
    assert _names(files) == []
    assert files.folder.is_dir()
    files.forget(1, 2, 100)


class Pruning(Counter):
    """A model beside which another worker removes its states as soon as one is read."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def load_state(self, data: bytes) -> dict[str, str]:
        for path in self._folder.iterdir():
            path.unlink()
        return super().load_state(data)


def test_a_checkpoint_is_read_once_and_a_vanished_one_is_no_damage(files: StateFiles) -> None:
    for following in (26, 51):
        files.save(_model(following), 1, following)
    told: list[Event] = []
    search = StateSearch([files], cast(MatteModel, Pruning(files.folder)), told.append)
    found = search.nearest(1, 1, 100)
    assert found is not None
    found[1](model := _model())
    assert (found[0], model.count) == (51, 51)
    assert search.nearest(1, 1, 50) is None
    assert told == []


def test_only_a_good_state_is_there(files: StateFiles) -> None:
    for following in (26, 51):
        files.save(_model(following), 1, following)
    StateFiles(files.folder, "job", "other pins").save(_model(), 1, 76)
    (files.folder / "1_51.safetensors").write_bytes(b"torn")
    search = StateSearch([files], _model(), silent)
    assert [one for one in (25, 26, 27, 51, 76) if search.has(1, one)] == [26]
