"""Files appear whole or not at all, whatever goes wrong."""

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import fileseq
import OpenImageIO as oiio
import pytest

from robust_matte.errors import DiskFullError, WriteError
from robust_matte.media.atomic import (
    check_writable,
    create_atomically,
    remove_leftovers,
    write_atomically,
)

_POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and limits")


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def _failing(error: BaseException, *, after: bytes = b"half a fi") -> object:
    def write(temporary: Path) -> None:
        temporary.write_bytes(after)
        raise error

    return write


@pytest.mark.parametrize("content", [b"new", memoryview(b"new"), b"", b"x" * 3_000_000])
def test_bytes_are_written(tmp_path: Path, content: bytes) -> None:
    write_atomically(tmp_path / "a.exr", content)
    assert (tmp_path / "a.exr").read_bytes() == bytes(content)
    assert _names(tmp_path) == ["a.exr"]


def test_the_old_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"old and longer")
    write_atomically(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"new"
    assert _names(tmp_path) == ["a.json"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a" / "b" / "c.exr", b"new")
    assert (tmp_path / "a" / "b" / "c.exr").read_bytes() == b"new"


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a.exr").write_bytes(b"old")
    seen = []

    def write(temporary: Path) -> None:
        temporary.write_bytes(b"new")
        seen.append((tmp_path / "a.exr").read_bytes())

    write_atomically(tmp_path / "a.exr", write)
    assert seen == [b"old"]
    assert (tmp_path / "a.exr").read_bytes() == b"new"


def test_the_temporary_is_hidden_beside_the_file_and_keeps_its_suffix(tmp_path: Path) -> None:
    seen: list[Path] = []

    def write(temporary: Path) -> None:
        seen.append(temporary)
        temporary.write_bytes(b"new")
        assert not fileseq.findSequencesOnDisk(str(tmp_path))

    for _ in range(2):
        write_atomically(tmp_path / "sh010 matte.1001.exr", write)
        (tmp_path / "sh010 matte.1001.exr").unlink()
    assert {path.parent for path in seen} == {tmp_path}
    assert all(p.name.startswith(".sh010 matte.1001.") and p.suffix == ".exr" for p in seen)
    assert all(str(os.getpid()) in p.name for p in seen)
    assert seen[0] != seen[1]


def test_openimageio_can_write_the_temporary(tmp_path: Path) -> None:
    def write(temporary: Path) -> None:
        spec = oiio.ImageSpec(2, 2, 3, oiio.UINT8)
        assert oiio.ImageBuf(spec).write(str(temporary))

    write_atomically(tmp_path / "sheet.png", write)
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(KeyboardInterrupt(), id="ctrl-c"),
        pytest.param(RuntimeError("boom"), id="any-error"),
        pytest.param(SystemExit(75), id="exit"),
    ],
)
def test_what_the_writer_raises_passes_and_nothing_is_left(
    tmp_path: Path, error: BaseException
) -> None:
    (tmp_path / "a.exr").write_bytes(b"old")
    with pytest.raises(type(error)):
        write_atomically(tmp_path / "a.exr", _failing(error))  # type: ignore[arg-type]
    assert (tmp_path / "a.exr").read_bytes() == b"old"
    assert _names(tmp_path) == ["a.exr"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_such(tmp_path: Path, number: int) -> None:
    (tmp_path / "a.exr").write_bytes(b"old")
    with pytest.raises(DiskFullError) as caught:
        write_atomically(
            tmp_path / "a.exr",
            _failing(OSError(number, os.strerror(number))),  # type: ignore[arg-type]
        )
    assert str(tmp_path) in caught.value.what
    assert "a.exr was not written" in caught.value.what
    assert "Free some space" in caught.value.hint
    assert (caught.value.path, caught.value.exit_code) == (tmp_path / "a.exr", 6)
    assert _names(tmp_path) == ["a.exr"]
    assert (tmp_path / "a.exr").read_bytes() == b"old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_the_system_says_that_the_disk_is_full(tmp_path: Path) -> None:
    def write(temporary: Path) -> None:
        temporary.write_bytes(b"begun")
        Path("/dev/full").write_bytes(b"x")

    with pytest.raises(DiskFullError):
        write_atomically(tmp_path / "a.exr", write)
    assert _names(tmp_path) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EIO])
