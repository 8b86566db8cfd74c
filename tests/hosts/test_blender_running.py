"""The line of bakes over one worker, without Blender; the worker is the stand-in."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

PATIENCE_S = 120.0


@pytest.fixture
def plate(tmp_path: Path) -> str:
    """A sequence of which the stand-in sees only names."""
    for number in range(1001, 1009):
        (tmp_path / f"p.{number}.exr").touch()
    return str(tmp_path / "p.####.exr")


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the worker is told."""
    monkeypatch.setenv("ROBUST_MATTE_STUB_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


@pytest.fixture
def running(part: Callable[[str], Any]) -> Any:
    return part("running")


@pytest.fixture
def runs(running: Any) -> Iterator[Any]:
    """A line that starts the stand-in; nothing is left of it afterwards."""
    stub = Path(__file__).with_name("stub_worker.py")
    command = (sys.executable, str(stub))
    line = running.Runs(lambda chosen: (chosen,) if chosen else command)
    yield line
    line.close()
    assert left_over() == []


def left_over() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def order(running: Any, plate: str, tmp_path: Path) -> Callable[..., Any]:
    """Make an order of a bake; `finished` of it tells the manifests."""
    finished: list[Any] = []

    def make(key: str = "a", **changed: Any) -> Any:
        job = {"plate": plate, "output": str(tmp_path / key / "m.####.exr"), "layers": "multipart"}
        kept = {"job": lambda _run: job, "finish": lambda run: finished.append(run.manifest)}
        return running.Order(**{"key": key, "label": f'node "{key}"', **kept, **changed})

    make.finished = finished  # type: ignore[attr-defined]
    return make


def pump(runs: Any, until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline
        runs.pump()
        time.sleep(0.005)


def test_orders_wait_for_each_other_and_share_a_worker(
    runs: Any, order: Any, running: Any, log: Path
) -> None:
    first, second = runs.start(order("a")), runs.start(order("b"))
    runs.pump()
    assert (first.phase, second.phase) == (running.Phase.STARTING, running.Phase.QUEUED)
    assert second.text == "Waits for the run before it"
    (worker,) = left_over()
    pump(runs, lambda: bool(second.is_over))
    assert left_over() == [worker]
    assert (first.factor, first.text[:6]) == (1.0, "Baked ")
    assert [one["frames"] for one in order.finished] == ["1001-1008", "1001-1008"]
    told = [json.loads(line)["do"] for line in log.read_text().splitlines()]
    assert told == ["bake", "bake"]


def test_a_node_is_not_baked_twice_at_a_time(runs: Any, order: Any, part: Any) -> None:
    runs.start(order("a"))
    with pytest.raises(part("errors").HostError, match='node "a" is being worked on already'):
        runs.start(order("a"))


def test_cancel_keeps_what_is_finished(
    runs: Any, order: Any, running: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBUST_MATTE_STUB_PACE", "0.1")
    run, waiting = runs.start(order("a")), runs.start(order("b"))
    pump(runs, lambda: run.text.startswith("Frame 1002"))
    assert 0 < run.factor < 1
    runs.cancel("b")
    assert waiting.phase is running.Phase.CANCELLED
    runs.cancel("a")
    assert (run.phase, run.text) == (running.Phase.CANCELLING, "Stops after this frame")
    pump(runs, lambda: bool(run.is_over))
    assert run.phase is running.Phase.CANCELLED
    assert order.finished == []
    files = sorted((tmp_path / "a").glob("*.exr"))
    assert 2 <= len(files) < 8
    again = runs.start(order("a"))
    pump(runs, lambda: bool(again.is_over))
    assert again.phase is running.Phase.DONE
    assert waiting.phase is running.Phase.CANCELLED
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        pytest.param("die:1003", "exit code 3", id="dies"),
        pytest.param("kill:1003", "signal", id="killed"),
        pytest.param("full:1003", "full", id="full disk"),
        pytest.param("model", "weights", id="no weights"),
        pytest.param("protocol-2", "protocol", id="of another time"),
    ],
)
def test_what_goes_wrong_is_said_and_the_next_bake_runs(
    runs: Any,
    order: Any,
    running: Any,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    what: str,
) -> None:
    monkeypatch.setenv("ROBUST_MATTE_STUB_FAULT", fault)
    run = runs.start(order("a"))
    pump(runs, lambda: bool(run.is_over))
    assert run.phase is running.Phase.FAILED
    assert what in (run.what + run.hint).lower()
    assert run.hint.endswith(".")
    monkeypatch.delenv("ROBUST_MATTE_STUB_FAULT")
    runs.close()  # those that live on have the fault
    again = runs.start(order("a"))
    pump(runs, lambda: bool(again.is_over))
    assert again.phase is running.Phase.DONE


def test_a_worker_that_is_not_there_fails_before_anything_is_rendered(
    runs: Any, order: Any, running: Any, tmp_path: Path
) -> None:
    rendered: list[int] = []
    runs.chosen = lambda: str(tmp_path / "nowhere")
    run = runs.start(order("a", render=lambda: iter(rendered)))
    pump(runs, lambda: bool(run.is_over))
    assert run.phase is running.Phase.FAILED
    assert str(tmp_path / "nowhere") in run.what


def test_a_plate_is_rendered_a_frame_a_step(runs: Any, order: Any, running: Any) -> None:
    told = []

    def render() -> Iterator[int]:
        yield from (1, 1, 2, 3, 4)  # the first waits for a render of the artist

    run = runs.start(order("a", render=render, frames=4))
    while run.phase in (running.Phase.QUEUED, running.Phase.RENDERING):
        runs.pump()
        told.append((run.text, run.factor))
    assert told[1:6] == [
        ("Renders the plate, 1 of 4", 0.25),
        ("Renders the plate, 1 of 4", 0.25),
        ("Renders the plate, 2 of 4", 0.5),
        ("Renders the plate, 3 of 4", 0.75),
        ("Renders the plate, 4 of 4", 1.0),
    ]
    pump(runs, lambda: bool(run.is_over))
    assert run.phase is running.Phase.DONE


def test_a_render_that_is_given_up_is_closed(runs: Any, order: Any, running: Any) -> None:
    closed: list[bool] = []
    ended: list[Any] = []

    def render() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    steps = render()  # kept here, so that nothing but the line closes it
    run = runs.start(order("a", render=lambda: steps, frames=4, ended=ended.append))
    runs.pump()
    runs.pump()
    runs.cancel("a")
    assert (closed, ended, run.phase) == ([True], [run], running.Phase.CANCELLED)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        pytest.param(ReferenceError("removed"), "went away meanwhile", id="undo"),
        pytest.param(ZeroDivisionError("oh"), "ZeroDivisionError", id="a bug"),
    ],
)
def test_errors_in_blender_end_the_run(
    runs: Any, order: Any, running: Any, error: Exception, what: str
) -> None:
    def finish(_run: Any) -> None:
        raise error

    run = runs.start(order("a", finish=finish))
    pump(runs, lambda: bool(run.is_over))
    assert run.phase is running.Phase.FAILED
    assert what in run.what


