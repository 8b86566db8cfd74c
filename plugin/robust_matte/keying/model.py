"""What keying asks of a matting model: numpy in, numpy out, a state inside."""

from typing import Protocol

from robust_matte.media.frames import FloatImage

__all__ = ["MatteModel"]


class MatteModel(Protocol):
    """A recurrent model; frames come in timeline order.

    All images are model view: (H, W, 3) float32, [0, 1]. The state depends on the low-resolution
    pass alone, so `roll` and `matte` leave the same state behind, bit for bit.
    """

    def reset(self) -> None:
        """Drop the state, as at a cut."""

    def shrink(self, view: FloatImage) -> FloatImage:
        """Return the low-resolution view, (h, w, 3) float32, of a full one."""

    def roll(self, low: FloatImage) -> None:
        """Advance the state by one frame, from its low-resolution view, without a matte."""

    def matte(self, view: FloatImage, low: FloatImage) -> tuple[FloatImage, FloatImage]:
        """Advance the state by one frame and return its matte.

        Returns:
            The foreground, (H, W, 3) float32, [0, 1], in the encoding of `view`, and alpha,
            (H, W) float32, [0, 1].
        """
