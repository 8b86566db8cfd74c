"""Records of runs: what is counted, how a stop is told, and that nothing is lost or spoilt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from robust_matte.errors import DiskFullError, Preempted
from robust_matte.jobs import run_record
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.plan import Plan
from robust_matte.jobs.progress import Event, FrameWritten, Warned
from robust_matte.jobs.run_record import RunRecords, load_runs, recording_run
from robust_matte.keying.model import ModelIdentity
from robust_matte.media.sequences import FramePattern
from robust_matte.settings.choices import Layers, Refiner

PLAN = Plan.model_validate(
    {
        "request": {
            "plate": {
                "path": "a.####.exr",
                "frames": "1-9",
                "fingerprint": "f",
                "space": "lin_rec709_scene",
                "is_space_stated": True,
                "display_window": {"x": 0, "y": 0, "width": 8, "height": 8},
                "work_area": {"x": 0, "y": 0, "width": 8, "height": 8},
            },
            "colour": {"output": "lin", "chromaticities": [0.0] * 8, "interop_id": None},
            "weights": {"sha256": "a" * 64, "variant": "draft", "refiner": "fast_guided_filter"},
            "low_size": {"width": 8, "height": 8},
            "settings": {"layers": "combined", "format": "exr"},
        },
        "pins": {"engine": "0", "torch": "0", "device": "cpu", "threads": 1},
        "segments": [{"first": 1, "last": 9, "reset": "first frame"}],
    }
)
FOLDER = "a_matte.robust_matte"
IDENTITY = ModelIdentity(
    variant="draft",
    usual_side=288,
    refiner=Refiner.FAST_GUIDED_FILTER,
    device="cpu",
    threads=1,
    torch="2",
)


def frame(number: int) -> FrameWritten:
    return FrameWritten(number=number, done=1, total=3, fps=1.0, eta_s=0.0, reset=None, files=())


def run(folder: Path, numbers: list[int], warnings: Sequence[str] = ()) -> Any:
    told: list[Event] = []
    outputs = Outputs.named(
        str(folder / "a_matte.####.exr"),
        FramePattern.parse("a.####.exr"),
        layers=Layers.COMBINED,
    )
    return recording_run(outputs, PLAN, IDENTITY, numbers, told.append, warnings)


def stopped_after_one(folder: Path) -> None:
    with run(folder, [1, 2]) as recorder:
        recorder(frame(1))
        raise Preempted("Stopped by SIGTERM.")


def test_a_run_is_told_frame_by_frame(tmp_path: Path) -> None:
    with run(tmp_path, [1, 2, 3, 4], warnings=["dark", "dark"]) as recorder:
        recorder.resumed(2)
        for work in recorder.timed(iter([2, 3])):
            recorder(frame(work))
        recorder(Warned("bright"))
    (found,) = load_runs(tmp_path / FOLDER)
    assert (found.frames, found.written, found.resumed_at) == ("1-4", "2-3", (2,))
    assert found.output == "a_matte.####.exr"
    assert (found.ended, found.warnings) == ("done", ("dark", "bright"))
    assert found.job == PLAN.job
    assert (tmp_path / FOLDER / "runs" / "1-4.json").is_file()
    assert found.keying_s + found.waiting_s == pytest.approx(found.seconds, abs=0.002)


def test_a_stopped_run_and_the_one_after_it_are_both_kept(tmp_path: Path) -> None:
    with pytest.raises(Preempted):
        stopped_after_one(tmp_path)
    with run(tmp_path, [1, 2]) as recorder:
        recorder(frame(2))
    with run(tmp_path, [1, 2]):
        pass  # all is right: nothing to tell
    assert [(one.written, one.ended) for one in load_runs(tmp_path / FOLDER)] == [
        ("1", "preempted"),
        ("2", "done"),
    ]


def test_what_a_killed_run_left_is_no_second_run(tmp_path: Path) -> None:
    with run(tmp_path, [1, 2]) as recorder:
        recorder(frame(1))
    runs = tmp_path / FOLDER / "runs"
    (runs / ".1-2.tmp-12-abcdef12.json").write_bytes((runs / "1-2.json").read_bytes())
    assert len(load_runs(tmp_path / FOLDER)) == 1


@pytest.mark.parametrize("rubbish", [b"", b"{}}", b'{"version": 2, "runs": []}'])
def test_a_damaged_record_does_not_stop_a_run(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / FOLDER / "runs" / "1-2.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(rubbish)
    assert load_runs(tmp_path / FOLDER) == ()
    with run(tmp_path, [1, 2]) as recorder:
        recorder(frame(1))
    assert len(RunRecords.model_validate_json(path.read_bytes()).runs) == 1


def test_a_full_disk_does_not_spoil_a_finished_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DiskFullError("full")

    monkeypatch.setattr(run_record, "write_atomically", full)
    with run(tmp_path, [1]) as recorder:
        recorder(frame(1))
    assert load_runs(tmp_path / FOLDER) == ()


def test_a_file_keeps_a_bounded_number_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_record, "_MOST", 3)
    for number in range(1, 6):
        with run(tmp_path, [1, 9]) as recorder:
            recorder(frame(number))
    assert [one.written for one in load_runs(tmp_path / FOLDER)] == ["3", "4", "5"]
