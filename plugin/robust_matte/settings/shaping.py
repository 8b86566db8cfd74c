"""What an artist does to the alpha after the network: levels, gamma, grow and soften."""

import math
from dataclasses import dataclass

from robust_matte.errors import SettingsError

__all__ = ["Shaping"]

_LEAST_GAMMA, _MOST_GAMMA = 0.05, 20.0
_MOST_GROW, _MOST_SOFTEN = 100.0, 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaping:
    """How the alpha is shaped; in this order, and by default not at all.

    Attributes:
        black: Alpha that becomes 0, as all below it.
        white: Alpha that becomes 1, as all above it.
        gamma: Above 1 the alpha between gets more, below 1 less; 0 and 1 stay.
        grow: Pixels by which the matte grows, or shrinks where negative; may be fractional.
        soften: Pixels by which edges get softer to either side; may be fractional.

    Raises:
        SettingsError: A value is out of range, or no number.

    Example:
        >>> str(Shaping(white=0.9, grow=-1.5))
        'white 0.9, grow -1.5'
    """

    black: float = 0.0
    white: float = 1.0
    gamma: float = 1.0
    grow: float = 0.0
    soften: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.black < self.white <= 1.0:  # NaN is not either
            raise SettingsError(
                f"The alpha cannot be spread from black {self.black:g} to white {self.white:g}.",
                hint="Write --matte-black and --matte-white from 0 to 1, the black below the "
                "white.",
            )
        if not _LEAST_GAMMA <= self.gamma <= _MOST_GAMMA:
            raise SettingsError(
                f"The gamma {self.gamma:g} of the alpha cannot be used.",
                hint=f"Write --matte-gamma from {_LEAST_GAMMA:g} to {_MOST_GAMMA:g}: above 1 for "
                "more alpha at the edges, below 1 for less.",
            )
        if not abs(self.grow) <= _MOST_GROW:
            raise SettingsError(
                f"The matte cannot grow by {self.grow:g} pixels.",
                hint=f"Write --matte-grow from -{_MOST_GROW:g} to {_MOST_GROW:g}; what is negative "
                "shrinks it.",
            )
        if not 0.0 <= self.soften <= _MOST_SOFTEN:
            raise SettingsError(
                f"The edges cannot be softened by {self.soften:g} pixels.",
                hint=f"Write --matte-soften from 0 to {_MOST_SOFTEN:g}.",
            )

    @property
    def is_off(self) -> bool:
        """Whether the alpha stays as it is, to the bit."""
        return self == Shaping()

    @property
    def reach(self) -> int:
        """How far, in whole pixels, alpha may come to be above 0 where it was 0."""
        return math.ceil(max(self.grow, 0.0)) + math.ceil(1.5 * self.soften)

    def __str__(self) -> str:
        """Name what is on, as files and summaries do; `off` where nothing is."""
        values = {name: getattr(self, name) for name in ("black", "white", "gamma", "grow")}
        values["soften"] = self.soften
        off = Shaping()
        told = [
            f"{name} {value:g}" for name, value in values.items() if value != getattr(off, name)
        ]
        return ", ".join(told) or "off"

    @classmethod
    def parse(cls, text: str) -> "Shaping":
        """Read what `str` wrote.

        Raises:
            SettingsError: It is nothing that `str` writes.

        Example:
            >>> Shaping.parse("white 0.9, grow -1.5")
            Shaping(black=0.0, white=0.9, gamma=1.0, grow=-1.5, soften=0.0)
        """
        try:
            pairs = (part.split() for part in text.split(", ") if text != "off")
            return cls(**{name: float(value) for name, value in pairs})
        except (TypeError, ValueError) as error:
            raise SettingsError(
                f'The shaping "{text}" cannot be understood.',
                hint="Another program has changed the file; key it again.",
            ) from error
