"""Timecode: what is one, and counting in it with and without dropped numbers."""

from fractions import Fraction

import pytest

from robust_matte.media.timecode import Timecode

NTSC, NTSC60 = Fraction(30000, 1001), Fraction(60000, 1001)


@pytest.mark.parametrize(
    ("text", "rate", "later", "found"),
    [
        pytest.param("01:02:03:04", Fraction(24), 0, "01:02:03:04", id="itself"),
        pytest.param("01:02:03:23", Fraction(24), 1, "01:02:04:00", id="second"),
        pytest.param("00:59:59:24", Fraction(25), 1, "01:00:00:00", id="hour"),
        pytest.param("23:59:59:23", Fraction(24000, 1001), 2, "00:00:00:01", id="midnight"),
        pytest.param("00:00:00:00", Fraction(24), -1, "23:59:59:23", id="before midnight"),
        pytest.param("01:00:59;29", NTSC, 1, "01:01:00;02", id="dropped"),
        pytest.param("01:09:59;29", NTSC, 1, "01:10:00;00", id="tenth minute"),
        pytest.param("01:01:00;02", NTSC, -1, "01:00:59;29", id="dropped, back"),
        pytest.param("01:00:59.59", NTSC60, 1, "01:01:00;04", id="dropped at 60"),
        pytest.param("00:00:00;00", NTSC, 17982, "00:10:00;00", id="ten minutes"),
        pytest.param("23:59:59;29", NTSC, 1, "00:00:00;00", id="dropped midnight"),
        pytest.param("01:00:00:12", Fraction(25, 2), 1, "01:00:01:00", id="odd rate"),
    ],
)
def test_frames_are_counted(text: str, rate: Fraction, later: int, found: str) -> None:
    timecode = Timecode.parse(text, rate)
    assert timecode is not None
    assert str(timecode.plus(later)) == found


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        pytest.param("01:02:03:24", Fraction(24), id="frame past the rate"),
        pytest.param("24:00:00:00", Fraction(24), id="hour"),
        pytest.param("01:60:00:00", Fraction(24), id="minute"),
        pytest.param("01:02:03;04", Fraction(24000, 1001), id="dropped at 23.976"),
        pytest.param("1:2:3:4", Fraction(24), id="digits"),
        pytest.param("", Fraction(24), id="empty"),
        pytest.param("01:00:00:00", Fraction(120), id="three digits of frames"),
    ],
)
def test_what_cannot_be_is_none(text: str, rate: Fraction) -> None:
    assert Timecode.parse(text, rate) is None


@pytest.mark.parametrize(("rate", "fps", "drop"), [(NTSC, 30, 2), (NTSC60, 60, 4)])
def test_every_number_of_an_hour_comes_back(rate: Fraction, fps: int, drop: int) -> None:
    count = 0
    for minute in range(60):
        for second in range(60):
            for frame in range(drop if second == 0 and minute % 10 else 0, fps):
                text = f"00:{minute:02d}:{second:02d};{frame:02d}"
                timecode = Timecode(count, fps, is_drop=True)
                assert str(timecode) == text
                assert Timecode.parse(text, rate) == timecode
                count += 1
