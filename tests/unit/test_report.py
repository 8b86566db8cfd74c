"""What is told of each finished frame."""

from dataclasses import replace
from pathlib import Path

import pytest

from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.progress import Event, FrameWritten, Warned
from robust_matte.jobs.report import Report, Written
from robust_matte.jobs.targets import Target
from robust_matte.keying.prepared import BadPixels
from robust_matte.keying.segments import Reset, Segment
from robust_matte.media.sequences import FramePattern
from robust_matte.settings.choices import Compression, Depth, Layers, Nonfinite

SEGMENT = Segment(3, 99, Reset.CUT)
OUTPUTS = Outputs(
    FramePattern(Path("o"), "m.", 4, ".exr"), Layers.SEPARATE, Depth.HALF, Compression.ZIPS
)
PNG = FramePattern(Path("o"), "m.", 4, ".png")


class Clock:
    """Seconds since some time, as `time.monotonic` tells them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("robust_matte.jobs.report.time.monotonic", clock)
    return clock


def _written(number: int, **values: object) -> Written:
    told: dict[str, object] = {
        "target": Target(number, number),
        "segment": SEGMENT,
        "clamped": 0,
        "bad": None,
    }
    return Written(**(told | values))  # type: ignore[arg-type]


def _warnings(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Warned)]


def test_frames_are_told_with_rate_and_time_to_go(clock: Clock) -> None:
    events: list[Event] = []
    report = Report(5, OUTPUTS, Nonfinite.KEEP, events.append)
    clock.now += 4.0
    report.add([_written(3), _written(4)])
    clock.now += 6.0
    report.add([])
    report.add([_written(5)])
    report.close()
    frames = [event for event in events if isinstance(event, FrameWritten)]
    assert len(frames) == len(events) == 3
    assert [(one.number, one.done, one.total) for one in frames] == [
        (3, 1, 5),
        (4, 2, 5),
        (5, 3, 5),
    ]
    assert [one.fps for one in frames] == pytest.approx([0.25, 0.5, 0.3])
    assert [one.eta_s for one in frames] == pytest.approx([16.0, 6.0, 10.0 / 3 * 2])
    assert frames[0].files == OUTPUTS.files(3)
    assert len(frames[0].files) == 3


def test_no_time_at_all_is_no_error(clock: Clock) -> None:
    events: list[Event] = []
    Report(1, OUTPUTS, Nonfinite.KEEP, events.append).add([_written(3)])
    assert clock.now == 1000.0
    assert isinstance(events[0], FrameWritten)
    assert events[0].eta_s == 0.0


@pytest.mark.parametrize(
    ("written", "reset"),
    [
        pytest.param(_written(3), Reset.CUT, id="first of its segment"),
        pytest.param(_written(4), None, id="inside"),
        pytest.param(_written(5, target=Target(5, 3)), None, id="held from the first"),
        pytest.param(_written(3, segment=None), None, id="black"),
    ],
)
def test_reset_is_told_at_the_frame_it_precedes(written: Written, reset: Reset | None) -> None:
    events: list[Event] = []
    Report(1, OUTPUTS, Nonfinite.KEEP, events.append).add([written])
    assert isinstance(events[0], FrameWritten)
    assert events[0].reset is reset


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        pytest.param(Nonfinite.KEEP, "they are kept", id="kept"),
        pytest.param(Nonfinite.ZERO, "they are set to 0", id="zero"),
    ],
)
def test_bad_pixels_are_told_with_frame_count_and_place(policy: Nonfinite, said: str) -> None:
    events: list[Event] = []
    Report(1, OUTPUTS, policy, events.append).add([_written(7, bad=BadPixels(12, -3, 40))])
    (text,) = _warnings(events)
    assert text.startswith("Frame 7 has 12 NaN or infinite pixels, the first at (-3, 40); ")
    assert said in text
    assert isinstance(events[-1], FrameWritten)


def test_same_trouble_is_told_five_times_then_summed_up() -> None:
    events: list[Event] = []
    report = Report(9, OUTPUTS, Nonfinite.KEEP, events.append)
    bad = BadPixels(1, 0, 0)
    report.add(_written(n, clamped=n, bad=bad if n < 8 else None) for n in range(3, 12))
    told = _warnings(events)
    assert len(told) == 10
    assert sum("clamped to 65504" in text for text in told) == 5
    assert len([event for event in events if isinstance(event, FrameWritten)]) == 9
    report.close()
    assert _warnings(events)[10:] == ["9 frames in all had values beyond half's range."]


def test_light_that_png_clips_is_told_once_and_counted() -> None:
    events: list[Event] = []
    report = Report(9, replace(OUTPUTS, pattern=PNG), Nonfinite.KEEP, events.append)
    report.add([_written(number, clamped=7 if number > 3 else 0) for number in range(3, 6)])
    report.close()
    assert _warnings(events) == [
        "Frame 4 has 7 values brighter than white, clipped as PNG must; EXR keeps them.",
        "2 frames in all had values brighter than white.",
    ]
