"""Timecode and frame counts lead to each other, with dropped frame numbers and without."""

from fractions import Fraction

import hypothesis.strategies as st
from hypothesis import given

from robust_matte.media.timecode import Timecode

RATES = {24: Fraction(24), 25: Fraction(25), 30: Fraction(30000, 1001), 60: Fraction(60000, 1001)}


def labels(fps: int, is_drop: bool) -> list[tuple[int, int, int, int]]:
    """Return the first eleven minutes of labels, by the rule itself: one frame after another."""
    found, at = [], (0, 0, 0)
    while at[0] < 11:
        minute, second, frame = at
        is_left_out = is_drop and second == 0 and frame < fps // 15 and minute % 10 != 0
        if not is_left_out:
            found.append((0, *at))
        frame += 1
        second, frame = (second + 1, 0) if frame == fps else (second, frame)
        minute, second = (minute + 1, 0) if second == 60 else (minute, second)
        at = (minute, second, frame)
    return found


def test_count_is_the_place_among_the_labels() -> None:
    for fps, is_drop in ((24, False), (30, False), (30, True), (60, True)):
        mark = ";" if is_drop else ":"
        for count, (h, m, s, f) in enumerate(labels(fps, is_drop)):
            text = f"{h:02d}:{m:02d}:{s:02d}{mark}{f:02d}"
            if count % 7 and f > 4:
                continue  # the starts of seconds, and a sample of the rest
            timecode = Timecode.parse(text, RATES[fps])
            assert timecode == Timecode(count, fps, is_drop)
            assert str(timecode) == text


@given(st.sampled_from([24, 25, 30, 60]), st.booleans(), st.data())
def test_every_count_of_a_day_comes_back(fps: int, drops: bool, data: st.DataObject) -> None:
    is_drop = drops and fps in (30, 60)
    a_day = 86400 * fps - (fps // 15 * 1296 if is_drop else 0)
    count = data.draw(st.integers(0, a_day - 1))
    timecode = Timecode(count, fps, is_drop)
    assert Timecode.parse(str(timecode), RATES[fps]) == timecode
    assert timecode.plus(1).plus(-1) == timecode
    assert Timecode(a_day - 1, fps, is_drop).plus(1) == Timecode(0, fps, is_drop)
    assert str(timecode) < str(timecode.plus(1)) or timecode.plus(1).count == 0
