"""Where shots start: found, absent, given as frames, or read from headers or an edit list."""

from dataclasses import dataclass
from pathlib import PurePath

from robust_matte.errors import SettingsError

__all__ = ["EDIT_LISTS", "CutList"]

EDIT_LISTS = (".edl", ".otio", ".otioz", ".otiod", ".xml", ".aaf")


@dataclass(frozen=True, slots=True)
class CutList:
    """`auto`, `off`, `headers`, an edit list's file, or first frames such as `1050,1120`.

    Attributes:
        frames: The given frames, ascending; None where they are to be found or read.
        file: The edit list they are in, or None.
        is_in_headers: Whether the headers of the plate say where they are.
    """

    frames: tuple[int, ...] | None = None
    file: str | None = None
    is_in_headers: bool = False

    @classmethod
    def parse(cls, text: str) -> "CutList":
        """Read the setting as typed.

        Raises:
            SettingsError: It is none of the forms.
        """
        word = text.strip().lower()
        if word == "auto":
            return cls()
        if word == "off":
            return cls(())
        if word == "headers":
            return cls(is_in_headers=True)
        if PurePath(word).suffix in EDIT_LISTS:
            return cls(file=text)
        try:
            return cls(tuple(sorted({int(part) for part in word.split(",")})))
        except ValueError as error:
            raise SettingsError(
                f'The cuts "{text}" cannot be understood.',
                hint="Write auto, off, headers, the first frame of each new shot such as "
                f"1050,1120, or an edit list that ends in {', '.join(EDIT_LISTS)}.",
            ) from error

    @staticmethod
    def spelt(frames: tuple[int, ...]) -> str:
        """Write frames as the setting.

        Example:
            >>> CutList.spelt((1050, 1120))
            '1050,1120'
        """
        return ",".join(map(str, frames)) or "off"
