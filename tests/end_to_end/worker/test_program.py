"""The worker as a host starts it: one process for many jobs, and for whatever is written to it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from robust_matte.jobs.key import key
from robust_matte.settings.key_settings import KeySettings

LINES = 10_000


def test_a_bake_is_what_key_writes_byte_by_byte(
    program: Any, job: Any, contents: Any, tmp_path: Path
) -> None:
    asked = job()
    done = program.end("bake", id="first", job=asked)
    assert done["event"] == "done", done
    key(KeySettings(**asked | {"output": str(tmp_path / "keyed")}))
    assert contents(tmp_path / "out") == contents(tmp_path / "keyed")
    assert len(contents(tmp_path / "out")) == 8
    manifest = done["manifest"]
    assert manifest["outputs"] == {"rgba": str(tmp_path / "out" / "shot_matte.####.exr")}
    assert (manifest["frames"], manifest["written"], manifest["kept"]) == ("1001-1008", 8, 0)
    assert manifest["model"] == "mobilenetv3"
    assert Path(manifest["job_folder"], "plan.json").is_file()
    assert not manifest["approximate"]


def test_a_second_bake_starts_at_once_and_writes_the_same(
    program: Any, job: Any, contents: Any, tmp_path: Path
) -> None:
    asked = job()
    program.end("bake", id="warm", job=asked)
    began = time.monotonic()
    done = program.end("bake", id="again", job=asked | {"output": str(tmp_path / "second")})
    assert done["event"] == "done"
    assert time.monotonic() - began < 60  # a program that starts anew takes longer on a busy core
    assert contents(tmp_path / "second") == contents(tmp_path / "out")


def test_every_layer_shape_is_baked(program: Any, job: Any, tmp_path: Path) -> None:
    asked = job(2, layers="separate", depth="float")
    done = program.end("bake", id="layers", job=asked)
    outputs = done["manifest"]["outputs"]
    assert outputs.keys() == {"rgba", "alpha", "foreground"}
    for pattern in outputs.values():
        assert Path(pattern).is_absolute()
        assert Path(pattern.replace("####", "1002")).is_file()
    frames = [one for one in program.all if one["id" if "id" in one else "event"] == "layers"]
    told = [one["files"] for one in frames if one["event"] == "frame"]
    assert [len(files) for files in told] == [3, 3]
    assert all(Path(name).is_file() for files in told for name in files)
    assert tmp_path in Path(told[0][0]).parents


def test_a_probe_tells_of_machine_and_plate(program: Any, job: Any) -> None:
    asked = job()
    del asked["output"]
    manifest = program.end("probe", id="probe", job=asked)["manifest"]
    assert manifest["plate"]["frames"]["range"] == "1001-1008"
    assert manifest["plate"]["problems"] == []
    machine = manifest["machine"]
    assert machine["devices"][-1]["name"] == "cpu"
    assert {"name": "draft", "present": True} in machine["models"]
    assert machine["free_memory_bytes"] > 0
    assert program.end("probe", id="bare")["manifest"]["plate"] is None


def test_a_preview_is_the_frame_that_the_bake_writes(
    program: Any, job: Any, tmp_path: Path
) -> None:
    asked = job(6)
    told = program.end("preview", id="look", job=asked, frame=1005, folder=str(tmp_path / "look"))
    assert told["event"] == "done", told
    manifest = told["manifest"]
    assert (manifest["frame"], manifest["approximate"]) == (1005, False)
    assert min(manifest["seconds"].values()) >= 0.0
    assert program.end("bake", id="all", job=asked)["event"] == "done"
    baked = (tmp_path / "out" / "shot_matte.1005.exr").read_bytes()
    assert Path(manifest["files"]["rgba"]).read_bytes() == baked
    quick = program.end("preview", id="quick", job=asked, frame=1005, quick=True)
    assert quick["manifest"]["approximate"]
    failed = program.end("preview", id="no", job=asked, frame=1005, folder="here")
    assert failed["what"] == "The folder 'here' says nothing about where it is."


def random_line(dice: random.Random) -> bytes:
    """Return a line of one of many kinds of nonsense."""
    ids: list[Any] = ["a", "", "x" * 300, 7, None, "\ud800", "first", {"id": 1}]
    dos: list[Any] = [
        "probe",
        "bake",
        "preview",
        "cancel",
        "quit ",
        "eval",
        "__import__",
        None,
        3,
        ["bake"],
    ]
    values: list[Any] = [
        0,
        -1,
        1e300,
        True,
        None,
        "",
        "/etc/passwd",
        [[]],
        {"plate": 3},
        "$(touch hacked)",
    ]
    keys = ["id", "job", "job_file", "frame", "folder", "quick", "cmd", "__class__", "v"]
    kind = dice.randrange(6)
    if kind == 0:
        return dice.randbytes(dice.randrange(60)).replace(b"\n", b"")
    if kind == 1:
        return b"[" * dice.randrange(1, 3000)
    message = {"v": dice.choice([1, 1, 1, 1, 2, "1", True, None]), "do": dice.choice(dos)}
    message |= {dice.choice(keys): dice.choice(values + ids) for _ in range(dice.randrange(4))}
    text = json.dumps(message)
    if kind == 2:
        text = text[: dice.randrange(len(text))]
    elif kind == 3:
        text = text.replace(": ", ": NaN, ", 1) if dice.random() < 0.5 else f"{text}{text}"
    elif kind == 4:
        text = text.replace('"v"', '"v": 1, "v"')
    return text.encode()


def starts_no_job(line: bytes) -> bool:
    """Say whether a line is none that the worker might take on as a job, or as the end."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return True
    is_version = isinstance(message, dict) and type(message.get("v")) is int
    return not (is_version and message.get("do") in ("probe", "bake", "preview", "cancel"))


