"""A frame made ready for the model: in the work area, as light and as model view."""

from dataclasses import dataclass, replace

import numpy as np

from robust_matte.colour.model_view import ModelView
from robust_matte.keying.masking import masked_view
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
    """What keying needs of one frame.

    Attributes:
        number: Frame number.
        header: The plate's windows and attributes.
        light: P, (H, W, 3) float32, scene-linear, any range; of what the network works on. Of a
            frame that no result is made of it has no rows.
        view: V, (H, W, 3) float32, [0, 1]; of the same, C-contiguous.
        bad: NaN and infinite pixels of the work area, or None, if a result is made of the frame.
        around: P of the whole work area, where the network works on a region of it and the result
            is to have the others, too.
        shown: What the network is shown: V, without the garbage.
        garbage: (H, W) float32, [0, 1], of what the network works on; None for none.
        core: As `garbage`.
    """

    number: int
    header: FrameHeader
    light: FloatImage
    view: FloatImage
    bad: BadPixels | None
    shown: FloatImage
    around: FloatImage | None = None
    garbage: FloatImage | None = None
    core: FloatImage | None = None


@dataclass(frozen=True, slots=True)
class Preparation:
    """How frames of one plate are made ready.

    Attributes:
        seen: The plate's model view.
        area: The work area, the same for all frames of a job.
        nonfinite: What to do about NaN and infinite pixels.
        region: The part of the area that the network works on; None is all of it.
        has_result: Whether a result is made of the frames; others only feed the state, for which
            the view is enough.
    """

    seen: ModelView
    area: Window
    nonfinite: Nonfinite
    region: Window | None = None
    has_result: bool = True

    def brightened(self, stops: float) -> "Preparation":
        """Return the preparation for a gain."""
        return self if stops == self.seen.gain else replace(self, seen=self.seen.brightened(stops))

    def without_result(self) -> "Preparation":
        """Return the preparation of frames that no result is made of."""
        return replace(self, has_result=False)

    def prepare(self, frame: Frame) -> PreparedFrame:
        """Place a frame in the work area, on black, and derive light and view."""
        pixels, bad, around = self.placed(frame), None, None
        if self.has_result or self.nonfinite is Nonfinite.ZERO:
            good = np.isfinite(pixels)
            bad = None if good.all() else self._bad_pixels(good)
            if bad is not None and self.nonfinite is Nonfinite.ZERO:
                pixels = np.where(good, pixels, np.float32(0.0))
        if self.region is not None:
            around = self.seen.working(pixels) if self.has_result else None
            pixels = np.ascontiguousarray(pixels[self.region.slices_in(self.area)])
        view, garbage = self.seen.view(pixels), self._keyed(frame.garbage)
        return PreparedFrame(
            number=frame.number,
            header=frame.header,
            light=self.seen.working(pixels) if self.has_result else pixels[:0],
            view=view,
            shown=masked_view(view, garbage),
            bad=bad,
            around=around,
            garbage=garbage,
            core=self._keyed(frame.core),
        )

    def _keyed(self, mask: FloatImage | None) -> FloatImage | None:
        """Cut a mask of the work area to what the network works on."""
        if mask is None or self.region is None:
            return mask
        return mask[self.region.slices_in(self.area)]

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