def test_other_failures_name_the_path_and_the_reason(tmp_path: Path, number: int) -> None:
    reason = os.strerror(number)
    with pytest.raises(WriteError) as caught:
        write_atomically(tmp_path / "a.exr", _failing(OSError(number, reason)))  # type: ignore[arg-type]
    assert caught.value.what == f"{tmp_path / 'a.exr'} cannot be written: {reason}."
    assert isinstance(caught.value.__cause__, OSError)
    assert _names(tmp_path) == []


@_POSIX
def test_a_file_cut_short_by_a_limit_is_not_put_in_place(tmp_path: Path) -> None:
    program = """
import resource, sys
from pathlib import Path
from robust_matte.errors import WriteError
from robust_matte.media.atomic import write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(Path(sys.argv[1]), b"x" * 5000)
except WriteError as error:
    print(error.what)
"""
    (tmp_path / "a.exr").write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.exr")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"{tmp_path / 'a.exr'} cannot be written: File too large."
    assert (tmp_path / "a.exr").read_bytes() == b"old"
    assert _names(tmp_path) == ["a.exr"]


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    for path in (tmp_path / "file" / "a.exr", tmp_path / "file" / "folder" / "a.exr"):
        with pytest.raises(WriteError, match="a part of its folder's name is a file"):
            write_atomically(path, b"new")
    assert (tmp_path / "file").read_bytes() == b"x"


def test_a_folder_where_the_file_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.exr").mkdir()
    with pytest.raises(WriteError, match=r"a\.exr cannot be written: Is a directory"):
        write_atomically(tmp_path / "a.exr", b"new")
    assert _names(tmp_path) == ["a.exr"]


def test_a_writer_that_wrote_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="cannot be written: No such file"):
        write_atomically(tmp_path / "a.exr", lambda _: None)


@_POSIX
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o007, 0o660), (0o077, 0o600)])
def test_the_mode_follows_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "a.exr", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.exr").stat().st_mode) == mode


@_POSIX
def test_a_link_is_replaced_and_its_target_kept(tmp_path: Path) -> None:
    (tmp_path / "plate.exr").write_bytes(b"plate")
    (tmp_path / "a.exr").symlink_to(tmp_path / "plate.exr")
    write_atomically(tmp_path / "a.exr", b"new")
    assert (tmp_path / "plate.exr").read_bytes() == b"plate"
    assert (tmp_path / "a.exr").read_bytes() == b"new"


