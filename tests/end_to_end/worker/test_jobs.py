"""One job after the other in a worker of this process, with models that stop and fail."""

import errno
import json
import logging
import os
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robust_matte.errors import OutOfMemoryError, Preempted
from robust_matte.worker.desk import Desk

HEIGHT, WIDTH = 36, 48


def truth(_: int) -> Any:
    return np.full((HEIGHT, WIDTH, 3), 0.5, np.float32), np.full((HEIGHT, WIDTH), 0.25, np.float32)


class Opener:
    """Opens fake models, counts them, and can wait or fail on the way.

    Attributes:
        opened: How many were.
        raises: What opening or keying raises, by the word `open` or `matte`.
        gate: What opening and each matte wait for.
        reached: Set as soon as something waits.
    """

    def __init__(self, fake_model: Any) -> None:
        self.opened = 0
        self.raises: dict[str, BaseException] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.reached = threading.Event()
        self.logs = ""
        self._make = fake_model(self._truth)

    def __call__(self, *words: Any, **how: Any) -> Any:
        self.opened += 1
        self._pass("open")
        return self._make(*words, **how)

    def _truth(self, number: int) -> Any:
        self._pass("matte")
        if self.logs:
            logging.getLogger("robust_matte.media").warning(self.logs)
        return truth(number)

    def _pass(self, word: str) -> None:
        if not self.gate.is_set():
            self.reached.set()
            assert self.gate.wait(60)
        if word in self.raises:
            raise self.raises[word]


@pytest.fixture
def opener(fake_model: Any) -> Opener:
    return Opener(fake_model)


@pytest.fixture
def host(inside: Any, opener: Opener) -> Any:
    return inside(opener)


def test_the_model_is_loaded_once_for_jobs_that_ask_for_the_same(
    host: Any, opener: Opener, job: Any, tmp_path: Path
) -> None:
    asked = job(2)
    assert host.end("bake", id="1", job=asked)["event"] == "done"
    assert host.end("bake", id="2", job=asked | {"output": str(tmp_path / "b")})["event"] == "done"
    assert host.end("bake", id="2", job=asked)["manifest"]["kept"] == 2
    assert opener.opened == 1


def test_a_second_job_is_told_that_the_worker_is_busy(host: Any, opener: Opener, job: Any) -> None:
    opener.gate.clear()
    host.send("bake", id="1", job=job(2))
    assert opener.reached.wait(60)
    for do, more in (("bake", {"job": {}}), ("preview", {"job": {}, "frame": 1}), ("probe", {})):
        failed = host.end(do, id="2", **more)
        assert (failed["code"], failed["id"]) == ("busy", "2")
        assert failed["what"] == "The worker is at another job, 1."
    opener.gate.set()
    assert host.until("done", job="1")
    assert host.end("probe", id="2")["event"] == "done"


def test_a_second_job_of_the_same_id_does_not_end_the_first(
    host: Any, opener: Opener, job: Any
) -> None:
    opener.gate.clear()
    host.send("bake", id="1", job=job(2))
    assert opener.reached.wait(60)
    for do, more in (("bake", {"job": {}}), ("preview", {"job": {}, "frame": 1}), ("probe", {})):
        host.send(do, id="1", **more)
        failed = host.until("failed")[-1]
        assert (failed["code"], failed["id"]) == ("protocol", None)
        assert failed["what"] == "The job 1 runs, and another one has the same id."
    opener.gate.set()
    ends = host.until("done", job="1")
    assert not [said for said in ends if said["event"] == "failed"]
    assert host.end("probe", id="1")["event"] == "done"


def test_what_has_no_frames_is_not_said_to_keep_them(host: Any, opener: Opener, job: Any) -> None:
    opener.gate.clear()
    host.send("preview", id="look", job=job(2), frame=1001)
    assert opener.reached.wait(60)
    host.send("cancel", id="look")
    opener.gate.set()
    ended = host.until("cancelled", "done", "failed")[-1]
    assert (ended["event"], ended["resumable"]) == ("cancelled", False)
    assert ended["hint"] == "Ask for it again if it is still wanted."


def test_cancelling_what_does_not_run_is_a_warning(host: Any, opener: Opener, job: Any) -> None:
    host.send("cancel", id="x")
    warning = host.until("warning")[-1]
    assert (warning["id"], warning["text"]) == ("x", "There is no job x to cancel.")
    opener.gate.clear()
    host.send("bake", id="1", job=job(2))
    assert opener.reached.wait(60)
    host.send("cancel", id="x")
    assert host.until("warning", job="x")
    opener.gate.set()
    assert host.until("done", job="1")
    host.send("cancel", id="1")
    assert host.until("warning", job="1")


