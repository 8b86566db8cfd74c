"""How jobs and workers end: cancelled, killed, told to stop, left by their host."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from robust_matte.jobs.key import key
from robust_matte.settings.key_settings import KeySettings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows cannot fork, nor send these")

FRAMES = 30  # long enough to be stopped on the way


@pytest.fixture(scope="module")
def keyed() -> dict[str, bytes]:
    """What an uninterrupted run writes, as soon as the first test has let one write it."""
    return {}


@pytest.fixture
def whole(
    job: Any, tmp_path: Path, contents: Any, keyed: dict[str, bytes]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A job, and what an uninterrupted run of it writes."""
    asked = job(FRAMES)
    if not keyed:
        key(KeySettings(**asked | {"output": str(tmp_path / "whole")}))
        keyed |= contents(tmp_path / "whole")
    return asked, keyed


def begin(host: Any, asked: dict[str, Any]) -> None:
    """Begin a bake, and wait until a few frames are there."""
    host.send("bake", id="job", job=asked)
    while host.until("frame")[-1]["done"] < 3:
        pass


def finish(host: Any, asked: dict[str, Any]) -> Any:
    """Give the same job again, and return its manifest."""
    done = host.end("bake", id="again", job=asked)
    assert done["event"] == "done", done
    return done["manifest"]


def check_part(out: Path, whole: dict[str, bytes]) -> int:
    """Make sure that what is there is whole and right, and no more; returns how many frames."""
    there = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    assert 3 <= len(there) < FRAMES
    assert there == {name: whole[name] for name in there}
    return len(there)


def test_a_cancelled_bake_goes_on_to_the_same_bytes(
    forks: Any, whole: Any, tmp_path: Path, contents: Any
) -> None:
    asked, frames = whole
    host = forks.start()
    begin(host, asked)
    host.send("cancel", id="job")
    cancelled = host.until("cancelled", "done", "failed")[-1]
    assert cancelled["event"] == "cancelled"
    assert cancelled["resumable"]
    kept = check_part(tmp_path / "out", frames)
    manifest = finish(host, asked)
    assert (manifest["kept"], manifest["written"]) == (kept, FRAMES - kept)
    assert contents(tmp_path / "out") == frames
    host.send("quit")
    assert host.rest() == []
    assert host.wait() == 0


def test_a_killed_worker_loses_nothing(
    forks: Any, whole: Any, tmp_path: Path, contents: Any
) -> None:
    asked, frames = whole
    host = forks.start()
    begin(host, asked)
    host.signal(signal.SIGKILL)
    assert host.wait() == -signal.SIGKILL
    after = forks.start()
    manifest = finish(after, asked)
    assert manifest["kept"] >= 3
    assert contents(tmp_path / "out", was_killed=True) == frames


@pytest.mark.parametrize(
    ("way", "code"),
    [
        pytest.param("end of stdin", 0, id="end of stdin"),
        pytest.param("quit", 0, id="quit"),
        pytest.param(signal.SIGTERM, 75, id="SIGTERM"),
        pytest.param(signal.SIGINT, 130, id="ctrl-c"),
    ],
)
def test_a_worker_that_is_to_end_tells_of_its_job(
    forks: Any, whole: Any, tmp_path: Path, way: Any, code: int
) -> None:
    asked, frames = whole
    host = forks.start()
    begin(host, asked)
    if way == "end of stdin":
        host.hang_up()
    elif way == "quit":
        host.send("quit")
    else:
        host.signal(way)
    *_, last = host.rest()
    assert (last["event"], last["id"], last["resumable"]) == ("cancelled", "job", True)
    assert last["hint"] == "Finished frames are kept; the same job goes on from there."
    assert host.wait() == code
    check_part(tmp_path / "out", frames)
    assert list((tmp_path / "out").rglob("*checkpoint*/*")) != []


@pytest.mark.parametrize(
    ("number", "code"),
    [pytest.param(signal.SIGTERM, 75, id="SIGTERM"), pytest.param(signal.SIGINT, 130, id="ctrl-c")],
)
def test_an_idle_worker_ends_at_once(forks: Any, number: signal.Signals, code: int) -> None:
    host = forks.start()
    host.signal(number)
    assert host.rest() == []
    assert host.wait() == code
