"""What goes wrong on a farm: exit code, words, nothing lost, and the same command goes on.

tmp_path/
├── plates/shot.1001.exr … 1012   two shots in one plate, cut at 1007
├── weights.safetensors
├── jobs/plan.json                 what `robust-matte plan` wrote, its results below
└── whole/                         the same, keyed without a fault
"""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from robust_matte.jobs import unfinished
from robust_matte.jobs.finishing import Finisher
from robust_matte.jobs.folder_door import LockTimes
from robust_matte.jobs.lock_files import LockRecord, own_record
from robust_matte.jobs.pins import Pins
from robust_matte.jobs.report import Written
from robust_matte.jobs.targets import Target
from robust_matte.keying.rolling import KeyedFrame
from robust_matte.settings.key_settings import KeySettings

FRAMES = range(1001, 1013)
QUICK = LockTimes(beat_s=0.02, stale_s=0.5, poll_s=0.02)
USUAL = ("--threads", "1", "--downsample", "48px", "--warm-up", "2", "--progress", "none")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    said: str

    @property
    def sentences(self) -> list[str]:
        return self.said.strip().splitlines()[-2:]


class Farm:
    """The folder of the test, and the commands that run in it."""

    def __init__(self, root: Path, command: Callable[..., Ended]) -> None:
        self.plates = root / "plates"
        self.weights = root / "weights.safetensors"
        self.jobs = root / "jobs"
        self._command = command

    def key(self, number: int, *words: str | Path) -> Ended:
        """Key a bin."""
        flags = ("--plan", self.jobs / "plan.json", "--bin", str(number), "--model", self.weights)
        return self._command("key", *flags, "--progress", "none", *words)

    def results(self) -> dict[str, bytes]:
        """What is written, by name."""
        found = sorted(self.jobs.rglob("shot_matte.*.exr"))
        return {path.name: path.read_bytes() for path in found}

    @property
    def folder(self) -> Path:
        """The job's."""
        (found,) = self.jobs.rglob("shot_matte.robust_matte")
        return found

    def leftovers(self) -> list[str]:
        """Locks and temporaries that are there."""
        return [path.name for path in self.jobs.rglob("*.lock")] + [
            path.name for path in self.jobs.rglob(".*.tmp-*")
        ]


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Run a command in this process, through the function that the command starts."""
    from robust_matte.cli.app import main

    def run(*words: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["robust-matte", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        said = capsys.readouterr().err
        assert "Traceback" not in said, said
        return Ended(code, said)

    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plate, a plan of it, and its result as it is without a fault; made once."""
    import numpy as np
    import OpenImageIO as oiio

    from robust_matte.farm.planning import FarmRequest, plan_farm
    from robust_matte.farm.shot_request import ShotRequest
    from robust_matte.jobs.key import key
    from robust_matte.weights.known import DRAFT, KNOWN
    from robust_matte.weights.places import find_weights

    folder = tmp_path_factory.mktemp("whole")
    (folder / "plates").mkdir()
    rng = np.random.default_rng(5)
    for number in FRAMES:
        path = str(folder / "plates" / f"shot.{number}.exr")
        image = oiio.ImageOutput.create(path)
        assert image is not None
        assert image.open(path, oiio.ImageSpec(64, 48, 3, "half"))
        assert image.write_image(rng.random((48, 64, 3), np.float32))
        image.close()
    draft = find_weights(KNOWN[DRAFT])
    assert draft is not None
    shutil.copy(draft, folder / "weights.safetensors")
    plate = str(folder / "plates" / "shot.####.exr")
    settings = {
        "model": str(folder / "weights.safetensors"),
        "threads": 1,
        "downsample": "48px",
        "warm_up": 2,
        "cuts": "1007",
        "contact_sheet": "none",
    }
    shots = (ShotRequest("shot", plate, is_alone=True),)
    plan_farm(FarmRequest(shots=shots, output=str(folder / "jobs"), settings=settings, bins=2))
    key(KeySettings(plate=plate, output=str(folder / "whole"), **settings))
    return folder


@pytest.fixture
def farm(whole: Path, tmp_path: Path, command: Any) -> Farm:
    """A planned job whose bins are not begun."""
    for name in ("plates", "jobs"):
        shutil.copytree(whole / name, tmp_path / name)
    shutil.copy(whole / "weights.safetensors", tmp_path)
    return Farm(tmp_path, command)


