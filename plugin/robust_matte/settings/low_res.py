"""How large the network's low-resolution view is."""

from dataclasses import dataclass

from robust_matte.errors import SettingsError

__all__ = ["Downsample"]

_LEAST_SIDE, _MOST_SIDE = 32, 8192


@dataclass(frozen=True, slots=True)
class Downsample:
    """`auto`, a ratio such as `0.25`, or the longest side such as `512px`.

    Attributes:
        ratio: Low-resolution size over full size, or None.
        side: Longest side in pixels, or None. Where both are None, the network decides: `auto`.

    Example:
        >>> Downsample.parse("auto").size(1920, 1080, usual_side=288)
        (288, 162)
    """

    ratio: float | None = None
    side: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Downsample":
        """Read the setting as typed.

        Raises:
            SettingsError: It is none of the three forms, or out of range.
        """
        word = text.strip().lower()
        try:
            if word == "auto":
                return cls()
            if word.endswith("px") and _LEAST_SIDE <= int(word[:-2]) <= _MOST_SIDE:
                return cls(side=int(word[:-2]))
            if not word.endswith("px") and 0.0 < float(word) <= 1.0:
                return cls(ratio=float(word))
        except ValueError:
            pass
        raise SettingsError(
            f'The downsampling "{text}" cannot be used.',
            hint=f"Write auto, a ratio above 0 and up to 1, or a longest side from {_LEAST_SIDE}px "
            f"to {_MOST_SIDE}px.",
        )

    def size(self, width: int, height: int, *, usual_side: int) -> tuple[int, int]:
        """Return (width, height) of the view in whole pixels; never larger than the plate.

        Args:
            width: Width of what is keyed, in pixels.
            height: Height of it.
            usual_side: Longest side of the view that the network was made for; `auto` takes it.
        """
        ratio = self.ratio or min((self.side or usual_side) / max(width, height), 1.0)
        return max(1, round(width * ratio)), max(1, round(height * ratio))
