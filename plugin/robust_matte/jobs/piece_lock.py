"""Locks on pieces of a job, so that a worker given up for dead and its replacement do not fight.

The holder of a lock counts up in its file every few seconds; who wants the same frames watches the
file by its own clock, and takes over what has not changed for long. No file's time is looked at.

filelock has such a lease, but on one name and by time stamps: pieces that overlap under other names
must collide as well, and a file server's client may show an old time stamp for a minute.

All that changes who holds what happens under the folder's door. If a crash left it and two workers
break it open in the same moment, they may key one piece, which wastes work and harms nothing: both
write the same bytes, each file in one step.
"""

import errno
import logging
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from robust_matte.errors import OutputError, Preempted
from robust_matte.jobs.folder_door import LockTimes, Watch, folder_door
from robust_matte.jobs.lock_files import (
    LockFile,
    LockRecord,
    find_locks,
    is_gone,
    lock_path,
    own_record,
    spoken_holder,
)
from robust_matte.jobs.progress import Listener, Noted, silent
from robust_matte.media.atomic import create_atomically, output_error

__all__ = ["PieceLocks"]

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_USUAL_TIMES = LockTimes()


class PieceLocks:
    """The locks of all pieces that a run works on, held while the context lasts.

    Args:
        folder: Where the job's locks are; made if it is missing.
        pieces: First and last frame of each.
        times: When what happens.
        listener: Told who is waited for, and who is taken over from.

    Raises:
        Preempted: Another worker keys some of these frames, and lives.
        OutputError: The folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        pieces: Sequence[tuple[int, int]],
        times: LockTimes = _USUAL_TIMES,
        listener: Listener = silent,
    ) -> None:
        self._folder = folder
        self._wanted = [own_record(*piece) for piece in pieces]
        self._times = times
        self._listener = listener
        self._held: dict[Path, LockRecord] = {}
        self._lost: Preempted | None = None
        self._leaving = threading.Event()
        self._heart = threading.Thread(target=self._keep_beating, name="locks", daemon=True)
        self.has_waited = False

    def __enter__(self) -> Self:
        try:
            self._take()
        except BaseException:
            self._release()
            raise
        if self._held and self._times.beat_s:
            self._heart.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving.set()
        if self._heart.is_alive():
            self._heart.join()
        self._release()

    def check(self) -> None:
        """Go on only while the locks are this worker's; called between two frames.

        Raises:
            Preempted: Another worker took one over, because this one did not beat for long.
        """
        if self._lost is not None:
            raise self._lost

    def guarded(self, works: Iterable[_T]) -> Generator[_T]:
        """Hand on work while the locks are this worker's.

        Raises:
            Preempted: See `check`.
        """
        for work in works:
            self.check()
            yield work

    def beat(self) -> None:
        """Count up in each lock, and find out whether it is still this worker's."""
        for path, record in self._held.items():
            counted = record.model_copy(update={"beats": record.beats + 1})
            try:
                with path.open("r+b") as file:  # of a file put in its place meanwhile, the old one
                    there = LockRecord.from_bytes(file.read())
                    if there is None or there.token == record.token:
                        file.seek(0)
                        file.write(counted.to_bytes())
                        self._held[path] = counted
                        continue
                self._lose(record, there)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
                    self._lose(record, None)
                else:  # a server that is away for a moment
                    log.debug("%s cannot be written: %s", path, error)

    def _keep_beating(self) -> None:
        while not self._leaving.wait(self._times.beat_s):
            self.beat()

    def _lose(self, record: LockRecord, other: LockRecord | None) -> None:
        self._lost = Preempted(
            f"The frames {record.first}-{record.last} were taken over by {spoken_holder(other)}, "
            "because this process was not heard of for long.",
            hint="Finished frames are kept, and the other one goes on.",
        )

    def _take(self) -> None:
        """Take all locks at once, as soon as nobody who lives holds any of these frames."""
        if not self._wanted:
            return
        try:
            self._wait_and_take(Watch(self._times))
        except OSError as error:  # what is a lock's own matter has been tried again for long
            raise output_error(self._folder, error) from error

    def _wait_and_take(self, watch: Watch) -> None:
        while True:
            with folder_door(self._folder, self._times):
                others = list(self._others())
                are_free = [self._is_free(one, watch) for one in others]  # looks at each
                if all(are_free):
                    self._replace(others)
                    return
            if not self.has_waited:
                self._tell_of_waiting(others, are_free)
            self.has_waited = True
            self._times.sleep(self._times.poll_s)

    def _tell_of_waiting(self, others: Iterable[LockFile], are_free: Iterable[bool]) -> None:
        for lock, is_free in zip(others, are_free, strict=True):
            if not is_free:
                holder = spoken_holder(lock.record)
                self._listener(Noted(f"waits to see whether {holder} still keys {lock.frames}"))

    def _is_free(self, lock: LockFile, watch: Watch) -> bool:
        """Say whether a lock's holder is known to be gone.

        Raises:
            Preempted: The holder was seen to live.
        """
        if is_gone(lock.record):
            return True
        if watch.has_changed(lock.path, lock.content):
            raise Preempted(
                f"The frames {lock.frames} are being keyed by {spoken_holder(lock.record)}.",
                hint="Finished frames are kept; try again later.",
            )
        return watch.is_stale(lock.path, lock.content)

    def _others(self) -> Iterator[LockFile]:
        yield from find_locks(self._folder, [(one.first, one.last) for one in self._wanted])

    def _replace(self, others: Iterable[LockFile]) -> None:
        """Put this worker's locks in the place of those that nobody holds any more."""
        for one in others:
            log.info("%s is taken over from %s", one.path, spoken_holder(one.record))
            one.path.unlink(missing_ok=True)
            if self.has_waited:
                self._listener(
                    Noted(f"{one.frames} is taken over from {spoken_holder(one.record)}")
                )
        for mine in self._wanted:
            path = lock_path(self._folder, mine.first, mine.last)
            create_atomically(path, mine.to_bytes(), is_durable=False)
            self._held[path] = mine

    def _release(self) -> None:
        """Remove the locks that are still this worker's, whatever else goes wrong."""
        if not self._held:
            return
        try:
            with folder_door(self._folder, self._times):
                self._remove_own()
        except OutputError:  # a full disk has no room for a door
            self._remove_own()

    def _remove_own(self) -> None:
        for path, record in self._held.items():
            with suppress(OSError):
                there = LockRecord.from_bytes(path.read_bytes())
                if there is not None and there.token == record.token:
                    path.unlink()
        self._held = {}
