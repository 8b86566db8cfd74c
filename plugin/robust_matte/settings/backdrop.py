"""What a result is shown over: a checker, or a plain colour."""

import re
from dataclasses import dataclass

from robust_matte.errors import SettingsError

__all__ = ["Backdrop"]

# Display codes. Grey is sRGB's of 18 % light; green is the usual chroma-key paint's.
_NAMED = {"black": "#000000", "white": "#ffffff", "grey": "#767676", "green": "#00b140"}


@dataclass(frozen=True, slots=True)
class Backdrop:
    """`checker`, the name of a colour, or one written as `#1e90ff`.

    Attributes:
        code: Red, green and blue in [0, 1], as the display shows them; None for the checker.

    Example:
        >>> Backdrop.parse("#ff0000").code
        (1.0, 0.0, 0.0)
    """

    code: tuple[float, float, float] | None

    @classmethod
    def parse(cls, text: str) -> "Backdrop":
        """Read the setting as typed.

        Raises:
            SettingsError: It is none of the forms.
        """
        word = text.strip().lower()
        if word == "checker":
            return cls(None)
        match = re.fullmatch(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", _NAMED.get(word, word))
        if match is None:
            raise SettingsError(
                f'The backdrop "{text}" cannot be used.',
                hint="Write checker, black, white, grey, green, or a colour such as #1e90ff.",
            )
        red, green, blue = (int(part, 16) / 255 for part in match.groups())
        return cls((red, green, blue))
