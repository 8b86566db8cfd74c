"""Plates that are not where, or not what, their name says."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest


def no_images(show: Any) -> Any:
    (show.plate / "notes.txt").write_text("Nothing yet.")
    return [show.plate]


def movies_alone(show: Any) -> Any:
    (show.plate / "take.mov").write_bytes(b"x")
    return [show.plate]


def folder_misspelt(show: Any) -> Any:
    show.frames()
    return [show.root / "plates"]


def still_misspelt(show: Any) -> Any:
    show.frames()
    return [show.plate / "shto.1001.exr"]


def pattern_misspelt(show: Any) -> Any:
    show.frames()
    show.frames(name="clean")
    return [show.plate / "shto.####.exr"]


def wrong_padding(show: Any) -> Any:
    show.frames()
    return [show.plate / "shot.######.exr"]


def nothing_alike(show: Any) -> Any:
    return [show.root / "elsewhere" / "beauty.####.exr"]


def hole(show: Any) -> Any:
    return [show.frames([1001, 1002, 1006])]


def on_twos(show: Any) -> Any:
    return [show.frames(range(1001, 1010, 2))]


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode elsewhere")


def in_other_bytes(show: Any, number: int) -> Path:
    """Give a frame a name that Latin-1 can read and UTF-8 cannot."""
    path: Path = show.frame(number)
    return path.rename(path.with_name(os.fsdecode(b"pl\xe9.%d.exr" % number)))


def folder_in_other_bytes(show: Any) -> Any:
    in_other_bytes(show, 1001)
    in_other_bytes(show, 1002)
    return [show.plate]


def plate_in_other_bytes(show: Any) -> Any:
    return [in_other_bytes(show, 1001)]


def output_in_other_bytes(show: Any) -> Any:
    return [show.frames(), "-o", show.root / os.fsdecode(b"matt\xe9")]


def two_sequences(show: Any) -> Any:
    show.frames()
    show.frames(name="clean")
    return [show.plate]


def two_paddings(show: Any) -> Any:
    show.frames([998, 999, 1000])
    (show.plate / "shot.0998.exr").rename(show.plate / "shot.998.exr")
    return [show.plate / "shot.#.exr"]


def two_plates(show: Any) -> Any:
    show.frames()
    return [show.plate / "shot.1001.exr", show.plate / "shot.1002.exr"]


def no_plate(show: Any) -> Any:  # noqa: ARG001 - the command line alone
    return []


def typed_range_outside(show: Any) -> Any:
    return [show.frames().replace("####", "2001-2010#")]


def typed_list(show: Any) -> Any:
    return [show.frames().replace("####", "1001,1003-1004#")]


def typed_step_with_hole(show: Any) -> Any:
    return [show.frames([1001, 1002, 1005]).replace("####", "1001-1005x2#")]


def onto_the_plate(show: Any) -> Any:
    pattern = show.frames()
    return [pattern, "-o", pattern]


ROWS = [
    pytest.param(no_images, id="a folder without images"),
    pytest.param(movies_alone, id="a folder with a movie in it"),
    pytest.param(folder_misspelt, id="a misspelt folder"),
    pytest.param(still_misspelt, id="a misspelt still"),
    pytest.param(pattern_misspelt, id="a misspelt pattern"),
    pytest.param(wrong_padding, id="a pattern with too many digits"),
    pytest.param(nothing_alike, id="a pattern in a folder that does not exist"),
    pytest.param(hole, id="a sequence with a hole"),
    pytest.param(on_twos, id="a sequence on twos"),
    pytest.param(two_sequences, id="a folder with two sequences"),
    pytest.param(two_paddings, id="a sequence with two paddings"),
    pytest.param(
        folder_in_other_bytes,
        id="a folder whose files have names that are not UTF-8",
        marks=on_linux,
    ),
    pytest.param(plate_in_other_bytes, id="a plate whose name is not UTF-8", marks=on_linux),
    pytest.param(output_in_other_bytes, id="an output whose name is not UTF-8"),
    pytest.param(two_plates, id="two plates"),
    pytest.param(no_plate, id="no plate"),
    pytest.param(typed_range_outside, id="a range typed in the name that is not on disk"),
    pytest.param(typed_list, id="a list of ranges typed in the name"),
    pytest.param(typed_step_with_hole, id="a range with a step typed in the name, and a hole"),
    pytest.param(onto_the_plate, id="an output pattern equal to the plate"),
]


@pytest.mark.parametrize("prepare", ROWS)
def test_row(prepare: Any, show: Any, key_here: Any, check: Any) -> None:
    check(key_here(*prepare(show)))
    assert not list(show.root.rglob("*_matte*"))
    assert not show.out.exists()
