"""The number of a movie's first frame: given, or counted from its timecode."""

import re
from typing import Final, Literal

from robust_matte.errors import SettingsError
from robust_matte.settings.spelling import legible

__all__ = ["FIRST_FRAME_FLAG", "FROM_TIMECODE", "FirstFrame", "parse_first_frame"]

FIRST_FRAME_FLAG: Final = "--first-frame"
FROM_TIMECODE: Final = "timecode"

FirstFrame = int | Literal["timecode"]


def parse_first_frame(value: object, name: str = "first_frame") -> FirstFrame:
    """Read what a user wrote.

    Args:
        value: A whole number, one as text, or `timecode`.
        name: The setting as the user knows it.

    Raises:
        SettingsError: It is something else.
    """
    if value == FROM_TIMECODE:
        return FROM_TIMECODE
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]+\s*", value):
        return int(value)
    spelt = f'"{legible(value)}"' if isinstance(value, str) else repr(value)
    raise SettingsError(
        f"The setting {name} cannot be {spelt}.", hint="Write a whole number, or timecode."
    )
