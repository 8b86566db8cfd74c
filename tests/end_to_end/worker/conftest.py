"""Hosts that talk to a worker: to one in a thread of this process, or to a process of its own.

What a worker says is held to the protocol's own models, and read until what a test waits for.

tmp_path/
├── plate/    a sequence of small frames
└── out/      where jobs write
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from robust_matte.worker.bench import Bench
from robust_matte.worker.desk import Desk
from robust_matte.worker.events import EVENTS, Ready
from robust_matte.worker.serving import serve

Said = dict[str, Any]

READY = Ready(version="0", protocols=(1,), devices=(), models=())
ENDS = ("done", "cancelled", "failed")

# Prints from Python, from compiled code and past both, as soon as stdout is the worker's own; tells
# on stderr of every program that is started, every pickle that is read and every file written.
SITE = """
import ctypes, os, sys, threading, time
def chatter():
    while sys.stdout is not sys.stderr:
        time.sleep(0.001)
    puts = ctypes.CDLL(None).puts
    while True:
        print("stray")
        os.write(1, b"stray\\n")
        puts(b"stray")
        time.sleep(0.02)
threading.Thread(target=chatter, daemon=True).start()
watched = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "exec",
           "pickle.find_class", "os.mkdir", "os.remove", "os.rename", "socket.connect"}
def hook(event, args):
    if event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR):
        os.write(2, f"AUDIT {event} {args[0]!r}\\n".encode())
    elif event in watched:
        os.write(2, f"AUDIT {event}\\n".encode())
sys.addaudithook(hook)
"""


class Host:
    """One side of a talk.

    Args:
        write: Sends bytes to the worker.
        hang_up: Ends the worker's stdin.
    """

    def __init__(self, write: Callable[[bytes], None], hang_up: Callable[[], None]) -> None:
        self.write = write
        self.hang_up = hang_up
        self.pid = 0
        self.ended: queue.SimpleQueue[int | BaseException | None] = queue.SimpleQueue()
        self.all: list[Said] = []
        self._heard: queue.SimpleQueue[Said | AssertionError | None] = queue.SimpleQueue()

    def send(self, do: str, **values: Any) -> None:
        """Send a message."""
        self.write(json.dumps({"v": 1, "do": do, **values}).encode() + b"\n")

    def hear(self, line: str | bytes) -> None:
        """Take a line from the worker, which must be an event."""
        try:
            said = json.loads(line)
            EVENTS[said["event"]].model_validate_json(line, strict=True)
            self._heard.put(said if line.isascii() else AssertionError(f"{line!r} is not ASCII"))
        except (ValueError, KeyError) as error:
            self._heard.put(AssertionError(f"{line!r} is no event: {error}"))

    def hear_the_end(self) -> None:
        """Take note that nothing more will be said."""
        self._heard.put(None)

    def until(self, *kinds: str, job: str | None = None, timeout: float = 60) -> list[Said]:
        """Return what is said until one of some kinds, of a job if it is named."""
        found: list[Said] = []
        while True:
            said = self._heard.get(timeout=timeout)
            assert said is not None, f"it ended after {found}"
            if isinstance(said, AssertionError):
                raise said
            self.all.append(said)
            found.append(said)
            if said["event"] in kinds and (job is None or said["id"] == job):
                return found

    def end(self, do: str, **values: Any) -> Said:
        """Do a job and return its last event."""
        self.send(do, **values)
        return self.until(*ENDS, job=values["id"])[-1]

    def rest(self, timeout: float = 60) -> list[Said]:
        """Return all that is still said, once nothing more will be."""
        found: list[Said] = []
        while (said := self._heard.get(timeout=timeout)) is not None:
            if isinstance(said, AssertionError):
                raise said
            found.append(said)
        return found

    def signal(self, number: signal.Signals) -> None:
        """Send the worker's process a signal."""
        os.kill(self.pid, number)

    def wait(self, timeout: float = 60) -> int | BaseException | None:
        """Return the worker's exit code; of a worker within this process, its error or None."""
        return self.ended.get(timeout=timeout)


