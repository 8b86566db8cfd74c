"""What a lock's file says of the worker that holds it, and whether that worker can still live."""

import errno
import logging
import os
import platform
import re
import secrets
import uuid
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

__all__ = [
    "LockFile",
    "LockRecord",
    "find_locks",
    "is_gone",
    "lock_path",
    "own_record",
    "read_lock",
    "spoken_holder",
]

log = logging.getLogger(__name__)

_LENGTH = 768  # bytes of every file, so that one beat takes the place of the one before
_SAME_START_S = 2.0  # psutil counts from the boot, whose time is told in whole seconds
_SUFFIX = ".lock"
_FRAMES = re.compile(r"(?P<first>-?\d+)-(?P<last>-?\d+)")


class LockRecord(BaseModel):
    """A worker and what it keys.

    Attributes:
        host: The machine's name, for people.
        machine: What tells it, its boot and its container from others.
        pid: Number of the process there.
        started: When the process was started, in seconds since the machine's boot.
        token: Tells this lock from every other one.
        first: First frame.
        last: Last frame.
        beats: How often the worker has said that it lives.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    host: str
    machine: str
    pid: int
    started: float
    token: str
    first: int
    last: int
    beats: int = 0

    def to_bytes(self) -> bytes:
        """Return the file's content, always of the same length."""
        return self.model_dump_json().encode().ljust(_LENGTH)

    @classmethod
    def from_bytes(cls, content: bytes) -> "LockRecord | None":
        """Read a file's content; None of one that is torn, as in the middle of a beat."""
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            return None


@dataclass(frozen=True, slots=True)
class LockFile:
    """A lock that was found.

    Attributes:
        path: The file.
        content: What was in it; None if it cannot be read.
        record: What that says; None if it is torn.
    """

    path: Path
    content: bytes | None
    record: LockRecord | None

    @property
    def frames(self) -> str:
        """Which frames it is on, for people."""
        return self.path.stem


def own_record(first: int, last: int) -> LockRecord:
    """Return what a new lock of this process says."""
    return LockRecord(
        host=platform.node(),
        machine=_machine(),
        pid=os.getpid(),
        started=_started(os.getpid()),
        token=secrets.token_hex(16),
        first=first,
        last=last,
    )


def spoken_holder(record: LockRecord | None) -> str:
    """Return who holds a lock, for people."""
    return "another worker" if record is None else f"{record.host} (process {record.pid})"


def lock_path(folder: Path, first: int, last: int) -> Path:
    """Return where the lock of some frames is."""
    return folder / f"{first}-{last}{_SUFFIX}"


def find_locks(folder: Path, pieces: Iterable[tuple[int, int]]) -> Iterator[LockFile]:
    """Find the locks of any of these frames, under whatever name.

    Args:
        folder: Where they are.
        pieces: First and last frame of pieces that do not overlap.
    """
    ascending = sorted(pieces)
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        found = _FRAMES.fullmatch(path.stem)
        if found is None:
            continue
        at = bisect_right(ascending, int(found["last"]), key=lambda piece: piece[0])
        if at and ascending[at - 1][1] >= int(found["first"]):  # the last one that starts before it
            try:
                content = read_lock(path)
            except OSError as error:
                log.debug("%s cannot be read: %s", path, error)
                yield LockFile(path, None, None)
                continue
            if content is not None:
                yield LockFile(path, content, LockRecord.from_bytes(content))


def read_lock(path: Path) -> bytes | None:
    """Return what a lock's file holds; None if it is gone, perhaps on a server.

    Raises:
        OSError: It is there and cannot be read, as on Windows while another process removes it.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):
            return None
        raise


def is_gone(record: LockRecord | None) -> bool:
    """Say whether a lock's process has surely ended: it was on this machine, and is no more."""
    if record is None or record.machine != _machine():
        return False
    try:
        process = psutil.Process(record.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        return abs(_started(record.pid) - record.started) > _SAME_START_S
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def _started(pid: int) -> float:
    """Return when a process was started, since boot: no setting of the clock changes that."""
    return float(psutil.Process(pid).create_time() - psutil.boot_time())


@cache
def _machine() -> str:
    """Name this machine, its boot and its container: process numbers mean something only there."""
    parts = [platform.node()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    except OSError:
        parts.append(f"{uuid.getnode():x}")
    return " ".join(parts)