def test_file_and_folder_reach_the_disk_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = []
    sync, replace = os.fsync, Path.replace

    def recorded_sync(handle: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        events.append("folder" if is_folder else f"file of {os.fstat(handle).st_size}")
        sync(handle)

    def recorded_replace(self: Path, target: Path) -> Path:
        events.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", recorded_sync)
    monkeypatch.setattr(Path, "replace", recorded_replace)
    write_atomically(tmp_path / "a.exr", b"x" * 100_000)
    write_atomically(tmp_path / "b.exr", lambda temporary: _discard(temporary.write_bytes(b"yy")))
    folder = [] if os.name == "nt" else ["folder"]
    assert events == [
        *("file of 100000", "replace", *folder),
        *("file of 2", "replace", *folder),
    ]


def _discard(_: int) -> None:
    return None


@_POSIX
@pytest.mark.parametrize(("number", "told"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_only_a_real_failure_to_sync_the_folder_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: bool
) -> None:
    sync = os.fsync

    def fails_on_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        sync(handle)

    monkeypatch.setattr(os, "fsync", fails_on_folders)
    if told:
        with pytest.raises(WriteError, match="Input/output error"):
            write_atomically(tmp_path / "a.exr", b"new")
    else:
        write_atomically(tmp_path / "a.exr", b"new")
    assert (tmp_path / "a.exr").read_bytes() == b"new"


def test_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    contents = [bytes([k]) * 200_000 for k in range(4)]

    def write_often(content: bytes) -> None:
        for _ in range(5):
            write_atomically(tmp_path / "a.exr", content)

    threads = [threading.Thread(target=write_often, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "a.exr").read_bytes() in contents
    assert _names(tmp_path) == ["a.exr"]


def test_leftovers_of_killed_runs_are_removed_for_the_files_named(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from robust_matte.media.atomic import write_atomically
def write(temporary):
    temporary.write_bytes(b"begun")
    os._exit(9)
write_atomically(Path(sys.argv[1]), write)
"""
    for name in ("a.1001.exr", "a.1002.exr", "plan"):
        killed = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / name)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
        assert killed.returncode == 9
    for name in (".a.1001.exr", ".a.1001.tmp-mine.exr", "a.1001.exr", ".a.1001.exr.part"):
        (tmp_path / name).write_bytes(b"not ours")
    before = _names(tmp_path)
    assert len(before) == 7
    assert remove_leftovers(tmp_path, ["a.1001.exr", "plan"]) == 0  # their writer may live
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    assert remove_leftovers(tmp_path, ["a.1001.exr", "plan", "a.1003.exr"]) == 2
    gone = set(before) - set(_names(tmp_path))
    assert len(gone) == 2
    assert {name.split(".tmp-")[0] for name in gone} == {".a.1001", ".plan"}


@pytest.mark.parametrize("shift", [-86400.0, 86400.0], ids=["set back", "ahead"])
def test_this_machines_clock_does_not_say_what_is_left_over(
    shift: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to = time.time() + shift
    monkeypatch.setattr(time, "time", lambda: set_to)
    young, old, future = (tmp_path / f".a.tmp-1-{at * 8}.exr" for at in "abc")
    for path in (young, old, future):
        path.touch()
    now = young.stat().st_mtime
    os.utime(old, (now - 601, now - 601))
    os.utime(future, (now + 86400, now + 86400))  # from before the server's clock was set back
    assert remove_leftovers(tmp_path, ["a.exr"]) == 2
    assert _names(tmp_path) == [young.name]


def test_of_an_own_folder_all_leftovers_go(tmp_path: Path) -> None:
    names = [".a.tmp-1-01234567.json", ".b.tmp-1-01234567", "c.json", ".d.json"]
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    assert remove_leftovers(tmp_path) == 2
    assert _names(tmp_path) == sorted(names[2:])


def test_leftovers_of_a_missing_folder_are_none(tmp_path: Path) -> None:
    assert remove_leftovers(tmp_path / "none", ["a.exr"]) == 0


@pytest.mark.parametrize("name", ["a.mp4", "new/deep/a.mp4"])
def test_place_that_can_be_written_is_left_as_it_was(tmp_path: Path, name: str) -> None:
    check_writable(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.mp4").write_bytes(b"before")
    check_writable(tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == b"before"


def test_place_that_cannot_be_written_is_told_before(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.mp4").mkdir()
    for name in ("file/a.mp4", "file/deep/a.mp4", "folder.mp4"):
        path = tmp_path / name
        with pytest.raises(WriteError, match="cannot be written") as caught:
            check_writable(path)
        assert str(path) in caught.value.what
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.mp4"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc")
def test_file_system_that_takes_no_files_is_told_before() -> None:
    with pytest.raises(WriteError, match=r"/proc/new/a\.mp4 cannot be written"):
        check_writable(Path("/proc/new/a.mp4"))


def test_a_file_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "1001.json"
    assert create_atomically(path, b"first")
    assert not create_atomically(path, b"second")
    assert path.read_bytes() == b"first"
    assert _names(path.parent) == ["1001.json"]


def _no_links(*_: Path) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_a_file_is_created_once_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "hardlink_to", _no_links)
    assert create_atomically(tmp_path / "a", b"first")
    assert not create_atomically(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert _names(tmp_path) == ["a"]


def test_a_link_counts_though_the_servers_answer_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Path.hardlink_to

    def answer_is_lost(self: Path, target: Path) -> None:
        link(self, target)
        link(self, target)  # as the client asks again

    monkeypatch.setattr(Path, "hardlink_to", answer_is_lost)
    assert create_atomically(tmp_path / "a", b"ours")