@pytest.fixture
def inside() -> Iterator[Callable[..., Host]]:
    """Start workers on threads of this process, with models that tests bring along."""
    threads: list[tuple[Host, threading.Thread]] = []

    def start(open_model: Any, desk: Desk | None = None) -> Host:
        reading, writing = os.pipe()
        is_open = [True]

        def hang_up() -> None:
            if is_open.pop() if is_open else False:
                os.close(writing)

        host = Host(lambda data: _write_all(writing, data), hang_up)

        def run() -> None:
            ending: BaseException | None = None
            try:
                serve(
                    lambda count: os.read(reading, count),
                    host.hear,
                    ready=READY,
                    bench=Bench(open_model),
                    desk=desk,
                )
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                ending = error
            host.hear_the_end()
            host.ended.put(ending)

        thread = threading.Thread(target=run)
        thread.start()
        threads.append((host, thread))
        host.until("ready")
        return host

    yield start
    for host, thread in threads:
        host.hang_up()
        thread.join(timeout=60)
        assert not thread.is_alive()


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@dataclass
class Forks:
    """Starts workers as processes at once; see `kill_workers`."""

    process: subprocess.Popen[str]
    folder: Path
    hosts: dict[int, Host] = field(default_factory=dict)
    pids: "queue.SimpleQueue[int]" = field(default_factory=queue.SimpleQueue)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if isinstance(said, int):
                self.pids.put(said)
            else:
                self.hosts[said[0]].ended.put(said[1])

    def start(self) -> Host:
        """Start a worker, and wait until it is ready."""
        place = self.folder / str(len(self.hosts))
        place.mkdir()
        for name in ("in", "out"):
            os.mkfifo(place / name)
        line = {"words": ["serve", "--log", "none"], "stdin": str(place / "in")}
        line |= {"out": str(place / "out"), "err": str(place / "err")}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        writer = (place / "in").open("wb", buffering=0)

        def write(data: bytes) -> None:
            writer.write(data)

        host = Host(write, writer.close)
        _listen_to(host, (place / "out").open("rb"))
        host.pid = self.pids.get(timeout=60)
        self.hosts[host.pid] = host
        host.until("ready")
        return host


def _listen_to(host: Host, lines: Any) -> None:
    def listen() -> None:
        with lines:
            for line in lines:
                host.hear(line)
        host.hear_the_end()

    threading.Thread(target=listen, daemon=True).start()


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Forks]:
    """What starts workers as processes."""
    folder = tmp_path_factory.mktemp("workers")
    with subprocess.Popen(
        [sys.executable, str(root / "tests" / "end_to_end" / "kill_workers.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(root, folder),
    ) as process:
        forks = Forks(process, folder)
        listener = threading.Thread(target=forks.listen)
        listener.start()
        yield forks
        for pid, host in forks.hosts.items():
            with suppress(OSError, ValueError):
                host.hang_up()
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        assert process.stdin is not None
        process.stdin.close()
        listener.join()


class Program(Host):
    """A worker as hosts start it.

    Attributes:
        home: Its home, and where it runs.
        log: What it writes on stderr.
    """

    def __init__(self, process: subprocess.Popen[bytes], home: Path, log: Path) -> None:
        stdin = process.stdin
        assert stdin is not None

        def write(data: bytes) -> None:
            stdin.write(data)
            stdin.flush()

        super().__init__(write, stdin.close)
        self.pid = process.pid
        self.home = home
        self.log = log


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Program]:
    """A worker that is started as hosts do, among libraries that print, and is watched."""
    folder = tmp_path_factory.mktemp("program")
    home, site, log = folder / "home", folder / "site", folder / "stderr"
    home.mkdir()
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE)
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "robust_matte", "serve", "--log", str(folder / "log")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=home,
            env=_environment(root, home, site),
        ) as process,
    ):
        try:
            program = Program(process, home, log)
            _listen_to(program, process.stdout)
            program.until("ready")
            yield program
            program.hang_up()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def _environment(root: Path, home: Path, *places: Path) -> dict[str, str]:
    """Return an environment without this machine's caches, and without a network."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("ROBUST_MATTE")}
    paths = [*places, root / "plugin", root / "rvm"]
    return kept | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ROBUST_MATTE_OFFLINE": "1",
    }


@pytest.fixture
def job(
    tmp_path: Path, moving_frames: Any, write_exr_plate: Any, filled_weights: Path
) -> Callable[..., dict[str, Any]]:
    """Make a job of a plate of 48x36, eight frames from 1001 on unless said otherwise."""

    def make(count: int = 8, **values: Any) -> dict[str, Any]:
        numbers = range(1001, 1001 + count)
        frames = moving_frames(numbers, height=36, width=48)
        plate = write_exr_plate(frames, DateTime="2026:01:01 00:00:00")  # else that of today
        usual = {
            "plate": plate,
            "output": str(tmp_path / "out"),
            "model": str(filled_weights),
            "threads": 1,
            "cuts": "off",
            "downsample": "32px",
            "warm_up": 2,
            "contact_sheet": "none",
        }
        return usual | values

    return make


@pytest.fixture
def contents() -> Callable[..., dict[str, bytes]]:
    """Read the frames of a result, by their names; no other file may be among them.

    What a killed process had begun lies under a hidden name, and goes with a run ten minutes later.
    """

    def read(folder: Path, *, was_killed: bool = False) -> dict[str, bytes]:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        if was_killed:
            files = [path for path in files if not path.name.startswith(".")]
        assert all(path.suffix == ".exr" for path in files), files
        return {path.name: path.read_bytes() for path in files}

    return read
