"""The client with a worker that is a real process: good, bad, hung, killed, or none at all."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import robust_matte_client.worker as worker_module
from robust_matte_client import (
    Cancelled,
    Done,
    Ended,
    Event,
    Failed,
    Frame,
    Ready,
    Stage,
    Warned,
    Worker,
    WorkerGone,
    WorkerMissing,
)

STUB = (sys.executable, str(Path(__file__).with_name("stub_worker.py")))
LONG_S = 30.0  # what nothing here should ever take
Start = Callable[..., Worker]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and groups are POSIX's")


@pytest.fixture
def job(tmp_path: Path) -> dict[str, Any]:
    """A job of five frames, 1001-1005, whose plate is five empty files."""
    for number in range(1001, 1006):
        (tmp_path / f"plate.{number}.exr").touch()
    return {
        "plate": str(tmp_path / "plate.####.exr"),
        "output": str(tmp_path / "out"),
        "layers": "multipart",
    }


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts workers that do one thing wrong, and looks whether they are really gone."""
    workers: list[Worker] = []

    def begin(fault: str = "", command: Sequence[str] = STUB, **options: float) -> Worker:
        monkeypatch.setenv("ROBUST_MATTE_STUB_FAULT", fault)
        workers.append(Worker(command, **options))
        workers[-1].start()
        return workers[-1]

    monkeypatch.setattr(worker_module, "TERMINATE_S", 0.3)
    yield begin
    for worker in workers:
        worker.close(0.3)
        assert not worker.is_running
        assert worker.pid is not None
        assert not psutil.pid_exists(worker.pid)
    for thread in threading.enumerate():
        if thread.name.startswith("robust-matte"):
            thread.join(LONG_S)
            assert not thread.is_alive(), thread.name


def listen(worker: Worker, until: Callable[[Event], bool]) -> list[Event]:
    """Return all events up to the one that is waited for, or to the end."""
    events: list[Event] = []
    ends = time.monotonic() + LONG_S
    while not any(until(event) or isinstance(event, Ended) for event in events):
        assert time.monotonic() < ends, events
        events += worker.wait(1.0)
    return events


def of_job(events: list[Event], job_id: str) -> list[Event]:
    return [event for event in events if getattr(event, "id", None) == job_id]


def is_frame(number: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, Frame) and event.number == number


def ends(job_id: str) -> Callable[[Event], bool]:
    return lambda event: bool(isinstance(event, (Done, Cancelled, Failed)) and event.id == job_id)


def never(_: Event) -> bool:
    return False


def names(folder: str) -> list[str]:
    there = Path(folder).iterdir() if Path(folder).is_dir() else ()
    return sorted(path.name for path in there)


# --- a worker that does as it should


def test_bake_is_told_from_ready_to_done(start: Start, job: dict[str, Any]) -> None:
    worker = start("warn")
    assert worker.is_running
    bake = worker.bake(job)
    events = listen(worker, ends(bake))
    assert isinstance(events[0], Ready)
    frames = [event for event in events if isinstance(event, Frame)]
    assert [frame.number for frame in frames] == [1001, 1002, 1003, 1004, 1005]
    assert [Path(frame.files[0]).name for frame in frames] == names(job["output"])
    assert Warned(bake, "The stub warns; --model or --nonfinite changes that.") in events
    assert isinstance(events[-1], Done)
    assert events[-1].manifest["written"] == 5
    worker.close(LONG_S)
    assert worker.poll() == [Ended(0, (), asked=True)]
    assert worker.poll() == []
    assert worker.wait(5.0) == []


def test_warm_worker_takes_jobs_one_after_the_other(start: Start, job: dict[str, Any]) -> None:
    worker = start()
    for about in (None, job):
        probe = worker.probe(about)
        done = listen(worker, ends(probe))[-1]
        assert isinstance(done, Done)
        assert (done.manifest["plate"] is None) == (about is None)
    folder = job["output"] + "_preview"  # beside the bake's, which is refused
    preview = worker.preview(job, 1003, quick=True, folder=folder)
    done = listen(worker, ends(preview))[-1]
    assert isinstance(done, Done)
    assert done.manifest["approximate"] is True
    assert names(folder) == ["plate_matte.1003.exr"]


