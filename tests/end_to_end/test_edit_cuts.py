"""Cuts of edit lists and headers, in the plate's own numbers, down to the resets of a job."""

import os
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenEXR
import pytest

from robust_matte.errors import FrameReadError, InputError, RobustMatteError, SettingsError
from robust_matte.farm.shot_list import read_shot_list
from robust_matte.jobs.edit_cuts import cuts_in_plate, read_edits, with_cuts
from robust_matte.jobs.header_cuts import cuts_of_headers
from robust_matte.jobs.key import key
from robust_matte.jobs.plan import load_plan
from robust_matte.jobs.progress import Event, FrameWritten, Noted, Warned, silent
from robust_matte.keying.segments import Reset
from robust_matte.media.plates import open_plate
from robust_matte.settings.key_settings import KeySettings

Times = Mapping[int, str | None]
WritePlate = Callable[..., str]

GREY = np.full((16, 24, 3), 0.5, np.float32), np.full((16, 24), 0.5, np.float32)
EDL = """TITLE: CUT
001  A001 V C        00:00:10:00 00:00:10:04 01:00:00:00 01:00:00:04
002  A002 V C        00:00:20:00 00:00:20:06 01:00:00:04 01:00:00:10
003  A003 V D    004 00:00:30:00 00:00:30:10 01:00:00:10 01:00:00:20
"""


def _frame_of(time: str, number: int, first: int, fps: int = 24) -> tuple[int, int, int, int]:
    """Count on from a timecode, without dropped numbers, as no code under test does it."""
    hours, minutes, seconds, frames = (int(part) for part in time.split(":"))
    count = ((hours * 60 + minutes) * 60 + seconds) * fps + frames + number - first
    seconds, frames = divmod(count, fps)
    minutes, seconds = divmod(seconds, 60)
    return (*divmod(minutes, 60), seconds, frames)


@pytest.fixture
def timed_plate(tmp_path: Path) -> WritePlate:
    """Write small EXR frames whose timecodes and reels are given; returns the pattern.

    `times` gives the timecode of some frames, from which those after them count on; None is none.
    """

    def write(
        numbers: Sequence[int],
        times: Times,
        reels: Mapping[int, str | None] | None = None,
        fps: int | None = 24,
        counted_at: int = 24,
    ) -> str:
        folder = tmp_path / "plate"
        folder.mkdir(exist_ok=True)
        time, since, reel = None, 0, None
        for number in numbers:
            if number in times:
                time, since = times[number], number
            reel = (reels or {}).get(number, reel)
            header: dict[str, Any] = {}
            if time is not None:
                digits = _frame_of(time, number, since, fps or counted_at)
                header["timeCode"] = OpenEXR.TimeCode(*digits, *[0] * 6, *range(8))
            if reel is not None:
                header["reelName"] = reel
            if fps is not None:
                header["framesPerSecond"] = Fraction(fps)
            pixels = np.full((16, 24, 3), 0.25, np.float32)
            path = folder / f"shot.{number:04d}.exr"
            OpenEXR.File(header, {"RGB": pixels}).write(str(path))
        return str(folder / "shot.####.exr")

    return write


@pytest.fixture
def edl(tmp_path: Path) -> str:
    path = tmp_path / "cut.edl"
    path.write_text(EDL)
    return str(path)


@pytest.fixture
def found(settings: Any, edl: str) -> Callable[..., tuple[tuple[int, ...], list[str]]]:
    """Find the edit's cuts in a plate; returns them, and what was said."""

    def find(plate: str, **more: Any) -> tuple[tuple[int, ...], list[str]]:
        asked = settings(plate, **({"cuts": edl, "cuts_rate": "24"} | more))
        edits = read_edits(asked)
        assert edits is not None
        told: list[Event] = []
        cuts = cuts_in_plate(edits, open_plate(plate), asked.cuts_at, told.append)
        return cuts, [one.text for one in told if isinstance(one, Noted | Warned)]

    return find


def test_timecode_of_the_plate_says_where_the_edit_lies(
    timed_plate: WritePlate, found: Any
) -> None:
    plate = timed_plate(range(1001, 1021), {1001: "01:00:00:00"})
    assert found(plate) == (
        (1005, 1013),
        ["2 cuts from cut.edl, by the timecode 01:00:00:00 of frame 1001"],
    )


def test_part_of_the_edit_gives_its_part_of_the_cuts(timed_plate: WritePlate, found: Any) -> None:
    plate = timed_plate(range(1, 11), {1: "01:00:00:06"})
    cuts, said = found(plate)
    assert cuts == (7,)
    assert said[-1] == "cut.edl has 1 cut outside of the plate."


