"""Telling what becomes of each frame: progress with rate and time to go, and what was odd."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.progress import FrameWritten, Listener, Warned
from robust_matte.jobs.targets import Target
from robust_matte.keying.prepared import BadPixels
from robust_matte.keying.segments import Segment
from robust_matte.settings.choices import ImageFormat, Nonfinite

__all__ = ["Report", "Written"]

_TOLD = 5  # frames with the same trouble that are told one by one


@dataclass(frozen=True, slots=True)
class Written:
    """What a writing thread says of one frame.

    Attributes:
        target: The frame.
        segment: Where it was keyed; None for a black one.
        clamped: Values beyond what the format holds.
        bad: NaN and infinite pixels of its plate, or None.
    """

    target: Target
    segment: Segment | None
    clamped: int
    bad: BadPixels | None


class Report:
    """Turns finished frames into events; used on one thread.

    Args:
        total: Frames to finish in this run.
        outputs: Where they are.
        policy: What is done about NaN and infinite pixels.
        listener: Called with every event.
    """

    def __init__(self, total: int, outputs: Outputs, policy: Nonfinite, listener: Listener) -> None:
        self._total = total
        self._outputs = outputs
        self._policy = policy
        self._listener = listener
        self._started = time.monotonic()
        self._done = 0
        self._troubles: Counter[str] = Counter()
        self._told: Counter[str] = Counter()

    def add(self, frames: Iterable[Written]) -> None:
        """Tell of frames, in the order they were finished."""
        for written in frames:
            self._done += 1
            self._tell_troubles(written)
            self._listener(self._event(written))

    def close(self) -> None:
        """Tell how many frames had a trouble that was not told one by one."""
        for kind, count in self._troubles.items():
            if count > self._told[kind]:
                self._listener(Warned(f"{count} frames in all had {kind}."))

    def _event(self, written: Written) -> FrameWritten:
        target, segment = written.target, written.segment
        elapsed = max(time.monotonic() - self._started, 1e-6)
        is_first = segment is not None and target.number == segment.first
        return FrameWritten(
            number=target.number,
            done=self._done,
            total=self._total,
            fps=self._done / elapsed,
            eta_s=elapsed / self._done * (self._total - self._done),
            reset=segment.reset if segment is not None and is_first else None,
            files=self._outputs.files(target.number),
        )

    def _tell_troubles(self, written: Written) -> None:
        number, bad = written.target.number, written.bad
        if bad is not None:
            done = "kept" if self._policy is Nonfinite.KEEP else "set to 0"
            self._tell(
                "NaN or infinite pixels",
                f"Frame {number} has {bad.count} NaN or infinite pixels, the first at "
                f"({bad.x}, {bad.y}); they are {done}, see --nonfinite.",
            )
        if written.clamped:
            self._tell_clamped(number, written.clamped)

    def _tell_clamped(self, number: int, count: int) -> None:
        if self._outputs.format is ImageFormat.PNG:
            self._tell(
                "values brighter than white",
                f"Frame {number} has {count} values brighter than white, clipped as PNG must; "
                "EXR keeps them.",
                most=1,  # who chose PNG for such a plate expects it
            )
        else:
            self._tell(
                "values beyond half's range",
                f"Frame {number} has {count} values beyond half's range, clamped to "
                "65504; --depth float keeps them.",
            )

    def _tell(self, kind: str, text: str, most: int = _TOLD) -> None:
        self._troubles[kind] += 1
        if self._told[kind] < most:
            self._told[kind] += 1
            self._listener(Warned(text))
