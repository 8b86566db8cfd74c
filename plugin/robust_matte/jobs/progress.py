"""What a running job tells: events for a terminal, a farm's log or a host's panel."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from robust_matte.keying.segments import Reset

__all__ = [
    "Event",
    "FrameWritten",
    "KeptWarnings",
    "Listener",
    "Noted",
    "PartReached",
    "StageReached",
    "Warned",
    "silent",
]


@dataclass(frozen=True, slots=True)
class StageReached:
    """Work of one kind goes on.

    Attributes:
        stage: `drawing`, `planning`, `fetching`, `loading`, `checking`, `warming up`, `rolling`,
            `showing`, `hinting`, `shaping`, `reviewing`, `assembling`, `comparing`, `opening` or
            `training`.
        done: Finished units; while warming up and rolling, frames since the state was dropped.
        total: Units in all; 0 where that is unknown.
        text: What is being done, for people.
        eta_s: Seconds to go; None where nobody knows.
        number: The frame at work, while warming up and rolling.
    """

    stage: str
    done: int
    total: int
    text: str = ""
    eta_s: float | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameWritten:
    """A frame is complete under its final name.

    Attributes:
        number: Frame number.
        done: Frames finished in this run.
        total: Frames to finish in this run.
        fps: Frames a second since the first one.
        eta_s: Seconds to go.
        reset: Why the state was dropped before this frame, or None.
        files: The files written.
    """

    number: int
    done: int
    total: int
    fps: float
    eta_s: float
    reset: Reset | None
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class PartReached:
    """One of several that are done alike begins: a shot of a plan, a view, a piece of a bin.

    Attributes:
        done: How many are finished.
        total: How many there are.
        text: Which one begins, for people, such as `sh010`.
    """

    done: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class Noted:
    """What was taken where nothing was asked, or said once; nothing is odd about it."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """The result is right, but something was unexpected."""

    text: str


Event = StageReached | FrameWritten | PartReached | Noted | Warned
Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """Take no notice of `event`."""


class KeptWarnings:
    """A listener that keeps warnings on their way.

    Attributes:
        warnings: Their texts, in the order they were told.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.warnings: list[str] = []

    def __call__(self, event: Event) -> None:
        """Keep a warning, and hand on every event."""
        if isinstance(event, Warned):
            self.warnings.append(event.text)
        self._listener(event)
