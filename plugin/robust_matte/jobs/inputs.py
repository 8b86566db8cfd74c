"""What the plate and the masks of a job hold, file by file, so that a copy of them is the same job.

A file whose size and time are as they were is taken for unchanged; another one is read, and counts
as changed if its content did. Times are compared for being equal alone: which of two is later, and
what this machine's clock says, decides nothing.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from robust_matte.errors import OutputError
from robust_matte.jobs.opening import OpenedJob
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.media.atomic import write_atomically
from robust_matte.media.failures import cannot_open
from robust_matte.media.plates import MoviePlate, Plate
from robust_matte.media.readahead import ReadAhead

__all__ = [
    "ChangedFile",
    "FoundInputs",
    "InputFile",
    "Inputs",
    "find_inputs",
    "glance_at_inputs",
    "looks_of",
    "paths_of",
]

log = logging.getLogger(__name__)

_PLATE = "plate"
_STRICT = ConfigDict(frozen=True, extra="forbid")
_DIGEST = 16  # bytes: files are told apart from each other by accident, not by malice
_READERS, _HELD = 4, 32
_AT_ONCE = 16  # files that one task looks at: looking at one takes less than handing it out


class InputFile(BaseModel):
    """One file, as it was when it was read.

    Attributes:
        size: In bytes.
        mtime_ns: When it was written, in nanoseconds.
        blake2b: Hash of its content.
    """

    model_config = _STRICT
    size: int
    mtime_ns: int
    blake2b: str


class Inputs(BaseModel):
    """All files of a job's plate and masks, by name.

    Attributes:
        version: Version of this document's form.
        files: By `plate`, or the mask's kind, the files by name in the order of their frames.
    """

    model_config = _STRICT
    version: Literal[1] = 1
    files: dict[str, dict[str, InputFile]] = {}

    def fingerprint(self, kind: str = _PLATE) -> str:
        """Return a hash of names and contents."""
        named = [(name, one.blake2b) for name, one in self.files[kind].items()]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file whose content is another one than it was.

    Attributes:
        path: The file.
        number: The plate's frame that it holds; None of a movie.
    """

    path: Path
    number: int | None


@dataclass(frozen=True, slots=True)
class FoundInputs:
    """What a job's files hold now.

    Attributes:
        now: That.
        before: What was read before; nothing where that is not known.
        change: The plate's first file whose content is another one than before, if there is one.
        place: Where it is kept.
    """

    now: Inputs
    before: Inputs
    change: ChangedFile | None
    place: Path

    def keep(self) -> None:
        """Write it, durably and in one step.

        Raises:
            OutputError: The folder cannot be written.
        """
        if self.now != self.before:
            write_atomically(self.place, self.now.model_dump_json().encode())

    def keep_if_possible(self) -> None:
        """Write it to save the next run some reading; a result that is only looked at stays."""
        try:
            self.keep()
        except OutputError as error:
            log.info("the inputs are read again next time: %s", error)


def find_inputs(
    opened: OpenedJob,
    listener: Listener,
    needed: Collection[int] | None = None,
    remembered: Inputs | None = None,
) -> FoundInputs:
    """Find out what the files of a job hold, reading those alone that may have changed.

    Args:
        opened: The job.
        listener: Told of progress.
        needed: The frames that are keyed; of the others it is enough if the size is as before,
            because another worker reads them. By default all.
        remembered: What the same files held before, where nothing is known on the disk.

    Raises:
        FrameReadError: A file cannot be read.
    """
    place = opened.outputs.inputs_file
    before = _load(place)
    known = before if before.files else remembered or before
    now = _read_all(opened, known, listener, needed)
    return FoundInputs(now, before, _first_change(opened, before, now), place)


def glance_at_inputs(opened: OpenedJob, remembered: Inputs) -> Inputs:
    """Look at the files of a job without reading any: how they look stands for the content.

    Args:
        opened: The job.
        remembered: What some of them held when they were read.

    Raises:
        FrameReadError: A file is not there.
    """
    files: dict[str, dict[str, InputFile]] = {}
    for kind, plate in _plates(opened).items():
        before, files[kind] = remembered.files.get(kind, {}), {}
        for _, path in paths_of(plate):
            looks = looks_of(path)
            size, mtime_ns, *_ = looks
            was = before.get(path.name)
            if was is None or (was.size, was.mtime_ns) != (size, mtime_ns):
                was = InputFile(size=size, mtime_ns=mtime_ns, blake2b=str(looks))
            files[kind][path.name] = was
    return Inputs(files=files)