def test_ten_thousand_random_lines_do_nothing_at_all(program: Any, job: Any) -> None:
    dice = random.Random(7)  # noqa: S311 - the same nonsense in every run
    lines = [random_line(dice) for _ in range(LINES)]
    before = sorted(program.home.rglob("*"))
    audited = program.log.read_bytes().count(b"AUDIT")
    began = time.monotonic()
    program.write(b"\n".join(lines) + b"\n" + b"x" * (3 << 20) + b"\n")
    done = program.end("probe", id="after all")
    took = time.monotonic() - began
    assert done["event"] == "done"
    refused = [said for said in program.all if said["event"] == "failed"]
    assert len(refused) > sum(map(starts_no_job, filter(None, map(bytes.strip, lines)))) > 5000
    assert {said["code"] for said in refused} <= {"protocol", "busy", "settings", "input"}
    assert sorted(program.home.rglob("*")) == before
    assert psutil.Process(program.pid).children() == []
    assert program.log.read_bytes().count(b"AUDIT") == audited
    assert took < 30
    assert program.end("bake", id="and then", job=job(2))["event"] == "done"


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b'{"v":1,"do":"bake","id":"', id="a string"),
        pytest.param(b"[", id="a list"),
        pytest.param(b"\xff\x00", id="bytes"),
    ],
)
def test_a_line_without_an_end_takes_no_memory(program: Any, start: bytes) -> None:
    process = psutil.Process(program.pid)
    before = process.memory_info().rss
    for _ in range(64):
        program.write(start + b"y" * (1 << 20))
    assert process.memory_info().rss - before < 30 << 20
    program.write(b"\n")
    failed = program.until("failed")[-1]
    assert failed["what"] == "A line is longer than 1048576 bytes."
    assert program.end("probe", id="after")["event"] == "done"


def test_what_libraries_print_is_not_heard(program: Any, job: Any) -> None:
    """Every line that was heard was an event; and something was printed all the while."""
    before = program.log.read_bytes().count(b"stray")
    assert program.end("bake", id="loud", job=job(2))["event"] == "done"
    assert program.log.read_bytes().count(b"stray") > before


def test_what_is_done_is_in_the_log(program: Any, job: Any) -> None:
    program.end("bake", id="logged", job=job(2))
    text = (program.home.parent / "log").read_text("utf-8")
    assert "the bake 'logged' begins" in text
    assert "stray" not in text


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send it")
def test_a_worker_that_is_told_to_stop_leaves_nothing_alive(root: Path, job: Any) -> None:
    """A thread that still reads would keep compiled modules alive, which say so on stderr."""
    asked = {"v": 1, "do": "bake", "id": "job", "job": job(40)}
    with subprocess.Popen(
        [sys.executable, "-m", "robust_matte", "serve", "--log", "none"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([f"{root}/plugin", f"{root}/rvm"])},
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            assert any(json.loads(line)["event"] == "frame" for line in process.stdout)
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            assert process.stderr is not None
            log = process.stderr.read()  # its stdin stays open, which `communicate` would close
            process.wait(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 75
    lines = [line for line in log.splitlines() if " INFO " not in line]
    assert lines == [
        "Stopped by SIGTERM.",
        "Finished frames are kept; the same job goes on from there.",
    ]
