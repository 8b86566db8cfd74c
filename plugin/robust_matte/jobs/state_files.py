"""States on disk: what a job needs to go on in the middle of a segment, bit for bit.

A state belongs to one job and one set of pins, and stands before one frame. It is a file
`FIRST_NEXT.safetensors`: the segment's first frame, and the frame that is fed next. Two folders
have such files: `checkpoint/`, of a job that runs or was stopped, and `states/`, of one that is
split between workers.
"""

import logging
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Self

from robust_matte.errors import ModelError
from robust_matte.jobs.pins import pins_of
from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.progress import Listener, Warned
from robust_matte.keying.model import MatteModel
from robust_matte.media.atomic import write_atomically

__all__ = ["CHECKPOINT_FOLDER", "STATES_FOLDER", "StateFile", "StateFiles", "StateSearch"]

log = logging.getLogger(__name__)

CHECKPOINT_FOLDER, STATES_FOLDER = "checkpoint", "states"

_NAME = re.compile(r"(?P<first>-?\d+)_(?P<next>-?\d+)\.safetensors")
_LEFT = re.compile(r"\.(?P<first>-?\d+)_(?P<next>-?\d+)\.tmp-.+\.safetensors")  # see media/atomic


@dataclass(frozen=True, slots=True)
class StateFile:
    """A file that is there, whatever it holds.

    Attributes:
        path: The file.
        first: First frame of its segment.
        next: The frame that is fed next; the state is what the frames before it left.
    """

    path: Path
    first: int
    next: int


@dataclass(frozen=True, slots=True)
class StateFiles:
    """The states of one job in one folder.

    Attributes:
        folder: Where they are; made when the first one is written.
        job: Hash of the job's plan.
        pins: Hash of what else decides bits, of this run.
    """

    folder: Path
    job: str
    pins: str

    @property
    def is_lasting(self) -> bool:
        """Whether nobody removes these states while a job runs."""
        return self.folder.name == STATES_FOLDER

    @classmethod
    def of_job(cls, name: str, job: PlannedJob) -> Self:
        """Return the states of a job in a folder, `CHECKPOINT_FOLDER` or `STATES_FOLDER`."""
        folder = job.opened.outputs.job_folder / name
        return cls(folder, job.plan.job, pins_of(job.model.identity).hash)

    def content(self, model: MatteModel, first: int, following: int) -> bytes:
        """Return the file of the state that a model has now.

        Args:
            model: The model.
            first: First frame of the segment that it is fed.
            following: The frame that is fed next.
        """
        return model.state_bytes(self._words(first, following))

    def write(self, first: int, following: int, content: bytes) -> None:
        """Write what `content` gave, durably and in one step.

        Raises:
            OutputError: The folder cannot be written.
        """
        write_atomically(self.folder / f"{first}_{following}.safetensors", content)

    def save(self, model: MatteModel, first: int, following: int) -> None:
        """Write the state that a model has now; see `content` and `write`."""
        self.write(first, following, self.content(model, first, following))

    def load(self, file: StateFile, model: MatteModel, data: bytes | None = None) -> bool:
        """Give a model a state, if it is one of this job under these pins.

        Args:
            file: The file.
            model: What it is given to.
            data: What the file held when it was read.

        Raises:
            ModelError: The file is damaged.
            OSError: It cannot be read.
        """
        content = file.path.read_bytes() if data is None else data
        return model.load_state(content) == self._words(file.first, file.next)

    def listed(self) -> Iterator[StateFile]:
        """Yield the files that are there, in no order."""
        yield from _named(self.folder, _NAME)

    def forget(self, segment: int, first: int, last: int, *, but: int = 0) -> None:
        """Remove the states before some frames, and what killed runs left of such.

        The folder stays: another worker may be about to write into it.

        Args:
            segment: First frame of their segment.
            first: The lowest `next` to remove.
            last: The highest.
            but: How many to keep, the latest.
        """
        found = sorted(self._between(_NAME, segment, first, last), key=lambda one: one.next)
        left = [] if but else list(self._between(_LEFT, segment, first, last))
        for file in [*found[: max(len(found) - but, 0)], *left]:
            with suppress(OSError):
                file.path.unlink()

    def _between(
        self, pattern: re.Pattern[str], segment: int, first: int, last: int
    ) -> Iterator[StateFile]:
        for one in _named(self.folder, pattern):
            if one.first == segment and first <= one.next <= last:
                yield one

    def _words(self, first: int, following: int) -> dict[str, str]:
        return {
            "robust_matte/job": self.job,
            "robust_matte/pins": self.pins,
            "robust_matte/segment": str(first),
            "robust_matte/next": str(following),
        }


