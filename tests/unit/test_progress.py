"""Progress as it is shown: notes that stay, and a bar that counts only what is counted."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from robust_matte.cli.progress import ProgressStyle, show_progress
from robust_matte.jobs.heartbeat import Heartbeat
from robust_matte.jobs.progress import Event, FrameWritten, Noted, PartReached, StageReached, Warned

Shown = Callable[..., list[str]]

NOTE = Noted("plate space [sRGB], assumed; --plate-space changes it")
PART = PartReached(1, 3, "sh020")
CHECKED = StageReached("checking", 10, 10, "looking for finished frames")


def _written(number: int, done: int, total: int) -> FrameWritten:
    files = (Path("m.exr"),)
    return FrameWritten(
        number=number, done=done, total=total, fps=2.0, eta_s=5.0, reset=None, files=files
    )


@pytest.fixture
def shown(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Show events in a style; returns its lines, of which rich's last is the bar."""
    monkeypatch.setenv("COLUMNS", "120")

    def show(style: ProgressStyle, *events: Event) -> list[str]:
        with show_progress(style) as listener:
            for event in events:
                listener(event)
        said = capfd.readouterr()
        assert (said.out == "") == (style is not ProgressStyle.JSONL)
        return [line for line in (said.out or said.err).splitlines() if line.strip()]

    return show


@pytest.mark.parametrize(
    ("style", "line"),
    [
        pytest.param(ProgressStyle.RICH, f"note: {NOTE.text}", id="above the bar"),
        pytest.param(ProgressStyle.PLAIN, f"note: {NOTE.text}", id="a line"),
        pytest.param(
            ProgressStyle.JSONL, json.dumps({"event": "note", "text": NOTE.text}), id="an object"
        ),
    ],
)
def test_note_stays_whatever_comes_after_it(style: ProgressStyle, line: str, shown: Shown) -> None:
    lines = shown(style, NOTE, CHECKED, _written(1, 1, 10))
    assert lines[0].rstrip() == line
    assert len([one for one in lines if NOTE.text in one]) == 1


def test_none_says_no_note(shown: Shown) -> None:
    assert shown(ProgressStyle.NONE, NOTE, Warned("odd"), CHECKED) == []


def test_each_kind_of_event_has_its_name(shown: Shown) -> None:
    lines = shown(ProgressStyle.JSONL, CHECKED, PART, _written(1, 1, 2), NOTE, Warned("odd"))
    kinds = [json.loads(line)["event"] for line in lines]
    assert kinds == ["stage", "part", "frame", "note", "warning", "finished"]


def test_bar_forgets_the_total_of_the_stage_before(shown: Shown) -> None:
    bar = shown(ProgressStyle.RICH, CHECKED, StageReached("showing", 0, 0, "drawing"))[-1]
    assert bar.startswith("showing")
    assert bar.rstrip().endswith("drawing")
    assert "/" not in bar
    assert "━" in bar  # pulses; nothing of a known total would be drawn empty


def test_bar_counts_after_a_stage_that_did_not(shown: Shown) -> None:
    bar = shown(ProgressStyle.RICH, StageReached("showing", 0, 0, "x"), _written(7, 3, 8))[-1]
    assert bar.startswith("keying")
    assert "3/8 frame 7  2.0 fps  0:05 to go" in bar


@pytest.mark.parametrize(
    ("style", "line"),
    [
        pytest.param(ProgressStyle.RICH, "12/49 from frame 1001, at frame 1012", id="bar"),
        pytest.param(
            ProgressStyle.PLAIN, "rolling: from frame 1001, at frame 1012 12/49", id="line"
        ),
    ],
)
def test_frames_that_roll_are_counted_and_named(
    style: ProgressStyle, line: str, shown: Shown
) -> None:
    event = StageReached("rolling", 12, 49, "from frame 1001", number=1012)
    assert line in shown(style, event)[-1]


def test_lines_do_not_name_every_frame_that_rolls(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)  # no two seconds pass
    events = [StageReached("rolling", n, 9, "from frame 1", number=n) for n in range(1, 10)]
    lines = shown(ProgressStyle.PLAIN, *events)
    assert [line.rpartition(" ")[2] for line in lines] == ["1/9", "9/9"]


@pytest.mark.parametrize("style", [ProgressStyle.RICH, ProgressStyle.PLAIN])
def test_parts_are_named_and_counted(style: ProgressStyle, shown: Shown) -> None:
    assert shown(style, PART, CHECKED)[0].rstrip() == "sh020: 2 of 3"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        pytest.param(None, "still starting, 2:10 so far", id="nothing yet"),
        pytest.param(
            StageReached("loading", 0, 0, "loading m.pth"),
            "still loading: loading m.pth, 2:10 so far",
            id="loading",
        ),
        pytest.param(
            StageReached("rolling", 12, 49, "from frame 1", number=12),
            "still rolling: from frame 1 after frame 12, 12 of 49 done, 2:10 so far",
            id="rolling",
        ),
        pytest.param(_written(7, 3, 8), "still keying, after frame 7, 2:10 so far", id="keying"),
    ],
)
@pytest.mark.parametrize("style", [ProgressStyle.PLAIN, ProgressStyle.JSONL])
def test_silence_is_broken_after_a_while(
    style: ProgressStyle,
    event: Event | None,
    line: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beats: list[Callable[[float], None]] = []

    class Told(Heartbeat):
        def __init__(self, beat: Callable[[float], None]) -> None:
            beats.append(beat)
            super().__init__(beat)

    monkeypatch.setattr("robust_matte.jobs.heartbeat.Heartbeat", Told)
    with show_progress(style) as listener:
        if event is not None:
            listener(event)
        capfd.readouterr()
        beats[0](130.0)
        said = capfd.readouterr()
    if style is ProgressStyle.PLAIN:
        assert said == ("", f"{line}\n")
    else:
        assert json.loads(said.out)["text"] == line
        assert said.err == ""
