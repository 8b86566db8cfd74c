"""Files that appear whole or not at all."""

import errno
import logging
import os
import re
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from robust_matte.errors import DiskFullError, OutputError, WriteError

__all__ = [
    "check_writable",
    "create_atomically",
    "is_passing",
    "output_error",
    "remove_leftovers",
    "write_atomically",
]

log = logging.getLogger(__name__)

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
# What a folder's fsync answers on file systems that have no such thing (some network mounts).
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM}
_SURELY_LEFT_S = 600.0  # a 1080p frame of seven channels takes 0.2 s
_TEMPORARY = re.compile(r"\.(?P<stem>.+)\.tmp-\d+-[0-9a-f]{8}(?P<suffix>(\.[^.]+)?)")


def write_atomically(path: Path, content: bytes | memoryview | Callable[[Path], None]) -> None:
    """Write a file under a temporary name beside `path`, then put it in place in one step.

    Whatever happens before the last step, a full disk or Ctrl-C included, `path` stays as it was
    and the temporary is removed; only a killed process leaves it (see `remove_leftovers`). The
    file is on the disk, not only in the system's memory, when this returns. Missing folders are
    made.

    Args:
        path: The file to write or replace. A link is replaced, never written through.
        content: The bytes, or a function that writes the file at the path it is given: in the same
            folder, hidden (fileseq skips it), unique to this call and with the same suffix,
            because OpenImageIO chooses a format by it. What it raises beside OSError passes.

    Raises:
        DiskFullError: The disk or the quota is full.
        WriteError: The folder or file cannot be written; says why.
    """
    temporary = _temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_to_disk(temporary, content)
            temporary.replace(path)
        finally:
            with suppress(OSError):  # the first failure is the one to tell
                temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise output_error(path, error) from error


def create_atomically(path: Path, content: bytes, *, is_durable: bool = True) -> bool:
    """Write a file that nobody has written yet; of several who try at once, one succeeds.

    The file appears whole and durably: it is written under a temporary name and linked, which also
    a file server does in one step. Where there are no links (FAT, some shares), it is created under
    its own name, and for a moment may be seen empty.

    Args:
        path: The file. Missing folders are made.
        content: The bytes.
        is_durable: Whether it must outlive a power cut, which costs a write to the disk.

    Returns:
        Whether it was written: False if there was such a file.

    Raises:
        DiskFullError: The disk or the quota is full.
        WriteError: The folder or file cannot be written; says why.
    """
    temporary = _temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_to_disk(temporary, content, is_durable=is_durable)
            is_ours = _link(temporary, path, content)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        if is_ours and is_durable:
            _sync_folder(path.parent)
    except OSError as error:
        raise output_error(path, error) from error
    return is_ours


def check_writable(path: Path) -> None:
    """Make sure that a file can be written there, by writing an empty one beside it for a moment.

    Permissions alone do not tell: of a full, read-only or virtual file system, or to root.

    Args:
        path: The file to be written later. Missing folders are not made.

    Raises:
        DiskFullError: The disk or the quota is full.
        WriteError: The path is a folder, or the nearest folder there is cannot be written to.
    """
    folder = path.absolute().parent
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        probe = _temporary_beside(folder / path.name)
        try:
            probe.touch(exist_ok=False)
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
    except OSError as error:
        raise output_error(path, error) from error


def remove_leftovers(folder: Path, names: Collection[str] | None = None) -> int:
    """Remove the temporaries that killed runs left for files of these names.

    Only those that are ten minutes old: a younger one may have a writer that still lives, perhaps
    on another machine. Other files are never touched. How old a file is, the folder's own clock
    says: that of this machine may differ from a file server's, or be set. A file from the future is
    as surely left as one from the past.

    Args:
        folder: Where the files are written; may be missing.
        names: Final file names, as `sh010_matte.1001.exr`; by default of any name, for a folder
            that nobody else writes to.

    Returns:
        How many were removed.
    """
    removed = 0
    left = _temporaries(folder, None if names is None else frozenset(names))
    now = _time_of(folder) if left else None
    if now is not None:
        for entry in left:
            with suppress(OSError):
                if abs(now - entry.stat().st_mtime) > _SURELY_LEFT_S:
                    entry.unlink()
                    removed += 1
    if removed:
        log.debug("removed %d temporary files of killed runs in %s", removed, folder)
    return removed


def _temporaries(folder: Path, names: frozenset[str] | None) -> list[Path]:
    """Return the temporaries for files of these names."""
    left = []
    with suppress(OSError):  # a folder that cannot be listed is told when it is written to
        for entry in folder.iterdir():
            found = _TEMPORARY.fullmatch(entry.name)
            if found and (names is None or found["stem"] + found["suffix"] in names):
                left.append(entry)
    return left


def _time_of(folder: Path) -> float | None:
    """Return what time a folder's file system has, from a file that is there for a moment."""
    probe = _temporary_beside(folder / "clock")
    try:
        probe.touch(exist_ok=False)
        return probe.stat().st_mtime
    except OSError:
        return None
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def _temporary_beside(path: Path) -> Path:
    """Return a hidden name of its own, which keeps the suffix and from which the name can be read.

    The random part tells writers on different machines apart, whose process ids may be the same.
    """
    token = f"{os.getpid()}-{secrets.token_hex(4)}"
    return path.with_name(f".{path.stem}.tmp-{token}{path.suffix}")


def _write_to_disk(
    path: Path,
    content: bytes | memoryview | Callable[[Path], None],
    *,
    is_durable: bool = True,
) -> None:
    if callable(content):
        content(path)
        with path.open("r+b") as file:  # Windows syncs only what is open for writing
            os.fsync(file.fileno())
        return
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        if is_durable:
            os.fsync(file.fileno())


def _link(temporary: Path, path: Path, content: bytes) -> bool:
    """Give a file its final name unless there is one; say whether it has it."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return _is_linked(temporary)
    except OSError:
        if _is_linked(temporary):
            return True
        try:
            _write_to_disk(path, content)
        except FileExistsError:
            return False
        except OSError:  # a full disk: no torn file is left
            path.unlink(missing_ok=True)
            raise
    return True


def _is_linked(path: Path) -> bool:
    """Say whether a file has two names: a server's answer may be lost, and its link be there."""
    return path.stat().st_nlink == 2


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system can."""
    if os.name == "nt":  # Windows cannot open a folder
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
        log.debug("%s cannot be synchronised: %s", folder, error)


def is_passing(error: BaseException | None) -> bool:
    """Say whether what failed may succeed in a moment.

    A file server forgets what another machine has replaced, and Windows refuses what another
    process is just removing or reading.
    """
    if not isinstance(error, OSError):
        return False
    return error.errno == errno.ESTALE or (os.name == "nt" and isinstance(error, PermissionError))


def output_error(path: Path, error: OSError) -> OutputError:
    """Say in our words why a file could not be written; for what is no single atomic write."""
    full_path = path.absolute()
    if error.errno in _DISK_FULL:
        return DiskFullError(
            f"The disk that holds {full_path.parent} is full: {full_path.name} was not written.",
            hint="Free some space or choose another output folder, then run the same command"
            " again: what is finished is kept.",
            path=path,
        )
    reason = error.strerror or str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):  # "File exists" would mislead
        reason = "a part of its folder's name is a file"
    return WriteError(
        f"{full_path} cannot be written: {reason}.",
        hint="Check that the folder exists and may be written to, or choose another output.",
        path=path,
    )
