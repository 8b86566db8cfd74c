"""How far a whole job is, from 0 to 100: over planning, keying and checking, and never back."""

from robust_matte.jobs.progress import Event, FrameWritten, PartReached, StageReached

__all__ = ["Overall"]

# Where each stage ends, of a job whose main work is another. Planning a plate decodes all of it,
# about a tenth of the time that keying takes on a CPU.
_PREPARING = {"fetching": 2.0, "opening": 2.0, "loading": 3.0, "planning": 10.0, "checking": 12.0}
_WORK_ENDS = 98.0
_ROLLED = 0.3  # of the time of a keyed frame, what one takes that is fed for the state alone
_FEEDING = {"warming up", "rolling"}
_OF_PLANNING = {"reading headers": 0.2, "counting frames": 0.5}  # of what planning has left


class Overall:
    """Follows events and says how far the whole is.

    Each stage moves from where the one before ended towards an end of its own, in proportion to
    what it has done; several shots or views share what was left when the first of them began.

    Args:
        work: The stage that the command is about: `keying`, or one of `StageReached`.
    """

    def __init__(self, work: str = "keying") -> None:
        self._work = work
        self._low, self._high = 0.0, 100.0  # of the part at hand
        self._parts_from: float | None = None
        self._stage, self._text = "", ""
        self._from = 0.0  # where the stage began, and how much it had done then
        self._done_from = self._done = 0
        self._left = 0  # frames to key after those that are fed
        self.percent = 0.0

    def take(self, event: Event) -> float:
        """Take an event into account and return how far the whole is, in percent."""
        if isinstance(event, PartReached):
            self._begin_part(event)
        elif isinstance(event, FrameWritten):
            self._left = event.total - event.done
            self._begin("keying", "", event.done, event.done - 1)
            self._advance(event.done, event.total)
        elif isinstance(event, StageReached):
            self._begin(event.stage, event.text if event.stage == "planning" else "", event.done)
            self._advance(event.done, event.total)
        return self.percent

    def finish(self) -> float:
        """Return 100: all went well."""
        self.percent = 100.0
        return self.percent

    def _begin_part(self, part: PartReached) -> None:
        if self._parts_from is None:
            self._parts_from = self.percent
        share = (100.0 - self._parts_from) / max(part.total, 1)
        self._low = self._parts_from + share * part.done
        self._high = self._low + share
        self._stage, self._done = "", 0
        self._move(self._low)

    def _begin(self, stage: str, text: str, done: int, before: int = 0) -> None:
        """Note where a stage begins, if it does; `before` is what it had done by then."""
        if (stage, text) != (self._stage, self._text) or done < self._done:
            self._stage, self._text = stage, text
            self._from, self._done_from = self.percent, before
        self._done = done

    def _advance(self, done: int, total: int) -> None:
        """Move as far as the stage at hand is."""
        to_do = total - self._done_from
        if to_do > 0:
            part = min((done - self._done_from) / to_do, 1.0)
            self._move(self._from + part * max(self._end(total) - self._from, 0.0))

    def _end(self, total: int) -> float:
        """Return where the stage at hand ends."""
        if self._stage in _FEEDING and self._stage != self._work:
            fed = _ROLLED * total
            return self._part_way(self._within(_WORK_ENDS), fed / (fed + (self._left or total)))
        if self._stage == self._work:
            end = self._within(_WORK_ENDS)
        elif self._stage in _PREPARING:
            end = self._within(_PREPARING[self._stage])
        else:  # what comes after: a sheet, a review
            return self._part_way(self._high, 0.5)
        return self._part_way(end, _OF_PLANNING.get(self._text, 1.0))

    def _part_way(self, end: float, part: float) -> float:
        return self._from + part * (end - self._from)

    def _within(self, percent: float) -> float:
        return self._low + percent / 100.0 * (self._high - self._low)

    def _move(self, percent: float) -> None:
        self.percent = max(self.percent, min(percent, 100.0))