def looks_of(path: Path) -> tuple[int, int, int, int]:
    """Return what tells a file from another one, for as long as a process lives.

    A file of the same size may have been written within one step of its disk's clock: then its
    place on the disk or the time of its last change of any kind tells.

    Returns:
        Size in bytes, the times of its content and of its last change in nanoseconds, and its
        number on the disk.

    Raises:
        FrameReadError: It is not there.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise cannot_open(path, error) from error
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def _load(path: Path) -> Inputs:
    """Return what was read before; nothing where that is not known any more."""
    try:
        return Inputs.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        if not isinstance(error, FileNotFoundError):
            log.debug("%s tells nothing of inputs: %s", path, error)
        return Inputs()


def _read_all(
    opened: OpenedJob, known: Inputs, listener: Listener, needed: Collection[int] | None
) -> Inputs:
    plates = _plates(opened)
    work = [
        (kind, number, path) for kind, plate in plates.items() for number, path in paths_of(plate)
    ]
    before = known.files
    found: dict[str, dict[str, InputFile]] = {kind: {} for kind in plates}
    with ReadAhead(_tasks(work, before, needed), threads=_READERS, depth=_HELD) as read:
        for done in read:
            for kind, name, file in done:
                found[kind][name] = file
            count = sum(len(files) for files in found.values())
            listener(StageReached("planning", count, len(work), "comparing contents"))
    return Inputs(files=found)


def _plates(opened: OpenedJob) -> dict[str, Plate]:
    return {_PLATE: opened.plate} | {one.kind: one.plate for one in opened.masks.named}


def _first_change(opened: OpenedJob, known: Inputs, now: Inputs) -> ChangedFile | None:
    """Return the plate's first file whose content is not what it was; None if it is not known."""
    before = known.files.get(_PLATE, {})
    for number, path in paths_of(opened.plate):
        was = before.get(path.name)
        if was is not None and was.blake2b != now.files[_PLATE][path.name].blake2b:
            return ChangedFile(path, number)
    return None


_Work = tuple[str, int | None, Path]
_Done = tuple[str, str, InputFile]


def paths_of(plate: Plate) -> Iterator[tuple[int | None, Path]]:
    """Yield a plate's files with the frame that is in each."""
    if isinstance(plate, MoviePlate):
        yield None, plate.movie.path
        return
    for number in plate.numbers:
        yield number, plate.pattern.path(number)


def _tasks(
    work: list[_Work],
    before: Mapping[str, Mapping[str, InputFile]],
    needed: Collection[int] | None,
) -> Iterator[Callable[[], list[_Done]]]:
    for at in range(0, len(work), _AT_ONCE):
        yield partial(_read_some, work[at : at + _AT_ONCE], before, needed)


def _read_some(
    work: list[_Work],
    before: Mapping[str, Mapping[str, InputFile]],
    needed: Collection[int] | None,
) -> list[_Done]:
    done = []
    for kind, number, path in work:
        is_needed = needed is None or number is None or number in needed
        was = before.get(kind, {}).get(path.name)
        done.append((kind, path.name, _read(path, was, is_needed=is_needed)))
    return done


def _read(path: Path, was: InputFile | None, *, is_needed: bool) -> InputFile:
    """Return what a file holds, from before if it looks as it did."""
    try:
        stat = path.stat()
        is_as_before = was is not None and stat.st_size == was.size
        if was and is_as_before and (stat.st_mtime_ns == was.mtime_ns or not is_needed):
            return was
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, partial(hashlib.blake2b, digest_size=_DIGEST))
    except OSError as error:
        raise cannot_open(path, error) from error
    return InputFile(size=stat.st_size, mtime_ns=stat.st_mtime_ns, blake2b=digest.hexdigest())
