"""Whatever is typed for a setting is understood, or refused in our words; never a traceback."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robust_matte.errors import SettingsError
from robust_matte.settings.cut_list import CutList
from robust_matte.settings.frame_range import FrameRange
from robust_matte.settings.gain import parse_gain
from robust_matte.settings.low_res import Downsample
from robust_matte.settings.region import Region

PARSERS: dict[str, Callable[[str], object]] = {
    "cuts": CutList.parse,
    "downsample": Downsample.parse,
    "frames": FrameRange.parse,
    "gain": parse_gain,
    "roi": Region.parse,
}
# Texts that look like settings are the likely mistakes; the others are what else a paste may hold.
typed = st.one_of(
    st.text(alphabet="0123456789-,.xpe:# @_+", max_size=24),
    st.text(max_size=12),
    st.from_regex(r"\A-?\d{1,25}-\d{1,25}(x-?\d{1,9})?\Z"),
    st.from_regex(r"\A-?\d{1,25}(,-?\d{1,25}){3}\Z"),
)


@pytest.mark.parametrize("name", PARSERS)
@given(typed)
@example("9" * 5000)
@example("1-" + "9" * 30)
@example("\u0663,0,20,20")
@example("0,0,1e3,20")
@example("nanpx")
def test_text_is_understood_or_refused(name: str, text: str) -> None:
    with suppress(SettingsError):
        PARSERS[name](text)


@given(st.integers(-500, 500), st.integers(0, 400), st.integers(1, 9))
def test_spaces_and_direction_do_not_matter_to_a_range(first: int, count: int, step: int) -> None:
    last = first + count
    wanted = FrameRange.parse(f"{first}-{last}")
    assert FrameRange.parse(f" {first}-{last} ") == wanted
    assert list(FrameRange.parse(f"{last}-{first}")) == list(wanted)
    stepped = list(FrameRange.parse(f"{first}-{last}x{step}"))
    assert stepped == list(wanted)[::step]


@given(st.integers(-500, 500), st.integers(0, 60), st.integers(1, 9))
def test_range_of_a_range_is_itself(first: int, steps: int, step: int) -> None:
    """Its last frame is one of its own, however it was typed."""
    frames = FrameRange.parse(f"{first}-{first + steps * step + step - 1}x{step}")
    assert frames.last == list(frames)[-1]
    assert FrameRange.parse(str(frames)) == frames