def test_a_job_is_cancelled_while_it_loads(
    host: Any, opener: Opener, job: Any, tmp_path: Path
) -> None:
    opener.gate.clear()
    host.send("bake", id="1", job=job())
    assert opener.reached.wait(60)
    host.send("cancel", id="1")
    host.send("cancel", id="nobody")
    host.until("warning", job="nobody")  # so the other one has been read
    opener.gate.set()
    said = host.until("cancelled", "done", "failed")
    assert said[-1]["event"] == "cancelled"
    assert said[-1]["what"] == "Stopped."
    assert "looking for finished frames" not in [one.get("text") for one in said]  # at once
    assert not list(tmp_path.glob("out/*.exr"))
    assert host.end("bake", id="1", job=job())["manifest"]["written"] == 8


def test_what_was_taken_on_as_the_host_left_is_cancelled(
    host: Any, opener: Opener, job: Any
) -> None:
    opener.gate.clear()
    host.send("bake", id="1", job=job())
    assert opener.reached.wait(60)
    host.send("quit")
    host.send("bake", id="2", job=job())  # nobody reads this any more
    opener.gate.set()
    *_, last = host.rest()
    assert (last["event"], last["id"], last["what"]) == (
        "cancelled",
        "1",
        "The host has ended the worker.",
    )
    assert host.wait() is None


def test_a_desk_that_is_asked_ends_the_job_and_the_work(
    inside: Any, opener: Opener, job: Any
) -> None:
    desk = Desk()
    host = inside(opener, desk)
    opener.gate.clear()
    host.send("bake", id="1", job=job())
    assert opener.reached.wait(60)
    desk.ask(Preempted("Stopped by SIGTERM.", hint="It goes on."))
    opener.gate.set()
    *_, last = host.rest()
    assert (last["event"], last["what"], last["resumable"]) == (
        "cancelled",
        "Stopped by SIGTERM.",
        True,
    )
    assert isinstance(host.wait(), Preempted)


BAD = [
    pytest.param({"plate": "/absent/shot.####.exr"}, "input", "No file matches", id="no plate"),
    pytest.param({"warm_up": "many"}, "settings", "The setting warm_up cannot be", id="a value"),
    pytest.param({"plaet": 1}, "settings", "There is no setting plaet.", id="unknown setting"),
    pytest.param({"output": None}, "settings", "The job does not say where", id="no output"),
    pytest.param({"plate": "a.exr"}, "settings", "The plate of the job is a.exr,", id="relative"),
    pytest.param({"review": "a.mp4"}, "settings", "The review of the job is", id="relative review"),
    pytest.param({"cuts": "cut.edl"}, "settings", "The cuts of the job is", id="relative edit"),
    pytest.param(
        {"config": "c.ocio"}, "settings", "The config of the job is", id="relative config"
    ),
    pytest.param(
        {"model": "nosuch"},
        "settings",
        "The model of the job is nosuch, which is neither",
        id="no model's name",
    ),
    pytest.param({"model": "m.pth"}, "settings", "The model of the job is", id="relative model"),
    pytest.param({"garbage": "/a\0.exr"}, "settings", "The garbage of the job has", id="zero byte"),
    pytest.param({"model": "/absent.pth"}, "model", "The weights /absent.pth", id="no weights"),
    pytest.param({"frames": "1001-1004"}, "missing_frames", "", id="frames the plate lacks"),
    pytest.param({"output": "/proc/matte"}, "output", "", id="a place that takes nothing"),
]


@pytest.mark.parametrize(("values", "code", "start"), BAD)
def test_a_job_that_fails_leaves_the_worker_as_it_was(
    host: Any, job: Any, values: dict[str, Any], code: str, start: str
) -> None:
    failed = host.end("bake", id="bad", job=job(2) | values)
    assert (failed["event"], failed["id"], failed["code"]) == ("failed", "bad", code), failed
    assert failed["what"].startswith(start)
    assert failed["what"].endswith(".")
    assert failed["hint"].endswith(".")
    assert host.end("bake", id="good", job=job(2))["event"] == "done"


