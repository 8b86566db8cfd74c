"""Files of a training run: the old one or the new one, never a part."""

import errno
import os
from pathlib import Path

import pytest

from robust_matte_rvm.training.writing import write_atomically


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    for data in (b"first", b"second, and longer", b""):
        write_atomically(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("owner", "call"),
    [pytest.param(os, "fsync", id="full-disk"), pytest.param(Path, "replace", id="in-place")],
)
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, call: str
) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"as it was")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(owner, call, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"as it was"
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_on_the_disk_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.pt"
    found: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda _: found.append(path.exists()))
    write_atomically(path, b"new")
    assert found == [False]
    assert path.exists()
