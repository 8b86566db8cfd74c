"""What the network sees of a plate, and the way back from its encoding to light."""

from dataclasses import dataclass

import numpy as np

from robust_matte.colour.transforms import FloatImage, transform
from robust_matte.settings.choices import PlateSpace

__all__ = ["ModelView"]

_BRIGHTEST = np.float32(65504.0)  # what a plate's value is bounded to where gain may bring it down


@dataclass(frozen=True, slots=True)
class ModelView:
    """The model view V of a plate space: display-like R'G'B' in [0, 1].

    A display-referred plate is seen as its own code values, without any transfer; a scene-referred
    plate as sRGB of its light clipped to [0, 1]. Primaries are Rec.709 throughout.

    Attributes:
        space: How the plate is encoded.
        gain: Stops by which V is brighter than the plate: its light is multiplied by 2^gain before
            it is clipped and encoded. `working` knows nothing of it, and `light` undoes it.
    """

    space: PlateSpace
    gain: float = 0.0

    @property
    def encoding(self) -> PlateSpace:
        """The space V is encoded in."""
        return PlateSpace.SRGB if self.space.is_scene_referred else self.space

    def working(self, pixels: FloatImage) -> FloatImage:
        """Return P: the plate as scene-linear light.

        Args:
            pixels: Plate space, (H, W, 3) float32, any range.

        Returns:
            (H, W, 3) float32, any range; `pixels` itself where the plate is linear already.
        """
        return transform(pixels, self.space, PlateSpace.LINEAR_REC709)

    def view(self, pixels: FloatImage) -> FloatImage:
        """Return V: what the network sees.

        NaN becomes 0 and infinities the bound: one bad pixel would otherwise poison the recurrent
        state for the rest of the segment.

        Args:
            pixels: Plate space, (H, W, 3) float32, any range.

        Returns:
            (H, W, 3) float32, [0, 1], a new array.
        """
        bounded = np.fmax(pixels, np.float32(0.0))  # of a number and NaN, fmax takes the number
        source = self.space
        if self.gain:  # what is above white may come below it
            np.minimum(bounded, _BRIGHTEST, out=bounded)
            source = PlateSpace.LINEAR_REC709
            bounded = transform(bounded, self.space, source, exact=False) * _factor(self.gain)
        np.minimum(bounded, np.float32(1.0), out=bounded)
        view = transform(bounded, source, self.encoding, exact=False)
        return np.minimum(view, np.float32(1.0), out=view)  # the fast power ends 7e-6 above 1

    def light(self, view: FloatImage) -> FloatImage:
        """Return L(V): the light that a model-view colour stands for.

        Args:
            view: (H, W, 3) float32, [0, 1], in `encoding`.

        Returns:
            (H, W, 3) float32, [0, 2^-gain], scene-linear.
        """
        light = transform(view, self.encoding, PlateSpace.LINEAR_REC709)
        return light * _factor(-self.gain) if self.gain else light


def _factor(stops: float) -> np.float32:
    return np.float32(2.0**stops)
