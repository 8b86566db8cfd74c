"""The rate of an edit list, which its timecodes do not tell."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from robust_matte.errors import SettingsError
from robust_matte.settings.assemble_settings import parse_rate

__all__ = ["EditRate"]

_DROP = "df"


@dataclass(frozen=True, slots=True)
class EditRate:
    """Frames a second of an edit list.

    Attributes:
        fps: As they run: 30000/1001 at 29.97.
        is_drop: Whether frame numbers are dropped, whatever marks are in its timecodes; None
            leaves that to them.

    Example:
        >>> EditRate.parse("29.97df").is_drop
        True
    """

    fps: Fraction
    is_drop: bool | None = None

    @classmethod
    def parse(cls, text: str) -> "EditRate":
        """Read what a user wrote, such as `24`, `23.976` or `29.97df`.

        Raises:
            SettingsError: It is no rate, or one at which no frame numbers are dropped.
        """
        word = text.strip().lower()
        is_drop = word.endswith(_DROP)
        fps = parse_rate(word.removesuffix(_DROP))
        if is_drop and floor(fps + Fraction(1, 2)) not in (30, 60):
            raise SettingsError(
                f'The rate "{text.strip()}" drops no frame numbers.',
                hint="Write df with 29.97 and 59.94 alone.",
            )
        return cls(fps, True if is_drop else None)