@pytest.fixture
def wanted(whole: Path) -> dict[str, bytes]:
    """What each frame must hold in the end."""
    return {path.name: path.read_bytes() for path in sorted((whole / "whole").glob("*.exr"))}


@pytest.fixture(autouse=True)
def quick_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "LockTimes", lambda: QUICK)


def _both_bins(farm: Farm) -> None:
    for number in (0, 1):
        ended = farm.key(number)
        assert ended.code == 0, ended.said


def test_bins_give_what_one_run_gives(farm: Farm, wanted: dict[str, bytes]) -> None:
    _both_bins(farm)
    assert farm.results() == wanted
    assert farm.leftovers() == []


@pytest.fixture
def full_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the disk be full after so many frames."""
    replace, left = Path.replace, [10**9]

    def check(path: Path, target: Path) -> Any:
        if str(target).endswith(".exr"):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(path, target)

    def after(count: int) -> None:
        left[0] = count

    monkeypatch.setattr(Path, "replace", check)
    return after


def test_full_disk(farm: Farm, wanted: dict[str, bytes], full_after: Callable[[int], None]) -> None:
    full_after(2)
    ended = farm.key(0)
    assert ended.code == 6
    assert "is full: shot_matte." in ended.sentences[0]
    assert "run the same command again: what is finished is kept" in ended.sentences[1]
    left = farm.results()
    assert len(left) == 2
    assert left.items() <= wanted.items()
    assert farm.leftovers() == []
    full_after(100)
    _both_bins(farm)
    assert farm.results() == wanted


def test_full_disk_before_the_first_frame(
    farm: Farm, wanted: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def no_room(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr("robust_matte.media.atomic._write_to_disk", no_room)
        ended = farm.key(0)
    assert ended.code == 6
    assert "is full" in ended.sentences[0]
    assert farm.results() == {}
    assert farm.leftovers() == []
    _both_bins(farm)
    assert farm.results() == wanted


def test_output_that_became_read_only(farm: Farm, wanted: dict[str, bytes]) -> None:
    place = farm.folder.parent
    mount = shutil.which("mount")
    words = [str(mount), "--bind", "-o", "ro", str(place), str(place)]
    if mount is None or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system is not allowed here")
    try:
        ended = farm.key(0)
        assert ended.code == 6
        assert ended.sentences[0].endswith("cannot be written: Read-only file system.")
        assert str(place) in ended.sentences[0]
        assert farm.results() == {}
    finally:
        subprocess.run(["umount", str(place)], check=True)  # noqa: S607
    _both_bins(farm)
    assert farm.results() == wanted


@pytest.mark.full
def test_finished_result_on_a_read_only_output_is_just_found_right(
    farm: Farm, wanted: dict[str, bytes]
) -> None:
    _both_bins(farm)
    place = farm.folder.parent
    mount = shutil.which("mount")
    words = [str(mount), "--bind", "-o", "ro", str(place), str(place)]
    if mount is None or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system is not allowed here")
    try:
        assert farm.key(0).code == 0
    finally:
        subprocess.run(["umount", str(place)], check=True)  # noqa: S607
    assert farm.results() == wanted


def test_plate_changed_between_plan_and_key(farm: Farm, wanted: dict[str, bytes]) -> None:
    assert farm.key(0).code == 0
    first = len(farm.results())
    path = farm.plates / "shot.1008.exr"
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    ended = farm.key(1)
    assert ended.code == 6
    said = f"plan.json is of shot.####.exr as it was: frame 1008 was the first to change, {path}."
    assert said in ended.sentences[0]
    assert "plan" in ended.sentences[1]
    assert len(farm.results()) == first
    path.write_bytes(before)
    _both_bins(farm)
    assert farm.results() == wanted


@pytest.mark.full
def test_frame_gone_between_plan_and_key(farm: Farm, wanted: dict[str, bytes]) -> None:
    path = farm.plates / "shot.1009.exr"
    before = path.read_bytes()
    path.unlink()
    ended = farm.key(0)
    assert ended.code == 4
    assert "1009" in ended.sentences[0]
    assert farm.results() == {}
    path.write_bytes(before)
    _both_bins(farm)
    assert farm.results() == wanted


def test_weights_changed(farm: Farm, wanted: dict[str, bytes]) -> None:
    assert farm.key(0).code == 0
    before = farm.weights.read_bytes()
    farm.weights.write_bytes(before[:-4] + b"\0\0\0\0")
    ended = farm.key(1)
    assert ended.code == 5
    assert str(farm.weights) in ended.sentences[0]
    assert "is not what the plan was made with" in ended.sentences[0]
    farm.weights.write_bytes(before)
    assert farm.key(1).code == 0
    assert farm.results() == wanted


def test_roots_moved(farm: Farm, wanted: dict[str, bytes], tmp_path: Path) -> None:
    assert farm.key(0).code == 0
    server = tmp_path / "server"
    server.mkdir()
    shutil.copytree(farm.plates, server / "plates", copy_function=shutil.copyfile)  # other times
    shutil.rmtree(farm.plates)
    ended = farm.key(1)
    assert ended.code == 3
    assert ended.sentences[0].startswith("The root plates is to be")
    assert "--root plates=PATH" in ended.sentences[1]
    assert farm.key(1, "--root", f"plates={server / 'plates'}").code == 0
    assert farm.results() == wanted
    farm.jobs.rename(server / "jobs")
    farm.jobs = server / "jobs"
    ended = farm.key(1)
    assert ended.code == 0, ended.said
    assert farm.results() == wanted


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(lambda text: text[: len(text) // 2], "is damaged: it is no JSON", id="torn"),
        pytest.param(lambda _: "", "is damaged", id="empty"),
        pytest.param(
            lambda text: text.replace('"version": 1', '"version": 2', 1),
            "is a plan of version 2; this program reads version 1.",
            id="of a later version",
        ),
        pytest.param(lambda text: text.replace('"job"', '"jobs"'), "is damaged", id="edited"),
    ],
)
def test_plan_that_cannot_be_read(damage: Callable[[str], str], said: str, farm: Farm) -> None:
    path = farm.jobs / "plan.json"
    path.write_text(damage(path.read_text()))
    before = path.read_bytes()
    ended = farm.key(0)
    assert ended.code == 3
    assert said in ended.sentences[0]
    assert (farm.results(), path.read_bytes()) == ({}, before)


def test_the_shots_own_plan_is_gone_or_damaged(farm: Farm, wanted: dict[str, bytes]) -> None:
    path = farm.folder / "plan.json"
    before = path.read_bytes()
    path.unlink()
    ended = farm.key(0)
    assert ended.code == 3
    assert "There is no plan" in ended.sentences[0]
    path.write_bytes(before[:100])
    ended = farm.key(0)
    assert ended.code == 6
    assert "is not a plan that this version can read" in ended.sentences[0]
    path.write_bytes(before)
    assert farm.key(0).code == 0
    assert farm.results().items() <= wanted.items()


def test_other_pins_and_repin(farm: Farm, wanted: dict[str, bytes]) -> None:
    assert farm.key(0).code == 0
    (pins,) = (farm.folder / "pins").iterdir()
    document = json.loads(pins.read_bytes())
    before = Pins.model_validate(document["pins"]).hash
    document["pins"]["torch"] = "1.0"
    pins.write_text(json.dumps(document))
    after = Pins.model_validate(document["pins"]).hash
    frame = min(farm.folder.parent.glob("*.exr"))
    frame.write_bytes(frame.read_bytes().replace(before.encode(), after.encode()))
    ended = farm.key(0)  # the others say that they are of other pins than their segment
    assert ended.code == 5
    assert "was begun with torch 1.0, this run has torch" in ended.sentences[0]
    assert "--repin" in ended.sentences[1]
    assert farm.key(0, "--repin").code == 0
    assert farm.key(1).code == 0
    assert farm.results() == wanted


# Two workers ----------------------------------------------------------------------------------


def _worker(farm: Farm, number: int, root: Path) -> "subprocess.Popen[str]":
    """Start a bin in a process of its own, which stops after its first frame and waits."""
    program = """
