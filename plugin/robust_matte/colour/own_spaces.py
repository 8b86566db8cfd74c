"""Colour spaces of files that the built-in config has no name for.

Codes below black are mirrored where the config's own displays clamp them or hand them on: a movie's
noise must neither be cut in half nor become strongly negative light.
"""

from typing import Final

import numpy as np
import PyOpenColorIO as ocio

from robust_matte.colour.primaries import Chromaticities, matrix_to_ap0

__all__ = ["CHROMATICITIES", "OWN_SPACES", "custom_name", "custom_primaries", "own_space"]

CHROMATICITIES: Final = "scene-linear, chromaticities "  # then eight numbers

_AP0 = "ACES2065-1"
_DCI_P3: Final[Chromaticities] = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.314, 0.351)

# By name: what an artist calls it, its exponent (0 is sRGB's curve), and whose primaries it has.
_DISPLAYS: Final[dict[str, tuple[str, float, str | Chromaticities]]] = {
    "g24_rec2020_tx": ("Rec.2020 gamma 2.4 (SDR)", 2.4, "lin_rec2020_scene"),
    "g24_p3d65_tx": ("P3-D65 gamma 2.4", 2.4, "lin_p3d65_scene"),
    "g26_p3d65_tx": ("P3-D65 gamma 2.6", 2.6, "lin_p3d65_scene"),
    "g26_p3dci_tx": ("DCI-P3 gamma 2.6", 2.6, _DCI_P3),
    "srgb_rec2020_tx": ("sRGB curve with Rec.2020 primaries", 0.0, "lin_rec2020_scene"),
}
_CINEON = "cineon"

OWN_SPACES: Final[dict[str, str]] = {name: told[0] for name, told in _DISPLAYS.items()} | {
    _CINEON: "Cineon printing density (film log), primaries taken for Rec.709's"
}


def custom_name(chromaticities: Chromaticities) -> str:
    """Return the name of scene-linear light in primaries of a file's own."""
    return CHROMATICITIES + " ".join(str(np.float32(number)) for number in chromaticities)


def custom_primaries(name: str) -> Chromaticities:
    """Return the primaries that `custom_name` was given."""
    return tuple(float(number) for number in name.removeprefix(CHROMATICITIES).split())


def own_space(name: str) -> ocio.ColorSpace:
    """Return a colour space for a config that has the roles and names of the built-in one.

    Args:
        name: One of `OWN_SPACES`, or what `custom_name` returned.
    """
    if name.startswith(CHROMATICITIES):
        return _space(name, "scene-linear", [_matrix(custom_primaries(name))])
    if name == _CINEON:
        return _space(name, "log", [_film_log(), _to_reference("lin_rec709_scene")])
    _, exponent, primaries = _DISPLAYS[name]
    curve = _power(exponent) if exponent else _srgb_curve()
    matrix = _to_reference(primaries) if isinstance(primaries, str) else _matrix(primaries)
    return _space(name, "sdr-video", [curve, matrix])


def _space(name: str, encoding: str, steps: list[ocio.Transform]) -> ocio.ColorSpace:
    space = ocio.ColorSpace(ocio.REFERENCE_SPACE_SCENE, name)
    space.setEncoding(encoding)
    space.setTransform(ocio.GroupTransform(steps), ocio.COLORSPACE_DIR_TO_REFERENCE)
    return space


def _to_reference(linear: str) -> ocio.Transform:
    return ocio.ColorSpaceTransform(src=linear, dst=_AP0)


def _matrix(primaries: Chromaticities) -> ocio.Transform:
    whole = np.eye(4)
    whole[:3, :3] = matrix_to_ap0(primaries)
    return ocio.MatrixTransform(whole.ravel().tolist())


def _power(exponent: float) -> ocio.Transform:
    return ocio.ExponentTransform(value=[exponent] * 3 + [1.0], negativeStyle=ocio.NEGATIVE_MIRROR)


def _srgb_curve() -> ocio.Transform:
    """IEC 61966-2-1, 5.2."""
    return ocio.ExponentWithLinearTransform(
        gamma=[2.4, 2.4, 2.4, 1.0],
        offset=[0.055, 0.055, 0.055, 0.0],
        negativeStyle=ocio.NEGATIVE_MIRROR,
    )


def _film_log() -> ocio.Transform:
    """Return the way from 10-bit Cineon codes to light: 95 is black, 685 is white.

    Source:
        Kodak, Conversion of 10-bit Log Film Data to 8-bit Linear or Video Data for the Cineon
        Digital Film System, 1995: 0.002 density a code, film gamma 0.6.
    """
    black, white, density, gamma, last = 95.0, 685.0, 0.002, 0.6, 1023.0
    flare = 10.0 ** ((black - white) * density / gamma)
    curve = ocio.LogAffineTransform(
        logSideSlope=[gamma / density / last] * 3,
        logSideOffset=[white / last] * 3,
        linSideSlope=[1.0 - flare] * 3,
        linSideOffset=[flare] * 3,
        direction=ocio.TRANSFORM_DIR_INVERSE,
    )
    curve.setBase(10.0)
    return curve
