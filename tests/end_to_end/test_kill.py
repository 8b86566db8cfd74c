"""Two workers that are killed again and again, each at its own moment, lose nothing.

A plate of two shots is planned in two bins. Both workers are killed, at a frame that is drawn and a
little later, and started again, some times over; the last time they are let be. All the while a
reader looks at the folder and compares what is there under a final name with what belongs there.

home/
├── plates/   a sequence and a movie of the same frames
├── planned/  a plan of each
├── whole/    what uninterrupted workers made of it
└── killed/   what the killed ones did
"""

import hashlib
import json
import logging
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="Windows cannot fork, nor send these"),
    pytest.mark.timeout(600),
]

log = logging.getLogger(__name__)

FRAMES, CUT, WIDTH, HEIGHT = 112, 57, 96, 64
LEFT_OVER = 8  # frames that a worker still has when it is killed, so that it does not end before
CODES = {signal.SIGTERM: 75, signal.SIGKILL: -signal.SIGKILL}


@dataclass
class Workers:
    """Starts workers and waits for them; see `kill_workers`."""

    process: subprocess.Popen[str]
    logs: Path
    count: int = 0
    pids: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    ends: dict[int, "queue.SimpleQueue[int]"] = field(default_factory=dict)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if isinstance(said, int):
                self.ends[said] = queue.SimpleQueue()
                self.pids.put(said)
            else:
                self.ends[said[0]].put(said[1])

    def start(self, *words: str) -> "Worker":
        self.count += 1
        out, err = (self.logs / f"{self.count}.{kind}" for kind in ("out", "err"))
        assert self.process.stdin is not None
        line = {"words": list(words), "out": str(out), "err": str(err)}
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        pid = self.pids.get(timeout=60)
        return Worker(pid, out, err, self.ends[pid])

    def run(self, *words: str) -> "Worker":
        worker = self.start(*words)
        assert worker.wait() == 0, worker.said
        return worker


@dataclass
class Worker:
    """One process of the command line."""

    pid: int
    out: Path
    err: Path
    end: "queue.SimpleQueue[int]"
    code: int | None = None

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it told until now, in whole lines."""
        lines = self.out.read_text().split("\n")[:-1] if self.out.exists() else []
        return [json.loads(line) for line in lines]

    @property
    def said(self) -> str:
        return self.err.read_text()

    def frames(self) -> int:
        """How many frames it has told to be written."""
        return self.out.read_bytes().count(b'"event": "frame"') if self.out.exists() else 0

    def has_spoken(self) -> bool:
        return self.out.exists() and self.out.stat().st_size > 0

    def stages(self, stage: str) -> int:
        """How many frames went into a stage."""
        return sum(event.get("stage") == stage for event in self.events)

    def has_ended(self) -> bool:
        if self.code is None and not self.end.empty():
            self.code = self.end.get()
        return self.code is not None

    def wait(self, timeout: float = 120) -> int:
        if self.code is None:
            self.code = self.end.get(timeout=timeout)
        return self.code

    def kill(self, number: signal.Signals) -> bool:
        """Send a signal; returns whether it came in time."""
        if not self.has_ended():
            os.kill(self.pid, number)
        return self.wait() == CODES.get(number, 128 + number)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Workers]:
    path = os.pathsep.join(str(root / part) for part in ("plugin", "rvm"))
    quiet = {"ROBUST_MATTE_OFFLINE": "1", "PYTHONPATH": path}
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("kill_workers.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | quiet,
    ) as process:
        started = Workers(process, tmp_path_factory.mktemp("logs"))
        thread = threading.Thread(target=started.listen)
        thread.start()
        yield started
        assert process.stdin is not None
        process.stdin.close()
        thread.join()


def picture(number: int) -> Any:
    """A disc that moves over waves; the second shot has other ones."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    shot = 1 if number < CUT else 2
    waves = [np.sin(x * 0.11 * shot + y * 0.07 + number * 0.2 * c + c) for c in (1, 2, 3)]
    pixels = (np.stack(waves, axis=2) * 0.4 + 0.5).astype(np.float32)
    pixels[(x - 48 - 12 * np.sin(number * 0.1)) ** 2 + (y - 34) ** 2 < 400] = (0.8, 0.5, 0.4)
    return pixels


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, workers: Workers) -> Path:
    """Plates, plans of them, and what uninterrupted workers make of them."""
    home = tmp_path_factory.mktemp("kill")
    (home / "plates" / "shot").mkdir(parents=True)
    with av.open(str(home / "plates" / "take.mkv"), "w") as movie:
        stream = movie.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        for number in range(1, FRAMES + 1):
            pixels = picture(number)
            image = oiio.ImageOutput.create("exr")
            path = home / "plates" / "shot" / f"shot.{number:04d}.exr"
            assert image is not None
            image.open(str(path), oiio.ImageSpec(WIDTH, HEIGHT, 3, "half"))
            image.write_image(pixels)
            image.close()
            codes = np.round(pixels.clip(0, 1) * 255).astype(np.uint8)
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(codes, format="rgb24")))
        movie.mux(stream.encode())
    for kind, plate in PLATES.items():
        words = ("--bins", "2", "--cuts", str(CUT), "--model", "draft", "--threads", "1")
        workers.run(
            "plan", str(home / "plates" / plate), "-o", str(home / "planned" / kind), *words
        )
        shutil.copytree(home / "planned" / kind, home / "whole" / kind)
        for started in [key_bin(workers, home / "whole" / kind, at) for at in (1, 2)]:
            assert started.wait() == 0, started.said
        assert len(hashes(home / "whole" / kind)) == FRAMES
    return home


