"""Channels with fewer values than pixels, and colour that is stored as luminance and chroma.

Neither library's Python package turns Y, RY and BY into R, G and B; the arithmetic is OpenEXR's
(its saturation fix, which evens out single pixels beyond their neighbours, is left out).

Source:
    OpenEXR, `ImfRgbaYca.h`: RY = (R - Y) / Y, BY = (B - Y) / Y, and the filter's numbers.
"""

from struct import unpack

import numpy as np
from numpy.typing import NDArray

from robust_matte.media.exr_header import ExrPart
from robust_matte.media.frames import FloatImage

__all__ = ["from_chroma", "luminance_weights", "reconstruct", "repeat"]

_REC709 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)  # OpenEXR's default too
# Half of a windowed sinc, from the value next to the gap outwards.
_TAPS = (0.627123, -0.186077, 0.087929, -0.043159, 0.019597, -0.007540, 0.002128)

_Plane = NDArray[np.float32]


def luminance_weights(part: ExrPart) -> tuple[float, float, float]:
    """Return how much R, G and B count for Y, by the part's primaries.

    Primaries that span no colours count as Rec.709's.
    """
    stored = part.attributes.get("chromaticities")
    is_sound = stored is not None and stored.type == "chromaticities" and len(stored.value) == 32
    for numbers in (unpack("<8f", stored.value) if stored and is_sound else _REC709, _REC709):
        xy = np.array(numbers, np.float64).reshape(4, 2)
        if not np.isfinite(xy).all() or (xy[:, 1] == 0).any():
            continue
        xyz = np.column_stack([xy, 1.0 - xy.sum(axis=1)]) / xy[:, 1:]  # each at Y = 1
        if abs(np.linalg.det(xyz[:3])) > 1e-9:
            red, green, blue = np.linalg.solve(xyz[:3].T, xyz[3])
            return float(red), float(green), float(blue)
    raise AssertionError  # Rec.709's do


def repeat(plane: _Plane, sampling: tuple[int, int]) -> _Plane:
    """Give every pixel a value by repeating what is stored, across and down."""
    across, down = sampling
    return plane.repeat(down, axis=0).repeat(across, axis=1)


def reconstruct(plane: _Plane) -> _Plane:
    """Give every pixel of a plane that is half as wide and high its value, as OpenEXR does.

    Args:
        plane: (H / 2, W / 2) float32, any range.

    Returns:
        (H, W) float32; what is stored stays, between the values lies a windowed sinc.
    """
    return _doubled(_doubled(plane).T).T


def from_chroma(colour: FloatImage, weights: tuple[float, float, float]) -> FloatImage:
    """Turn luminance and chroma into colour.

    Args:
        colour: Y, RY and BY, (H, W, 3) float32.
        weights: How much R, G and B count for Y.

    Returns:
        R, G and B, (H, W, 3) float32, a new array; exactly grey where there is no chroma.
    """
    luminance, ry, by = np.moveaxis(colour, 2, 0)
    rgb = np.empty_like(colour)
    with np.errstate(all="ignore"):  # light that is no number stays so
        rgb[..., 0] = (ry + 1.0) * luminance
        rgb[..., 2] = (by + 1.0) * luminance
        others = np.float32(weights[0]) * rgb[..., 0] + np.float32(weights[2]) * rgb[..., 2]
        rgb[..., 1] = (luminance - others) / np.float32(weights[1])
    is_grey = (ry == 0) & (by == 0)
    rgb[is_grey] = luminance[is_grey][:, None]
    return rgb


def _doubled(plane: _Plane) -> _Plane:
    """Put a value between any two rows; beyond the edges the outermost ones go on."""
    reach = len(_TAPS)
    padded = np.pad(plane, ((reach, reach), (0, 0)), mode="edge")
    rows = plane.shape[0]
    between = np.zeros_like(plane)
    with np.errstate(all="ignore"):
        for at, tap in enumerate(_TAPS):
            before, after = reach - at, reach + 1 + at
            pair = padded[before : before + rows] + padded[after : after + rows]
            between += np.float32(tap) * pair
    doubled = np.empty((2 * rows, plane.shape[1]), np.float32)
    doubled[0::2], doubled[1::2] = plane, between
    return doubled
