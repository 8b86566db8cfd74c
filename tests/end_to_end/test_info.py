"""`robust-matte info` as a user runs it: words, JSON and exit codes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from robust_matte.jobs.plate_info import PlateInfo

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(root: Path, tmp_path: Path) -> Run:
    """Run a command of the program; its output is no terminal."""
    paths = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))

    def command(*words: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "robust_matte", *map(str, words)],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": paths, "COLUMNS": "80"},
            cwd=tmp_path,
            check=False,
        )

    return command


@pytest.fixture
def plate(moving_frames: Any, write_exr_plate: Any) -> str:
    """Frames 1001-1006 of 96x54, float."""
    return str(write_exr_plate(moving_frames(range(1001, 1007))))


def rows(text: str) -> dict[str, str]:
    """Return the facts by their labels; rows without one belong to the row before."""
    found: dict[str, str] = {}
    label = ""
    for line in text.splitlines():
        label = line[:17].strip() or label
        found[label] = f"{found[label]} {line[17:]}" if label in found else line[17:]
    return found


def complaints(stderr: str) -> list[str]:
    """Return what was said beside progress, which a busy machine shows after a second."""
    return [line for line in stderr.splitlines() if not line.startswith("planning: ")]


def test_plate_is_described_in_whole_lines(run: Run, plate: str) -> None:
    done = run("info", plate)
    assert done.returncode == 0, done.stderr
    assert complaints(done.stderr) == []
    told = rows(done.stdout)
    assert re.fullmatch(r"about \d\.\d GiB to key on the CPU", told.pop("memory"))
    assert told == {
        "plate": plate,
        "kind": "image sequence",
        "frames": "1001-1006: 6 frames, no holes",
        "display window": "96x54",
        "data window": "the same",
        "pixel aspect": "1",
        "network view": "96x54 at --downsample auto",
        "format": "EXR, zip",
        "channels": "R G B float",
        "keyed from": "R G B",
        "plate space": "scene-linear Rec.709, assumed of floating-point files; --plate-space "
        "changes it",
        "working space": "lin_rec709_scene",
        "frame rate": "not stated",
        "timecode": "none",
    }


def test_holes_are_no_failure(run: Run, plate: str) -> None:
    Path(plate.replace("####", "1003")).unlink()
    done = run("info", plate)
    assert done.returncode == 0
    assert rows(done.stdout)["holes"].startswith("1003: 1 frame; key stops unless --missing")


def test_plate_on_twos_says_how_to_key_it(run: Run, plate: str) -> None:
    for number in (1002, 1004, 1006):
        Path(plate.replace("####", str(number))).unlink()
    told = rows(run("info", plate).stdout)["frames"]
    assert "3 frames, every second, no holes" in told
    assert "--frames 1001-1005x2" in told


@pytest.mark.parametrize(
    "wish", [pytest.param((), id="rows"), pytest.param(("--json",), id="JSON")]
)
def test_a_file_that_does_not_open_is_named_and_the_code_is_that_of_key(
    run: Run, plate: str, wish: tuple[str, ...]
) -> None:
    bad = Path(plate.replace("####", "1002"))
    bad.write_bytes(b"")
    done = run("info", plate, *wish)
    assert done.returncode == 3
    assert f"{bad} cannot be read as EXR" in done.stdout
    assert "1001-1006" in done.stdout
    assert complaints(done.stderr) == []


def test_json_is_the_document(run: Run, plate: str) -> None:
    done = run("info", plate, "--json")
    info = PlateInfo.model_validate_json(done.stdout)
    assert json.loads(done.stdout)["schema_version"] == 1
    assert info.plate == plate
    assert info.segments is None


def test_cuts_are_looked_for_when_asked(run: Run, plate: str) -> None:
    done = run("info", plate, "--cuts")
    assert rows(done.stdout)["shots"] == "1001-1006: first frame"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["none.####.exr"], 3, "No file matches", id="nothing there"),
        pytest.param(["{plate}", "--first-frame", "5"], 2, "--first-frame 5", id="first frame"),
    ],
)
def test_mistake_is_two_sentences_and_a_code(
    run: Run, plate: str, words: list[str], code: int, said: str
) -> None:
    done = run("info", *(word.format(plate=plate) for word in words))
    assert done.returncode == code
    assert done.stdout == ""
    what, hint = done.stderr.strip().splitlines()
    assert said in what
    assert hint.endswith(".")


@pytest.mark.media
def test_footage(run: Run, media: Path) -> None:
    told = rows(run("info", media / "clips" / "interview.mp4").stdout)
    assert told["frames"] == "1-100: 100 frames, no holes"
    assert told["codec"] == "h264 (Main), yuv420p"
    assert told["matrix"] == "BT.709"