import signal, sys, os
from robust_matte.jobs import unfinished, finishing
from robust_matte.jobs.folder_door import LockTimes
unfinished.LockTimes = lambda: LockTimes(beat_s=0.02, stale_s=0.5, poll_s=0.02)
begun = finishing.Finisher.finish
def finish(self, target, keyed):
    done = begun(self, target, keyed)
    if target.number in (1002, 1008):
        print("waiting", flush=True)
        sys.stdin.readline()
    return done
finishing.Finisher.finish = finish
from robust_matte.cli.app import main
sys.argv = ["robust-matte", *sys.argv[1:]]
main()
"""
    words = ["key", "--plan", str(farm.jobs / "plan.json"), "--bin", str(number)]
    words += ["--model", str(farm.weights), "--progress", "none"]
    paths = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )


def test_two_workers_on_one_bin_and_one_is_killed(
    farm: Farm, wanted: dict[str, bytes], root: Path, command: Any
) -> None:
    with _worker(farm, 0, root) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "waiting\n"
        before = farm.results()
        ended = farm.key(0)
        assert ended.code == 75
        host = own_record(0, 0).host
        assert f"are being keyed by {host} (process {worker.pid})." in ended.sentences[0]
        assert "try again later" in ended.sentences[1]
        plate, output = farm.plates / "shot.####.exr", farm.folder.parent
        flags = ("--model", farm.weights, "--cuts", "1007", *USUAL)
        ended = command("key", plate, "-o", output, *flags)  # the whole plate, beside a bin
        assert ended.code == 75, ended.said
        assert f"(process {worker.pid})." in ended.sentences[0]
        assert before.items() <= farm.results().items()  # it finishes what it has begun
        assert farm.key(1).code == 0  # another piece is not in the way
        worker.kill()
    assert [path.name for path in farm.jobs.rglob("*.lock")] == ["1001-1006.lock"]
    assert farm.key(0).code == 0  # at once: the process has ended
    assert farm.results() == wanted
    assert list(farm.jobs.rglob("*.lock")) == []


@pytest.mark.full
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_zombie_and_its_replacement(farm: Farm, wanted: dict[str, bytes], root: Path) -> None:
    with _worker(farm, 0, root) as zombie:
        assert zombie.stdout is not None
        assert zombie.stdout.readline() == "waiting\n"
        psutil.Process(zombie.pid).suspend()  # as a machine that sleeps
        assert farm.key(0).code == 0
        assert farm.key(1).code == 0
        done = farm.results()
        assert done == wanted
        psutil.Process(zombie.pid).resume()
        time.sleep(0.2)
        _, said = zombie.communicate("\n")
        assert zombie.returncode == 75
        assert "was not heard of for long" in said
    assert farm.results() == wanted
    assert farm.leftovers() == []


def test_lock_of_another_machine_that_died(farm: Farm, wanted: dict[str, bytes]) -> None:
    record = own_record(1001, 1012).model_copy(update={"host": "render07", "machine": "elsewhere"})
    lock = farm.folder / "lock" / "1001-1012.lock"
    lock.parent.mkdir()
    lock.write_bytes(record.to_bytes())
    began = time.monotonic()
    assert farm.key(0).code == 0
    assert time.monotonic() - began >= QUICK.stale_s
    assert farm.key(1).code == 0
    assert farm.results() == wanted


def test_lost_lock_stops_at_the_next_frame(
    farm: Farm, wanted: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stolen = Finisher.finish, list[Path]()

    def finish(self: Finisher, target: Target, keyed: KeyedFrame) -> Written:
        done = begun(self, target, keyed)
        if not stolen:
            (lock,) = farm.folder.glob("lock/*.lock")
            record = LockRecord.from_bytes(lock.read_bytes())
            assert record is not None
            other = record.model_copy(update={"host": "render07", "token": "other"})
            stolen.append(lock)
            lock.unlink()
            lock.write_bytes(other.to_bytes())
            time.sleep(10 * QUICK.beat_s)
        return done

    monkeypatch.setattr(Finisher, "finish", finish)
    ended = farm.key(0)
    assert ended.code == 75
    assert "were taken over by render07" in ended.sentences[0]
    (lock,) = farm.folder.glob("lock/*.lock")  # the other's, which is left alone
    assert b"render07" in lock.read_bytes()
    assert len(farm.results()) < 6
    assert farm.results().items() <= wanted.items()
    lock.unlink()
    assert farm.key(0).code == 0
    assert farm.results().items() <= wanted.items()


# The clock ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shift",
    [
        pytest.param(-(10**8), id="set back"),
        pytest.param(10**8, id="ahead", marks=pytest.mark.full),
    ],
)
def test_clock_that_was_set(
    shift: int, farm: Farm, wanted: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    young = farm.folder.parent / ".shot_matte.1001.tmp-1-00000000.exr"  # a writer that lives
    young.touch()
    monkeypatch.setattr(time, "time", lambda: now + shift)
    monkeypatch.setattr(time, "time_ns", lambda: int((now + shift) * 1e9))
    for number in FRAMES:
        os.utime(farm.plates / f"shot.{number}.exr", (now - shift, now - shift))
    _both_bins(farm)
    assert farm.results() == wanted
    assert young.exists()
    young.unlink()
    ended = farm.key(0)
    assert ended.code == 0
    assert farm.results() == wanted
