"""The pins of each segment of a job: settled by who begins it, and kept on disk."""

import logging
import time
from bisect import bisect_right
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from robust_matte.jobs.folder_door import folder_door
from robust_matte.jobs.pins import Pins, other_pins
from robust_matte.jobs.plan import Plan, SegmentRecord
from robust_matte.media.atomic import create_atomically, write_atomically

__all__ = ["SegmentPins", "forget_pins"]

log = logging.getLogger(__name__)

_LOOKS, _LOOK_S = 10, 0.05


class _Record(BaseModel):
    """A file `pins/<first>.json`: the job it is of, and the segment's pins."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    job: str
    pins: Pins


class SegmentPins:
    """Which pins each segment was begun with.

    Several workers may begin one segment at once, each with a part of it: the first one's pins
    count, because the file is created by one of them alone.

    Args:
        plan: The job's plan.
        folder: Where the files are; need not exist.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._job = plan.job
        self._folder = folder
        self._firsts = [one.first for one in plan.segments]
        self._begun: dict[int, Pins | None] = {}

    @property
    def firsts(self) -> list[int]:
        """The first frame of each segment, ascending."""
        return self._firsts

    def of_segment(self, first: int) -> Pins | None:
        """Return what the segment that starts at `first` was begun with; None if it was not."""
        if first not in self._begun:  # a long plate has many, and a task looks at few
            self._begun[first] = self._read(first)
        return self._begun[first]

    def look_again(self, first: int) -> None:
        """Forget what was read of a segment's pins, which another worker may have settled since."""
        self._begun.pop(first, None)

    def spoken(self, first: int) -> str:
        """Return a segment's frames, for people."""
        segment = self.segment(first)
        return f"{segment.first}-{segment.last}"

    def of_frame(self, source: int | None) -> Pins | None:
        """Return what a frame is keyed under; None if nothing of its segment was begun.

        Args:
            source: The plate's frame that it is made of; None for a black frame, which no network
                has seen, and which says what the job was planned with.
        """
        return self._plan.pins if source is None else self.of_segment(self.segment(source).first)

    def segment(self, source: int) -> SegmentRecord:
        """Return the segment that a frame of the plate is in."""
        return self._plan.segments[max(0, bisect_right(self._firsts, source) - 1)]

    def check(self, first: int, own: Pins) -> None:
        """Make sure that a segment may be keyed under these pins.

        Raises:
            OtherPinsError: It was begun with others.
        """
        begun = self.of_segment(first)
        if begun is not None and begun != own:
            raise other_pins(self.spoken(first), begun, own)

    def begin(self, first: int, own: Pins) -> None:
        """Settle the pins of a segment that is about to be keyed, unless they are.

        Raises:
            OtherPinsError: Another worker began it meanwhile, with others.
            OutputError: The folder cannot be written.
        """
        if self.of_segment(first) is None:
            if create_atomically(self._path(first), self._record(own)):
                self._begun[first] = own
            else:
                self._settle(first, own)
        self.check(first, own)

    def _settle(self, first: int, own: Pins) -> None:
        """Take the pins that another worker has settled, or replace a file that is nobody's."""
        for _ in range(_LOOKS):
            if not self._is_empty(first):
                break
            time.sleep(_LOOK_S)  # where there are no links, a file is empty at first
        with folder_door(self._folder):
            self.look_again(first)
            if self.of_segment(first) is None:  # of another job, or torn by a power cut
                self.renew(first, own)

    def _is_empty(self, first: int) -> bool:
        try:
            return self._path(first).stat().st_size == 0
        except OSError:
            return False

    def renew(self, first: int, own: Pins) -> None:
        """Restart a segment under these pins: what was made of it under others no longer counts.

        Raises:
            OutputError: The folder cannot be written.
        """
        log.info("the segment %s is keyed under new pins: %s", self.spoken(first), own)
        write_atomically(self._path(first), self._record(own))
        self._begun[first] = own

    def _path(self, first: int) -> Path:
        return self._folder / f"{first}.json"

    def _record(self, pins: Pins) -> bytes:
        return _Record(job=self._job, pins=pins).model_dump_json(indent=1).encode()

    def _read(self, first: int) -> Pins | None:
        try:
            record = _Record.model_validate_json(self._path(first).read_bytes())
        except (OSError, ValidationError):  # torn by a power cut, or of another version
            return None
        return record.pins if record.job == self._job else None


def forget_pins(folder: Path) -> None:
    """Remove the pins of an earlier job, before another one's plan takes its place."""
    for path in folder.glob("*.json"):
        if path.name[0] != ".":  # the temporary of a worker that is just beginning
            path.unlink(missing_ok=True)
