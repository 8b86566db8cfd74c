"""A frame made ready for the model: in the work area, as light and as model view."""

from dataclasses import dataclass

import numpy as np

from robust_matte.colour.model_view import ModelView
from robust_matte.media.frames import FloatImage, Frame, FrameHeader
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Nonfinite

__all__ = ["BadPixels", "Preparation", "PreparedFrame"]


@dataclass(frozen=True, slots=True)
class BadPixels:
    """NaN and infinite pixels of one frame; `x`, `y` of the first in the plate's coordinates."""

    count: int
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedFrame:
    """What keying needs of one frame; all images cover the work area.

    Attributes:
        number: Frame number.
        header: The plate's windows and attributes.
        light: P, (H, W, 3) float32, scene-linear, any range.
        view: V, (H, W, 3) float32, [0, 1].
        bad: NaN and infinite pixels, or None.
    """

    number: int
    header: FrameHeader
    light: FloatImage
    view: FloatImage
    bad: BadPixels | None


@dataclass(frozen=True, slots=True)
class Preparation:
    """How frames of one plate are made ready.

    Attributes:
        seen: The plate's model view.
        area: The work area; the network's size, the same for all frames of a job.
        nonfinite: What to do about NaN and infinite pixels.
    """

    seen: ModelView
    area: Window
    nonfinite: Nonfinite

    def prepare(self, frame: Frame) -> PreparedFrame:
        """Place a frame in the work area, on black, and derive light and view."""
        pixels = self.placed(frame)
        good = np.isfinite(pixels)
        bad = None if good.all() else self._bad_pixels(good)
        if bad is not None and self.nonfinite is Nonfinite.ZERO:
            pixels = np.where(good, pixels, np.float32(0.0))
        return PreparedFrame(
            number=frame.number,
            header=frame.header,
            light=self.seen.working(pixels),
            view=self.seen.view(pixels),
            bad=bad,
        )

    def placed(self, frame: Frame) -> FloatImage:
        """Return a frame's pixels over the work area, black around them; plate space."""
        window = frame.header.data_window
        if window == self.area:
            return frame.pixels
        placed = np.zeros((self.area.height, self.area.width, 3), np.float32)
        shared = window.intersected(self.area)
        if not shared.is_empty:
            placed[shared.slices_in(self.area)] = frame.pixels[shared.slices_in(window)]
        return placed

    def _bad_pixels(self, good: np.ndarray) -> BadPixels:
        rows, columns = np.nonzero(~good.all(axis=2))
        return BadPixels(len(rows), int(columns[0]) + self.area.x, int(rows[0]) + self.area.y)
