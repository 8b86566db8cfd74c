"""How a plate is encoded: as asked, else as its files say, else by custom, and always said."""

from dataclasses import dataclass

import numpy as np

from robust_matte.errors import InputError
from robust_matte.media.plates import MoviePlate, Plate, SequencePlate
from robust_matte.settings.choices import PlateSpace

__all__ = ["REC709_CHROMATICITIES", "AssumedSpace", "are_rec709", "assume_space"]

REC709_CHROMATICITIES = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)  # ITU-R BT.709-6, 1.3

# Transfer tags whose pictures are made for a Rec.1886 display, and the one that is sRGB's.
_MOVIE_SPACES = dict.fromkeys(
    (
        *(None, "bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m"),
        *("iec61966-2-4", "bt1361e", "bt2020-10", "bt2020-12"),
    ),
    PlateSpace.GAMMA24_REC709,
) | {"iec61966-2-1": PlateSpace.SRGB}
_OTHER_PRIMARIES = frozenset({"bt2020", "smpte431", "smpte432"})


@dataclass(frozen=True, slots=True)
class AssumedSpace:
    """The plate's space, and where it is known from.

    Attributes:
        space: How the plate is encoded.
        is_stated: Whether the user or the file says so.
        text: One line for the user.
    """

    space: PlateSpace
    is_stated: bool
    text: str


def assume_space(plate: Plate, asked: PlateSpace | None) -> AssumedSpace:
    """Decide how a plate is encoded.

    Raises:
        InputError: A movie's transfer function or primaries cannot be converted.
    """
    if asked is not None:
        return AssumedSpace(asked, True, f"plate space {asked.spoken}, as asked")
    if isinstance(plate, MoviePlate):
        return _movie_space(plate)
    is_float = isinstance(plate, SequencePlate) and plate.is_float
    if is_float and _has_other_primaries(plate):
        text = "plate space scene-linear, primaries its own; the network sees them as Rec.709's"
        return AssumedSpace(PlateSpace.LINEAR_REC709, False, text)
    space = PlateSpace.LINEAR_REC709 if is_float else PlateSpace.SRGB
    return _assumed(space, "floating-point files" if is_float else "integer files")


def are_rec709(chromaticities: object) -> bool:
    """Say whether an EXR attribute is Rec.709's, or not there and so taken for it."""
    if not isinstance(chromaticities, tuple):
        return True
    return bool(np.allclose(chromaticities, REC709_CHROMATICITIES, atol=2e-3))


def _has_other_primaries(plate: Plate) -> bool:
    return not are_rec709(plate.header(plate.numbers[0]).attributes.get("chromaticities"))


def _movie_space(plate: MoviePlate) -> AssumedSpace:
    info = plate.movie.info
    space = _MOVIE_SPACES.get(info.transfer)
    if space is None or info.primaries in _OTHER_PRIMARIES:
        raise InputError(
            f"{plate.source} is tagged with transfer {info.transfer or 'unstated'} and primaries "
            f"{info.primaries or 'unstated'}, which cannot be converted yet.",
            hint="Convert it to Rec.709, or name the space to read it as with --plate-space.",
        )
    if info.transfer is None:
        return _assumed(space, "untagged movies")
    return AssumedSpace(space, True, f"plate space {space.spoken}, from the movie's tags")


def _assumed(space: PlateSpace, of: str) -> AssumedSpace:
    text = f"plate space {space.spoken}, assumed of {of}; --plate-space changes it"
    return AssumedSpace(space, False, text)
