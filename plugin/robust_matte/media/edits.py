"""Edits of a picture, whatever file they come from."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path

from robust_matte.media.timecode import Timecode

__all__ = ["Edit", "EditList", "cuts_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One clip in an edit, in frames of the edit's time.

    Attributes:
        track: The video track.
        start: Its first frame.
        end: The frame after its last one.
        cut: From which frame on its picture is the one that counts: `start`, or the middle of the
            dissolve or wipe that it begins with.
    """

    track: str
    start: int
    end: int
    cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditList:
    """Where an edit changes its picture.

    Attributes:
        path: The file.
        fps: Frames a second.
        is_drop: Whether its timecodes drop frame numbers; None where it counts frames instead.
        is_timed: Whether its time is a timecode, frames since `00:00:00:00`; else it starts at 0.
        edits: The clips, at least one.
        notes: What was not heeded in the file, for people.
    """

    path: Path
    fps: Fraction
    is_drop: bool | None
    is_timed: bool
    edits: tuple[Edit, ...]
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """The first frame of the edit."""
        return min(one.start for one in self.edits)

    @property
    def last(self) -> int:
        """The last frame of the edit."""
        return max(one.end for one in self.edits) - 1

    def time(self, frame: int) -> str:
        """Write a frame of the edit's time as timecode."""
        fps = floor(self.fps + Fraction(1, 2))
        return str(Timecode(0, fps, bool(self.is_drop)).plus(frame))

    @property
    def cuts(self) -> tuple[int, ...]:
        """The frames, ascending, from which on the picture is another."""
        return tuple(cut for cut in cuts_of(self.edits) if self.first < cut <= self.last)


def cuts_of(edits: Iterable[Edit]) -> list[int]:
    """Return where the picture changes: at every clip's cut, and where one ends without another.

    Tracks are taken for themselves, since a clip on an upper one hides what is below: where it
    starts and ends the picture changes. What changes below it, unseen, is a cut as well.

    Example:
        >>> clip = Edit(track="V", start=0, end=10, cut=0)
        >>> cuts_of([clip, Edit(track="V", start=20, end=30, cut=25)])
        [0, 10, 25, 30]
    """
    tracks: dict[str, list[Edit]] = defaultdict(list)
    for one in edits:
        tracks[one.track].append(one)
    found: set[int] = set()
    for clips in tracks.values():
        found.update(one.cut for one in clips)
        reached = None
        for one in sorted(clips, key=lambda clip: (clip.start, clip.end)):
            if reached is not None and one.start > reached:
                found.add(reached)
            reached = one.end if reached is None else max(reached, one.end)
        if reached is not None:
            found.add(reached)
    return sorted(found)
