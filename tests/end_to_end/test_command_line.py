"""The command as a user runs it: in a process of its own, with exit codes and words."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(root: Path) -> dict[str, str]:
    """The sources on the path, and a terminal of a known width."""
    paths = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))
    return os.environ | {"PYTHONPATH": paths, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    def command(*words: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "robust_matte", *map(str, words)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
        )

    return command


@pytest.fixture
def plate(moving_frames: Any, write_exr_plate: Any) -> str:
    return str(write_exr_plate(moving_frames(range(1001, 1007))))


def test_key_writes_frames_sheet_and_plan_and_says_where(
    run: Run, plate: str, filled_weights: Path, tmp_path: Path
) -> None:
    done = run("key", plate, "--model", filled_weights, "--downsample", "64px", "--threads", "1")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "shot_matte"
    assert len(list(out.glob("shot_matte.????.exr"))) == 6
    for name in ("shot_matte.####.exr", "contact_sheet.png", "plan.json"):
        assert name in done.stdout
    assert (out / "shot_matte.robust_matte" / "contact_sheet.png").stat().st_size > 10_000
    assert "frame 1001  1/6" in done.stderr
    assert "state reset: first frame" in done.stderr


def test_jsonl_progress_is_one_event_a_line(run: Run, plate: str, filled_weights: Path) -> None:
    done = run("key", plate, "--model", filled_weights, "--progress", "jsonl", "-o", "x")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    frames = [event for event in events if event["event"] == "frame"]
    assert [event["number"] for event in frames] == list(range(1001, 1007))
    assert frames[0]["reset"] == "first frame"
    assert frames[-1]["eta_s"] == 0.0
    percents = [event["percent"] for event in events if "percent" in event]
    assert percents == sorted(percents)
    assert events[-1] == {"event": "finished", "percent": 100.0}
    assert "6 written" in done.stderr
    assert Path(frames[0]["files"][0]).name == "shot_matte.1001.exr"
    assert [event["text"].partition(",")[0] for event in events if event["event"] == "note"] == [
        "plate space scene-linear Rec.709"
    ]


DIALECTS = [
    pytest.param("openjd", r"openjd_(progress: [\d.]+|status: .+)", id="openjd"),
    pytest.param("tractor", r"TR_PROGRESS \d+", id="tractor"),
    pytest.param("deadline", r"Progress: \d+%, .+", id="deadline"),
]


@pytest.mark.parametrize(("style", "line"), DIALECTS)
def test_engine_has_stdout_for_itself(
    style: str, line: str, run: Run, plate: str, filled_weights: Path
) -> None:
    done = run("key", plate, "--model", filled_weights, "--progress", style, "-o", "x")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [one for one in lines if not re.fullmatch(line, one)] == []
    assert "100" in "".join(lines[-2:])
    assert "note: plate space" in done.stderr
    assert "6 written" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["absent.####.exr"], "absent.####.exr", id="a plate that is not there"),
        pytest.param(["plate", "--cuts", "soon"], "soon", id="a setting"),
        pytest.param(["plate", "--over-write"], "--over-write", id="a flag that is none"),
        pytest.param([], "PLATE is missing", id="no plate"),
    ],
)
def test_openjd_is_told_why_it_failed(words: list[str], said: str, run: Run) -> None:
    done = run("key", *words, "--progress=openjd")
    assert done.returncode in {2, 3}
    last = done.stdout.splitlines()[-1]
    assert last == "openjd_fail: " + " ".join(done.stderr.splitlines()[-2:])
    assert said in last


def test_name_of_a_plate_sets_no_variable_on_the_farm(run: Run, tmp_path: Path) -> None:
    (tmp_path / "openjd_env: LD_PRELOAD=x").mkdir()
    done = run("key", "openjd_env: LD_PRELOAD=x\nopenjd_env: A=B", "--progress", "openjd")
    assert done.returncode == 3
    said = (done.stdout + done.stderr).splitlines()
    assert [line for line in said if line.lstrip().startswith("openjd_env")] == []


def test_progress_none_says_nothing(run: Run, plate: str, filled_weights: Path) -> None:
    done = run("key", plate, "--model", filled_weights, "--progress", "none")
    assert done.returncode == 0
    assert done.stderr == ""


MISTAKES = [
    pytest.param(
        ["{plate}", "--model", "mobilenetv3"],
        5,
        "weights rvm_mobilenetv3.pth are not in",
        id="no weights",
    ),
    pytest.param(["{plate}", "--model", "resnet50"], 5, "fetched offline", id="offline"),
    pytest.param(
        ["{plate}", "--model", "absent.pth"], 5, "absent.pth cannot be read", id="weights"
    ),
    pytest.param(["{plate}", "--model", "{plate_file}"], 5, "shot.1001.exr", id="no weights file"),
    pytest.param(["no.####.exr", "--model", "{model}"], 3, "/no.####.exr", id="plate"),
    pytest.param(["nowhere", "--model", "{model}"], 3, "/nowhere.", id="folder"),
    pytest.param(
        ["{plate}", "--model", "{model}", "--frames", "7-9"],
        2,
        "none of the frames 7-9",
        id="range",
    ),
    pytest.param(
        ["{plate}", "--model", "{model}", "--frames", "1000-1003"],
        4,
        "lacks the frame 1000",
        id="hole",
    ),
    pytest.param(
        ["{plate}", "--model", "{model}", "--frames", "a-b"], 2, 'range "a-b"', id="no range"
    ),
    pytest.param(
        ["{plate}", "--model", "{model}", "--cuts", "soon"], 2, 'cuts "soon"', id="no cuts"
    ),
    pytest.param(
        ["{plate}", "--model", "{model}", "--cuts", "2000"], 2, "cuts 2000 ", id="cut outside"
    ),
    pytest.param(
        ["{plate}", "--model", "{model}", "--downsample", "2"], 2, 'downsampling "2"', id="ratio"
    ),
    pytest.param(
        ["{plate}", "--model", "{model}", "--device", "cuda:9"], 5, "device cuda:9", id="device"
    ),
    pytest.param(
        ["{plate}", "--model", "{model}", "--device", "gpu"], 2, 'device "gpu"', id="no device"
    ),
    pytest.param(
        ["{plate}", "--model", "{model}", "-o", "matte.exr"], 2, "frame number", id="name"
    ),
    pytest.param(["{plate}", "--model", "{model}", "-o", ""], 2, "setting output", id="empty"),
    pytest.param(["{plate}", "--model", "{model}", "-o", "m.####.tif"], 2, "neither EXR", id="tif"),
    pytest.param(
        ["{plate}", "--model", "{model}", "-o", "{plate_file}/x"],
        6,
        "cannot be written",
        id="output",
    ),
]


@pytest.mark.parametrize(("words", "code", "said"), MISTAKES)
def test_mistake_is_two_sentences_and_a_code(
    words: list[str],
    code: int,
    said: str,
    run: Run,
    plate: str,
    filled_weights: Path,
    tmp_path: Path,
) -> None:
    places = {
        "plate": plate,
        "plate_file": plate.replace("####", "1001"),
        "model": str(filled_weights),
    }
    done = run("key", *[word.format(**places) for word in words], "--threads", "1")
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    *_, what, hint = done.stderr.strip().splitlines()
    assert what.endswith(".")
    assert hint.endswith(".")
    assert not list(tmp_path.glob("**/*matte*.exr"))


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send these to one process")
@pytest.mark.parametrize(
    ("sent", "code", "said"),
    [
        pytest.param(signal.SIGINT, 130, "Stopped.", id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 75, "Stopped by SIGTERM.", id="SIGTERM"),
    ],
)
def test_signal_keeps_whole_frames_and_has_its_exit_code(
    sent: signal.Signals,
    code: int,
    said: str,
    environment: dict[str, str],
    moving_frames: Any,
    write_exr_plate: Any,
    filled_weights: Path,
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 200)))
    out = Path(plate).parent / "out"
    words = ["key", plate, "-o", str(out), "--model", str(filled_weights), "--progress", "jsonl"]
    with subprocess.Popen(
        [sys.executable, "-m", "robust_matte", *words, "--cuts", "off"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "frame":
                break
        process.send_signal(sent)
        _, rest = process.communicate()
    assert process.returncode == code
    assert rest.rstrip().endswith(
        f"{said}\nFinished frames are kept; the same command goes on from there."
    )
    assert "Traceback" not in rest
    assert 1 <= len(list(out.glob("*.exr"))) < 199
    assert not list(out.glob(".*"))


def test_help_is_grouped_and_quick(run: Run) -> None:
    done = run("key", "--help")
    assert done.returncode == 0
    for panel in ("Matte", "Frames and cuts", "Output", "Running"):
        assert f"─ {panel} ─" in done.stdout


def test_help_imports_nothing_heavy(environment: dict[str, str]) -> None:
    code = (
        "import sys; sys.argv = ['robust-matte', '--help']\n"
        "from robust_matte.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'av', 'OpenEXR', 'numpy', 'OpenImageIO'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_version(run: Run) -> None:
    from robust_matte import __version__

    assert run("--version").stdout.split() == ["robust-matte", __version__]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a disk that is always full")
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["info", "{plate}"], id="line by line"),
        pytest.param(["info", "--json", "{plate}"], id="all at the end"),
        pytest.param(["weights", "list"], id="table"),
    ],
)
def test_full_disk_behind_stdout_is_told(
    words: list[str], environment: dict[str, str], plate: str
) -> None:
    filled = [word.format(plate=plate) for word in words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "robust_matte", *filled],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
    assert done.returncode == 6
    assert done.stderr.splitlines()[-2:] == [  # before them progress, on a busy machine
        "What is printed cannot be written: No space left on device.",
        "Let it go to another file, or to the terminal.",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_reader_that_has_seen_enough_hears_nothing(environment: dict[str, str], plate: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "robust_matte", "info", "--json", plate],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cannot be written" not in done.stderr
