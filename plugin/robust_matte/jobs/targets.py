"""Which frames are written, and from which frame of the plate each is made."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from robust_matte.jobs.progress import Listener, Warned
from robust_matte.media.sequences import frame_ranges
from robust_matte.settings.choices import Missing

__all__ = ["Target", "targets_for", "warn_of_black"]


@dataclass(frozen=True, slots=True)
class Target:
    """One frame to write.

    Attributes:
        number: Its frame number.
        source: The frame of the plate it shows: itself, the one before a hole, or None for black.
    """

    number: int
    source: int | None

    @property
    def held(self) -> int | None:
        """The frame it repeats, or None where it is its own."""
        return self.source if self.source != self.number else None


def targets_for(wanted: Iterable[int], present: Sequence[int], missing: Missing) -> list[Target]:
    """Match the frames to write with the frames of the plate.

    Invented pixels never enter the network: a hole's frame repeats the output before it, or is
    transparent black, where there is none before it or the policy says so.

    Args:
        wanted: Frames to write.
        present: Frames of the plate, ascending.
        missing: What holes become; `fail` means that there are none.

    Example:
        >>> [one.source for one in targets_for([1, 2, 3], [1, 3], Missing.HOLD)]
        [1, 1, 3]
    """
    targets = []
    for number in wanted:
        at = bisect_left(present, number)
        if at < len(present) and present[at] == number:
            targets.append(Target(number, number))
        elif missing is Missing.HOLD and at > 0:
            targets.append(Target(number, present[at - 1]))
        else:
            targets.append(Target(number, None))
    return targets


def warn_of_black(targets: Iterable[Target], missing: Missing, listener: Listener) -> None:
    """Name the frames that were to be held, where there is none before them to hold."""
    black = [one.number for one in targets if one.source is None]
    if missing is Missing.HOLD and black:
        numbers = frame_ranges(black)
        listener(Warned(f"The frames {numbers} have none before them to hold: they are black."))