def test_second_job_at_once_is_told_that_the_worker_is_busy(
    start: Start, job: dict[str, Any]
) -> None:
    worker = start()
    first, second = worker.bake(job), worker.probe()
    events = listen(worker, ends(first))
    busy = of_job(events, second)[-1]
    assert isinstance(busy, Failed)
    assert busy.code == "busy"
    assert isinstance(events[-1], Done)


def test_cancel_stops_at_a_frame_and_the_worker_stays(
    start: Start, job: dict[str, Any], tmp_path: Path
) -> None:
    for number in range(1006, 3001):  # a minute's work
        (tmp_path / f"plate.{number}.exr").touch()
    worker = start()
    bake = worker.bake(job)
    listen(worker, is_frame(1002))
    worker.cancel(bake)
    worker.cancel(bake)
    cancelled = listen(worker, ends(bake))[-1]
    assert isinstance(cancelled, Cancelled)
    assert cancelled.resumable
    assert "plate_matte.3000.exr" not in names(job["output"])
    again = worker.bake({**job, "frames": "1001-1005"})
    done = listen(worker, ends(again))[-1]
    assert isinstance(done, Done)
    assert done.manifest["kept"] >= 2
    assert worker._deadlines._timers == {}  # nothing will end it later
    worker.cancel(again)  # too late, and no harm
    worker.cancel("bake-77")
    worker.close()
    assert [type(event) for event in worker.poll()] == [Ended]


def test_cancel_of_a_job_that_ends_meanwhile_ends_no_worker(
    start: Start, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = start(cancel_s=0.1)
    bake, set_deadline = worker.bake(job), worker._deadlines.set

    def set_late(name: str, seconds: float, action: Callable[[], None]) -> None:
        if name == bake:
            listen(worker, ends(bake))
        set_deadline(name, seconds, action)

    monkeypatch.setattr(worker._deadlines, "set", set_late)
    worker.cancel(bake)
    assert worker.wait(1.0) == []
    assert isinstance(listen(worker, ends(worker.probe()))[-1], Done)


def test_progress_needs_no_host_that_looks(start: Start, job: dict[str, Any]) -> None:
    worker = start()
    bake = worker.bake(job)
    while "plate_matte.1005.exr" not in names(job["output"]):
        time.sleep(0.02)
    worker.close()
    assert type(of_job(worker.poll(), bake)[-1]) in (Done, Cancelled)


# --- a worker that does wrong

WRONG = {
    "dies": ("die:1003", "internal", "with exit code 3", 3),
    "is killed": ("kill:1003", "internal", "signal 9, as the system does where memory", -9),
    "breaks off in a line": ("half:1003", "internal", "with exit code 4", 4),
}


@pytest.mark.parametrize("how", WRONG)
def test_job_of_a_worker_that_goes_fails(start: Start, job: dict[str, Any], how: str) -> None:
    fault, code, told, exit_code = WRONG[how]
    worker = start(fault)
    bake = worker.bake(job)
    events = listen(worker, never)
    failed = of_job(events, bake)[-1]
    assert isinstance(failed, Failed)
    assert failed.code == code
    assert told in failed.what
    assert isinstance(events[-1], Ended)
    assert (events[-1].code, events[-1].asked) == (exit_code, False)
    assert sum(map(ends(bake), events)) == 1
    assert names(job["output"]) == ["plate_matte.1001.exr", "plate_matte.1002.exr"]
    if how == "dies":
        assert failed.tail[-1] == "RuntimeError: the stub dies" == worker.stderr_tail()[-1]
    if how == "breaks off in a line":
        assert [one.what for one in events if isinstance(one, Failed) and one.id is None] == [
            'A line of the worker cannot be read, it breaks off: \'{"v":1,"event":"fra\'.'
        ]
    with pytest.raises(WorkerGone, match="has ended"):
        worker.bake(job)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        pytest.param("garbage:1003", "it is not JSON: 'a stray print of a lib", id="garbage"),
        pytest.param("long:1003", "it is longer than 1048576 bytes: 'xxx", id="10 MiB"),
    ],
)
def test_bad_line_is_told_and_the_job_goes_on(
    start: Start, job: dict[str, Any], fault: str, told: str
) -> None:
    worker = start(fault)
    bake = worker.bake(job)
    events = listen(worker, ends(bake))
    bad = [event for event in events if isinstance(event, Failed)]
    assert [(event.id, event.code) for event in bad] == [(None, "protocol")]
    assert told in bad[0].what
    assert isinstance(events[-1], Done)


