"""Plots: PNG files with a row for each metric."""

import math
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from robust_matte_rvm.evaluation.plots import draw_plot

TEXTS = {"Description": "of a test"}


def read(path: Path, content: bytes) -> tuple[np.ndarray, str]:
    """Return the picture, (H, W, 3) in [0, 1], and what the file says of itself."""
    path.write_bytes(content)
    image = oiio.ImageInput.open(str(path))
    assert image is not None, oiio.geterror()
    pixels = image.read_image(0, 0, 0, 3, oiio.FLOAT)
    text = image.spec().get_string_attribute("ImageDescription")
    image.close()
    assert pixels is not None
    return np.asarray(pixels), text


def reds(pixels: np.ndarray) -> np.ndarray:
    """Return where the mark of the worst frame is drawn."""
    return (pixels[..., 0] > 0.6) & (pixels[..., 1] < 0.35) & (pixels[..., 2] < 0.3)


def test_each_metric_has_a_row_and_its_worst_frame_a_mark(tmp_path: Path) -> None:
    numbers = [1001, 1002, 1003, 1004, 1005]
    series = {"first": [0.0, 0.0, 0.0, 9.0, 0.0], "second": [math.nan, 1.0, 1.0, 0.5, 1.0]}
    worst = {"first": 1004, "second": 1004}
    one = draw_plot(numbers, {"first": series["first"]}, worst, heading="a", texts=TEXTS)
    both = draw_plot(numbers, series, worst, heading="a", texts=TEXTS)
    single, text = read(tmp_path / "one.png", one)
    double, _ = read(tmp_path / "both.png", both)
    assert text == "of a test"
    assert double.shape[0] > 1.3 * single.shape[0]
    rows, columns = np.nonzero(reds(double))
    assert columns.min() > 0.6 * double.shape[1]  # frame 1004 of 1001 to 1005
    assert columns.max() < 0.85 * double.shape[1]
    assert rows.min() < 0.3 * double.shape[0]
    assert rows.max() > 0.6 * double.shape[0]


def test_a_metric_without_values_has_no_mark(tmp_path: Path) -> None:
    pixels, _ = read(
        tmp_path / "a.png", draw_plot([7], {"dtSSD": [math.nan]}, {}, heading="a", texts=TEXTS)
    )
    assert not reds(pixels).any()


@pytest.mark.parametrize(
    "heading", [pytest.param("$a{$.####.exr", id="formula"), pytest.param("画面", id="not ASCII")]
)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_any_name_may_be_the_heading(tmp_path: Path, heading: str) -> None:
    content = draw_plot([1, 2], {"MAD": [1.0, 2.0]}, {}, heading=heading, texts=TEXTS)
    assert read(tmp_path / "a.png", content)[0].shape[2] == 3


def test_the_same_values_give_the_same_bytes() -> None:
    drawn = [
        draw_plot([1, 2], {"MAD": [1.0, 2.0]}, {"MAD": 2}, heading="a", texts=TEXTS)
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]
