"""Where shots start: found, absent, or given as a list of frames."""

from dataclasses import dataclass

from robust_matte.errors import SettingsError

__all__ = ["CutList"]


@dataclass(frozen=True, slots=True)
class CutList:
    """`auto`, `off`, or the first frames of shots such as `1050,1120`.

    Attributes:
        frames: The given frames, ascending; None where the detector is to find them.
    """

    frames: tuple[int, ...] | None

    @classmethod
    def parse(cls, text: str) -> "CutList":
        """Read the setting as typed.

        Raises:
            SettingsError: It is none of the three forms.
        """
        word = text.strip().lower()
        if word == "auto":
            return cls(None)
        if word == "off":
            return cls(())
        try:
            return cls(tuple(sorted({int(part) for part in word.split(",")})))
        except ValueError as error:
            raise SettingsError(
                f'The cuts "{text}" cannot be understood.',
                hint="Write auto, off, or the first frame of each new shot such as 1050,1120.",
            ) from error
