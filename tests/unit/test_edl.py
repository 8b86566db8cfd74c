"""Edit decision lists, as programs write and break them."""

from fractions import Fraction
from pathlib import Path

import pytest

from robust_matte.errors import InputError, SettingsError
from robust_matte.media.edits import EditList
from robust_matte.media.edl import parse_edl, read_edl
from robust_matte.settings.edit_rate import EditRate

HOUR = 3600


def event(number: int, start: str, end: str, what: str = "A001 V C", source: str = "") -> str:
    source = source or "00:00:00:00 00:00:01:00"
    return f"{number:03d}  {what}        {source} {start} {end}\n"


PLAIN = (
    "TITLE: SH010_CUT\nFCM: NON-DROP FRAME\n\n"
    + event(1, "01:00:00:00", "01:00:02:00")
    + "* FROM CLIP NAME: A001C003_220101.mov\n* 02 IS A COMMENT TOO\n"
    + event(2, "01:00:02:00", "01:00:03:12", "AX V C")
    + event(3, "01:00:03:12", "01:00:05:00", "BL V C")
)


def read(text: str, rate: str = "24") -> EditList:
    return parse_edl(Path("/show/cut.edl"), text, EditRate.parse(rate))


CASES = [
    pytest.param(PLAIN, "24", HOUR * 24, [48, 84], id="24"),
    pytest.param(PLAIN, "23.976", HOUR * 24, [48, 84], id="23.976 counts as 24"),
    pytest.param(PLAIN, "25", HOUR * 25, [50, 87], id="25"),
    pytest.param(PLAIN, "30", HOUR * 30, [60, 102], id="30"),
    pytest.param(PLAIN.replace("\n", "\r\n"), "24", HOUR * 24, [48, 84], id="CRLF"),
    pytest.param(PLAIN.replace("\n", "\r"), "24", HOUR * 24, [48, 84], id="CR alone"),
    pytest.param(PLAIN.replace("  ", "\t"), "24", HOUR * 24, [48, 84], id="tabs"),
    pytest.param("\ufeff" + PLAIN, "24", HOUR * 24, [48, 84], id="a mark of UTF-8"),
    pytest.param(PLAIN.rstrip("\n"), "24", HOUR * 24, [48, 84], id="no last line break"),
    pytest.param(
        event(1, "00:00:00:00", "00:00:02:00")
        + event(2, "00:00:02:00", "00:00:02:00")
        + event(2, "00:00:02:00", "00:00:04:00", "A002 V D 024"),
        "24",
        0,
        [60],
        id="a dissolve, at its middle",
    ),
    pytest.param(
        event(1, "00:00:00:00", "00:00:02:00")
        + event(2, "00:00:02:00", "00:00:02:00")
        + event(2, "00:00:02:00", "00:00:04:00", "A002 V W001 013"),
        "24",
        0,
        [54],
        id="a wipe of odd length",
    ),
    pytest.param(
        event(1, "00:00:00:00", "00:00:01:00", "BL V C")
        + event(1, "00:00:01:00", "00:00:03:00", "A001 V D 010"),
        "24",
        0,
        [29],
        id="a fade from black",
    ),
    pytest.param(
        event(1, "00:00:00:00", "00:00:04:00")
        + event(2, "00:00:01:00", "00:00:02:00", "TITLE01 V2 C")
        + event(3, "00:00:00:12", "00:00:03:12", "A001 A C")
        + event(4, "00:00:00:12", "00:00:03:12", "A001 A2 C")
        + event(5, "00:00:00:12", "00:00:03:12", "A001 AA C")
        + event(6, "00:00:00:12", "00:00:03:12", "A001 NONE C"),
        "24",
        0,
        [24, 48],
        id="two video tracks and sound",
    ),
    pytest.param(
        event(1, "00:00:00:00", "00:00:01:00", "A001 B C")
        + event(2, "00:00:01:00", "00:00:02:00", "A002 AA/V C")
        + event(3, "00:00:02:00", "00:00:03:00", "A003 A2/V C"),
        "24",
        0,
        [24, 48],
        id="sound and picture in one event",
    ),
    pytest.param(
        event(1, "00:00:00:00", "00:00:01:00") + event(2, "00:00:02:00", "00:00:03:00"),
        "24",
        0,
        [24, 48],
        id="nothing in between",
    ),
    pytest.param(
        event(2, "00:00:01:00", "00:00:02:00") + event(1, "00:00:00:00", "00:00:01:00"),
        "24",
        0,
        [24],
        id="events in another order",
    ),
    pytest.param(
        event(1, "00:00:00:00", "00:00:01:00", "MY REEL V 2 V C")
        + event(2, "00:00:01:00", "00:00:02:00", "V V C")
        + event(123456, "00:00:02:00", "00:00:03:00", "x v c"),
        "24",
        0,
        [24, 48],
        id="odd reels",
    ),
    pytest.param(
        event(1, "00:00:00:00", "00:00:01:00")
        + event(2, "00:00:01:00", "00:00:02:00", "A002 V K B")
        + event(2, "00:00:01:12", "00:00:02:00", "A003 V2 K 004"),
        "24",
        0,
        [24, 38],
        id="keys",
    ),
    # 18 frame numbers are dropped in ten minutes, two of them between :59;29 and :00;02
    pytest.param(
        "FCM: DROP FRAME\n"
        + event(1, "01:00:00:00", "01:00:59:29")
        + event(2, "01:00:59:29", "01:01:00:02")
        + event(3, "01:01:00:02", "01:10:00:00"),
        "29.97",
        107892,
        [1799, 1800],
        id="drop frame by FCM",
    ),
    pytest.param(
        event(1, "01:00:00;00", "01:01:00;02") + event(2, "01:01:00;02", "01:02:00;02"),
        "29.97",
        107892,
        [1800],
        id="drop frame by its mark",
    ),
    pytest.param(
        event(1, "01:00:00:00", "01:01:00:02") + event(2, "01:01:00:02", "01:02:00:02"),
        "29.97df",
        107892,
        [1800],
        id="drop frame by the rate",
    ),
    pytest.param(
        event(1, "01:00:00:00", "01:01:00:02") + event(2, "01:01:00:02", "01:02:00:02"),
        "29.97",
        108000,
        [1802],
        id="no drop frame",
    ),
    pytest.param(
        event(1, "01:00:00;00", "01:01:00;04") + event(2, "01:01:00;04", "01:02:00;04"),
        "59.94",
        215784,
        [3600],
        id="drop frame at 59.94",
    ),
    pytest.param(
        "FCM: NON-DROP FRAME\n"
        + event(1, "00:00:00:00", "00:01:00:00")
        + "FCM: DROP FRAME\n"
        + event(2, "00:01:00:00", "00:02:00:00"),
        "29.97",
        0,
        [1800],
        id="a later FCM is of the source",
    ),
]


