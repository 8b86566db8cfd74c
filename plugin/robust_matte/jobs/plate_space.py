"""How a plate is encoded: as asked, else as its files say, else by custom, and always said."""

from dataclasses import dataclass

from robust_matte.colour.configs import ColourConfig, builtin_config
from robust_matte.colour.spaces import ColourSpace, describe
from robust_matte.errors import InputError
from robust_matte.jobs.stated_space import StatedSpace, movie_space, still_space
from robust_matte.media.plates import MoviePlate, Plate, SequencePlate
from robust_matte.settings.choices import PlateSpace

__all__ = ["REC709_CHROMATICITIES", "AssumedSpace", "assume_space"]

REC709_CHROMATICITIES = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)  # ITU-R BT.709-6, 1.3


@dataclass(frozen=True, slots=True)
class AssumedSpace:
    """The plate's space, and where it is known from.

    Attributes:
        space: How the plate is encoded: a name of the config, or of the built-in one.
        is_stated: Whether the user or the file says so.
        text: One line for the user.
    """

    space: str
    is_stated: bool
    text: str


def assume_space(
    plate: Plate, asked: str | None, config: ColourConfig | None = None
) -> AssumedSpace:
    """Decide how a plate is encoded.

    Args:
        plate: The plate.
        asked: What `--plate-space` says: a name, alias or role of the config; or None.
        config: The config; None is the built-in one.

    Raises:
        InputError: A movie's transfer function or primaries cannot be converted.
        SettingsError: The name that was asked for is not known, or leads nowhere.
    """
    config = config or builtin_config()
    if asked is not None:
        space = describe(config, asked)
        called = "" if asked in (space.name, space.spoken) else f" ({asked})"
        return AssumedSpace(space.name, True, f"plate space {space.spoken}{called}, as asked")
    if isinstance(plate, MoviePlate):
        return _movie_space(plate, config)
    is_float = isinstance(plate, SequencePlate) and plate.is_float
    stated = still_space(plate, config)
    if stated is not None and stated.space is not None:
        return _stated(stated.space, stated, config)
    custom = PlateSpace.LINEAR_REC709 if is_float else PlateSpace.SRGB
    of = "floating-point files" if is_float else "integer files"
    return _assumed(describe(config, custom), of)


def _movie_space(plate: MoviePlate, config: ColourConfig) -> AssumedSpace:
    info = plate.movie.info
    stated = movie_space(info.transfer, info.primaries)
    if stated.space is None:
        raise InputError(
            f"{plate.source} is tagged with transfer {info.transfer or 'unstated'} and primaries "
            f"{info.primaries or 'unstated'}, which cannot be converted.",
            hint="Convert it to Rec.709, or name the space to read it as with --plate-space.",
        )
    if info.transfer is None:
        return _assumed(describe(config, stated.space), "untagged movies")
    return _stated(stated.space, stated, config)


def _stated(name: str, stated: StatedSpace, config: ColourConfig) -> AssumedSpace:
    space = describe(config, name)
    text = f"plate space {space.spoken}, from {stated.source}{stated.note}"
    return AssumedSpace(space.name, True, text)


def _assumed(space: ColourSpace, of: str) -> AssumedSpace:
    text = f"plate space {space.spoken}, assumed of {of}; --plate-space changes it"
    return AssumedSpace(space.name, False, text)
