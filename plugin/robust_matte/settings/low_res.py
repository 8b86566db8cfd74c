"""How large the network's low-resolution view is."""

from dataclasses import dataclass

from robust_matte.errors import SettingsError
from robust_matte.settings.choices import Framing

__all__ = ["Downsample"]

_LEAST_SIDE, _MOST_SIDE = 32, 8192
# RVM's authors take a view of 480 pixels for portraits and of 768 for full bodies, at any size of
# the plate (their documentation of inference); 768 is one and a half times the usual 512.
_FULL_BODY = 1.5


@dataclass(frozen=True, slots=True)
class Downsample:
    """`auto`, a ratio such as `0.25`, or the longest side such as `512px`.

    Attributes:
        ratio: Low-resolution size over full size, or None.
        side: Longest side in pixels, or None. Where both are None, network and framing decide:
            `auto`.
        framing: How much of people is seen; it counts for `auto` alone.

    Example:
        >>> Downsample.parse("auto").size(1920, 1080, usual_side=256)
        (256, 144)
    """

    ratio: float | None = None
    side: int | None = None
    framing: Framing = Framing.PORTRAIT

    @classmethod
    def parse(cls, text: str, framing: Framing | None = None) -> "Downsample":
        """Read the setting as typed.

        Args:
            text: One of the three forms.
            framing: What `--framing` says, or None.

        Raises:
            SettingsError: It is none of the three forms, out of range, or there is a framing beside
                a size.
        """
        word = text.strip().lower()
        if framing is not None and word != "auto":
            raise SettingsError(
                f"--framing {framing} and --downsample {text} both say how large the network's "
                "view is.",
                hint="Leave one of them out.",
            )
        try:
            if word == "auto":
                return cls(framing=framing or Framing.PORTRAIT)
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

    def size(
        self, width: int, height: int, *, usual_side: int, pixel_aspect: float = 1.0
    ) -> tuple[int, int]:
        """Return (width, height) of the view in whole, square pixels; never larger than the plate.

        Args:
            width: Width of what is keyed, in the plate's pixels.
            height: Height of it.
            usual_side: Longest side of the view that the network was made for; `auto` takes it, and
                one and a half times of it for full bodies.
            pixel_aspect: Width of a plate's pixel over its height. The view has the shape that the
                plate has on a screen, and is measured against the plate as unsqueezed there.

        Example:
            >>> Downsample.parse("0.25").size(2048, 1716, usual_side=512, pixel_aspect=2.0)
            (1024, 429)
        """
        wide, high = width * max(pixel_aspect, 1.0), height / min(pixel_aspect, 1.0)
        ratio = self.ratio or min((self.side or self._auto_side(usual_side)) / max(wide, high), 1.0)
        return max(1, round(wide * ratio)), max(1, round(high * ratio))

    def _auto_side(self, usual_side: int) -> int:
        return round(usual_side * _FULL_BODY) if self.framing is Framing.FULL_BODY else usual_side
