"""Pictures read for training, written here with known codes."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from robust_matte_rvm.errors import DataSetError
from robust_matte_rvm.training.pictures import (
    Mode,
    list_pictures,
    natural_order,
    read_picture,
    read_size,
)

LARGE = 4096


def write(path: Path, pixels: NDArray[np.generic], mode: str | None = None) -> Path:
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(path)
    return path


def column(values: list[int], dtype: type[np.generic] = np.uint8) -> NDArray[np.generic]:
    return np.array(values, dtype)[:, None].repeat(3, 1)


@pytest.mark.parametrize(
    ("pixels", "mode", "wanted"),
    [
        pytest.param(column([0, 7, 255]), "L", [0, 7, 255], id="grey"),
        pytest.param(column([0, 257, 65535, 32896], np.uint16), "L", [0, 1, 255, 128], id="16 bit"),
        pytest.param(column([0, 1, 1]), "mask", [0, 255, 255], id="mask of 0 and 1"),
        pytest.param(column([0, 127, 128]), "mask", [0, 0, 255], id="grey mask"),
        pytest.param(column([0, 0, 0]), "mask", [0, 0, 0], id="empty mask"),
        pytest.param(column([0, 65535, 1000], np.uint16), "mask", [0, 255, 0], id="16 bit mask"),
        pytest.param(column([False, True], np.bool_), "mask", [0, 255], id="bits"),
    ],
)
def test_grey_codes_are_read(
    tmp_path: Path, pixels: NDArray[np.generic], mode: Mode, wanted: list[int]
) -> None:
    read = read_picture(write(tmp_path / "a.png", pixels), mode, LARGE)
    assert read.dtype == np.uint8
    assert read.shape == (len(wanted), 3, 1)
    assert read[:, 1, 0].tolist() == wanted


def test_a_palette_mask_is_what_is_not_the_first_colour(tmp_path: Path) -> None:
    picture = Image.fromarray(np.array([[0, 3], [9, 0]], np.uint8), "P")
    picture.putpalette([255, 0, 0] * 256)
    picture.save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png", "mask", LARGE)[:, :, 0].tolist() == [[0, 255], [255, 0]]


def test_colour_and_alpha_are_read_straight(tmp_path: Path) -> None:
    pixels = np.array([[[200, 100, 50, 128], [1, 2, 3, 0]]], np.uint8)
    path = write(tmp_path / "a.png", pixels)
    assert read_picture(path, "RGBA", LARGE).tolist() == pixels.tolist()
    assert read_picture(path, "RGB", LARGE).tolist() == pixels[:, :, :3].tolist()


def test_large_pictures_are_reduced_to_their_longest_side(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", np.full((30, 80, 3), 99, np.uint8))
    read = read_picture(path, "RGB", 40)
    assert read.shape == (15, 40, 3)
    assert (read == 99).all()
    assert read_size(path) == (80, 30)
    assert read_picture(path, "RGB", 200).shape == (30, 80, 3)


def test_colour_beneath_no_alpha_does_not_bleed_when_reduced(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, ::2] = (200, 200, 200, 255)
    pixels[:, 1::2] = (0, 255, 0, 0)
    read = read_picture(write(tmp_path / "a.png", pixels), "RGBA", 4)
    assert abs(read[:, :, :3].astype(int) - 200).max() <= 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        pytest.param("a.png", b"", "is damaged, cut off or no picture", id="empty"),
        pytest.param("a.jpg", b"\x89PNG no", "is damaged, cut off or no picture", id="no picture"),
        pytest.param("a.png", None, "is gone", id="gone"),
    ],
)
def test_unreadable_files_are_named(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    for read in (lambda: read_picture(path, "RGB", LARGE), lambda: read_size(path)):
        with pytest.raises(DataSetError) as caught:
            read()
        assert str(path) in caught.value.what
        assert words in caught.value.what
        assert caught.value.hint


def test_a_cut_off_picture_is_named(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = write(tmp_path / "a.jpg", noise)
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(DataSetError, match=r"a\.jpg cannot be read: it is damaged"):
        read_picture(path, "RGB", LARGE)


def test_floating_point_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", np.ones((2, 2), np.float32))
    with pytest.raises(DataSetError, match="floating point or 32-bit"):
        read_picture(path, "L", LARGE)


def test_a_lacking_alpha_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", np.ones((2, 2, 3), np.uint8))
    with pytest.raises(DataSetError, match=r"a\.png has no alpha") as caught:
        read_picture(path, "RGBA", LARGE)
    assert "folder pha" in caught.value.hint


def test_pictures_are_listed_as_people_count(tmp_path: Path) -> None:
    for name in ("f10.png", "f9.JPG", "f9b.png", ".f1.png", "notes.txt", "f010.png"):
        (tmp_path / name).touch()
    names = [file.name for file in list_pictures(tmp_path)]
    assert names == ["f9.JPG", "f9b.png", "f010.png", "f10.png"]


def test_names_of_words_and_numbers_can_be_compared() -> None:
    assert sorted(["b", "2", "a1", "10", ""], key=natural_order) == ["", "2", "10", "a1", "b"]
