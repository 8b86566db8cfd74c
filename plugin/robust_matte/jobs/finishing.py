"""From the model's output to files on disk; runs on writing threads."""

from dataclasses import dataclass, replace
from typing import Protocol

from robust_matte.jobs.frame_attributes import frame_attributes
from robust_matte.jobs.matte_attributes import UNCROPPED_ATTRIBUTE, window_text
from robust_matte.jobs.opening import OpenedJob
from robust_matte.jobs.pins import Pins
from robust_matte.jobs.plan import Plan
from robust_matte.jobs.report import Written
from robust_matte.jobs.targets import Target
from robust_matte.keying.extent import crop_matte, surround_matte
from robust_matte.keying.matte import Matte, finish_matte
from robust_matte.keying.memory import naming_out_of_memory
from robust_matte.keying.rolling import KeyedFrame
from robust_matte.keying.segments import Segment
from robust_matte.media.frames import FrameHeader

__all__ = ["Finisher", "KnownPins"]


class KnownPins(Protocol):
    """Who knows under which pins segments are keyed; `SegmentPins` does."""

    def of_segment(self, first: int, /) -> Pins | None:
        """Return the pins of the segment that starts at `first`; None if it was not begun."""


@dataclass(frozen=True, slots=True)
class Finisher:
    """Finishes and writes frames of one job; safe on several threads.

    Attributes:
        opened: Plate, names and windows.
        plan: What each file says it is of.
        pins: Under which its segments are keyed; those that frames come from are begun.
    """

    opened: OpenedJob
    plan: Plan
    pins: KnownPins

    def finish(self, target: Target, keyed: KeyedFrame) -> Written:
        """Turn one keyed frame into files.

        Raises:
            OutputError: A file cannot be written.
        """
        frame, segment = keyed.frame, keyed.segment
        windows = self.opened.windows
        with naming_out_of_memory(target.number):
            matte = finish_matte(
                frame,
                keyed.fgr,
                keyed.alpha,
                self.opened.seen.brightened(segment.gain),
                windows.keyed,
                self.opened.settings.shaping,
                wish=self.opened.settings.despill,
                is_half=self.opened.outputs.is_half,
            )
            if frame.around is not None:
                around, data = self.opened.seen.delivered(frame.around), frame.header.data_window
                matte = surround_matte(matte, around, windows.area, data)
            clamped = self._write(target, segment, matte, frame.header)
        return Written(target, segment, clamped, frame.bad)

    def finish_black(self, target: Target) -> Written:
        """Write a transparent black frame for a hole.

        Raises:
            OutputError: A file cannot be written.
        """
        window = self.opened.windows.display
        first = self.opened.plate.numbers[0]
        header = replace(self.opened.plate.header(first), data_window=window)
        self._write(target, None, Matte.black(window), header)
        return Written(target, None, 0, None)

    def _write(
        self, target: Target, segment: Segment | None, matte: Matte, header: FrameHeader
    ) -> int:
        attributes = frame_attributes(
            self.plan,
            segment,
            header.attributes,
            number=target.number,
            held=target.held,
            pins=self._pins(segment),
        )
        if self.opened.settings.crop:
            attributes[UNCROPPED_ATTRIBUTE] = window_text(matte.window)
            matte = crop_matte(matte)
        seen = self.opened.seen
        return self.opened.outputs.write(target.number, matte, header, attributes, seen)

    def _pins(self, segment: Segment | None) -> Pins:
        """Return what a frame is keyed under; a black one what the job was planned with."""
        begun = None if segment is None else self.pins.of_segment(segment.first)
        return begun or self.plan.pins
