"""Which frames a run locks: those that it writes, and no others."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robust_matte.errors import Cancelled, Preempted
from robust_matte.jobs import unfinished
from robust_matte.jobs.folder_door import LockTimes
from robust_matte.jobs.key import key
from robust_matte.jobs.lock_files import own_record
from robust_matte.jobs.piece_lock import PieceLocks
from robust_matte.jobs.progress import FrameWritten
from robust_matte.jobs.stop_request import StopRequest


@pytest.fixture
def plate(moving_frames: Any, write_exr_plate: Any) -> str:
    return str(write_exr_plate(moving_frames(range(1, 13))))


@pytest.fixture
def model(fake_model: Any) -> Any:
    return fake_model(lambda _: (np.full((54, 96, 3), 0.5, "f4"), np.full((54, 96), 0.5, "f4")))


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The job's locks; a beating one is noticed at once."""
    times = LockTimes(stale_s=5.0, poll_s=0.01)
    monkeypatch.setattr(unfinished, "LockTimes", lambda: times)
    return tmp_path / "out" / "shot_matte.robust_matte" / "lock"


def _held(locks: Path, told: list[list[str]]) -> Any:
    def note(event: object) -> None:
        if isinstance(event, FrameWritten):
            told.append(sorted(path.stem for path in locks.glob("*.lock")))

    return note


@pytest.mark.parametrize(
    ("asked", "pieces", "held"),
    [
        pytest.param({}, None, ["1-12"], id="segments side by side are one"),
        pytest.param({"frames": "3-9"}, None, ["3-9"], id="a part of the plate"),
        pytest.param({}, [(1, 6), (7, 12)], ["1-12"], id="pieces side by side"),
        pytest.param({}, [(1, 2), (5, 6), (9, 10)], ["1-2", "5-6", "9-10"], id="pieces apart"),
    ],
)
def test_locks_are_on_what_is_written(
    asked: Any, pieces: Any, held: list[str], plate: str, settings: Any, model: Any, locks: Path
) -> None:
    if pieces is not None:
        key(settings(plate, cuts="7", frames="12"), open_model=model)  # plans
    told: list[list[str]] = []
    job = settings(plate, cuts="7", **asked)
    if pieces is not None and (12, 12) not in pieces and pieces[-1][1] == 12:
        (locks.parent.parent / "shot_matte.0012.exr").unlink()
    key(job, _held(locks, told), open_model=model, pieces=pieces)
    assert told[0] == held
    assert list(locks.glob("*.lock")) == []


def test_pieces_between_those_of_another_worker_are_free(
    plate: str, settings: Any, model: Any, locks: Path
) -> None:
    key(settings(plate, frames="12"), open_model=model)
    record = own_record(3, 4).model_copy(update={"host": "render07", "machine": "elsewhere"})
    other = locks / "3-4.lock"
    other.write_bytes(record.to_bytes())
    result = key(settings(plate), open_model=model, pieces=[(1, 2), (5, 6)])
    assert result.written == 4
    assert other.exists()


def test_who_finds_a_beating_lock_writes_nothing(
    plate: str, settings: Any, model: Any, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key(settings(plate, frames="12"), open_model=model)
    record = own_record(3, 4).model_copy(update={"host": "render07", "machine": "elsewhere"})
    other, beats = locks / "3-4.lock", [0]
    other.write_bytes(record.to_bytes())

    def sleep(_: float) -> None:
        beats[0] += 1
        other.write_bytes(record.model_copy(update={"beats": beats[0]}).to_bytes())

    monkeypatch.setattr(unfinished, "LockTimes", lambda: LockTimes(sleep=sleep))
    with pytest.raises(Preempted, match=r"The frames 3-4 are being keyed by render07"):
        key(settings(plate), open_model=model)
    assert len(list(locks.parent.parent.glob("*.exr"))) == 1
    assert [path.name for path in locks.iterdir()] == ["3-4.lock"]


def test_frames_that_another_worker_just_finished_are_not_written_again(
    plate: str, settings: Any, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took its locks off between this run's look at the frames and its own locks."""
    key(settings(plate, frames="12"), open_model=model)

    def finish(*arguments: Any) -> Any:
        monkeypatch.setattr(unfinished, "PieceLocks", PieceLocks)
        key(settings(plate, frames="1-10"), open_model=model)
        return PieceLocks(*arguments)

    monkeypatch.setattr(unfinished, "PieceLocks", finish)
    result = key(settings(plate), open_model=model)
    assert (result.kept, result.written) == (11, 1)


@pytest.mark.parametrize(("last", "is_stopped"), [(12, False), (11, True)])
def test_a_stop_during_the_last_frame_of_all_is_no_stop(
    last: int, is_stopped: bool, plate: str, settings: Any, fake_model: Any
) -> None:
    stop, fed = StopRequest(), []

    def truth(number: int) -> Any:
        fed.append(number)
        if len(fed) == last:
            stop.ask()
        return np.full((54, 96, 3), 0.5, "f4"), np.full((54, 96), 0.5, "f4")

    with pytest.raises(Cancelled) if is_stopped else nullcontext():
        assert key(settings(plate), open_model=fake_model(truth), stop=stop).written == 12
    assert stop.is_asked
