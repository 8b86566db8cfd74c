"""Colour from one space to another through OpenColorIO, on whole buffers, with the GIL released."""

from functools import cache

import numpy as np
import PyOpenColorIO as ocio
from numpy.typing import NDArray

from robust_matte.colour.configs import ColourConfig, builtin_config, find_space
from robust_matte.errors import SettingsError
from robust_matte.settings.choices import PlateSpace

__all__ = [
    "FloatImage",
    "apply_processor",
    "can_convert",
    "convert",
    "lookup_files",
    "transform",
]

FloatImage = NDArray[np.float32]

_INTERCHANGE, _AP0 = "aces_interchange", "ACES2065-1"


def transform(
    pixels: FloatImage, source: PlateSpace, target: PlateSpace, *, exact: bool = True
) -> FloatImage:
    """Convert colour between the encodings with Rec.709 primaries, which need no config.

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
    return apply_processor(_rec709_processor(source, target, exact), pixels)


def convert(
    pixels: FloatImage, config: ColourConfig, source: str, target: str, *, exact: bool = True
) -> FloatImage:
    """Convert colour between any two spaces that a config names.

    Args:
        pixels: (H, W, 3) float32, any range; at least one pixel.
        config: Whose names these are; what it lacks is looked for in the built-in config.
        source: The space of `pixels`.
        target: The wanted space.
        exact: As in `transform`.

    Returns:
        (H, W, 3) float32, a new array; `pixels` itself where the names are the same.

    Raises:
        SettingsError: A name is not known, or the config knows no way between the spaces.
    """
    if source == target:
        return pixels
    return apply_processor(_processor(config, source, target, exact), pixels)


def can_convert(config: ColourConfig, source: str, target: str) -> bool:
    """Say whether there is a way between two spaces; some can be read but not written."""
    try:
        _processor(config, source, target, True)
    except SettingsError:
        return False
    return True


def lookup_files(config: ColourConfig, source: str, target: str) -> tuple[str, ...]:
    """Return the files, beside the config, that converting between two spaces reads."""
    files = _steps(config, source, target).getProcessorMetadata().getFiles()
    return tuple(sorted(files))


def apply_processor(processor: ocio.CPUProcessor, pixels: FloatImage) -> FloatImage:
    """Return what a processor makes of pixels, (H, W, 3) float32; a new array."""
    height, width = pixels.shape[:2]
    packed = np.ascontiguousarray(pixels)  # of other layouts OpenColorIO makes garbage, silently
    result = np.empty_like(packed)
    processor.apply(  # applyRGB would hold the GIL, and is three times slower
        ocio.PackedImageDesc(packed, width, height, 3),
        ocio.PackedImageDesc(result, width, height, 3),
    )
    return result


def _flags(exact: bool) -> ocio.OptimizationFlags:
    return ocio.OPTIMIZATION_LOSSLESS if exact else ocio.OPTIMIZATION_DEFAULT


@cache
def _processor(config: ColourConfig, source: str, target: str, exact: bool) -> ocio.CPUProcessor:
    return _steps(config, source, target).getOptimizedCPUProcessor(_flags(exact))


@cache
def _steps(config: ColourConfig, source: str, target: str) -> ocio.Processor:
    """Return the way between two spaces, through ACES2065-1 where they are of two configs."""
    (first, from_name), (second, to_name) = find_space(config, source), find_space(config, target)
    try:
        if first == second:
            return first.loaded.getProcessor(from_name, to_name)
        return _across(first.loaded, from_name, second.loaded, to_name)
    except (ocio.Exception, ocio.ExceptionMissingFile) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise SettingsError(
            f'{config.name} knows no way from "{source}" to "{target}": {reason}.',
            hint="Name another space, or a config with --config that has the role aces_interchange "
            "and all files that it refers to.",
        ) from error


def _across(first: ocio.Config, name: str, second: ocio.Config, other: str) -> ocio.Processor:
    """Return the way between spaces of two configs.

    Configs of OpenColorIO 1, as that of ACES 1.2, have no role that names what they share with
    others; their ACES2065-1 is then looked for, by what it does to known colours.
    """
    if first.hasRole(_INTERCHANGE) and second.hasRole(_INTERCHANGE):
        return ocio.Config.GetProcessorFromConfigs(first, name, second, other)
    shared = [_interchange(config) for config in (first, second)]
    return ocio.Config.GetProcessorFromConfigs(first, name, shared[0], second, other, shared[1])


def _interchange(config: ocio.Config) -> str:
    if config.hasRole(_INTERCHANGE):
        return _INTERCHANGE
    builtin = builtin_config().loaded
    found: str = ocio.Config.IdentifyBuiltinColorSpace(config, builtin, _AP0)
    return found


@cache
def _rec709_processor(source: PlateSpace, target: PlateSpace, exact: bool) -> ocio.CPUProcessor:
    steps = ocio.GroupTransform([_to_linear(source, ocio.TRANSFORM_DIR_FORWARD)])
    steps.appendTransform(_to_linear(target, ocio.TRANSFORM_DIR_INVERSE))
    return builtin_config().loaded.getProcessor(steps).getOptimizedCPUProcessor(_flags(exact))


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
