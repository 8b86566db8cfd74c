"""Segments of any plate with any cuts and holes."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from robust_matte.keying.segments import Reset, split_segments

plates = st.sets(st.integers(-40, 80), min_size=1, max_size=40).map(sorted)
cut_lists = st.lists(st.integers(-50, 90), max_size=8)


@given(plates, cut_lists)
def test_every_frame_is_in_exactly_one_segment(numbers: list[int], cuts: list[int]) -> None:
    segments = split_segments(numbers, cuts)
    for number in numbers:
        assert sum(number in one for one in segments) == 1
    for one in segments:
        assert {one.first, one.last} <= set(numbers)
    for before, after in pairwise(segments):
        assert before.last < after.first


@given(plates, cut_lists)
def test_each_cut_starts_a_segment_at_the_next_frame_there_is(
    numbers: list[int], cuts: list[int]
) -> None:
    reset_at = {one.first: one.reset for one in split_segments(numbers, cuts)}
    hit = {min(n for n in numbers if n >= cut) for cut in cuts if cut <= numbers[-1]}
    assert {number for number, reset in reset_at.items() if reset is Reset.CUT} == hit - {
        numbers[0]
    }


@given(plates, cut_lists)
def test_holes_reset_beyond_two_steps_and_nothing_else_does(
    numbers: list[int], cuts: list[int]
) -> None:
    """A hole is counted in the steps that the plate has most, if it has them twice."""
    steps = Counter(after - before for before, after in pairwise(numbers)).most_common(1)
    step = steps[0][0] if steps and steps[0][1] > 1 else 1
    reset_at = {one.first: one.reset for one in split_segments(numbers, cuts)}
    assert reset_at[numbers[0]] is Reset.FIRST
    for before, number in pairwise(numbers):
        lacking = len(range(before + step, number, step))
        if lacking > 2:
            assert reset_at[number] in (Reset.HOLE, Reset.CUT)
        else:
            assert reset_at.get(number) in (None, Reset.CUT)