@pytest.mark.parametrize(
    ("start", "cuts"),
    [
        pytest.param("01:00:00:03", (2, 10), id="at the second frame and the last"),
        pytest.param("01:00:00:04", (9,), id="at the first, which starts anyway"),
        pytest.param("01:00:00:02", (3,), id="after the last"),
    ],
)
def test_cuts_at_the_ends_of_the_plate(
    start: str, cuts: tuple[int, ...], timed_plate: WritePlate, found: Any
) -> None:
    assert found(timed_plate(range(1, 11), {1: start}))[0] == cuts


def test_settings_with_the_cuts_hold_for_themselves(
    timed_plate: WritePlate, settings: Any, edl: str
) -> None:
    plate = timed_plate(range(1, 21), {})
    asked = settings(plate, cuts=edl, cuts_rate="24", cuts_at=2)
    settled = with_cuts(asked, read_edits(asked), open_plate(plate), silent)
    assert settled == settings(plate, cuts="6,14")


def test_without_timecode_the_edit_begins_where_the_plate_does(
    timed_plate: WritePlate, found: Any
) -> None:
    plate = timed_plate(range(501, 521), {}, fps=None)
    cuts, said = found(plate)
    assert cuts == (505, 513)
    assert said == [
        "2 cuts from cut.edl, which begins at frame 501, since the plate has no timecode"
    ]


def test_named_frame_is_where_the_edit_begins(timed_plate: WritePlate, found: Any) -> None:
    plate = timed_plate(range(501, 541), {501: "09:00:00:00"})
    assert found(plate, cuts_at=511)[0] == (515, 523)


def test_edit_elsewhere_names_both_ranges(timed_plate: WritePlate, found: Any, edl: str) -> None:
    plate = timed_plate(range(1001, 1021), {1001: "02:00:00:00"})
    with pytest.raises(InputError) as caught:
        found(plate)
    assert caught.value.what.startswith(f"The edit {edl} covers 01:00:00:00 to 01:00:00:19, ")
    assert caught.value.what.endswith(
        f"{plate} holds the frames 1001-1020, from 02:00:00:00 to 02:00:00:19."
    )
    assert "--cuts-at" in caught.value.hint


def test_edit_that_begins_elsewhere_names_both_ranges(timed_plate: WritePlate, found: Any) -> None:
    plate = timed_plate(range(1001, 1021), {})
    with pytest.raises(
        InputError, match=r"covers the frames 1-20, .* the frames 1001-1020\."
    ) as caught:
        found(plate, cuts_at=1)
    assert caught.value.hint.endswith("; the plate runs from 1001 to 1020.")


@pytest.mark.parametrize(
    ("typed", "there", "rate"), [("cutt.edl", "cut.edl", "24"), ("cot.otio", "cut.otio", None)]
)
def test_misspelt_edit_list_is_told_what_looks_like_it(
    tmp_path: Path, settings: Any, typed: str, there: str, rate: str | None
) -> None:
    (tmp_path / there).touch()
    with pytest.raises(FrameReadError, match="there is no such file") as caught:
        read_edits(settings("plate.exr", cuts=str(tmp_path / typed), cuts_rate=rate))
    assert caught.value.hint == f"Check the name: {there} is there."


def test_one_shot_in_the_edit_is_no_error(timed_plate: WritePlate, found: Any) -> None:
    plate = timed_plate(range(1, 5), {1: "01:00:00:05"})
    assert found(plate)[0] == ()


@pytest.mark.parametrize(
    ("rate", "fps", "is_fine"),
    [("25", 24, False), ("23.976", 24, True), ("24", 25, False), ("25", 25, True)],
)
def test_other_rate_than_the_plates_is_refused(
    rate: str, fps: int, is_fine: bool, timed_plate: WritePlate, found: Any
) -> None:
    plate = timed_plate(range(1, 21), {1: "01:00:00:00"}, fps=fps)
    if is_fine:
        assert found(plate, cuts_rate=rate)[0] == (5, 13)
        return
    with pytest.raises(SettingsError, match=rf"runs at {rate} frames a second, .* at {fps}\."):
        found(plate, cuts_rate=rate)


DROPPED = [
    pytest.param("FCM: DROP FRAME", ":", "29.97", "01:00:59;26", id="both"),
    pytest.param("", ";", "29.97", "01:00:59;26", id="by the mark"),
    pytest.param("", ":", "29.97df", "01:00:59;26", id="by the rate"),
    pytest.param("FCM: DROP FRAME", ":", "29.97", "01:00:59:26", id="the plate lost its mark"),
]


