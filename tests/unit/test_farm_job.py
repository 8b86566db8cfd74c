"""What a farm's job may be."""

from typing import Any

import pytest

from robust_matte.errors import SettingsError
from robust_matte.farm.farm_job import FarmJob, Machine


@pytest.mark.parametrize(
    ("values", "what"),
    [
        pytest.param({"name": "x" * 129}, "129 characters", id="a long name"),
        pytest.param({"name": "a\nb"}, "cannot be seen", id="a name of two lines"),
        pytest.param({"plate": "/show/sh010"}, "/show/sh010 is not named", id="a plate in full"),
        pytest.param({"plate": "../sh010"}, "../sh010 is not named", id="a plate outside"),
        pytest.param({"bins": 1001}, "bins cannot be 1001", id="too many bins"),
        pytest.param({"split": 0}, "split cannot be 0", id="pieces of no frames"),
        pytest.param({"program": ()}, "program", id="no program"),
    ],
)
def test_what_no_job_can_be_is_told(values: dict[str, Any], what: str) -> None:
    with pytest.raises(SettingsError, match=what):
        FarmJob(**({"plates": "/p", "out": "/o"} | values))


def test_a_job_takes_what_there_is_unless_it_says_how_many_gpus() -> None:
    assert Machine().device == "auto"
    assert Machine(gpus=0).device == "cpu"
    assert Machine(gpus=1).device == "cuda"
