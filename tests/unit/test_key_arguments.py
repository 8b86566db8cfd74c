"""What is seen to be wrong in a `key` command before anything is installed."""

from pathlib import Path

import pytest
from failures import InstallError
from key_arguments import check_key_arguments


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plate of one frame, and weights."""
    for name in ("a.1001.exr", "rvm.pth"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("line", "code", "what"),
    [
        pytest.param("", 2, "key names no plate.", id="no plate"),
        pytest.param("DIR/gone.mov", 3, "There is no file or folder DIR/gone.mov.", id="movie"),
        pytest.param("DIR/gone/a.#.exr", 3, "There is no file or folder DIR/gone.", id="folder"),
        pytest.param("DIR/b.####.exr", 3, "No file matches DIR/b.####.exr.", id="pattern"),
        pytest.param("DIR/b.1-9#.exr", 3, "No file matches DIR/b.1-9#.exr.", id="range"),
        pytest.param("DIR --model DIR/no.pth", 5, "The weights DIR/no.pth cannot", id="weights"),
        pytest.param("DIR --model=DIR/no.pth", 5, "The weights DIR/no.pth cannot", id="by ="),
        pytest.param("DIR --model no.safetensors", 5, "no.safetensors cannot be", id="by suffix"),
    ],
)
def test_what_is_not_there_is_refused(folder: Path, line: str, code: int, what: str) -> None:
    with pytest.raises(InstallError) as caught:
        check_key_arguments(line.replace("DIR", str(folder)).split())
    assert what.replace("DIR", str(folder)) in caught.value.what
    assert caught.value.hint.endswith(("key.", "there.", "exr", "--model."))
    assert caught.value.exit_code == code


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("DIR/a.1001.exr", id="still"),
        pytest.param("DIR", id="folder"),
        pytest.param("DIR/a.####.exr", id="hashes"),
        pytest.param("DIR/a.%04d.exr", id="percent"),
        pytest.param("DIR/a.1001-1100#.exr", id="range"),
        pytest.param("DIR/a.@@@@.exr --model mobilenetv3", id="model by name"),
        pytest.param("DIR/a.$F4.exr --model DIR/rvm.pth", id="model by path"),
        pytest.param("--help", id="help"),
        pytest.param("--cold gone.mov", id="options first"),
    ],
)
def test_what_may_be_there_is_left_to_the_engine(folder: Path, line: str) -> None:
    check_key_arguments(line.replace("DIR", str(folder)).split())
