"""How a bin is named: by its index, or as one of so many."""

import pytest

from robust_matte.errors import SettingsError
from robust_matte.farm.chosen_pieces import read_bin
from robust_matte.farm.farm_plan import FarmPlan


@pytest.fixture
def plan() -> FarmPlan:
    """A plan of three bins."""
    shot = {
        "name": "sh010",
        "plate": "p.####.exr",
        "output": "m.####.exr",
        "settings": {},
        "job": "0",
        "segments": [{"first": 1, "last": 9, "reset": "first frame"}],
        "pixels": 1,
        "frames": 9,
    }
    return FarmPlan.model_validate(
        {
            "plates": "..",
            "weights": {"name": "draft", "sha256": "0"},
            "shots": [shot],
            "bins": [[], [], []],
        }
    )


@pytest.mark.parametrize(
    ("text", "index"), [("0", 0), ("2", 2), ("1/3", 0), ("3/3", 2), (" 1 ", 1)]
)
def test_bins_count_from_zero_or_are_one_of_so_many(plan: FarmPlan, text: str, index: int) -> None:
    assert read_bin(plan, text) == index


@pytest.mark.parametrize(
    "text", ["", "first", "-1", "0/3", "4/3", "1/0", "1/", "/3", "1/3/3", "1.5"]
)
def test_other_words_are_refused(plan: FarmPlan, text: str) -> None:
    with pytest.raises(SettingsError, match="cannot be understood"):
        read_bin(plan, text)


@pytest.mark.parametrize("text", ["3", "9"])
def test_a_bin_beyond_the_last_is_refused(plan: FarmPlan, text: str) -> None:
    with pytest.raises(SettingsError, match=f"The plan has no bin {text}") as caught:
        read_bin(plan, text)
    assert "write --bin from 0 to 2" in caught.value.hint


def test_a_plan_of_another_number_of_bins_is_found_out(plan: FarmPlan) -> None:
    with pytest.raises(SettingsError, match="The bin is one of 16, and the plan has 3") as caught:
        read_bin(plan, "3/16")
    assert "plan again with --bins" in caught.value.hint