def test_full_disk_is_told_and_no_half_file_stays(start: Start, job: dict[str, Any]) -> None:
    worker = start("full:1004")
    failed = listen(worker, ends(worker.bake(job)))[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "output"
    assert "is full" in failed.what
    assert worker.is_running
    assert names(job["output"])[-1] == "plate_matte.1003.exr"


def test_noise_on_stderr_holds_nothing_up(start: Start, job: dict[str, Any]) -> None:
    worker = start("noisy")
    assert isinstance(listen(worker, ends(worker.bake(job)))[-1], Done)
    tail = worker.stderr_tail()
    assert [line[:6] for line in tail] == [f"{number:06d}" for number in range(32748, 32768)]


def test_worker_that_is_never_ready_is_ended(start: Start, job: dict[str, Any]) -> None:
    worker = start("never-ready", ready_s=0.7)
    bake = worker.bake(job)
    events = listen(worker, never)
    assert [(event.id, event.code) for event in events[:2] if isinstance(event, Failed)] == [
        (None, "host"),
        (bake, "host"),
    ]
    assert "within 0.7 s that it is ready" in repr(events[0])
    assert isinstance(events[2], Ended)
    assert set(events[2].tail) <= {"loading for ever"}  # on a busy machine not even that yet


def test_worker_of_another_protocol_is_ended(start: Start, job: dict[str, Any]) -> None:
    worker = start("protocol-2")
    bake = worker.bake(job)
    events = listen(worker, never)
    failed = [event for event in events if isinstance(event, Failed)]
    assert [event.id for event in failed] == [None, bake]
    assert failed[1].what == "The worker speaks version 2 of the protocol, and this node 1."
    assert len(events) == 3


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param("while True: print('y')", "does not speak as one", id="endless lines"),
        pytest.param("while True: print('y' * 9999, end='')", "does not speak", id="one line"),
    ],
)
def test_program_that_is_no_worker_is_ended(start: Start, code: str, told: str) -> None:
    worker = start(command=(sys.executable, "-c", code))
    events = listen(worker, never)
    assert told in repr(events[-2])
    assert len(events) <= 52


def test_last_twenty_lines_of_stderr_are_kept(start: Start) -> None:
    code = "import sys; [print('x' * n, file=sys.stderr) for n in range(40)]; sys.exit('no torch')"
    worker = start(command=(sys.executable, "-c", code))
    (ended,) = listen(worker, never)
    assert isinstance(ended, Ended)
    assert ended.code == 1
    assert list(ended.tail) == worker.stderr_tail()
    assert ended.tail == (*("x" * n for n in range(21, 40)), "no torch")


def test_what_cannot_be_started_is_missing(tmp_path: Path) -> None:
    text = tmp_path / "robust-matte"
    text.write_text("no program", "utf-8")
    text.chmod(0o755)
    for command, why in ((str(text), "Exec format"), (str(tmp_path / "gone"), "No such file")):
        worker = Worker((command,))
        with pytest.raises(WorkerMissing, match=why):
            worker.start()
        assert not worker.is_running
        assert [*worker.poll(), *worker.wait(5.0)] == []
        assert worker.stderr_tail() == []
        worker.close()


def test_worker_is_spoken_to_between_start_and_end_alone(job: dict[str, Any]) -> None:
    worker = Worker(STUB)
    with pytest.raises(WorkerGone, match="was not started"):
        worker.bake(job)
    with worker:
        assert worker.is_running
        with pytest.raises(WorkerGone, match="started before"):
            worker.start()
        worker.quit()
        with pytest.raises(WorkerGone, match="has ended"):
            worker.probe()
    with pytest.raises(WorkerGone, match="started before"):
        worker.start()


