"""What a colour space is: light or codes, of a scene or for a display, and in whose primaries."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robust_matte.colour.configs import ColourConfig, builtin_config, find_space
from robust_matte.colour.own_spaces import CHROMATICITIES, OWN_SPACES, custom_name, custom_primaries
from robust_matte.colour.primaries import AP0, Chromaticities
from robust_matte.colour.transforms import convert
from robust_matte.settings.choices import PlateSpace

__all__ = ["GAMUTS", "ColourSpace", "Kind", "Signature", "describe", "sign"]

_D65 = (0.3127, 0.329)
_AP0, _AP0_ID = "ACES2065-1", "lin_ap0_scene"
# White, red, green and blue of cameras, displays and working spaces, by the linear space of the
# built-in config. SMPTE ST 2065-1, S-2014-004 (AP1), ITU-R BT.709-6, BT.2020-2, SMPTE EG 432-1,
# Adobe RGB (1998), and the makers' white papers.
GAMUTS: Final[dict[str, Chromaticities]] = {
    "Linear Rec.709 (sRGB)": (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, *_D65),
    "ACEScg": (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, *AP0[6:]),
    "ACES2065-1": AP0,
    "Linear Rec.2020": (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, *_D65),
    "Linear P3-D65": (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, *_D65),
    "Linear AdobeRGB": (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, *_D65),
    "Linear ARRI Wide Gamut 3": (0.684, 0.313, 0.221, 0.848, 0.0861, -0.102, *_D65),
    "Linear ARRI Wide Gamut 4": (0.7347, 0.2653, 0.1424, 0.8576, 0.0991, -0.0308, *_D65),
    "Linear BMD WideGamut Gen5": (
        *(0.7177215, 0.3171181, 0.228041, 0.861569, 0.1005841, -0.0820452, 0.312717, 0.3290312),
    ),
    "Linear DaVinci WideGamut": (0.8, 0.313, 0.1682, 0.9877, 0.079, -0.1155, *_D65),
    "Linear CinemaGamut D55": (0.74, 0.27, 0.17, 1.14, 0.08, -0.1, *_D65),
    "Linear D-Gamut": (0.71, 0.31, 0.21, 0.88, 0.09, -0.08, *_D65),
    "Linear V-Gamut": (0.73, 0.28, 0.165, 0.84, 0.1, -0.03, *_D65),
    "Linear REDWideGamutRGB": (
        *(0.780308, 0.304253, 0.121595, 1.493994, 0.095612, -0.084589, *_D65),
    ),
    "Linear S-Gamut3": (0.73, 0.28, 0.14, 0.855, 0.1, -0.05, *_D65),
    "Linear S-Gamut3.Cine": (0.766, 0.275, 0.225, 0.8, 0.089, -0.087, *_D65),
    "Linear Venice S-Gamut3": (
        *(0.7404643, 0.2793644, 0.0892411, 0.8938095, 0.1104882, -0.0525793, *_D65),
    ),
    "Linear Venice S-Gamut3.Cine": (
        *(0.7759019, 0.2745024, 0.1886829, 0.828685, 0.1013374, -0.0891875, *_D65),
    ),
}

_HDR_WHITE = 2.03  # ITU-R BT.2408-7, 2.2: 203 cd/m2, and OpenColorIO's displays hold 100 as 1.0
_TINY = 1e-3  # of a matrix' entries; configs round theirs
_CROSSTALK = 2e-3
_MOST_CONDITION = 1e4


class Kind(StrEnum):
    """What the values of a space are."""

    LINEAR = "scene-linear"
    LOG = "log"
    SDR = "display-referred"
    HDR = "HDR display-referred"


@dataclass(frozen=True, slots=True)
class ColourSpace:
    """A colour space as far as keying needs to know it.

    Attributes:
        name: As the config has it, or one of `PlateSpace`.
        kind: What its values are.
        working: The scene-linear space with its primaries; itself if it is one.
        white: The working space's value of a white that is not a light source.
        is_exact: Whether `working` has its very primaries, rather than those of the config's
            scene-linear role.
    """

    name: str
    kind: Kind
    working: str
    white: float = 1.0
    is_exact: bool = True

    @property
    def is_scene_referred(self) -> bool:
        """Whether values are light, or codes of light, of any range."""
        return self.kind is not Kind.SDR

    @property
    def spoken(self) -> str:
        """The name an artist knows."""
        plain = PlateSpace.named(self.name)
        if plain is not None:
            return plain.spoken
        return OWN_SPACES.get(self.name, self.name)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a file says of the scene-linear space that its light is in.

    Attributes:
        chromaticities: Of red, green, blue and white.
        interop_id: Its `colorInteropID`, or None where there is none.
    """

    chromaticities: Chromaticities
    interop_id: str | None


@cache
def describe(config: ColourConfig, name: str) -> ColourSpace:
    """Find out what a colour space is.

    Args:
        config: Whose name it is.
        name: A space, alias or role of it; one of `PlateSpace` or of `own_spaces`.

    Raises:
        SettingsError: The name is not known, or there is no way from it to Rec.709.
    """
    plain = PlateSpace.named(name)
    if plain is not None:
        kind = Kind.LINEAR if plain.is_scene_referred else Kind.SDR
        return ColourSpace(plain.value, kind, PlateSpace.LINEAR_REC709.value)
    home, own = find_space(config, name)
    _light(config, own, _PROBES)  # what cannot reach Rec.709 is refused here
    if _is_linear(config, own):
        if _close_to(_matrix(config, own), _matrix(builtin_config(), PlateSpace.LINEAR_REC709)):
            own_linear = PlateSpace.LINEAR_REC709.value
            return ColourSpace(own_linear, Kind.LINEAR, own_linear)
        return ColourSpace(own, Kind.LINEAR, own)
    found = _working(config, own)
    working = found or _scene_linear(config)
    encoding = home.loaded.getColorSpace(own).getEncoding()
    kind = _KINDS.get(encoding) or _guessed(config, own, working)
    white = _HDR_WHITE if kind is Kind.HDR else 1.0
    return ColourSpace(own, kind, working, white, found is not None)