PLATES = {"sequence": "shot/shot.####.exr", "movie": "take.mkv"}


def key_bin(workers: Workers, folder: Path, number: int, *words: str) -> Worker:
    plan = str(folder / "plan.json")
    usual = ("--threads", "1", "--progress", "jsonl")
    return workers.start("key", "--plan", plan, "--bin", f"{number}/2", *usual, *words)


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.exr")
        if not path.name.startswith(".")
    }


def marks(folder: Path) -> dict[str, tuple[int, int]]:
    found = {path.name: path.stat() for path in folder.rglob("[!.]*.exr")}
    return {name: (one.st_ino, one.st_mtime_ns) for name, one in found.items()}


class Reader(threading.Thread):
    """Opens each file under its final name as soon as it is there, and says which is not whole."""

    def __init__(self, folder: Path, whole: dict[str, str]) -> None:
        super().__init__()
        self._folder, self._whole = folder, whole
        self._leaving = threading.Event()
        self._seen: dict[str, tuple[int, int]] = {}
        self.read = 0
        self.faults: list[str] = []

    def run(self) -> None:
        while not self._leaving.wait(0.0005):  # a file is written in about a millisecond
            with os.scandir(self._folder) as entries:
                for name in [one.name for one in entries]:
                    if name not in self._seen and name.endswith(".exr") and name[0] != ".":
                        self._read(name)

    def stop(self) -> None:
        """Stop, and look once more at what was there before: it was never written anew."""
        self._leaving.set()
        self.join()
        for name, mark in marks(self._folder).items():
            if self._seen.get(name) != mark:
                self._read(name)

    def _read(self, name: str) -> None:
        path = self._folder / name
        content = path.read_bytes()
        found = path.stat()
        self._seen[name] = (found.st_ino, found.st_mtime_ns)
        self.read += 1
        if hashlib.sha256(content).hexdigest() != self._whole[name]:
            self.faults.append(f"{name} was not whole: {len(content)} bytes")
        elif not self._decodes(path):
            self.faults.append(f"{name} cannot be decoded")

    @staticmethod
    def _decodes(path: Path) -> bool:
        image = oiio.ImageInput.open(str(path))
        pixels = image.read_image() if image is not None else None
        return pixels is not None and pixels.shape[:2] == (HEIGHT, WIDTH)


def kill_when_due(worker: Worker, frames: int, delay: float, number: signal.Signals) -> bool:
    """Kill a worker a bit after it has written some frames, or has said anything at all."""

    def is_due() -> bool:
        return worker.frames() >= frames if frames else worker.has_spoken()

    while not worker.has_ended() and not is_due():
        time.sleep(0.002)
    time.sleep(delay)
    return worker.kill(number)