# --- a worker that does not listen


def test_deaf_worker_is_killed_and_the_job_counts_as_cancelled(
    start: Start, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBUST_MATTE_STUB_PACE", "60")
    worker = start("deaf", cancel_s=0.3)
    bake = worker.bake(job)
    listen(worker, lambda event: isinstance(event, Stage))
    asked = time.monotonic()
    worker.cancel(bake)
    events = listen(worker, never)
    assert time.monotonic() - asked < LONG_S  # a frame takes 60 s
    assert of_job(events, bake)[-1] == Cancelled(
        bake,
        True,
        "The worker did not stop and was ended, in the middle of the job.",
        "Start it again: written frames are whole, and a bake goes on where it stopped.",
    )
    assert events[-1] == Ended(-signal.SIGKILL)


def test_full_pipe_blocks_nobody(start: Start, job: dict[str, Any]) -> None:
    worker = start()
    listen(worker, lambda event: isinstance(event, Ready))
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    began = time.monotonic()
    jobs = [worker.probe({**job, "cuts": "1" * 500_000}) for _ in range(20)]
    worker.cancel(jobs[0])
    assert worker.poll() == []
    assert time.monotonic() - began < LONG_S  # the worker reads nothing any more
    worker.close(0.2)
    events = worker.poll()
    assert [event.id for event in events if isinstance(event, Cancelled)] == jobs


def test_closing_is_quick_and_may_be_said_often(start: Start, job: dict[str, Any]) -> None:
    worker = start()
    bake = worker.bake(job)
    listen(worker, is_frame(1001))
    threads = [threading.Thread(target=worker.close, args=(60.0,)) for _ in range(4)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worker.close()
    assert time.monotonic() - began < LONG_S
    events = worker.poll()
    assert sum(map(ends(bake), events)) == 1
    assert events[-1] == Ended(0, (), asked=True)


# --- what the system sees


def test_worker_sees_nothing_of_its_host(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "/of/the/host")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/of/the/host")
    monkeypatch.setenv("OCIO", "/studio/config.ocio")
    worker = start()
    listen(worker, lambda event: isinstance(event, Ready))
    assert worker.pid is not None
    process = psutil.Process(worker.pid)
    environment = process.environ()
    assert not {"PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV"} & environment.keys()
    assert environment["OCIO"] == "/studio/config.ocio"
    assert environment["HOME"] == os.environ["HOME"]
    assert process.cwd() == "/"
    assert os.getsid(worker.pid) == os.getpgid(worker.pid) == worker.pid


def test_host_whose_folder_is_gone_starts_workers(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert isinstance(listen(start(), lambda event: isinstance(event, Ready))[-1], Ready)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc")
def test_pipes_stay_out_of_other_programs(start: Start) -> None:
    worker = start()
    own = pipes("self")
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, close_fds=False) as other:
        theirs = pipes(str(other.pid))
        other.communicate(b"\n")
    of_worker = pipes(str(worker.pid))
    assert len(of_worker & own) >= 3
    assert of_worker & theirs == set()


def pipes(process: str) -> set[str]:
    folder = Path("/proc") / process / "fd"
    links = set()
    for entry in folder.iterdir():
        try:
            links.add(str(entry.readlink()))
        except FileNotFoundError:
            continue
    return {link for link in links if link.startswith("pipe:")}


@pytest.mark.parametrize("how", ["killed", "closed", "deaf"])
def test_children_of_the_worker_end_with_it(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("ROBUST_MATTE_STUB_LOG", str(log))
    worker = start("child,deaf" if how == "deaf" else "child")
    listen(worker, lambda event: isinstance(event, Ready))
    child = int(log.read_text("utf-8").split('"child": ')[1].split("}")[0])
    assert psutil.pid_exists(child)
    if how == "killed":
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        listen(worker, never)
    else:
        worker.close(0.3)
    assert is_gone(child)


def is_gone(pid: int) -> bool:
    """Tell whether a process ends soon; one that nobody waits for stays as a zombie."""
    ends = time.monotonic() + LONG_S
    while time.monotonic() < ends:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(("fault", "code"), [("", 0), ("die:1003", 3), ("kill:1002", -9)])
def test_worker_lives_where_an_end_is_seen_by_reaping_alone(
    start: Start, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch, fault: str, code: int
) -> None:
    """As on macOS before Python 3.13."""
    monkeypatch.delattr(os, "waitid", raising=False)
    worker = start(fault)
    bake = worker.bake(job)
    events = listen(worker, ends(bake))
    assert isinstance(events[-1], Done) == (code == 0)
    worker.close(LONG_S)
    (ended,) = [one for one in [*events, *worker.poll()] if isinstance(one, Ended)]
    assert ended.code == code


# --- a host that goes

HOST = """
import os, sys, time
from robust_matte_client import *
{before}
worker = Worker(sys.argv[1:3])
worker.start()
bake = worker.bake({{"plate": sys.argv[3], "output": sys.argv[4], "layers": "multipart"}})
while not any(isinstance(event, Frame) for event in worker.wait(1)):
    pass
print(worker.pid, flush=True)
{after}
"""


def host(
    job: dict[str, Any], root: Path, before: str = "", after: str = ""
) -> "subprocess.Popen[str]":
    """Start a Python that hosts a worker; it tells the worker's number in a line."""
    script = HOST.format(before=before, after=after)
    return subprocess.Popen(
        [sys.executable, "-c", script, *STUB, job["plate"], job["output"]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            "PYTHONPATH": str(root / "nodes" / "client"),
            "ROBUST_MATTE_STUB_PACE": "0.3",
        },
    )


FORK = "if os.fork() == 0: time.sleep(60); os._exit(0)"


@pytest.mark.parametrize(
    ("after", "signal_sent", "code"),
    [
        pytest.param("", None, 0, id="leaves"),
        pytest.param("sys.exit(3)", None, 3, id="leaves with a code"),
        pytest.param("raise ValueError", None, 1, id="fails"),
        pytest.param("time.sleep(60)", signal.SIGKILL, -9, id="is killed"),
        pytest.param("os._exit(5)", None, 5, id="leaves at once"),
        pytest.param(f"{FORK}\ntime.sleep(60)", signal.SIGKILL, -9, id="is killed after a fork"),
    ],
)
def test_no_worker_outlives_its_host(
    root: Path, job: dict[str, Any], after: str, signal_sent: signal.Signals | None, code: int
) -> None:
    with host(job, root, after=after) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        if signal_sent is not None:
            process.send_signal(signal_sent)
        assert process.wait(LONG_S) == code
        assert is_gone(pid)
        assert not [name for name in names(job["output"]) if "part" in name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the fork


def test_forked_copy_of_the_host_ends_no_worker(root: Path, job: dict[str, Any]) -> None:
    after = """
if os.fork() == 0:
    worker.close()
    sys.exit(0)
os.wait()
print(worker.is_running, [type(one).__name__ for one in worker.wait(5)])
"""
    with host(job, root, after=after) as process:
        out, error = process.communicate(timeout=LONG_S)
    assert out.split("\n")[1] == "True ['Frame']", error


def test_broken_pipe_ends_no_host(root: Path, job: dict[str, Any]) -> None:
    before = "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)"
    after = """
os.kill(worker.pid, signal.SIGSTOP)
for _ in range(4):
    worker.probe({"cuts": "1" * 500000})
os.kill(worker.pid, signal.SIGKILL)
while worker.is_running:
    worker.wait(1)
"""
    with host(job, root, before, after) as process:
        _, error = process.communicate(timeout=LONG_S)
    assert process.returncode == 0, error


@pytest.mark.parametrize("system", ["", "; vars(os).pop('waitid', None)"])
def test_host_that_reaps_everything_is_told_no_code(
    root: Path, job: dict[str, Any], system: str
) -> None:
    before = f"import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN){system}"
    after = "worker.close(); print(worker.poll()[-1].code)"
    with host(job, root, before, after) as process:
        out, error = process.communicate(timeout=LONG_S)
    assert out.split("\n")[1] == "None", error
