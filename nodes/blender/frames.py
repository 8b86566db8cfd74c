"""Which frame of a plate lies under a frame of the scene. Arithmetic only; knows nothing of bpy."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AFTER", "EARLIEST", "FrameMapping"]

EARLIEST = -1048574  # the first frame that Blender's fields for frame numbers take
AFTER = ("hold", "cycle", "nothing")


@dataclass(frozen=True)
class FrameMapping:
    """How frames of the scene and of the plate lie on each other.

    A plate's frame is the number in its file's name, or a movie's frame counted from 1. Both are
    `(scene frame - start + 1) + offset`.

    Attributes:
        start: The scene's frame under which the first frame lies.
        offset: The number of the first frame, less one.
        duration: How many frames there are.
        after: What follows the last one: it is held, all begin again (and lie before the first as
            well), or nothing does.

    Raises:
        ValueError: There is no frame, or `after` is none of `AFTER`.

    Example:
        >>> mapping = FrameMapping(start=5, offset=1000, duration=24)
        >>> mapping.media(5), mapping.media(28), mapping.media(100), mapping.media(4)
        (1001, 1024, 1024, None)
        >>> mapping.scene(1010)
        14
    """

    start: int
    offset: int
    duration: int
    after: str = "hold"

    def __post_init__(self) -> None:
        if self.duration < 1:
            raise ValueError(f"A plate of {self.duration} frames has none to map.")
        if self.after not in AFTER:
            raise ValueError(f"{self.after!r} is none of {AFTER}.")

    @classmethod
    def scene_frames(cls, first: int, last: int) -> FrameMapping:
        """Return the mapping of files that bear the scene's own numbers."""
        return cls(first, first - 1, last - first + 1, "nothing")

    @classmethod
    def still(cls, number: int) -> FrameMapping:
        """Return the mapping of one file that lies under every frame of the scene."""
        return cls(EARLIEST, number - 1, 1)

    @property
    def first(self) -> int:
        """The first frame's number."""
        return self.offset + 1

    @property
    def last(self) -> int:
        """The last frame's number."""
        return self.offset + self.duration

    def media(self, frame: int) -> int | None:
        """Return the plate's frame under a frame of the scene; None where there is none."""
        index = frame - self.start
        if self.after == "cycle":
            return self.first + index % self.duration
        if index < 0 or (self.after == "nothing" and index >= self.duration):
            return None
        return self.first + min(index, self.duration - 1)

    def scene(self, number: int) -> int | None:
        """Return the first scene frame, from `start` on, over a plate's frame; None without one."""
        return self.start + number - self.first if self.first <= number <= self.last else None

    def media_range(self, first: int, last: int) -> tuple[int, int] | None:
        """Return the least range of plate frames that holds all under a range of scene frames.

        Args:
            first: The scene's first frame.
            last: The scene's last frame.

        Returns:
            First and last number, or None where no frame of the plate is under any of them.
        """
        if last < first:
            return None
        if self.after == "cycle":
            low, high = self.media(first), self.media(last)
            if last - first + 1 >= self.duration or low is None or high is None or high < low:
                return self.first, self.last
            return low, high
        low, high = self.media(max(first, self.start)), self.media(last)
        if self.after == "nothing" and last >= self.start:
            high = self.media(min(last, self.start + self.duration - 1))
        return None if low is None or high is None else (low, high)

    def trimmed(self, first: int, last: int) -> FrameMapping:
        """Return the mapping of a part of the plate's frames, which lie where they did.

        Raises:
            ValueError: They are not all in this one, or it begins anew after the last one.
        """
        if not self.first <= first <= last <= self.last or self.after == "cycle":
            raise ValueError(f"{first}-{last} is no part of {self}.")
        after = self.after if last == self.last else "nothing"
        return FrameMapping(self.start + first - self.first, first - 1, last - first + 1, after)
