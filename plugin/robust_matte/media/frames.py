"""One decoded frame of a plate, and what is known of it before decoding."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from robust_matte.media.windows import Window

__all__ = ["FloatImage", "Frame", "FrameHeader"]

FloatImage = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameHeader:
    """What a file says of a frame.

    Attributes:
        data_window: Where the file's pixels sit.
        display_window: The picture's frame.
        pixel_aspect: Width of a pixel over its height.
        attributes: EXR attributes to hand on to the result, by name, as the OpenEXR package takes
            them; empty for other formats.
    """

    data_window: Window
    display_window: Window
    pixel_aspect: float = 1.0
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One decoded frame.

    Attributes:
        number: Frame number.
        pixels: Colour as the file encodes it (plate space), (H, W, 3) float32, R G B, straight as
            stored, C-contiguous. Integer codes are scaled so that full scale is 1.0; movies are
            full-range R'G'B' and may leave [0, 1].
        header: Windows and attributes; `pixels` covers `header.data_window`.
        garbage: What is kept out, (H, W) float32, [0, 1], over the job's work area; None for none.
        core: What is solid, as `garbage`.
    """

    number: int
    pixels: FloatImage
    header: FrameHeader
    garbage: FloatImage | None = None
    core: FloatImage | None = None
