"""The job bundle as a farm runs it: with Open Job Description's own runner, and the draft network.

plates/sh010/plate.1001.exr …: 24 frames, cut at 1005 and 1009, so three segments in three bins, of
which the last is the longest.
`finished` is what a whole job makes of them; the tests break copies of it.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

SHOT = "sh010"
FIRST, LAST = 1001, 1024
CUTS = "1005,1009"
LONGEST = 1  # the bin of the segment from 1009 on: the longest is packed first

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")


@dataclass(frozen=True)
class Ended:
    """A run that has ended: its exit code and its log, without the runner's clock."""

    code: int
    log: str

    @property
    def exits(self) -> list[int]:
        """The exit code of each task's process."""
        return [int(code) for code in re.findall(r"exited with code: (-?\d+)", self.log)]

    def lines(self, word: str) -> list[str]:
        """What was said in OpenJD's own words, such as `openjd_fail`."""
        return re.findall(rf"^{word}: (.*)$", self.log, re.MULTILINE)


@dataclass(frozen=True)
class Farm:
    """A bundle, and a runner for it."""

    root: Path
    bundle: Path

    @property
    def environment(self) -> dict[str, str]:
        sources = os.pathsep.join(str(self.root / folder) for folder in ("plugin", "rvm"))
        return os.environ | {"PYTHONPATH": sources}

    def start(self, place: Path, *words: str) -> "subprocess.Popen[str]":
        openjd = str(Path(sys.executable).with_name("openjd"))
        template = str(self.bundle / "template.yaml")
        values = json.dumps(parameters(place))
        return subprocess.Popen(
            [openjd, "run", template, "-p", values, *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, place: Path, *words: str) -> Ended:
        return ended(self.start(place, *words))


def parameters(place: Path) -> dict[str, str]:
    return {"Plates": str(place / "plates"), "Out": str(place / "out")}


def ended(process: "subprocess.Popen[str]") -> Ended:
    log, _ = process.communicate(timeout=300)
    return Ended(process.returncode, re.sub(r"^\d+:\d\d:\d\d\.\d+\t", "", log, flags=re.MULTILINE))


def write_plate(folder: Path) -> None:
    """Write drifting noise, smooth enough to have edges and large enough to take a while."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    coarse = rng.uniform(0.05, 0.9, (27, 48, 3)).astype(np.float32)
    picture = np.kron(coarse, np.ones((10, 10, 1), np.float32))
    for number in range(FIRST, LAST + 1):
        path = str(folder / f"plate.{number}.exr")
        spec = oiio.ImageSpec(picture.shape[1], picture.shape[0], 3, "half")
        image = oiio.ImageOutput.create(path)
        assert image is not None
        assert image.open(path, spec)
        assert image.write_image(np.roll(picture, 3 * (number - FIRST), axis=1).copy())
        image.close()


def digests(place: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((place / "out").rglob("*.exr"))
    }


def plan_of(place: Path) -> Any:
    return json.loads((place / "out" / "plan.json").read_text("utf-8"))


def frame(place: Path, number: int) -> Path:
    return place / "out" / SHOT / f"plate_matte.{number}.exr"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("farm")
    write_plate(folder / "plates" / SHOT)
    return folder


def write_bundle(root: Path, place: Path, *options: str) -> Farm:
    farm = Farm(root, place / "bundle")
    words = ["farm", "bundle", str(farm.bundle), "--plates", str(place / "plates"), "--bins", "3"]
    words += ["--out", str(place / "out"), "--model", "draft", "--notify-period", "120"]
    words += ["--program", f"{sys.executable} -m robust_matte", *options]
    words += ["--", "--cuts", CUTS, "--threads", "1"]
    command = [sys.executable, "-m", "robust_matte", *words]
    done = subprocess.run(
        command, env=farm.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return farm


@pytest.fixture(scope="module")
def farm(root: Path, place: Path) -> Farm:
    return write_bundle(root, place)


@pytest.fixture(scope="module")
def finished(farm: Farm, place: Path) -> tuple[Path, Ended]:
    """A whole job: planned, keyed in three bins, and checked."""
    return place, farm.run(place, "--step", "Check", "--run-dependencies")


@pytest.fixture
def copied(finished: tuple[Path, Ended], tmp_path: Path) -> Iterator[Path]:
    """A copy of the finished job, roots and all: plan.json holds no absolute path."""
    for name in ("plates", "out"):
        shutil.copytree(finished[0] / name, tmp_path / name, copy_function=shutil.copy2)
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_a_job_is_planned_keyed_in_three_bins_and_checked(finished: tuple[Path, Ended]) -> None:
    place, done = finished
    assert done.code == 0, done.log
    assert done.exits == [0] * 5  # Plan, three bins, Check
    assert len(digests(place)) == LAST - FIRST + 1
    plan = plan_of(place)
    assert [len(pieces) for pieces in plan["bins"]] == [1, 1, 1]
    assert str(place) not in json.dumps(plan)
    assert [path.stat().st_size > 1000 for path in (place / "out").rglob("report.html")] == [True]
    percents = [float(text) for text in done.lines("openjd_progress")]
    assert percents.count(100.0) >= 5
    assert min(percents) >= 0.0
    assert max(percents) == 100.0
    assert any(f"keying: frame {LAST}" in text for text in done.lines("openjd_status"))
    assert done.lines("openjd_fail") == []


def test_one_task_again_makes_its_frames_alone_and_the_same(
    farm: Farm, finished: tuple[Path, Ended], copied: Path
) -> None:
    wanted = digests(finished[0])
    (piece,) = plan_of(copied)["bins"][1]
    numbers = range(piece["first"], piece["last"] + 1)
    kept = {n: frame(copied, n).stat().st_mtime_ns for n in range(FIRST, LAST + 1)}
    for number in list(numbers)[1:]:
        frame(copied, number).unlink()
    done = farm.run(copied, "--step", "Key", "--tasks", json.dumps([{"Bin": 2}]))
    assert done.code == 0, done.log
    assert digests(copied) == wanted
    same = {n for n, at in kept.items() if frame(copied, n).stat().st_mtime_ns == at}
    assert same == set(kept) - set(numbers[1:])


def test_a_broken_frame_fails_the_job_with_its_name_said_once(farm: Farm, copied: Path) -> None:
    shutil.rmtree(copied / "out")
    broken = copied / "plates" / SHOT / "plate.1012.exr"
    broken.write_bytes(broken.read_bytes()[:2000])
    done = farm.run(copied, "--step", "Key", "--run-dependencies")
    assert done.code != 0
    assert done.exits[-1] == 3, done.log
    (reason,) = done.lines("openjd_fail")
    assert SHOT in reason
    assert f"{broken} cannot be read: its pixels are damaged or cut off." in reason
    assert "Render or copy it again" in reason
    assert not frame(copied, 1012).exists()


def test_a_task_that_is_cancelled_saves_its_state_and_goes_on_to_the_same_bits(
    farm: Farm, finished: tuple[Path, Ended], copied: Path
) -> None:
    wanted = digests(finished[0])
    for number in range(1009, LAST + 1):
        frame(copied, number).unlink()
    task = ("--step", "Key", "--tasks", json.dumps([{"Bin": LONGEST}]))
    process = farm.start(copied, *task)
    deadline = time.monotonic() + 120
    while not frame(copied, 1009).exists():
        assert process.poll() is None, ended(process).log
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    done = ended(process)
    assert done.exits == [75], done.log
    left = [number for number in range(1009, LAST + 1) if not frame(copied, number).exists()]
    assert left, "it was over before it was cancelled"
    assert left == list(range(left[0], LAST + 1))
    states = list((copied / "out" / SHOT).rglob("checkpoint/*"))
    assert states, "no state was saved"
    again = farm.run(copied, *task)
    assert again.code == 0, again.log
    assert digests(copied) == wanted


def test_check_names_a_frame_that_is_gone(farm: Farm, copied: Path) -> None:
    frame(copied, 1010).unlink()
    done = farm.run(copied, "--step", "Check")
    assert done.code != 0
    (reason,) = done.lines("openjd_fail")
    assert SHOT in reason
    assert "1010" in reason
    assert done.exits[0] not in (0, 1, 2)


@pytest.mark.full
def test_a_split_segment_is_the_same_to_the_bit(
    root: Path, finished: tuple[Path, Ended], copied: Path
) -> None:
    shutil.rmtree(copied / "out")
    farm = write_bundle(root, copied, "--split", "states:5")
    done = farm.run(copied, "--step", "Check", "--run-dependencies")
    assert done.code == 0, done.log
    assert done.exits == [0] * 8  # Plan, three bins of States and of Key, Check
    pieces = [piece for pieces in plan_of(copied)["bins"] for piece in pieces]
    assert len(pieces) == 1 + 1 + 4
    assert digests(copied) == digests(finished[0])


@pytest.mark.full
def test_the_template_of_the_hook_keys_segment_by_segment(
    farm: Farm, finished: tuple[Path, Ended], copied: Path
) -> None:
    shutil.rmtree(copied / "out")
    template = json.loads((farm.bundle / "scripts" / "template.json").read_text("utf-8"))
    usual = {
        one["name"]: one.get("default") for one in template["template"]["parameterDefinitions"]
    }
    hook = subprocess.run(
        [sys.executable, str(farm.bundle / "scripts" / "expand_segments.py")],
        input=json.dumps({"parameters": usual | parameters(copied)}),
        env=farm.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert hook.returncode == 0, hook.stderr
    expanded = Farm(farm.root, copied / "expanded")
    expanded.bundle.mkdir()
    (expanded.bundle / "template.yaml").write_text(json.loads(hook.stdout)["template"], "utf-8")
    done = expanded.run(copied, "--step", "Check", "--run-dependencies")
    assert done.code == 0, done.log
    assert f"Segment(STRING) = {SHOT}:2" in done.log
    assert f"Frames(STRING) = 1009-{LAST}" in done.log
    assert digests(copied) == digests(finished[0])
