"""A plate is known by its content: copies are the same job, and a change is named."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robust_matte.errors import WouldOverwriteError
from robust_matte.jobs.key import key


@pytest.fixture
def plate(moving_frames: Any, write_exr_plate: Any) -> str:
    return str(write_exr_plate(moving_frames(range(1001, 1005))))


@pytest.fixture
def model(fake_model: Any) -> Any:
    return fake_model(lambda _: (np.full((54, 96, 3), 0.5, "f4"), np.full((54, 96), 0.5, "f4")))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of files that are read to find out what they hold."""
    names: list[str] = []
    digest = hashlib.file_digest

    def told(file: Any, kind: Callable[[], Any]) -> Any:
        names.append(Path(file.name).name)
        return digest(file, kind)

    monkeypatch.setattr(hashlib, "file_digest", told)
    return names


def _frame(plate: str, number: int) -> Path:
    return Path(plate.replace("####", str(number)))


def _document(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "out" / "shot_matte.robust_matte" / "inputs.json").read_bytes())


def test_what_was_read_is_kept_by_content(
    plate: str, settings: Any, model: Any, read: list[str], tmp_path: Path
) -> None:
    key(settings(plate), open_model=model)
    assert sorted(read) == [_frame(plate, number).name for number in range(1001, 1005)]
    for number in range(1001, 1005):
        path = _frame(plate, number)
        kept = _document(tmp_path)["files"]["plate"][path.name]
        stat = path.stat()
        assert kept == {
            "size": stat.st_size,
            "mtime_ns": stat.st_mtime_ns,
            "blake2b": hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest(),
        }
    read.clear()
    assert key(settings(plate), open_model=model).written == 0
    assert read == []


def test_a_copy_with_other_times_under_another_root_is_the_same_job(
    plate: str, settings: Any, model: Any, read: list[str], tmp_path: Path
) -> None:
    key(settings(plate, frames="1001-1002"), open_model=model)
    root = tmp_path / "server" / "plate"
    shutil.copytree(Path(plate).parent, root, copy_function=shutil.copyfile)
    for path in root.iterdir():
        os.utime(path, (4e9, 4e9))  # a server whose clock is far ahead
    read.clear()
    moved = settings(str(root / Path(plate).name))
    assert key(moved, open_model=model).kept == 2
    assert len(read) == 4
    read.clear()
    assert key(moved, open_model=model).kept == 4  # the new times are known now
    assert read == []


def test_a_file_with_a_new_time_alone_is_read_alone(
    plate: str, settings: Any, model: Any, read: list[str]
) -> None:
    key(settings(plate), open_model=model)
    os.utime(_frame(plate, 1003), (0, 0))
    read.clear()
    assert key(settings(plate), open_model=model).written == 0
    assert read == ["shot.1003.exr"]


def test_the_first_changed_frame_is_named_and_nothing_is_touched(
    plate: str, settings: Any, model: Any, tmp_path: Path
) -> None:
    key(settings(plate), open_model=model)
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    for number in (1004, 1002):
        path = _frame(plate, number)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1  # of the same size
        path.write_bytes(content)
    with pytest.raises(WouldOverwriteError) as caught:
        key(settings(plate), open_model=model)
    assert caught.value.what.endswith(
        f"shot.####.exr as it was: frame 1002 was the first to change, {_frame(plate, 1002)}."
    )
    assert (caught.value.frame, caught.value.exit_code) == (1002, 6)
    assert before == {path: path.read_bytes() for path in before}
    for number in (1004, 1002):  # brought back
        path = _frame(plate, number)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    assert key(settings(plate), open_model=model).written == 0


def test_frames_that_were_added_are_told(
    plate: str, settings: Any, model: Any, moving_frames: Any, write_exr_plate: Any
) -> None:
    key(settings(plate), open_model=model)
    write_exr_plate(moving_frames(range(1005, 1007)))
    with pytest.raises(WouldOverwriteError, match=r"with the frames 1001-1004, not 1001-1006\."):
        key(settings(plate), open_model=model)


def test_inputs_that_are_gone_are_read_again(
    plate: str, settings: Any, model: Any, read: list[str], tmp_path: Path
) -> None:
    key(settings(plate), open_model=model)
    place = tmp_path / "out" / "shot_matte.robust_matte" / "inputs.json"
    before = place.read_bytes()
    for left in (None, b"", b'{"version": 9}'):
        place.unlink()
        if left is not None:
            place.write_bytes(left)
        read.clear()
        assert key(settings(plate), open_model=model).written == 0
        assert len(read) == 4
        assert place.read_bytes() == before


def test_a_change_is_refused_though_what_was_is_gone(
    plate: str, settings: Any, model: Any, tmp_path: Path
) -> None:
    key(settings(plate), open_model=model)
    (tmp_path / "out" / "shot_matte.robust_matte" / "inputs.json").unlink()
    path = _frame(plate, 1003)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(WouldOverwriteError, match=r"whose content has changed since\."):
        key(settings(plate), open_model=model)


def test_a_piece_reads_the_frames_of_its_segment_alone(
    plate: str, settings: Any, model: Any, read: list[str]
) -> None:
    asked = settings(plate, cuts="1003")
    key(asked, open_model=model)
    for number in range(1001, 1005):
        os.utime(_frame(plate, number), (1, 1))
    read.clear()
    assert key(asked, open_model=model, pieces=[(1003, 1004)]).kept == 2
    assert sorted(read) == ["shot.1003.exr", "shot.1004.exr"]


def test_masks_are_known_by_content_too(
    plate: str, settings: Any, model: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "masks"
    shutil.copytree(Path(plate).parent, folder)
    asked = settings(plate, garbage=str(folder / "shot.####.exr"))
    key(asked, open_model=model)
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    assert key(asked, open_model=model).written == 0
    path = folder / "shot.1002.exr"
    path.write_bytes((folder / "shot.1003.exr").read_bytes())
    with pytest.raises(WouldOverwriteError, match=r"differs in --garbage"):
        key(asked, open_model=model)
