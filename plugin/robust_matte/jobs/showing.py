"""How a result is shown to people: as display codes, over something."""

import numpy as np

from robust_matte.colour.transforms import transform
from robust_matte.media.frames import FloatImage
from robust_matte.media.windows import Size, Window
from robust_matte.settings.backdrop import Backdrop
from robust_matte.settings.choices import PlateSpace

__all__ = ["backdrop_light", "composite", "display_codes", "placed"]

_CHECKER = (0.28, 0.42)  # display codes


def backdrop_light(
    backdrop: Backdrop,
    size: Size,
    *,
    square: int,
    encoding: PlateSpace,
    pixel_aspect: float = 1.0,
) -> FloatImage:
    """Return the light of a backdrop, which shows as its own codes again.

    Args:
        backdrop: What it is.
        size: The picture.
        square: The side of the checker's squares, in pixels' heights.
        encoding: How codes are encoded on this display.
        pixel_aspect: Width of a pixel over its height.

    Returns:
        (H, W, 3) float32, scene-linear, [0, 1].
    """
    codes = np.empty((size.height, size.width, 3), np.float32)
    if backdrop.code is not None:
        codes[:] = backdrop.code
    else:
        rows = np.arange(size.height) // square
        columns = np.arange(size.width) * pixel_aspect // square
        is_dark = (rows[:, None] + columns) % 2 == 0
        codes[:] = np.where(is_dark, *_CHECKER)[..., None]
    return transform(codes, encoding, PlateSpace.LINEAR_REC709)


def composite(rgb: FloatImage, alpha: FloatImage, below: FloatImage) -> FloatImage:
    """Put premultiplied colour over light.

    Args:
        rgb: Premultiplied, (H, W, 3) float32, scene-linear, any range.
        alpha: (H, W, 1) float32, [0, 1].
        below: (H, W, 3) float32, scene-linear.

    Returns:
        (H, W, 3) float32, scene-linear, a new array.

    Source:
        Porter & Duff 1984, section 4.2, over.
    """
    shown: FloatImage = (1.0 - alpha) * below
    shown += rgb
    return shown


def placed(image: FloatImage, window: Window, display: Window) -> FloatImage:
    """Return an image as it lies in the picture's frame, 0 where it has no pixels.

    Args:
        image: (H, W, C) float32, over `window`.
        window: Where its pixels sit.
        display: The display window.

    Returns:
        (h, w, C) float32, over `display`; `image` itself where that is where it sits.
    """
    if window == display:
        return image
    shown = np.zeros((display.height, display.width, image.shape[2]), np.float32)
    both = window.intersected(display)
    if not both.is_empty:
        shown[both.slices_in(display)] = image[both.slices_in(window)]
    return shown


def display_codes(
    light: FloatImage, encoding: PlateSpace = PlateSpace.SRGB, *, exact: bool = True
) -> FloatImage:
    """Encode light for a display; NaN becomes black, what is brighter than white becomes white.

    Args:
        light: (H, W, 3) float32, scene-linear, any range.
        encoding: The display's.
        exact: As in `transform`.

    Returns:
        (H, W, 3) float32, [0, 1], a new array.
    """
    bounded = np.nan_to_num(light, nan=0.0, posinf=1.0, neginf=0.0).clip(0.0, 1.0)
    codes = transform(bounded, PlateSpace.LINEAR_REC709, encoding, exact=exact)
    return np.clip(codes, 0.0, 1.0, out=codes)