@pytest.mark.parametrize(
    ("word", "error", "code", "said"),
    [
        pytest.param("open", OutOfMemoryError("No room.", hint="Take less."), "model", "No room.",
                     id="a model that is too large"),
        pytest.param("matte", RuntimeError("odd\nthing"), "internal", "RuntimeError: odd",
                     id="a fault while keying"),
        pytest.param("open", MemoryError(), "internal", "MemoryError", id="no memory"),
    ],
)  # fmt: skip
def test_a_fault_is_told_logged_and_survived(
    host: Any, opener: Opener, job: Any, word: str, error: Exception, code: str, said: str,
    caplog: pytest.LogCaptureFixture, tmp_path: Path,
) -> None:  # fmt: skip
    opener.raises[word] = error
    failed = host.end("bake", id="bad", job=job(2))
    assert (failed["event"], failed["code"]) == ("failed", code)
    assert said in failed["what"]
    assert ("Traceback" in caplog.text) == (code == "internal")
    assert not list(tmp_path.glob("out/*.exr"))
    opener.raises.clear()
    assert host.end("bake", id="good", job=job(2))["event"] == "done"
    assert opener.opened == 2 or code == "model"


def test_a_fault_whose_words_are_no_text_is_told(
    host: Any, opener: Opener, job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest would keep the log's line, and cannot send it from one process to another
    monkeypatch.setattr(logging.getLogger("robust_matte"), "propagate", False)
    opener.raises["matte"] = ZeroDivisionError("\udce9")
    failed = host.end("bake", id="bad", job=job(2))
    assert (failed["event"], failed["code"]) == ("failed", "internal")
    assert "\\udce9" in failed["what"]
    opener.raises.clear()
    assert host.end("bake", id="good", job=job(2))["event"] == "done"


def test_a_full_disk_is_the_outputs_fault(
    host: Any, job: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = job(4)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert host.end("bake", id="1", job=asked | {"frames": "1001-1002"})["event"] == "done"
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        failed = host.end("bake", id="2", job=asked)
    assert (failed["event"], failed["code"]) == ("failed", "output"), failed
    assert len(list(tmp_path.glob("out/*"))) <= 4
    assert host.end("bake", id="3", job=asked)["manifest"]["kept"] == 2


def test_a_stage_is_told_in_every_silence(host: Any, opener: Opener, job: Any) -> None:
    opener.gate.clear()
    host.send("bake", id="1", job=job(2))
    assert opener.reached.wait(60)
    while host.until("stage")[-1]["stage"] != "loading":
        pass
    began = time.monotonic()
    told = [host.until("stage")[-1] for _ in range(2)]
    took = time.monotonic() - began
    opener.gate.set()
    host.until("done")
    assert {one["stage"] for one in told} == {"loading"}
    assert all(one["text"].startswith("loading ") for one in told)
    assert took < 30.0  # without an end: the gate is shut


def test_percent_never_goes_back_and_stages_follow(host: Any, job: Any) -> None:
    done = host.end("bake", id="1", job=job(6))
    told = [one for one in host.all if one["event"] in ("stage", "frame")]
    assert all(before["percent"] <= after["percent"] for before, after in pairwise(told))
    assert (told[0]["percent"], told[-1]["percent"]) == (0.0, 98.0)
    stages = {one.get("stage", "keying") for one in told}
    assert stages == {"loading", "planning", "warming", "keying"}
    numbers = [one["number"] for one in told if one["event"] == "frame"]
    assert numbers == list(range(1001, 1007))
    assert [one["reset"] for one in told if one["event"] == "frame"][:2] == ["first frame", None]
    assert "plate space scene-linear Rec.709" in done["manifest"]["notes"][0]


def test_what_the_library_warns_of_is_told_once_and_kept(
    host: Any, opener: Opener, job: Any
) -> None:
    opener.logs = "the plate is odd"
    done = host.end("bake", id="1", job=job(3))
    warnings = [one for one in host.all if one["event"] == "warning"]
    assert [(one["id"], one["text"]) for one in warnings] == [("1", "the plate is odd")]
    assert done["manifest"]["warnings"] == ["the plate is odd"]


def test_a_job_file_is_read_and_its_paths_are_beside_it(
    host: Any, job: Any, tmp_path: Path
) -> None:
    relative = {"plate": "plate/shot.####.exr", "output": "beside"}
    file = tmp_path / "job.json"
    file.write_text(json.dumps(job(2) | relative), "utf-8")
    done = host.end("bake", id="1", job_file=str(file))
    assert done["event"] == "done", done
    assert (tmp_path / "beside" / "shot_matte.1002.exr").is_file()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("job.json", "settings", id="relative"),
        pytest.param("/absent/job.json", "input", id="not there"),
        pytest.param("/dev/zero", "input", id="without an end"),
        pytest.param("/", "input", id="a folder"),
        pytest.param("/a\0b", "settings", id="zero byte"),
    ],
)
def test_a_job_file_that_is_none_fails(host: Any, name: str, code: str) -> None:
    failed = host.end("bake", id="1", job_file=name)
    assert (failed["event"], failed["code"]) == ("failed", code)
