"""Frame ranges, as typed and as written."""

import pytest

from robust_matte.errors import SettingsError
from robust_matte.settings.frame_range import FrameRange


@pytest.mark.parametrize(
    ("text", "frames", "written"),
    [
        pytest.param("1001-1004", [1001, 1002, 1003, 1004], "1001-1004", id="range"),
        pytest.param("1001-1006x2", [1001, 1003, 1005], "1001-1005x2", id="step past the end"),
        pytest.param("1050", [1050], "1050", id="one frame"),
        pytest.param(" 1-3 ", [1, 2, 3], "1-3", id="blanks"),
        pytest.param("5-3", [3, 4, 5], "3-5", id="descending"),
        pytest.param("-3--1", [-3, -2, -1], "-3--1", id="negative"),
        pytest.param("-1-1", [-1, 0, 1], "-1-1", id="across zero"),
        pytest.param("0001-0002", [1, 2], "1-2", id="padded"),
        pytest.param("7-7x3", [7], "7", id="one frame with a step"),
        pytest.param("1.0-3.0", [1, 2, 3], "1-3", id="whole numbers with a point"),
    ],
)
def test_range_is_read_and_written(text: str, frames: list[int], written: str) -> None:
    range_ = FrameRange.parse(text)
    assert list(range_) == frames
    assert len(range_) == len(frames)
    assert str(range_) == written


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("   ", id="blank"),
        pytest.param("a-b", id="words"),
        pytest.param("1-10x0", id="step zero"),
        pytest.param("1001,1005", id="list of two"),
        pytest.param("1,3,5", id="list with one step"),
        pytest.param("1,2,4", id="list with two steps"),
        pytest.param("1-3,4-6", id="adjoining ranges"),
        pytest.param("1-10y3", id="every frame but"),
        pytest.param("1.5", id="sub-frame"),
        pytest.param("1.5-3.5", id="sub-frames"),
        pytest.param("1-3x0.5", id="half steps"),
        pytest.param("1-", id="open end"),
        pytest.param("0x10", id="hexadecimal"),
        pytest.param("9" * 40, id="more digits than a decimal holds"),
    ],
)
def test_what_is_no_range_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot be understood\. Write one such as") as caught:
        FrameRange.parse(text)
    assert f'"{text}"' in caught.value.what


def test_endless_range_is_told_apart_from_a_typing_error() -> None:
    with pytest.raises(SettingsError, match="1-1000000000 has more than ten million frames"):
        FrameRange.parse("1-1000000000")
