"""How far the whole is: never back, and in proportion to the work."""

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from robust_matte.jobs.overall import Overall
from robust_matte.jobs.progress import Event, FrameWritten, Noted, PartReached, StageReached

STAGES = ["fetching", "loading", "planning", "checking", "warming up", "rolling", "reviewing"]


def _written(done: int, total: int) -> FrameWritten:
    return FrameWritten(
        number=done, done=done, total=total, fps=1.0, eta_s=0.0, reset=None, files=()
    )


counts = st.integers(0, 50).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))
events: st.SearchStrategy[Event] = st.one_of(
    counts.flatmap(
        lambda count: st.builds(
            StageReached,
            st.sampled_from(STAGES),
            st.just(count[0]),
            st.just(count[1]),
            st.sampled_from(["reading headers", "looking for cuts"]),
        )
    ),
    counts.filter(lambda count: count[0] > 0).map(lambda count: _written(*count)),
    counts.filter(lambda count: count[0] < count[1]).map(
        lambda count: PartReached(count[0], count[1], "sh010")
    ),
    st.just(Noted("odd")),
)


@given(st.lists(events), st.sampled_from(["keying", *STAGES]))
def test_it_never_goes_back_and_stays_within_bounds(told: list[Event], work: str) -> None:
    overall = Overall(work)
    percents = [overall.take(event) for event in told]
    assert percents == sorted(percents)
    assert all(0.0 <= percent <= 100.0 for percent in percents)
    assert overall.finish() == 100.0


def test_keying_takes_most_of_the_way_and_is_even() -> None:
    overall = Overall()
    for done in range(1, 101):
        overall.take(StageReached("planning", done, 100, "looking for cuts"))
    planned = overall.percent
    percents = [planned] + [overall.take(_written(done, 100)) for done in range(1, 101)]
    assert planned == pytest.approx(10.0)
    assert percents[-1] == pytest.approx(98.0)
    steps = [after - before for before, after in pairwise(percents)]
    assert max(steps) == pytest.approx(min(steps))


def test_rolling_before_a_few_frames_counts() -> None:
    overall = Overall()
    overall.take(StageReached("planning", 9, 9, "looking for cuts"))
    for done in range(1, 991):
        overall.take(StageReached("rolling", done, 990, number=done))
    assert 20.0 < overall.percent < 60.0
    assert overall.take(_written(1, 10)) < overall.take(_written(10, 10)) == pytest.approx(98.0)


@pytest.mark.parametrize("work", ["planning", "rolling", "checking", "assembling"])
def test_other_commands_go_all_the_way_with_their_own_work(work: str) -> None:
    overall = Overall(work)
    half, whole = (overall.take(StageReached(work, done, 10, "it")) for done in (5, 10))
    assert whole == pytest.approx(98.0)
    assert half == pytest.approx(49.0)


def test_parts_share_what_is_left_evenly() -> None:
    overall = Overall()
    overall.take(StageReached("planning", 1, 1, "looking for cuts"))
    ends = []
    for part in range(3):
        begun = overall.take(PartReached(part, 3, f"sh0{part}0"))
        for done in range(1, 5):
            overall.take(_written(done, 4))
        ends.append((begun, overall.percent))
    assert [begun for begun, _ in ends] == pytest.approx([10.0, 40.0, 70.0])
    assert all(end - begun > 29.0 for begun, end in ends)
