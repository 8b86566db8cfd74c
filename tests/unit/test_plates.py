"""Plates: files or a movie behind one face."""

import os
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import OpenEXR
import pytest

from robust_matte.errors import FrameReadError, InputError
from robust_matte.media.plates import MoviePlate, SequencePlate, open_plate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Frames 1001, 1002 and 1004, each filled with the last digit of its number."""
    path = tmp_path / "plate"
    path.mkdir()
    for number in (1001, 1002, 1004):
        planes = {name: np.full((4, 6), number % 10, np.float16) for name in "RGB"}
        OpenEXR.File({}, planes).write(str(path / f"plate.{number}.exr"))
    return path


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    """Three black frames of 32x16."""
    path = tmp_path / "take 1.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv444p"
        for _ in range(3):
            picture = np.zeros((16, 32, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_sequence_is_a_plate(folder: Path) -> None:
    plate = open_plate(str(folder / "plate.1001-1005#.exr"))
    assert isinstance(plate, SequencePlate)
    assert plate.source == str(folder / "plate.####.exr")
    assert plate.numbers == (1001, 1002, 1004)
    assert plate.expected == (1001, 1005)
    assert plate.files == {(folder / f"plate.{n}.exr").resolve() for n in plate.numbers}
    assert plate.warnings == ()
    assert plate.is_float
    assert plate.header(1002).data_window.size == plate.header(1004).display_window.size


def test_tasks_give_their_own_frames_in_any_order_of_running(folder: Path) -> None:
    tasks = list(open_plate(str(folder)).tasks([1001, 1004]))
    for task, number in zip(reversed(tasks), (1004, 1001), strict=True):
        frame = task()
        assert frame.number == number
        np.testing.assert_array_equal(frame.pixels, np.full((4, 6, 3), number % 10))


def test_files_are_found_behind_links(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    assert open_plate(str(link)).files == open_plate(str(folder)).files


def test_fingerprint_changes_with_any_file(folder: Path) -> None:
    plate = open_plate(str(folder))
    before = plate.fingerprint()
    assert before == open_plate(str(folder / "plate.####.exr")).fingerprint()
    last = folder / "plate.1004.exr"
    whole, stat = last.read_bytes(), last.stat()
    last.write_bytes(whole + b"\0")
    assert plate.fingerprint() != before
    last.write_bytes(whole)
    os.utime(last, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert plate.fingerprint() != before
    os.utime(last, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert plate.fingerprint() == before


def test_file_that_went_away_is_told(folder: Path) -> None:
    plate = open_plate(str(folder))
    (folder / "plate.1002.exr").unlink()
    with pytest.raises(FrameReadError, match=r"plate\.1002\.exr cannot be opened: there"):
        plate.fingerprint()


def test_movie_is_a_plate_that_counts_from_its_first_frame(movie: Path) -> None:
    plate = open_plate(str(movie), first_frame=1001)
    assert isinstance(plate, MoviePlate)
    assert plate.source == str(movie)
    assert plate.numbers == (1001, 1002, 1003)
    assert plate.expected == (1001, 1003)
    assert plate.files == {movie.resolve()}
    assert plate.pattern.path(1002) == movie.parent / "take 1.1002.mkv"
    frames = [task() for task in plate.tasks([1002, 1003])]
    assert [frame.number for frame in frames] == [1002, 1003]
    assert {frame.pixels.shape for frame in frames} == {(16, 32, 3)}
    assert plate.header(1002).data_window.size == frames[0].header.data_window.size
    before = plate.fingerprint()
    os.utime(movie, ns=(0, 0))
    assert plate.fingerprint() != before


def test_folder_called_like_a_movie_is_a_folder(folder: Path) -> None:
    called = folder.rename(folder.parent / "take.mov")
    assert open_plate(str(called)).numbers == (1001, 1002, 1004)


@pytest.mark.parametrize("ending", [".exr", ".####.exr", ".mov", ""])
def test_name_that_no_system_takes_is_told(ending: str, tmp_path: Path) -> None:
    with pytest.raises(FrameReadError, match="cannot be opened: its name is too long"):
        open_plate(str(tmp_path / f"{'a' * 300}{ending}"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may go everywhere")
@pytest.mark.parametrize(
    ("mode", "name", "said"),
    [
        pytest.param(0o000, "plate.1001.exr", "you may not read it", id="still, barred"),
        pytest.param(0o000, "plate.####.exr", "you may not read it", id="pattern, barred"),
        pytest.param(0o000, "take.mov", "you may not read it", id="movie, barred"),
        pytest.param(0o000, "sub/x.exr", "you may not read it", id="folder, barred"),
        pytest.param(0o000, "", "cannot be listed: Permission denied", id="itself, barred"),
        pytest.param(0o100, "", "cannot be listed: Permission denied", id="itself, not listed"),
        pytest.param(0o100, "plate.####.exr", "cannot be listed", id="pattern, not listed"),
        pytest.param(0o100, "plaet.1001.exr", "There is no file", id="misspelt, not listed"),
        pytest.param(0o100, "taek.mov", "does not exist", id="misspelt movie, not listed"),
    ],
)
def test_folder_that_is_barred_is_told(mode: int, name: str, said: str, folder: Path) -> None:
    folder.chmod(mode)
    try:
        with pytest.raises(InputError, match=said):
            open_plate(str(folder / name))
    finally:
        folder.chmod(0o700)


def test_text_file_is_no_plate(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("shoot again")
    plate = open_plate(str(notes))
    with pytest.raises(InputError, match=r"notes\.txt is no image or movie that is read"):
        plate.header(1)


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode elsewhere")
@pytest.mark.parametrize(
    ("file", "asked"),
    [
        pytest.param(b"pl\xe9.1001.exr", b"pl\xe9.1001.exr", id="still"),
        pytest.param(b"pl\xe9.1001.exr", b"pl\xe9.####.exr", id="pattern"),
        pytest.param(b"pl\xe9.1001.exr", b"", id="in a folder"),
        pytest.param(b"pl\xe9.mov", b"pl\xe9.mov", id="movie"),
    ],
)
def test_name_that_is_not_utf8_is_refused(file: bytes, asked: bytes, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(file)).write_bytes(b"x")
    with pytest.raises(InputError, match=r"pl\\xe9.* its name is not valid UTF-8\.") as caught:
        open_plate(str(tmp_path / os.fsdecode(asked)))
    str(caught.value).encode("utf-8")
    assert caught.value.hint == "Rename it, or its folder."
