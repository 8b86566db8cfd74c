"""What engines read: each dialect's lines, judged by the engines' own patterns."""

import io
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from robust_matte.cli.dialects import (
    DeadlineLines,
    Dialect,
    JsonLines,
    OpenJDLines,
    QuotedStream,
    TractorLines,
)
from robust_matte.errors import Cancelled, FrameReadError, Preempted, RobustMatteError
from robust_matte.jobs.progress import Event, FrameWritten, Noted, StageReached, Warned

DEADLINE = re.compile(r".*Progress: (\d+)%.*")  # of Deadline 10's CommandLine.py
EVIL = "openjd_env: PATH=/tmp"


@pytest.fixture(autouse=True)
def _time_flies(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10, 100_000, 10))
    monkeypatch.setattr("time.monotonic", lambda: float(next(ticks)))


class Lines:
    """Stands for the process's stdout."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def line(self, text: str) -> None:
        self.all.append(" ".join(text.splitlines()))


@pytest.fixture
def out() -> Any:
    return Lines()


def _written(number: int, done: int, total: int) -> FrameWritten:
    return FrameWritten(
        number=number, done=done, total=total, fps=2.0, eta_s=5.0, reset=None, files=(Path("m"),)
    )


JOB: list[Event] = [
    StageReached("loading", 0, 0, "loading m.pth"),
    Noted(f"the plate is called\n{EVIL}"),
    StageReached("planning", 5, 10, "looking for cuts"),
    StageReached("planning", 10, 10, "looking for cuts"),
    Warned("odd"),
    _written(1001, 1, 2),
    _written(1002, 2, 2),
]


def _speak(voice: Dialect, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], list[str]]:
    for event in JOB:
        voice.tell(event)
    voice.still("still keying, after frame 1002, 2:10 so far")
    voice.finish()
    said = capsys.readouterr()
    assert said.out == ""
    return list(voice.out.all), said.err.splitlines()  # type: ignore[attr-defined]


def _heard(lines: list[str]) -> list[tuple[str, Any, bool]]:
    """Let OpenJD's own filter read lines; returns what it understood: kind, value, is failure."""
    sessions = pytest.importorskip("openjd.sessions._action_filter")
    heard: list[tuple[str, Any, bool]] = []
    monitor = sessions.ActionMonitoringFilter(
        session_id="here",
        callback=lambda kind, value, fails: heard.append((kind.value, value, fails)),
    )
    for line in lines:
        record = logging.LogRecord("openjd", logging.INFO, "", 0, line, (), None)
        record.session_id = "here"
        monitor.filter(record)
    return heard


def test_openjd_understands_progress_and_status(
    out: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, log = _speak(OpenJDLines(out), capsys)
    heard = _heard(lines)
    assert len(heard) == len(lines)
    percents = [value for kind, value, _ in heard if kind == "progress"]
    assert percents == sorted(percents)
    assert percents[-1] == 100.0
    texts = [value for kind, value, _ in heard if kind == "status"]
    assert texts[1] == "planning: looking for cuts 5/10"
    assert texts[-3].startswith("keying: frame 1002  2/2")
    assert texts[-2].startswith("still keying")
    assert "warning: odd" in log
    assert not any(fails for *_, fails in heard)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(FrameReadError("Bad.", hint="Mend\nit."), "fail", id="failed"),
        pytest.param(Preempted("Stopped by SIGTERM.", hint="Again."), "status", id="preempted"),
        pytest.param(Cancelled("Stopped.", hint="Again."), "status", id="cancelled"),
    ],
)
def test_openjd_is_told_why_in_one_line(error: RobustMatteError, kind: str, out: Any) -> None:
    OpenJDLines(out).fail(error)
    assert _heard(out.all) == [(kind, f"{error.what} {error.hint}".replace("\n", " "), False)]


@pytest.mark.parametrize(
    "text",
    [
        f"{EVIL}\n",
        f"note: a name\n{EVIL}\n",
        f"note: a name\r{EVIL}\n",
        f"  \t{EVIL.upper()}\n",
        "openjd_env nonsense\n",
        "openjd_fail: me\nopenjd_unset_env: PATH\nopenjd_progress: 3\n",
        "openjd_redacted_env: SECRET=1",
    ],
)
def test_nothing_on_stderr_is_taken_for_a_line_of_openjd(text: str) -> None:
    stream = io.StringIO()
    quoted = QuotedStream(stream)
    for letter in text:  # as it comes, in pieces
        quoted.write(letter)
    quoted.flush()
    written = stream.getvalue()
    assert _heard(re.split(r"[\r\n]", written)) == []
    assert written.replace("> ", "") == text


def test_other_words_on_stderr_stay_as_they_are() -> None:
    stream = io.StringIO()
    quoted = QuotedStream(stream)
    print("reading openjd_env: x", "two", file=quoted)
    print("a warning", file=quoted, flush=True)
    assert stream.getvalue() == "reading openjd_env: x two\na warning\n"
    assert not quoted.closed


def test_tractor_takes_every_line(out: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lines, log = _speak(TractorLines(out), capsys)
    matched = [re.fullmatch(r"TR_PROGRESS (\d{1,3})", line) for line in lines]
    percents = [int(one[1]) for one in matched if one]
    assert len(percents) == len(lines)
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert "keying: frame 1001  1/2  2.0 fps  0:05 to go" in log


def test_deadline_takes_every_line(out: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lines, _ = _speak(DeadlineLines(out), capsys)
    matched = [DEADLINE.fullmatch(line) for line in lines]
    assert [one is not None for one in matched] == [True] * len(lines)
    percents = [int(one[1]) for one in matched if one]
    assert percents == sorted(percents)
    assert percents[-1] == 100


def test_program_reads_objects_alone(out: Any, capsys: pytest.CaptureFixture[str]) -> None:
    voice = JsonLines(out)
    lines, log = _speak(voice, capsys)
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events[-3:]] == ["frame", "still", "finished"]
    percents = [event["percent"] for event in events if "percent" in event]
    assert percents == sorted(percents)
    assert log == []
    voice.fail(FrameReadError("Bad.", hint="Mend it.", frame=7))
    assert json.loads(out.all[-1]) == {
        "event": "failed",
        "code": 3,
        "what": "Bad.",
        "hint": "Mend it.",
        "frame": 7,
    }


def test_program_reads_each_frame_but_not_each_header(
    out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)  # no two seconds pass
    voice = JsonLines(out)
    for text in ("reading headers", "comparing contents"):
        for done in range(1, 1001):
            voice.tell(StageReached("planning", done, 1000, text))
    for done in range(1, 51):
        voice.tell(_written(done, done, 50))
    events = [json.loads(line) for line in out.all]
    assert [one["done"] for one in events if one["event"] == "stage"] == [1, 1000, 1, 1000]
    assert [one["number"] for one in events if one["event"] == "frame"] == list(range(1, 51))


def test_quick_frames_do_not_flood_the_log(out: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)  # no two seconds pass
    voice = TractorLines(out)
    for done in range(1, 101):
        voice.tell(_written(done, done, 100))
    assert out.all == ["TR_PROGRESS 1", "TR_PROGRESS 98"]
