"""The connectivity error, against pictures of 5x5 that were worked by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte_rvm.evaluation import connectivity_error

Image = NDArray[np.float32]


def picture(text: str) -> Image:
    """Read rows of digits: tenths, `#` is 1."""
    rows = [[10 if mark == "#" else int(mark) for mark in row] for row in text.split()]
    return (np.array(rows) / 10).astype(np.float32)


BLOCK = "###00 ###00 ###00 00000 00000"
FULL = "##### ##### ##### ##### #####"


@pytest.mark.parametrize(
    ("alpha", "truth", "error"),
    [
        pytest.param(BLOCK, BLOCK, 0.0, id="equal"),
        # The island is in no source: its level is 0. The matte is 1 away, the truth not at all.
        pytest.param("###00 ###00 ###00 00000 0000#", BLOCK, 1.0, id="island"),
        pytest.param("###00 ###00 ###00 00000 00002", BLOCK, 0.2, id="faint island"),
        pytest.param("###00 ###00 ###00 00000 00001", BLOCK, 0.0, id="below 0.15"),
        # Now it is the truth that is 1 away from a source without this pixel.
        pytest.param("##### ##### ##0## ##### #####", FULL, 1.0, id="hole"),
        # Both have the island: at level 0 the truth is 1 away, the matte 0.5.
        pytest.param(
            "###00 ###00 ###00 00000 00005", "###00 ###00 ###00 00000 0000#", 0.5, id="two islands"
        ),
        # The larger region is the source, not the one that comes first.
        pytest.param(
            "90000 00000 00### 00### 00###", "#0000 00000 00### 00### 00###", 0.1, id="second"
        ),
        # A corner is no connection: level 0 again, 1 - 0.9. Connected, 0.9 and 1 would do as equal.
        pytest.param(
            "###00 ###00 ###00 00090 00000", "###00 ###00 ###00 000#0 00000", 0.1, id="corner"
        ),
        pytest.param(
            "###00 ###00 ###90 00000 00000", "###00 ###00 ####0 00000 00000", 0.0, id="edge"
        ),
        # All are connected up to 0.7; the truth is 0.3 away, the matte 0.
        pytest.param("77777 " * 5, FULL, 25 * 0.3, id="faint"),
        # Up to 0.5 the source is the block. The bar is not in it, and not again when it is the
        # largest region above: 1 - 0.9 for each of its two pixels. In it, 0.9 and 1 would be equal.
        pytest.param(
            "55500 55500 55500 00000 00099", "55500 55500 55500 00000 000##", 0.2, id="out for good"
        ),
        pytest.param("00000 " * 5, FULL, 25.0, id="nothing"),
        pytest.param("00000 " * 5, "00000 " * 5, 0.0, id="both empty"),
    ],
)
def test_a_picture_worked_by_hand(alpha: str, truth: str, error: float) -> None:
    found = connectivity_error(picture(alpha), picture(truth))
    assert found == pytest.approx(error, abs=1e-6)
    assert connectivity_error(picture(truth), picture(alpha)) == pytest.approx(error, abs=1e-6)


def test_mattes_are_left_as_they_were() -> None:
    alpha, truth = picture("###00 ###00 ###00 00000 00005"), picture(FULL)
    kept = alpha.copy(), truth.copy()
    connectivity_error(alpha, truth)
    assert np.array_equal(alpha, kept[0])
    assert np.array_equal(truth, kept[1])
