"""Segments: where the state is dropped."""

import pytest

from robust_matte.keying.segments import Reset, Segment, split_segments


def _told(numbers: list[int], cuts: list[int]) -> list[str]:
    return [f"{one}: {one.reset}" for one in split_segments(numbers, cuts)]


@pytest.mark.parametrize(
    ("numbers", "cuts", "told"),
    [
        pytest.param([7], [], ["7: first frame"], id="one frame"),
        pytest.param([1, 2, 3], [], ["1-3: first frame"], id="one shot"),
        pytest.param([1, 2, 3], [2, 3], ["1: first frame", "2: cut", "3: cut"], id="cuts"),
        pytest.param([1, 2, 3], [3, 2, 3], ["1: first frame", "2: cut", "3: cut"], id="unsorted"),
        pytest.param([5, 6], [1, 5, 9], ["5-6: first frame"], id="cuts at and past the ends"),
        pytest.param([1, 4], [], ["1-4: first frame"], id="hole of two"),
        pytest.param([1, 5], [], ["1: first frame", "5: hole"], id="hole of three"),
        pytest.param([-9, -5], [], ["-9: first frame", "-5: hole"], id="below zero"),
        pytest.param([1, 4], [3], ["1: first frame", "4: cut"], id="cut in a hole"),
        pytest.param([1, 9], [3, 5], ["1: first frame", "9: cut"], id="two cuts in a long hole"),
        pytest.param([1, 9, 10], [3], ["1: first frame", "9-10: cut"], id="cut spent in a hole"),
        pytest.param([1, 3, 5], [], ["1-5: first frame"], id="on twos"),
        pytest.param([1, 3, 5, 11], [], ["1-11: first frame"], id="hole of two on twos"),
        pytest.param(
            [1, 3, 5, 13], [], ["1-5: first frame", "13: hole"], id="hole of three on twos"
        ),
        pytest.param([1, 101, 201], [], ["1-201: first frame"], id="large step"),
        pytest.param([1, 101], [], ["1: first frame", "101: hole"], id="two frames have no step"),
    ],
)
def test_state_is_dropped_at_cuts_and_after_long_holes(
    numbers: list[int], cuts: list[int], told: list[str]
) -> None:
    assert _told(numbers, cuts) == told


def test_segment_holds_both_its_ends() -> None:
    segment = Segment(-2, 3, Reset.CUT)
    assert [number for number in range(-5, 6) if number in segment] == [-2, -1, 0, 1, 2, 3]
    assert str(segment) == "-2-3"
    assert str(Segment(7, 7, Reset.CUT)) == "7"