@pytest.fixture
def movie(tmp_path: Path) -> Callable[[str], str]:
    """Write a movie of nine grey frames at 29.97 with a timecode."""

    def write(timecode: str) -> str:
        path = tmp_path / "take.mov"
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream("mjpeg", rate=Fraction(30000, 1001))
            stream.width, stream.height, stream.pix_fmt = 48, 32, "yuvj420p"
            stream.metadata["timecode"] = timecode
            for at in range(9):
                frame = av.VideoFrame(48, 32, "yuvj420p")
                for plane in frame.planes:
                    np.frombuffer(memoryview(plane), np.uint8)[:] = 128
                frame.pts = at
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return str(path)

    return write


@pytest.mark.parametrize(("fcm", "mark", "rate", "timecode"), DROPPED)
def test_dropped_frame_numbers_are_counted(
    fcm: str,
    mark: str,
    rate: str,
    timecode: str,
    movie: Any,
    settings: Any,
    tmp_path: Path,
) -> None:
    plate = movie(timecode)
    text = f"""{fcm}
001  A1 V C 00:00:00:00 00:00:01:00 01:00:50{mark}00 01:01:00{mark}02
002  A2 V C 00:00:00:00 00:00:01:00 01:01:00{mark}02 01:02:00{mark}02
"""
    (tmp_path / "cut.edl").write_text(text)
    asked = settings(plate, cuts=str(tmp_path / "cut.edl"), cuts_rate=rate)
    edits = read_edits(asked)
    assert edits is not None
    # ;26 ;27 ;28 ;29 are frames 1 to 4, and 01:01:00;02 comes right after 01:00:59;29
    assert cuts_in_plate(edits, open_plate(plate), None, silent) == (5,)


@pytest.mark.parametrize(
    ("timecode", "said"),
    [
        pytest.param("01:00:00;00", "drop no frame numbers, that of", id="the plate alone drops"),
        pytest.param("01:00:00:29", None, id="neither does"),
    ],
)
def test_plate_that_counts_otherwise_is_refused(
    timecode: str, said: str | None, movie: Any, settings: Any, edl: str
) -> None:
    plate = movie(timecode)
    edits = read_edits(settings(plate, cuts=edl, cuts_rate="29.97"))
    assert edits is not None
    if said is None:
        assert edits.is_drop is False
        return
    with pytest.raises(SettingsError, match=said) as caught:
        cuts_in_plate(edits, open_plate(plate), None, silent)
    assert "--cuts-rate 29.97df" in caught.value.hint


def test_timecode_that_is_none_at_the_rate_is_told(timed_plate: WritePlate, found: Any) -> None:
    plate = timed_plate(range(1, 5), {1: "01:00:00:28"}, fps=None, counted_at=30)
    with pytest.raises(SettingsError, match=r"01:00:00:28 of .* is none at the edit's 24 frames"):
        found(plate)


def test_job_is_reset_at_the_edits_cuts_and_is_that_of_the_list(
    timed_plate: WritePlate, settings: Any, fake_model: Any, edl: str, tmp_path: Path
) -> None:
    plate = timed_plate(range(1001, 1021), {1001: "01:00:00:00"})
    model = fake_model(lambda _: GREY)
    events: list[Event] = []
    key(settings(plate, cuts=edl, cuts_rate="24", warm_up=0), events.append, open_model=model)
    resets = {e.number: e.reset for e in events if isinstance(e, FrameWritten) and e.reset}
    assert resets == {1001: Reset.FIRST, 1005: Reset.CUT, 1013: Reset.CUT}
    # an edited list with the same cuts, another file, and the frames themselves: the same job
    Path(edl).write_text(EDL.replace("A002", "B007").replace("TITLE: CUT", "TITLE: NEW"))
    moved = Path(edl).rename(tmp_path / "new.edl")
    again = {"cuts": str(moved), "cuts_rate": "24"}, {"cuts": "1005,1013"}
    for cuts in again:
        done = key(settings(plate, warm_up=0, **cuts), open_model=model)
        assert (done.written, done.kept) == (0, 20)
    # another cut is another job
    moved.write_text(EDL.replace("01:00:00:04", "01:00:00:05"))
    with pytest.raises(RobustMatteError, match="--cuts"):
        key(settings(plate, warm_up=0, **again[0]), open_model=model)


def test_list_of_shots_names_edits_from_its_own_folder(edl: str, tmp_path: Path) -> None:
    path = tmp_path / "shots.csv"
    path.write_text("plate,cuts,cuts_rate,cuts_at\na.####.exr,cut.edl,24,7\nb.####.exr,1050,,\n")
    own = [shot.own for shot in read_shot_list(path)]
    assert own == [{"cuts": edl, "cuts_rate": "24", "cuts_at": "7"}, {"cuts": "1050"}]
    assert KeySettings(plate="a.####.exr", **own[0]).cuts_at == 7


