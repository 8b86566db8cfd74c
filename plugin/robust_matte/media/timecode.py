"""Timecode: the name of a frame on tape, `01:02:03:04`."""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import floor

__all__ = ["Timecode"]

_TEXT = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Timecode:
    """A timecode at a rate.

    With dropped frames, as `01:02:03;04`, the first numbers of each minute but every tenth are left
    out, two of them at 29.97 frames a second, so that the clock keeps up.

    Attributes:
        count: Frames since `00:00:00:00`.
        fps: Frames a second as they are numbered: 30 at 29.97.
        is_drop: Whether frame numbers are dropped.

    Source:
        SMPTE ST 12-1:2014, 5.2.2.

    Example:
        >>> str(Timecode.parse("01:00:59;29", Fraction(30000, 1001)).plus(1))
        '01:01:00;02'
    """

    count: int
    fps: int
    is_drop: bool

    @classmethod
    def parse(cls, text: str, rate: Fraction) -> "Timecode | None":
        """Read a timecode; None if it is none, or cannot be one at this rate."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            return None
        hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
        fps, is_drop = floor(rate + Fraction(1, 2)), match[4] != ":"
        if hours > 23 or max(minutes, seconds) > 59 or not frames < fps <= 100:
            return None
        if is_drop and fps not in (30, 60):
            return None
        whole_minutes = 60 * hours + minutes
        count = (60 * whole_minutes + seconds) * fps + frames
        if is_drop:
            count -= fps // 15 * (whole_minutes - whole_minutes // 10)
        return cls(count, fps, is_drop)

    def plus(self, frames: int) -> "Timecode":
        """Return the timecode of a later or, below zero, an earlier frame; days do not count."""
        a_day = _MINUTES_A_DAY * 60 * self.fps
        if self.is_drop:
            a_day -= self.fps // 15 * (_MINUTES_A_DAY - _MINUTES_A_DAY // 10)
        return Timecode((self.count + frames) % a_day, self.fps, self.is_drop)

    def __str__(self) -> str:
        seconds, frames = divmod(self.count + self._dropped(), self.fps)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        mark = ";" if self.is_drop else ":"
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{frames:02d}"

    def _dropped(self) -> int:
        """Return how many numbers were left out before this frame."""
        if not self.is_drop:
            return 0
        drop = self.fps // 15
        minute = 60 * self.fps - drop
        tens, rest = divmod(self.count, 10 * minute + drop)
        return drop * (9 * tens + max(0, (rest - drop) // minute))
