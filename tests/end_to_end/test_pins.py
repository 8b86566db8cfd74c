"""A segment is keyed under the pins it was begun with, whatever the machine."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from robust_matte.errors import OtherPinsError
from robust_matte.jobs import settled_pins
from robust_matte.jobs.folder_door import LockTimes
from robust_matte.jobs.key import key
from robust_matte.jobs.lock_files import own_record
from robust_matte.jobs.progress import FrameWritten, Noted
from robust_matte.media.exr_header import read_header

Opener = Callable[..., Any]


@pytest.fixture
def machine(fake_model: Any) -> Callable[[int], Opener]:
    """Make an opener as on a machine with so many cores; it keeps the threads it was asked for."""

    def on(cores: int, grey: float = 0.5) -> Opener:
        import numpy as np

        def truth(_: int) -> Any:
            return np.full((54, 96, 3), grey, "f4"), np.full((54, 96), grey, "f4")

        def open_model(weights: Any, *, refiner: Any, device: str, threads: int) -> Any:
            model = fake_model(truth)(weights, refiner=refiner, device=device, threads=1)
            model.identity = replace(model.identity, threads=threads or cores)
            return model

        return open_model

    return on


def _threads_of(folder: Path) -> dict[str, bytes]:
    return {
        path.name: read_header(path).parts[0].attributes["robust_matte/pins"].value
        for path in sorted(folder.glob("*.exr"))
    }


def _stop_after(count: int) -> Callable[[object], None]:
    def stop(event: object) -> None:
        if isinstance(event, FrameWritten) and event.done == count:
            raise KeyboardInterrupt

    return stop


@pytest.fixture
def plate(moving_frames: Any, write_exr_plate: Any) -> str:
    return str(write_exr_plate(moving_frames(range(1, 13))))


def test_another_machine_goes_on_with_the_threads_of_the_plan(
    plate: str, settings: Any, machine: Any, tmp_path: Path
) -> None:
    asked = settings(plate, threads=0, cuts="7")
    with pytest.raises(KeyboardInterrupt):
        key(asked, _stop_after(2), open_model=machine(4))
    assert key(asked, open_model=machine(2)).kept >= 2
    assert len(set(_threads_of(tmp_path / "out").values())) == 1


def test_other_pins_are_refused_and_nothing_is_lost(
    plate: str, settings: Any, machine: Any, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        key(settings(plate, threads=4, cuts="7"), _stop_after(2), open_model=machine(4))
    before = {path: path.read_bytes() for path in tmp_path.glob("out/*.exr")}
    with pytest.raises(OtherPinsError) as caught:
        key(settings(plate, threads=2, cuts="7"), open_model=machine(4))
    assert caught.value.what == (
        "The segment 1-6 was begun with 4 threads, this run has 2 threads."
    )
    assert "Set --threads 4" in caught.value.hint
    assert {path: path.read_bytes() for path in tmp_path.glob("out/*.exr")} == before


def test_a_segment_of_which_nothing_was_made_is_begun_by_whoever_comes(
    plate: str, settings: Any, machine: Any, tmp_path: Path
) -> None:
    """The first worker was killed between settling the pins and its first frame."""
    key(settings(plate, threads=4, cuts="7", frames="1-6"), open_model=machine(4))
    pins = tmp_path / "out/shot_matte.robust_matte/pins"
    (pins / "7.json").write_bytes((pins / "1.json").read_bytes())
    told: list[object] = []
    result = key(settings(plate, threads=2, cuts="7"), told.append, open_model=machine(4))
    assert (result.kept, result.written) == (6, 6)
    found = list(_threads_of(tmp_path / "out").values())
    assert len(set(found[6:])) == 1
    assert found[0] != found[6]
    assert (
        Noted(
            "the segment 7-12 was begun under other pins, but nothing was made of it: it is begun "
            "under those of this run"
        )
        in told
    )


def test_a_segment_with_a_single_frame_or_somebody_at_it_keeps_its_pins(
    plate: str, settings: Any, machine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key(settings(plate, threads=4, frames="12"), open_model=machine(4))
    other = settings(plate, threads=2, frames="1-6")
    with pytest.raises(OtherPinsError):
        key(other, open_model=machine(4))
    (tmp_path / "out" / "shot_matte.0012.exr").unlink()
    for state in tmp_path.rglob("checkpoint/*"):
        state.unlink()
    folder = tmp_path / "out/shot_matte.robust_matte/lock"
    record = own_record(12, 12).model_copy(update={"machine": "elsewhere"})
    lock = folder / "12-12.lock"
    lock.write_bytes(record.to_bytes())

    def beat(_: float) -> None:
        lock.write_bytes(record.model_copy(update={"beats": 1}).to_bytes())

    monkeypatch.setattr(settled_pins, "LockTimes", lambda: LockTimes(sleep=beat))
    with pytest.raises(OtherPinsError):
        key(other, open_model=machine(4))
    lock.unlink()
    assert key(other, open_model=machine(4)).written == 6


def test_segments_of_one_plate_may_have_different_pins(
    plate: str, settings: Any, machine: Any, tmp_path: Path
) -> None:
    key(settings(plate, threads=4, cuts="7", frames="1-6"), open_model=machine(4))
    result = key(settings(plate, threads=2, cuts="7"), open_model=machine(4))
    assert (result.kept, result.written) == (6, 6)
    pins = list(_threads_of(tmp_path / "out").values())
    assert len(set(pins[:6])) == len(set(pins[6:])) == 1
    assert pins[0] != pins[6]
    assert key(settings(plate, threads=8, cuts="7"), open_model=machine(4)).written == 0


def test_repin_keys_the_unfinished_segment_anew(
    plate: str, settings: Any, machine: Any, tmp_path: Path
) -> None:
    key(settings(plate, threads=4, cuts="7", frames="1-9"), open_model=machine(4))
    again = settings(plate, threads=2, cuts="7", repin=True)
    result = key(again, open_model=machine(4, 0.25))
    assert (result.kept, result.written) == (6, 6)  # the finished segment is left alone
    pins = list(_threads_of(tmp_path / "out").values())
    assert len(set(pins[6:])) == 1
    assert pins[0] != pins[6]
    assert key(again, open_model=machine(4)).written == 0


def test_a_frame_of_other_pins_is_not_done_though_it_is_whole(
    plate: str, settings: Any, machine: Any, tmp_path: Path
) -> None:
    key(settings(plate, threads=4), open_model=machine(4))
    alien = tmp_path / "alien"
    key(settings(plate, threads=2, output=str(alien)), open_model=machine(4))
    place = tmp_path / "out" / "shot_matte.0005.exr"
    place.write_bytes((alien / place.name).read_bytes())
    assert key(settings(plate, threads=4), open_model=machine(4)).written == 1


def test_hints_follow_frames_that_are_keyed_anew(
    plate: str, settings: Any, machine: Any, tmp_path: Path
) -> None:
    hints = tmp_path / "hints"
    key(settings(plate, threads=4, frames="1-6", hint_dir=hints), open_model=machine(4))
    before = (hints / "shot.0003.png").read_bytes()
    again = settings(plate, threads=2, repin=True, hint_dir=hints)
    key(again, open_model=machine(4, 0.25))
    after = (hints / "shot.0003.png").read_bytes()
    assert after != before
    key(again, open_model=machine(4))
    assert (hints / "shot.0003.png").read_bytes() == after