def kill_both(
    workers: Workers, folder: Path, number: signal.Signals, dice: random.Random
) -> tuple[list[Worker], int]:
    """Start both workers and kill each at its own moment; returns them, and how many it met."""
    started, threads, met = [], [], []
    for at, (first, last) in enumerate(((1, CUT - 1), (CUT, FRAMES)), start=1):
        done = sum(first <= int(name.split(".")[1]) <= last for name in hashes(folder))
        most = max(last - first + 1 - done - LEFT_OVER, 0)
        frames = dice.randint(0, most * 2 // 3) if dice.random() < 0.8 else 0
        delay = dice.uniform(0, 0.03 if frames else 0.5)  # from loading to the first frames
        worker = key_bin(workers, folder, at)
        started.append(worker)

        def kill(worker: Worker = worker, frames: int = frames, delay: float = delay) -> None:
            met.append(kill_when_due(worker, frames, delay, number))

        threads.append(threading.Thread(target=kill))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return started, sum(met)


Chain = Callable[[str, signal.Signals, int, int], None]


@pytest.fixture
def kill_and_go_on(workers: Workers, home: Path) -> Chain:
    """Kill both workers some times, let them end, and look at what they made."""

    def chain(kind: str, number: signal.Signals, kills: int, seed: int) -> None:
        whole = hashes(home / "whole" / kind)
        dice = random.Random(f"{kind} {number.name} {seed}")  # noqa: S311 - moments to kill at
        folder = home / "killed" / kind  # beside the plates, as the plan says
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(home / "planned" / kind, folder)
        reader, met = Reader(folder, whole), 0
        kept: dict[str, tuple[int, int]] = {}
        before: list[Worker] = []
        reader.start()
        for _ in range(kills):
            started, hits = kill_both(workers, folder, number, dice)
            met += hits
            check_resumed(before, started, number)
            before = started
            frames = [one.frames() for one in started]
            log.info("%s of a %s: workers had written %s frames more", number.name, kind, frames)
            assert marks(folder).items() >= kept.items()  # what was right is left alone
            kept = marks(folder)
        ends = [key_bin(workers, folder, at) for at in (1, 2)]
        assert [one.wait() for one in ends] == [0, 0], [one.said for one in ends]
        check_resumed(before, ends, number)
        reader.stop()
        assert marks(folder).items() >= kept.items()
        assert hashes(folder) == whole
        assert reader.faults == []
        assert reader.read == FRAMES
        assert met >= kills, "too many workers had ended before they were killed"
        assert not list(folder.rglob("checkpoint/*"))

    return chain


def check_resumed(before: list[Worker], after: list[Worker], number: signal.Signals) -> None:
    """Make sure that the second run goes on near where the first one was stopped."""
    for one, other in zip(before, after, strict=False):
        if number is signal.SIGTERM and one.frames():
            assert other.stages("warming up") == other.stages("rolling") == 0, other.events
        elif other.frames():
            assert other.stages("rolling") <= 25 + LEFT_OVER, other.events


BOTH = [pytest.param(signal.SIGTERM, id="SIGTERM"), pytest.param(signal.SIGKILL, id="SIGKILL")]


@pytest.mark.parametrize("kind", PLATES)
@pytest.mark.parametrize("number", BOTH)
def test_killed_workers_give_the_bytes_of_the_uninterrupted_ones(
    number: signal.Signals, kind: str, kill_and_go_on: Chain
) -> None:
    kill_and_go_on(kind, number, 3, 1)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 7))
@pytest.mark.parametrize("kind", PLATES)
@pytest.mark.parametrize("number", BOTH)
def test_killed_at_twenty_moments(
    number: signal.Signals, kind: str, seed: int, kill_and_go_on: Chain
) -> None:
    kill_and_go_on(kind, number, 4, seed)


@pytest.mark.parametrize(
    ("number", "words", "code", "said"),
    [
        pytest.param(signal.SIGINT, (), 130, "Stopped.", id="Ctrl-C"),
        pytest.param(
            signal.SIGTERM,
            ("--on-term", "signal"),
            -signal.SIGTERM,
            "Stopped by SIGTERM.",
            id="dies by the signal",
        ),
    ],
)
def test_other_ends_keep_the_state_as_well(
    number: signal.Signals,
    words: tuple[str, ...],
    code: int,
    said: str,
    workers: Workers,
    home: Path,
) -> None:
    folder = home / "killed" / "sequence"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home / "planned" / "sequence", folder)
    worker = key_bin(workers, folder, 1, *words)
    kill_when_due(worker, 12, 0.0, number)
    assert worker.code == code
    assert worker.said.endswith(
        f"{said}\nFinished frames are kept; the same command goes on from there.\n"
    )
    done = len(hashes(folder))
    assert [path.name for path in folder.rglob("*.safetensors")] == [f"1_{done + 1}.safetensors"]
    assert json.loads(worker.out.read_text().splitlines()[-1])["event"] != "finished"
