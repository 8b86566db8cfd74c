"""Frame ranges: what is written is read back."""

from hypothesis import given
from hypothesis import strategies as st

from robust_matte.media.sequences import frame_ranges
from robust_matte.settings.frame_range import FrameRange

whole = st.integers(-2000, 20000)


@st.composite
def ranges(draw: st.DrawFn) -> FrameRange:
    first, steps = draw(whole), draw(st.integers(0, 300))
    step = draw(st.integers(1, 50)) if steps else 1
    return FrameRange(first, first + steps * step, step)


@given(ranges())
def test_range_comes_back_as_written(frames: FrameRange) -> None:
    assert FrameRange.parse(str(frames)) == frames


@given(ranges())
def test_length_is_the_count_of_frames(frames: FrameRange) -> None:
    assert len(frames) == len(list(frames))
    assert list(frames) == list(range(frames.first, frames.last + 1, frames.step))


@given(whole, whole, st.integers(1, 50))
def test_typed_range_holds_every_step_from_its_first_number(
    first: int, last: int, step: int
) -> None:
    towards = 1 if last >= first else -1
    wanted = range(first, last + towards, step * towards)
    assert list(FrameRange.parse(f"{first}-{last}x{step}")) == sorted(wanted)


def _understood(text: str) -> set[int]:
    """Read `1-5,8,10-20x2`: fileseq's words, written out here."""
    numbers: set[int] = set()
    for part in text.split(","):
        run, _, step = part.partition("x")
        at = run.find("-", 1)
        first, last = (run, run) if at < 0 else (run[:at], run[at + 1 :])
        numbers |= set(range(int(first), int(last) + 1, int(step or 1)))
    return numbers


@given(st.sets(st.integers(-200, 200), max_size=40))
def test_frame_numbers_in_messages_are_all_there(numbers: set[int]) -> None:
    text = frame_ranges(sorted(numbers))
    assert (_understood(text) if text else set()) == numbers
