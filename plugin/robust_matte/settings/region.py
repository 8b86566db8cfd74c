"""The part of the picture that is keyed, as typed."""

from dataclasses import dataclass

from robust_matte.errors import SettingsError

__all__ = ["LEAST_SIDE", "Region"]

LEAST_SIDE = 16  # pixels; the network's coarsest state is a sixteenth of its view
_FARTHEST = 2**30  # OpenEXR's own bound on coordinates


@dataclass(frozen=True, slots=True)
class Region:
    """`X,Y,W,H` in the plate's pixels, as its windows are: y grows downwards.

    Example:
        >>> Region.parse("640, 60, 512, 960")
        Region(x=640, y=60, width=512, height=960)
    """

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> "Region":
        """Read the setting as typed.

        Raises:
            SettingsError: It is not four whole numbers, or holds too few pixels to key.
        """
        try:
            x, y, width, height = (int(part) for part in text.split(","))
        except ValueError as error:
            raise _not_understood(text) from error
        if max(abs(x), abs(y), abs(width), abs(height)) > _FARTHEST:
            raise _not_understood(text)
        if min(width, height) < LEAST_SIDE:
            raise SettingsError(
                f"The region {text} holds too few pixels to key.",
                hint=f"Write X,Y,W,H with a width and a height from {LEAST_SIDE} up.",
            )
        return cls(x, y, width, height)

    def __str__(self) -> str:
        return f"{self.x},{self.y},{self.width},{self.height}"


def _not_understood(text: str) -> SettingsError:
    return SettingsError(
        f'The region "{text}" cannot be understood.',
        hint="Write X,Y,W,H in whole pixels of the plate, such as 640,60,512,960: the first "
        "column, the first row, the width and the height.",
    )
