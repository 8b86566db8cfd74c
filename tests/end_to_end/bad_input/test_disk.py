"""Places that cannot be written to, or where something is in the way."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Any]:
    """Mount a file system in memory at tmp_path/out; skips where that is not allowed."""
    place = tmp_path / "out"
    program = shutil.which("mount")

    def mounted(options: str) -> Path:
        place.mkdir()
        words = [str(program), "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if program is None or subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("mounting a file system is not allowed here")
        return place

    yield mounted
    if place.is_mount():
        subprocess.run(["umount", str(place)], check=True)  # noqa: S607


def below_a_file(show: Any) -> Any:
    (show.root / "sh010").write_text("a file")
    return show.root / "sh010" / "matte.####.exr"


def a_file(show: Any) -> Any:
    (show.root / "matte").write_text("a file")
    return show.root / "matte"


def proc(show: Any) -> Any:  # noqa: ARG001
    return "/proc/matte"


def foreign(show: Any) -> Any:
    show.out.mkdir()
    shutil.copy(show.frame(1002), show.out / "shot_matte.1002.exr")
    return show.out


def folder_in_the_way(show: Any) -> Any:
    (show.out / "shot_matte.1002.exr").mkdir(parents=True)
    return show.out


def damaged_plan(show: Any) -> Any:
    folder = show.out / "shot_matte.robust_matte"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text('{"version": 1')
    return show.out


ROWS = [
    pytest.param(below_a_file, id="an output below a file"),
    pytest.param(a_file, id="an output folder that is a file"),
    pytest.param(proc, id="an output in /proc"),
    pytest.param(foreign, id="an output where somebody's frame lies"),
    pytest.param(folder_in_the_way, id="an output where a folder has a frame's name"),
    pytest.param(damaged_plan, id="a damaged plan beside the output"),
]


@pytest.mark.parametrize("prepare", ROWS)
def test_row(prepare: Any, show: Any, key_here: Any, check: Any) -> None:
    plate = show.frames()
    output = prepare(show)
    before = contents(show.root)
    told = key_here(plate, "-o", output)
    assert contents(show.root) == before
    (show.out / "shot_matte.robust_matte" / "plan.json").unlink(missing_ok=True)  # damaged before
    check(told)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


REPLACED = [pytest.param("shot_matte.1002.exr", id="an output where a frame is a link to itself")]


@pytest.mark.parametrize("name", REPLACED)
def test_link(name: str, show: Any, key_here: Any, check: Any) -> None:
    show.out.mkdir()
    (show.out / name).symlink_to(name)
    check(key_here(show.frames()))
    assert not (show.out / name).is_symlink()
    assert len(list(show.out.glob("*.exr"))) == 3


READ_ONLY = [pytest.param("ro", id="a read-only output")]


@pytest.mark.parametrize("options", READ_ONLY)
def test_read_only(options: str, show: Any, mount: Any, key_here: Any, check: Any) -> None:
    plate = show.frames()
    check(key_here(plate, "-o", mount(options)))


FULL = [pytest.param("size=256k", id="a full disk")]


@pytest.mark.parametrize("options", FULL)
def test_full(options: str, show: Any, mount: Any, key_here: Any, check: Any) -> None:
    noise = np.random.default_rng(1).random((64, 96, 3), np.float32)
    for number in range(1001, 1011):
        show.frame(number, noise)
    check(key_here(show.plate, "-o", mount(options)))
    assert len(list(show.out.glob("*.exr"))) in range(1, 10)


FORBIDDEN = [pytest.param(0, id="a frame that may not be read")]


@pytest.mark.parametrize("mode", FORBIDDEN)
def test_forbidden(mode: int, show: Any, key_here: Any, check: Any) -> None:
    plate = show.frames()
    path = show.plate / "shot.1002.exr"
    path.chmod(mode)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    check(key_here(plate))
