"""Transfer functions through OpenColorIO, on whole buffers, with the GIL released."""

from functools import cache

import numpy as np
import PyOpenColorIO as ocio
from numpy.typing import NDArray

from robust_matte.settings.choices import PlateSpace

__all__ = ["BUILTIN_CONFIG", "FloatImage", "transform"]

FloatImage = NDArray[np.float32]

# By its full name: `ocio://default` has no camera logs, and `latest` moves with the library.
BUILTIN_CONFIG = "ocio://studio-config-v4.0.0_aces-v2.0_ocio-v2.5"


def transform(
    pixels: FloatImage, source: PlateSpace, target: PlateSpace, *, exact: bool = True
) -> FloatImage:
    """Convert colour from one space to another.

    Args:
        pixels: (H, W, 3) float32, any range; at least one pixel.
        source: The space of `pixels`.
        target: The wanted space.
        exact: Use exact logarithms and powers (1e-6 relative); the fast ones are within 1.1e-4
            and take half the time.

    Returns:
        (H, W, 3) float32, a new array; `pixels` itself where the spaces are the same.
    """
    if source is target:
        return pixels
    height, width = pixels.shape[:2]
    packed = np.ascontiguousarray(pixels)  # of other layouts OpenColorIO makes garbage, silently
    result = np.empty_like(packed)
    processor = _processor(source, target, exact)
    processor.apply(  # applyRGB would hold the GIL, and is three times slower
        ocio.PackedImageDesc(packed, width, height, 3),
        ocio.PackedImageDesc(result, width, height, 3),
    )
    return result


@cache
def _processor(source: PlateSpace, target: PlateSpace, exact: bool) -> ocio.CPUProcessor:
    config = ocio.Config.CreateFromFile(BUILTIN_CONFIG)
    flags = ocio.OPTIMIZATION_LOSSLESS if exact else ocio.OPTIMIZATION_DEFAULT
    steps = ocio.GroupTransform([_to_linear(source, ocio.TRANSFORM_DIR_FORWARD)])
    steps.appendTransform(_to_linear(target, ocio.TRANSFORM_DIR_INVERSE))
    return config.getProcessor(steps).getOptimizedCPUProcessor(flags)


def _to_linear(space: PlateSpace, direction: ocio.TransformDirection) -> ocio.Transform:
    """Return the way from a space to linear light, or back.

    The config's own gamma 2.4 hands codes below black on as they are, so that a movie's noise would
    become strongly negative light; mirrored it stays noise.
    """
    if space is PlateSpace.GAMMA24_REC709:
        return ocio.ExponentTransform(
            value=[2.4, 2.4, 2.4, 1.0],
            negativeStyle=ocio.NEGATIVE_MIRROR,
            direction=direction,
        )
    linear = str(PlateSpace.LINEAR_REC709)
    return ocio.ColorSpaceTransform(src=str(space), dst=linear, direction=direction)