@cache
def sign(config: ColourConfig, name: str) -> Signature:
    """Return what files say of a scene-linear space, known by its matrix and not by its name."""
    if name.startswith(CHROMATICITIES):
        return Signature(custom_primaries(name), None)
    matrix, builtin = _matrix(config, name), builtin_config()
    for known, chromaticities in GAMUTS.items():
        if _close_to(matrix, _matrix(builtin, known)):
            interop_id = builtin.loaded.getColorSpace(known).getInteropID()
            return Signature(chromaticities, interop_id or None)
    return Signature(_primaries(matrix), None)


_KINDS = {
    "log": Kind.LOG,
    "sdr-video": Kind.SDR,
    "hdr-video": Kind.HDR,
    "edr-video": Kind.LOG,
    "scene-linear": Kind.LOG,  # said to be, but it is not: a curve over all light
}
_LEVELS = (0.15, 0.4, 0.6)
_PROBES = np.array([list(product(_LEVELS, repeat=3))], np.float32)
_PURE = np.array([[[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0, 0, 0]]], np.float32)
_STEPS = np.array(
    [[[0.4, 0.4, 0.4], [0.6, 0.4, 0.4], [0.4, 0.6, 0.4], [0.4, 0.4, 0.6]]], np.float32
)
_RAYS = np.array(
    [[[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0.25, 0.5, 0.125], [-1, 16, 4]]],
    np.float32,
)


def _light(config: ColourConfig, name: str, codes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return codes as light in ACES2065-1, (N, 3)."""
    light: NDArray[np.float64] = convert(codes, config, name, _AP0_ID)[0].astype(np.float64)
    return light


def _is_linear(config: ColourConfig, name: str) -> bool:
    rays = _light(config, name, _RAYS)
    straight = _RAYS[0].astype(np.float64) @ rays[1:4]
    return bool(np.allclose(rays, straight, rtol=1e-4, atol=1e-4))


@cache
def _matrix(config: ColourConfig, name: str) -> NDArray[np.float64]:
    """Return the matrix from a linear space to ACES2065-1; columns are its primaries."""
    matrix: NDArray[np.float64] = _light(config, name, _RAYS)[1:4].T
    return matrix


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.linalg.inv(matrix).astype(np.float64)


def _close_to(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    return bool(np.abs(first - second).max() < _TINY)


def _working(config: ColourConfig, name: str) -> str | None:
    """Return the linear space in which each channel depends on its own code alone.

    HLG's display light is not quite so: there all channels are brighter where one of them is. Codes
    of one channel alone still give light of one channel.
    """
    light = _light(config, name, _PROBES)
    greys = _light(config, name, np.array([[[one] * 3 for one in _LEVELS]], np.float32))
    pure = _light(config, name, _PURE)
    level = np.indices([len(_LEVELS)] * 3).reshape(3, -1).T  # of each channel of each probe

    def crosstalk(back: NDArray[np.float64]) -> float:
        alone = (greys @ back)[level, np.arange(3)]
        return float(np.abs(light @ back - alone).max() / np.abs(alone).max())

    def impurity(back: NDArray[np.float64]) -> float:
        seen = pure @ back
        return float(np.abs(seen * (1.0 - np.eye(3, 4).T)).max() / np.abs(seen).max())

    builtin = builtin_config()
    known = {one: _inverse(_matrix(builtin, one)).T for one in GAMUTS}
    for measure in (crosstalk, impurity):
        found = min(known, key=lambda one: measure(known[one]))
        if measure(known[found]) < _CROSSTALK:
            is_rec709 = found == next(iter(GAMUTS))
            return PlateSpace.LINEAR_REC709.value if is_rec709 else found
    steps = _light(config, name, _STEPS)
    scale = (steps[1:] - steps[0]).sum(axis=0).mean()
    matrix: NDArray[np.float64] = ((steps[1:] - steps[0]) / float(scale)).T
    if np.linalg.cond(matrix) < _MOST_CONDITION and crosstalk(_inverse(matrix).T) < _CROSSTALK:
        return custom_name(_primaries(matrix))
    return None


def _scene_linear(config: ColourConfig) -> str:
    """Return the space that a config works in, else ACES2065-1, which holds all colours."""
    role = config.loaded.getRoleColorSpace("scene_linear")
    return role if role and _is_linear(config, role) else _AP0


def _guessed(config: ColourConfig, name: str, working: str) -> Kind:
    """Tell codes for a display from those of a scene, where a config does not: by their white."""
    white = convert(np.ones((1, 1, 3), np.float32), config, name, working)
    return Kind.LOG if float(white.max()) > 1.5 else Kind.SDR


def _primaries(matrix: NDArray[np.float64]) -> Chromaticities:
    """Return the chromaticities of a matrix to ACES2065-1, seen under the white of ACES."""
    pairs = np.array(AP0).reshape(4, 2)
    columns = np.array([[x, y, 1.0 - x - y] for x, y in pairs]).T
    to_xyz = columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3] / pairs[3, 1])
    xyz = to_xyz @ np.column_stack([matrix, matrix.sum(axis=1)])
    both = xyz[:2] / xyz.sum(axis=0)
    return tuple(float(one) for one in both.T.ravel())