@pytest.mark.parametrize(("text", "rate", "first", "cuts"), CASES)
def test_cuts_are_where_the_picture_changes(
    text: str, rate: str, first: int, cuts: list[int]
) -> None:
    edits = read(text.removeprefix("\ufeff"), rate)
    assert edits.first == first
    assert [cut - first for cut in edits.cuts] == cuts


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_usual_encodings_are_read(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "cut.edl"
    path.write_bytes(PLAIN.replace("FROM CLIP", "VOM CLIP ÄÖ").encode(encoding))
    assert [one - 86400 for one in read_edl(path, EditRate(Fraction(24))).cuts] == [48, 84]


def test_speed_is_no_cut_and_is_told() -> None:
    speed = "M2   A001       012.0                01:00:00:00\n"
    edits = read(event(1, "00:00:00:00", "00:00:01:00") + speed * 2)
    assert edits.cuts == ()
    assert edits.notes == ("2 lines of speed (M2) in cut.edl: a change of speed is no cut",)


MALFORMED = [
    pytest.param("002  A002 V C 00:00:00:00 00:00:0", "no event of number", id="truncated"),
    pytest.param("002  A002 V X 0:0:0:0 1 2 3", "no event of number", id="no timecodes"),
    pytest.param(
        event(2, "00:00:01:00", "00:00:02:00", "A002 Q C"), "no event of number", id="channels"
    ),
    pytest.param(
        event(2, "00:00:01:00", "00:00:02:00", "A002 V D"), "transition D of no", id="dissolve"
    ),
    pytest.param(
        event(2, "00:00:02:00", "00:00:01:00"),
        "ends at 00:00:01:00, before 00:00:02:00",
        id="backwards",
    ),
    pytest.param(
        event(2, "00:00:01:00", "00:00:02:24"),
        "has the timecode 00:00:02:24, which is none at 24 frames a second.",
        id="another rate",
    ),
    pytest.param(
        event(2, "00:00:01:00", "00:61:02:00"), "00:61:02:00, which is none", id="no minute"
    ),
    pytest.param(
        event(2, "00:00:01;00", "00:00:02;00"), "with dropped frame numbers", id="drop at 24"
    ),
]


@pytest.mark.parametrize(("line", "said"), MALFORMED)
def test_malformed_event_is_named_by_its_line(line: str, said: str) -> None:
    text = "TITLE: x\n" + event(1, "00:00:00:00", "00:00:01:00") + "\n" + line
    with pytest.raises(InputError, match=r"^Line 4 of /show/cut.edl ") as caught:
        read(text)
    assert said in caught.value.what


def test_number_that_is_dropped_is_none() -> None:
    with pytest.raises(InputError, match=r"00:01:00;01, which is none at 29.97 frames a second w"):
        read(event(1, "00:00:00;00", "00:01:00;01"), "29.97")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "has no events", id="empty"),
        pytest.param(b"TITLE: x\n* hello\n", "has no events", id="no events"),
        pytest.param(
            event(1, "00:00:00:00", "00:00:01:00", "A001 A C").encode(), "none of video", id="sound"
        ),
        pytest.param(b"\x00\x01\x02\xff" * 99, "is not text", id="binary"),
        pytest.param(b"\xff\xfe\x00", "is not text", id="half of UTF-16"),
    ],
)
def test_what_is_no_edit_list_is_told(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "cut.edl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_edl(path, EditRate(Fraction(24)))


def test_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.edl cannot be opened"):
        read_edl(tmp_path / "absent.edl", EditRate(Fraction(24)))


@pytest.mark.parametrize(
    ("text", "fps", "is_drop"),
    [
        ("24", Fraction(24), None),
        ("23.976", Fraction(24000, 1001), None),
        ("29.97", Fraction(30000, 1001), None),
        (" 29.97DF ", Fraction(30000, 1001), True),
        ("59.94df", Fraction(60000, 1001), True),
        ("30000/1001", Fraction(30000, 1001), None),
    ],
)
def test_rates_are_read(text: str, fps: Fraction, is_drop: bool | None) -> None:
    assert EditRate.parse(text) == EditRate(fps, is_drop)


@pytest.mark.parametrize("text", ["", "df", "fast", "0", "24df", "25df", "1/0"])
def test_what_is_no_rate_is_told(text: str) -> None:
    with pytest.raises(SettingsError):
        EditRate.parse(text)
