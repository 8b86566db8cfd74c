"""The door of a folder: a file that one process has at a time, and for milliseconds.

A door that is left by a crash is broken open; if two do that in the same moment, two workers may
be in at once.
"""

import logging
import os
import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from robust_matte.errors import WriteError
from robust_matte.jobs.lock_files import LockRecord, is_gone, own_record, read_lock
from robust_matte.media.atomic import create_atomically, is_passing, output_error

__all__ = ["LockTimes", "Watch", "folder_door"]

log = logging.getLogger(__name__)

_DOOR = "door"
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.01, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTimes:
    """When what happens, in seconds; tests have a clock of their own.

    Attributes:
        beat_s: From beat to beat; 0 is never.
        stale_s: How long a lock must not have changed to be taken over: several beats, because a
            file server may be slow to show them.
        poll_s: How often a lock is looked at meanwhile.
        clock: A clock that nobody sets.
        sleep: What waits.
    """

    beat_s: float = 5.0
    stale_s: float = 30.0
    poll_s: float = 0.5
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Watch:
    """What was seen of files, and since when they look like that; None is unreadable."""

    times: LockTimes
    seen: dict[Path, tuple[bytes | None, float]] = field(default_factory=dict)

    def is_stale(self, path: Path, content: bytes | None) -> bool:
        """Say whether a file has looked like this for long."""
        now = self.times.clock()
        if path not in self.seen or self.seen[path][0] != content:
            self.seen[path] = (content, now)
            return False
        return now - self.seen[path][1] >= self.times.stale_s

    def has_changed(self, path: Path, content: bytes | None) -> bool:
        """Say whether a file looked otherwise before; one that is unreadable looks like nothing."""
        before = self.seen[path][0] if path in self.seen else None
        return None not in (before, content) and before != content


@contextmanager
def folder_door(folder: Path, times: LockTimes = LockTimes()) -> Iterator[None]:
    """Be alone in a folder.

    Args:
        folder: The folder; made if it is missing.
        times: When what happens.

    Raises:
        OutputError: The folder cannot be written.
    """
    path, own = folder / _DOOR, own_record(0, 0).to_bytes()
    watch, wait = Watch(times), _FIRST_WAIT_S
    while not _is_opened(path, own, watch):
        times.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - so that waiters spread
        wait = min(2 * wait, _LONGEST_WAIT_S)
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_bytes() == own:
                path.unlink()


def _is_opened(path: Path, own: bytes, watch: Watch) -> bool:
    """Take a door, and break open one that a crash left; say whether it is taken.

    Raises:
        OutputError: It cannot be taken, and not only for a moment.
    """
    try:
        if create_atomically(path, own, is_durable=False):
            return True
        content = read_lock(path)
        if content is None or not (
            is_gone(LockRecord.from_bytes(content)) or watch.is_stale(path, content)
        ):
            return False
        _break_open(path, content)
        return create_atomically(path, own, is_durable=False)
    except (OSError, WriteError) as error:
        may_pass = isinstance(error, OSError) or is_passing(error.__cause__)
        if may_pass and not watch.is_stale(path, None):
            log.debug("%s cannot be looked at: %s", path, error)
            return False
        if isinstance(error, OSError):
            raise output_error(path, error) from error
        raise


def _break_open(path: Path, content: bytes) -> None:
    """Remove a door that a crash left; put back another one that came into its place meanwhile."""
    token = f"{os.getpid()}-{secrets.token_hex(4)}"
    aside = path.with_name(f".{path.name}.tmp-{token}")  # a later run removes it; see media/atomic
    with suppress(FileNotFoundError):
        path.rename(aside)
        if aside.read_bytes() != content:
            create_atomically(path, aside.read_bytes(), is_durable=False)
        aside.unlink()
