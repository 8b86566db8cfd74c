"""Progress as lines of a log, on stderr, and the words that other ways of showing it share."""

import sys
import time

from robust_matte.jobs.progress import Event, FrameWritten, Noted, PartReached, StageReached, Warned

__all__ = ["PlainLines", "clock", "frame_line", "say", "stage_line"]

_LINE_EVERY_S = 2.0


class PlainLines:
    """A line every two seconds, and one for each reset, note, warning and new stage.

    Args:
        every_s: Seconds between lines of the same stage.
    """

    def __init__(self, every_s: float = _LINE_EVERY_S) -> None:
        self._every_s = every_s
        self._last = 0.0
        self._stage = ""

    def tell(self, event: Event) -> bool:
        """Write what is to be said of an event, and return whether there was anything."""
        line = self._line(event)
        if line:
            say(line)
        return bool(line)

    def still(self, text: str) -> None:
        """Say what goes on all the same, after a long silence."""
        say(text)

    def finish(self) -> None:
        """Nothing is left to be said."""

    def _line(self, event: Event) -> str:
        if isinstance(event, Noted | Warned):
            return f"{'note' if isinstance(event, Noted) else 'warning'}: {event.text}"
        if isinstance(event, PartReached):
            return f"{event.text}: {event.done + 1} of {event.total}"
        is_last = event.done == event.total > 0
        if isinstance(event, FrameWritten):
            is_due = event.reset is not None or is_last
            return frame_line(event) if self._is_time() or is_due else ""
        if not (self._is_time() or event.text != self._stage or is_last):
            return ""
        self._stage, self._last = event.text, time.monotonic()
        return stage_line(event)

    def _is_time(self) -> bool:
        now = time.monotonic()
        is_time = now - self._last >= self._every_s
        self._last = now if is_time else self._last
        return is_time


def frame_line(event: FrameWritten) -> str:
    """Say that a frame is written, how fast it goes and how long it will."""
    reset = f"  state reset: {event.reset}" if event.reset else ""
    return (
        f"keying: frame {event.number}  {event.done}/{event.total}  "
        f"{event.fps:.1f} fps  {clock(event.eta_s)} to go{reset}"
    )


def stage_line(event: StageReached) -> str:
    """Say what goes on and how far it is."""
    count = f" {event.done}/{event.total}" if event.total else ""
    at = "" if event.number is None else f", at frame {event.number}"
    to_go = "" if event.eta_s is None else f"  {clock(event.eta_s)} to go"
    return f"{event.stage}: {event.text}{at}{count}{to_go}"


def clock(seconds: float) -> str:
    """Write a duration as 2:05 or 1:02:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def say(text: str) -> None:
    """Write a line on stderr at once."""
    print(text, file=sys.stderr, flush=True)
