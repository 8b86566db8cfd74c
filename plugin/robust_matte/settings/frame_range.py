"""Which frames are written, in fileseq's words."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import fileseq

from robust_matte.errors import SettingsError

__all__ = ["FrameRange"]


@dataclass(frozen=True, slots=True)
class FrameRange:
    """`1001-1100` or `1001-1100x2`, always ascending.

    Example:
        >>> list(FrameRange.parse("1001-1005x2"))
        [1001, 1003, 1005]
    """

    first: int
    last: int
    step: int = 1

    @classmethod
    def parse(cls, text: str) -> "FrameRange":
        """Read a range as typed.

        Raises:
            SettingsError: It is no range of whole frames with one step, or a list.
        """
        if "," in text:  # fileseq takes lists, and some of them happen to have one step
            raise _not_understood(text)
        try:
            typed = fileseq.FrameSet(text.strip())
            frames = sorted({int(number) for number in typed})
        except fileseq.MaxSizeException as error:  # a ValueError, so it comes first
            raise SettingsError(
                f"The frame range {text} has more than ten million frames.",
                hint="Check the digits of its first and last frame.",
            ) from error
        except (fileseq.FileSeqException, ValueError, ArithmeticError) as error:
            raise _not_understood(text) from error
        steps = {after - before for before, after in pairwise(frames)}
        if not frames or len(steps) > 1 or any(number % 1 for number in typed):
            raise _not_understood(text)
        return cls(frames[0], frames[-1], steps.pop() if steps else 1)

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1, self.step))

    def __len__(self) -> int:
        return (self.last - self.first) // self.step + 1

    def __str__(self) -> str:
        step = f"x{self.step}" if self.step > 1 else ""
        return f"{self.first}-{self.last}{step}" if self.last > self.first else f"{self.first}"


def _not_understood(text: str) -> SettingsError:
    return SettingsError(
        f'The frame range "{text}" cannot be understood.',
        hint="Write one such as 1001-1100, 1001-1100x2 or 1050.",
    )
