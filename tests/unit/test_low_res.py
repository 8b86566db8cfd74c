"""The low-resolution size, as typed and in pixels."""

import pytest

from robust_matte.errors import SettingsError
from robust_matte.settings.low_res import Downsample


@pytest.mark.parametrize(
    ("text", "plate", "size"),
    [
        pytest.param("auto", (1920, 1080), (288, 162), id="auto"),
        pytest.param("auto", (1080, 1920), (162, 288), id="portrait"),
        pytest.param("auto", (288, 288), (288, 288), id="auto of the same size"),
        pytest.param("auto", (200, 100), (200, 100), id="auto never enlarges"),
        pytest.param("AUTO ", (1024, 1024), (288, 288), id="any case"),
        pytest.param("512px", (2048, 858), (512, 214), id="side, 214.5 to even"),
        pytest.param("511px", (1022, 3), (511, 2), id="side, 1.5 to even"),
        pytest.param("8192px", (100, 50), (100, 50), id="side beyond the plate"),
        pytest.param("0.25", (1920, 1080), (480, 270), id="ratio"),
        pytest.param("1", (99, 77), (99, 77), id="ratio 1"),
        pytest.param("32px", (10000, 1), (32, 1), id="never less than a pixel"),
        pytest.param("0.0001", (100, 50), (1, 1), id="tiny ratio"),
    ],
)
def test_size_is_whole_pixels(text: str, plate: tuple[int, int], size: tuple[int, int]) -> None:
    assert Downsample.parse(text).size(*plate, usual_side=288) == size


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "-0.5", "1.01", "nan", "inf", "1e400", "31px", "8193px", "-64px", "px"),
        *("512.5px", "half", "512", "1920x1080"),
    ],
)
def test_what_is_no_size_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot be used\. Write auto, a ratio") as caught:
        Downsample.parse(text)
    assert f'"{text}"' in caught.value.what