class StateSearch:
    """Finds the state nearest to a frame, among those that are there when it first looks.

    Args:
        places: Where to look.
        model: What the states are for; it is free to be given one after the other.
        listener: Told of damaged files.
    """

    def __init__(self, places: Sequence[StateFiles], model: MatteModel, listener: Listener) -> None:
        self._places = places
        self._model = model
        self._listener = listener

    def nearest(
        self, first: int, after: int, upto: int
    ) -> tuple[int, Callable[[MatteModel], None]] | None:
        """Return the latest good state of a segment before one of some frames.

        It is tried, so that it is known to be whole; what is damaged is told and passed over.

        Args:
            first: First frame of the segment.
            after: A state before this frame or an earlier one is of no use.
            upto: Neither is one before a later frame than this.

        Returns:
            The frame that is fed next, and what gives the state to a model; None where there is no
            such state.
        """
        ascending = self._found.get(first, [])
        at = bisect_right(ascending, upto, key=lambda one: one[0].next)
        for file, place in reversed(ascending[:at]):
            if file.next <= after:
                break
            data = self._good_content(file, place)
            if data is not None:
                return file.next, partial(_restore, file, place, None if place.is_lasting else data)
            ascending.remove((file, place))
        return None

    def has(self, first: int, following: int) -> bool:
        """Say whether there is a good state of a segment before this very frame."""
        return self.nearest(first, following - 1, following) is not None

    @cached_property
    def _found(self) -> dict[int, list[tuple[StateFile, StateFiles]]]:
        found = defaultdict(list)
        for place in self._places:
            for file in place.listed():
                found[file.first].append((file, place))
        for files in found.values():
            files.sort(key=lambda one: one[0].next)
        return found

    def _good_content(self, file: StateFile, place: StateFiles) -> bytes | None:
        """Return what a file holds, read once: another worker may remove it at any moment."""
        try:
            data = file.path.read_bytes()
            is_mine = place.load(file, self._model, data)
        except FileNotFoundError:
            log.debug("%s was removed meanwhile", file.path)
            return None
        except (ModelError, OSError) as error:
            reason = error.what if isinstance(error, ModelError) else error.strerror
            log.debug("%s is not used: %s", file.path, reason)
            self._listener(Warned(f"The state {file.path} is damaged, and is not used."))
            return None
        if not is_mine:
            log.debug("%s is of another job, or of other pins", file.path)
            return None
        return data


def _restore(file: StateFile, place: StateFiles, data: bytes | None, model: MatteModel) -> None:
    """Give a model a state that was found good before.

    Many of `states/` may be needed in one run, so they are read again; of a checkpoint there is
    one in a segment, which another worker on the way to later frames may have removed since.

    Raises:
        ModelError: It is not any more.
    """
    try:
        if place.load(file, model, data):
            return
        reason = "it is another job's now"
    except OSError as error:
        reason = error.strerror or str(error)
    raise ModelError(
        f"The state {file.path} was taken away while the job ran: {reason}.",
        hint="See that no other job writes there, and run the same command again.",
        path=file.path,
    )


def _named(folder: Path, pattern: re.Pattern[str]) -> Iterator[StateFile]:
    with suppress(OSError):  # none was written yet
        for path in folder.iterdir():
            if found := pattern.fullmatch(path.name):
                yield StateFile(path, int(found["first"]), int(found["next"]))
