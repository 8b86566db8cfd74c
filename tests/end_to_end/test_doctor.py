"""`robust-matte doctor` as a user runs it: lines, JSON and exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(root: Path, tmp_path: Path) -> Run:
    """Run the doctor on a machine without a card; its output is no terminal."""
    paths = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))
    folders = {"PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": ""}

    def command(*words: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "robust_matte", "doctor", *map(str, words)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=os.environ | folders | {"PYTHONIOENCODING": "utf-8"},
            cwd=tmp_path,
            check=False,
        )

    return command


def test_installation_that_can_key_is_ready(run: Run, filled_weights: Path, tmp_path: Path) -> None:
    done = run("--model", filled_weights, "--device", "cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, gap, verdict = done.stdout.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")].count("problem") == 0
    names = [line[10:].split()[0] for line in lines if not line.startswith(" ")]
    assert names == [
        *("Python", "torch", "device", "cores", "memory", "weights", "network"),
        *("movies", "stills", "colour", "output"),
    ]
    assert (gap, verdict.partition(",")[0]) == ("", "ready")
    assert "mobilenetv3 with the deep guided filter, on cpu" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_problems_are_listed_in_order_with_the_code_of_the_first(
    run: Run, filled_weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = run("--model", filled_weights, "--device", "cuda", "-o", "file/out")
    assert done.returncode == 5
    *_, heading, first, second = done.stdout.splitlines()
    assert heading == "To do"
    assert first.startswith("1. device: ")
    assert second.startswith("2. output: Choose another folder")
    assert "Traceback" not in done.stderr


def test_json_is_one_object(run: Run, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"PK\x03\x04 no weights")
    done = run("--model", weights, "--device", "cpu", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == document["exit_code"] == 5
    assert document["is_ready"] is False
    (problem,) = [one for one in document["findings"] if one["state"] == "problem"]
    assert problem["name"] == "weights"
    assert str(weights) in problem["said"]
    assert problem["todo"]


def test_device_that_is_no_name_is_a_setting_out_of_range(run: Run) -> None:
    done = run("--device", "gpu")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 2