def test_a_stray_line_of_the_worker_is_no_end(
    runs: Any, order: Any, running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBUST_MATTE_STUB_FAULT", "garbage:1003")
    run = runs.start(order("a"))
    pump(runs, lambda: bool(run.is_over))
    assert run.phase is running.Phase.DONE
    (warning,) = run.warnings
    assert "A line of the worker cannot be read" in warning


def test_what_fails_after_a_run_ends_nothing_else(
    runs: Any, order: Any, running: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_run: Any) -> None:
        raise ZeroDivisionError("after it")

    first, second = runs.start(order("a", ended=fail)), runs.start(order("b"))
    pump(runs, lambda: bool(second.is_over))
    assert [first.phase, second.phase] == [running.Phase.DONE] * 2
    assert "after it" in capsys.readouterr().err


def test_a_worker_without_work_goes_after_a_while(runs: Any, order: Any) -> None:
    run = runs.start(order("a"))
    pump(runs, lambda: bool(run.is_over))
    assert runs.pump()  # it is kept warm
    assert left_over() != []
    runs.keep_warm_s = lambda: 0.0
    pump(runs, lambda: not runs.pump())
    assert left_over() == []


def test_closing_ends_all(runs: Any, order: Any, running: Any) -> None:
    alive: list[Any] = []
    first = runs.start(order("a", ended=lambda _: alive.extend(left_over())))
    second = runs.start(order("b"))
    pump(runs, lambda: first.phase is running.Phase.RUNNING)
    runs.close()
    assert alive == []  # what a run removes at its end is not written again
    assert [first.phase, second.phase] == [running.Phase.CANCELLED] * 2
    assert left_over() == []


def test_a_test_says_who_the_worker_is(runs: Any, running: Any) -> None:
    run = runs.start(running.Order("test", "test of the worker", None, lambda _: None))
    runs.finish(run, say=lambda _: None)
    assert run.text == f"Worker {run.manifest['version']} is ready."
    assert run.manifest["devices"][0]["name"] == "cpu"


def test_waiting_tells_progress_and_raises(
    runs: Any, order: Any, running: Any, part: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(running, "_SAY_EVERY_S", 0.0)
    runs.finish(runs.start(order("a")), lines.append)
    assert any("Frame 1004, 4 of 8" in line for line in lines)
    assert lines[-1].startswith('Robust Matte, node "a": 100% Baked 1001-1008')
    monkeypatch.setenv("ROBUST_MATTE_STUB_FAULT", "full:1003")
    runs.close()
    with pytest.raises(part("errors").HostError, match="full"):
        runs.finish(runs.start(order("b")), lines.append)
