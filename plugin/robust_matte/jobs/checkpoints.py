"""Keeping the state of a job that runs, so that the next run goes on where this one was stopped.

Frames are finished and written behind the network, on threads of their own. A state that has seen
frame 100 is of use only once frame 100 is on the disk: a run that is killed before has to do that
frame again, and that takes an earlier state. So a state waits in memory until the results of all
frames before it have come back, and is written then. The last two are kept: should the latest one
turn out to be damaged, the other costs 25 frames of rolling, not the whole segment. What a run
starts from is decided by the earliest frame that is not right, not by the latest state.
"""

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from robust_matte.errors import OutputError
from robust_matte.jobs.progress import Listener, Warned
from robust_matte.jobs.state_files import StateFiles
from robust_matte.keying.model import MatteModel
from robust_matte.keying.rolling import Run

__all__ = ["Checkpoints", "Span"]

_EVERY_FRAMES = 25
_EVERY_S = 20.0
_KEPT = 2


@dataclass(frozen=True, slots=True)
class Span:
    """Frames of one segment that one worker is responsible for.

    The states before the frames that it is asked for are its own: other workers, at other frames
    of the segment, do not remove them.

    Attributes:
        segment: First frame of the segment.
        numbers: Frames of the plate that it may feed: of the segment, or of a piece of it,
            ascending, at least one.
        asked: Those of them that it writes, ascending, at least one.
    """

    segment: int
    numbers: Sequence[int]
    asked: Sequence[int]


class Checkpoints:
    """Keeps states of the spans of one job; used on one thread.

    Args:
        files: Where they are kept.
        model: Whose state it is.
        spans: What this worker is responsible for, in timeline order.
        runs: What it is going to do.
        listener: Told where states cannot be written: the job goes on without.
        clock: The time in seconds; never goes back.
    """

    def __init__(
        self,
        files: StateFiles,
        model: MatteModel,
        spans: Sequence[Span],
        runs: Iterable[Run],
        listener: Listener,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files
        self._model = model
        self._spans = spans
        self._firsts = [span.numbers[0] for span in spans]
        self._listener = listener
        self._clock = clock
        self._ends = self._ends_of(runs)
        self._given = self._written = 0
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._frames, self._at = 0, clock()
        self._mine: dict[int, list[int]] = {}  # `next` of what was written, by segment
        self._has_warned = False

    def given(self) -> None:
        """Take note that a frame was given to the writing threads."""
        self._given += 1

    def written(self, count: int) -> None:
        """Take note that more frames are on the disk, in the order they were given."""
        self._written += count
        while self._waiting and self._waiting[0][0] <= self._written:
            _, action = self._waiting.popleft()
            action()

    def passed(self, number: int, *, is_last: bool = False) -> None:
        """Keep the model's state if it is time to.

        Args:
            number: The frame that the model was fed last; its matte was given already.
            is_last: Whether the job stops here.
        """
        self._frames += 1
        span = self._span_of(number)
        if span is None:
            return
        is_end = number == self._ends.get(span.numbers[0])
        if is_end and (number < span.asked[-1] or number == span.numbers[-1]):
            self._later(partial(self._forget, span))  # all after it is right already, or not there
        elif is_end or is_last or self._is_time():  # at the end: more may be asked for later
            self._keep(span, number)

    def close(self) -> None:
        """Remove what a run left that was killed between its last frame and its end."""
        for span in self._spans:
            if span.numbers[0] not in self._ends and span.asked[-1] == span.numbers[-1]:
                self._forget(span)

    def _ends_of(self, runs: Iterable[Run]) -> dict[int, int]:
        """Return the last frame to do of each span, by the first frame of the span."""
        ends = {}
        for run in runs:
            for number in sorted(run.wanted):
                span = self._span_of(number)
                if span is not None:
                    ends[span.numbers[0]] = number
        return ends

    def _span_of(self, number: int) -> Span | None:
        at = bisect_right(self._firsts, number) - 1
        if at < 0 or number > self._spans[at].numbers[-1]:
            return None
        return self._spans[at]

    def _is_time(self) -> bool:
        return self._frames >= _EVERY_FRAMES or self._clock() - self._at >= _EVERY_S

    def _keep(self, span: Span, number: int) -> None:
        """Take the state as it is now, to be written once the frames before it are."""
        following = self._following(span, number)
        if following is None:
            return
        self._frames, self._at = 0, self._clock()
        content = self._files.content(self._model, span.segment, following)
        self._later(partial(self._write, span, following, content))

    @staticmethod
    def _following(span: Span, number: int) -> int | None:
        at = bisect_right(span.numbers, number)
        return span.numbers[at] if at < len(span.numbers) else None

    def _later(self, action: Callable[[], None]) -> None:
        """Do something once all frames that were given are written; at once if they are."""
        self._waiting.append((self._given, action))
        self.written(0)

    def _write(self, span: Span, following: int, content: bytes) -> None:
        try:
            self._files.write(span.segment, following, content)
        except OutputError as error:  # the frames themselves may still find room, or another place
            self._warn(error)
            return
        self._prune(span, following)

    def _warn(self, error: OutputError) -> None:
        """Tell once that a state cannot be written; it is tried again with each later one."""
        if not self._has_warned:
            self._has_warned = True
            text = f"A state was not kept, so a stopped job may start its segment anew: {error}"
            self._listener(Warned(text))

    def _prune(self, span: Span, following: int) -> None:
        """Keep the last two of a span.

        Others may be on the way to its first frame, too: there, only own ones are removed.
        """
        first, mine = span.asked[0], self._mine.setdefault(span.segment, [])
        mine.append(following)
        for early in [one for one in mine[:-_KEPT] if one < first]:
            mine.remove(early)
            self._files.forget(span.segment, early, early)
        self._files.forget(span.segment, first, following, but=_KEPT)

    def _forget(self, span: Span) -> None:
        for early in self._mine.pop(span.segment, []):
            self._files.forget(span.segment, early, early)
        is_all = span.asked[-1] == span.numbers[-1]
        last = span.numbers[-1] if is_all else span.asked[-1]
        self._files.forget(span.segment, span.asked[0], last)
