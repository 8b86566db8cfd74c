"""Written frames against the frames that exist, for any plate and range."""

from hypothesis import given
from hypothesis import strategies as st

from robust_matte.jobs.targets import targets_for
from robust_matte.settings.choices import Missing

plates = st.sets(st.integers(-30, 60), min_size=1, max_size=30).map(sorted)


@given(plates, st.integers(-40, 70), st.integers(0, 40), st.integers(1, 4))
def test_sources_are_the_latest_frame_or_nothing(
    present: list[int], first: int, count: int, step: int
) -> None:
    wanted = range(first, first + count * step, step)
    held = targets_for(wanted, present, Missing.HOLD)
    black = targets_for(wanted, present, Missing.BLACK)
    assert [one.number for one in held] == [one.number for one in black] == list(wanted)
    for one, other in zip(held, black, strict=True):
        assert one.source == max((n for n in present if n <= one.number), default=None)
        assert other.source == (one.number if one.number in present else None)