HEADERS = [
    pytest.param(
        range(1, 9, 2),
        {1: "01:00:00:00", 3: "01:00:00:01", 5: "01:00:00:02", 7: "01:00:00:03"},
        None,
        (),
        id="on twos, counted one by one",
    ),
    pytest.param(range(1, 9), {1: "01:00:00:00", 5: "03:00:00:00"}, None, (5,), id="a jump"),
    pytest.param(range(1, 9), {1: "01:00:00:00", 5: "01:00:00:05"}, None, (5,), id="a frame lost"),
    pytest.param(range(1, 9), {1: "01:00:00:20", 5: "01:00:00:22"}, None, (5,), id="back"),
    pytest.param(range(1, 9), {1: "01:00:00:00"}, None, (), id="one take"),
    pytest.param([1, 2, 3, 7, 8], {1: "01:00:00:00"}, None, (), id="a hole is no jump"),
    pytest.param(range(1, 9, 2), {1: "01:00:00:00"}, None, (), id="on twos"),
    pytest.param(range(1, 9), {1: "01:00:00:00"}, {1: "A001", 4: "A002"}, (4,), id="another reel"),
    pytest.param(range(1, 9), {}, {1: "A001", 4: "A002", 6: "A001"}, (4, 6), id="reels alone"),
    pytest.param(
        range(1, 9),
        {1: "01:00:00:00", 5: "03:00:00:00"},
        {1: "A001", 5: "A002", 7: "A003"},
        (5, 7),
        id="both",
    ),
    pytest.param(
        range(1, 5), dict.fromkeys(range(1, 5), "00:00:00:00"), {1: "A", 3: "B"}, (3,), id="stuck"
    ),
]


@pytest.mark.parametrize(("numbers", "times", "reels", "cuts"), HEADERS)
@pytest.mark.parametrize("fps", [24, 25, None])
def test_headers_that_do_not_run_on_are_cuts(
    numbers: Sequence[int],
    times: Times,
    reels: Mapping[int, str] | None,
    cuts: tuple[int, ...],
    fps: int | None,
    timed_plate: WritePlate,
) -> None:
    plate = open_plate(timed_plate(numbers, times, reels, fps=fps))
    assert cuts_of_headers(plate, silent) == cuts


REFUSED = [
    pytest.param({}, None, "state neither a reel nor a timecode that runs.", id="nothing"),
    pytest.param(
        dict.fromkeys(range(1, 9), "00:00:00:00"), None, "nor a timecode that runs.", id="stuck"
    ),
    pytest.param(
        {1: "01:00:00:00", 6: None}, None, "frames 6-8 of .* state no timecode", id="some"
    ),
    pytest.param({}, {3: "A001"}, "frames 1-2 of .* state no reel, others do", id="some reels"),
    pytest.param(
        {n: f"0{n}:00:00:00" for n in range(1, 9)}, None, "at 7 of 8 frames, first at 2", id="wild"
    ),
]


@pytest.mark.parametrize(("times", "reels", "said"), REFUSED)
def test_headers_that_say_too_little_are_told(
    times: Times, reels: Mapping[int, str] | None, said: str, timed_plate: WritePlate
) -> None:
    plate = open_plate(timed_plate(range(1, 9), times, reels))
    with pytest.raises(InputError, match=said) as caught:
        cuts_of_headers(plate, silent)
    assert "--cuts auto" in caught.value.hint


def test_headers_that_say_nothing_are_told_before_contents_are_read(
    timed_plate: WritePlate, settings: Any, fake_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        pytest.fail("read all contents")

    monkeypatch.setattr("robust_matte.jobs.planning.find_inputs", read)
    plate = timed_plate(range(1, 4), {})
    with pytest.raises(InputError, match="neither a reel nor a timecode"):
        key(settings(plate, cuts="headers"), open_model=fake_model(lambda _: GREY))


def test_headers_reset_a_job_where_the_reel_changes(
    timed_plate: WritePlate, settings: Any, fake_model: Any, tmp_path: Path
) -> None:
    plate = timed_plate(range(1, 9), {1: "01:00:00:00", 5: "03:00:00:00"})
    model = fake_model(lambda _: GREY)
    key(settings(plate, cuts="headers", warm_up=0), open_model=model)
    [path] = (tmp_path / "out").glob("*.robust_matte/plan.json")
    plan = load_plan(path)
    assert plan is not None
    assert [(one.first, one.last) for one in plan.segments] == [(1, 4), (5, 8)]
    os.utime(path)  # the plan knows: no header is read for cuts again
    events: list[Event] = []
    assert (
        key(settings(plate, cuts="headers", warm_up=0), events.append, open_model=model).kept == 8
    )
    assert "reading reels" not in {getattr(one, "text", "") for one in events}
