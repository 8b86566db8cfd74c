"""Where shots start, as typed."""

import pytest

from robust_matte.errors import SettingsError
from robust_matte.settings.cut_list import CutList


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        pytest.param("auto", None, id="auto"),
        pytest.param("off", (), id="off"),
        pytest.param(" Auto ", None, id="any case"),
        pytest.param("1050", (1050,), id="one"),
        pytest.param("1120,1050", (1050, 1120), id="sorted"),
        pytest.param("1050, 1050,1120", (1050, 1120), id="once each"),
        pytest.param("-5,0", (-5, 0), id="negative"),
    ],
)
def test_cuts_are_read(text: str, frames: tuple[int, ...] | None) -> None:
    cuts = CutList.parse(text)
    assert cuts.frames == frames


@pytest.mark.parametrize("text", ["", "1050,", "1,,2", "1050-1060", "10.5", "soon", "9" * 5000])
def test_what_is_no_list_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^The cuts .* cannot be understood\. Write auto, off"):
        CutList.parse(text)
