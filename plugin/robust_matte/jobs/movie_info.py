"""What is known of a movie, for `PlateInfo`."""

from robust_matte.errors import FrameReadError
from robust_matte.jobs.plate_info import ChannelInfo, CodingInfo, PartInfo, StorageInfo
from robust_matte.media.movie_facts import MovieFacts
from robust_matte.media.movies import Movie
from robust_matte.media.sequences import frame_ranges

__all__ = ["coding_info", "colour_tags", "damage", "storage_info"]


def damage(movie: Movie) -> FrameReadError | None:
    """Return what stops `key` where good frames follow damaged ones; None if none does."""
    damaged = movie.damaged
    if not damaged:
        return None
    noun = "Frames" if len(damaged) > 1 else "Frame"
    return FrameReadError(
        f"{noun} {frame_ranges(damaged)} of {movie.path} cannot be decoded.",
        hint=movie.way_around(damaged[0]),
        frame=damaged[0],
        path=movie.path,
    )


def storage_info(movie: Movie, facts: MovieFacts) -> StorageInfo:
    """Say how a movie's pixels are stored."""
    names = ("R", "G", "B", "A") if facts.has_alpha else ("R", "G", "B")
    depth = f"{movie.info.bit_depth}-bit"
    channels = tuple(ChannelInfo(name=name, depth=depth) for name in names)
    return StorageInfo(
        format=facts.container,
        compression=None,
        parts=(PartInfo(name=None, view=None, channels=channels),),
        keyed=names[:3],
        has_alpha=facts.has_alpha,
        differing_channels=0,
        first_differing=None,
    )


def coding_info(movie: Movie, facts: MovieFacts) -> CodingInfo:
    """Say how a movie is coded, and what of that is assumed."""
    info = movie.info
    return CodingInfo(
        codec=facts.codec,
        profile=facts.profile,
        pixel_format=facts.pixel_format,
        bit_depth=info.bit_depth,
        range="full" if info.is_full_range else "limited",
        is_range_stated=facts.states_range,
        matrix=info.matrix.value,
        is_matrix_stated=facts.states_matrix,
        transfer=info.transfer,
        primaries=info.primaries,
        rotation=info.rotation,
        is_mirrored=info.is_mirrored,
        is_variable_rate=info.is_variable_rate,
        declared_frames=info.declared_frames,
    )


def colour_tags(movie: Movie) -> dict[str, str]:
    """Return what a movie says of its colour, by the tag's name."""
    said = {"transfer": movie.info.transfer, "primaries": movie.info.primaries}
    return {name: tag for name, tag in said.items() if tag is not None}
