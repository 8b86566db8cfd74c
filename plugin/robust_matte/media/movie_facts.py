"""How a movie is coded, and which of its tags are stated rather than assumed."""

from dataclasses import dataclass
from pathlib import Path

from av.video.reformatter import ColorRange

from robust_matte.media.movie_pixels import has_alpha, is_full_range_by_name
from robust_matte.media.movie_streams import opened_movie, read_first_frame
from robust_matte.media.movie_tags import ColourTags

__all__ = ["MovieFacts", "read_movie_facts"]

_NO_MATRIX = frozenset({0, 2, 3})  # of H.273: R'G'B', "unspecified" and "reserved"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieFacts:
    """How a movie's picture is coded.

    Attributes:
        container: The file's format, in FFmpeg's words.
        codec: The codec, in FFmpeg's words.
        profile: The codec's profile, or None.
        pixel_format: Of the coded picture, in FFmpeg's words.
        has_alpha: Whether the pixel format holds alpha.
        states_range: Whether the file says that its codes are of limited or full range.
        states_matrix: Whether the file says its matrix.
    """

    container: str
    codec: str
    profile: str | None
    pixel_format: str
    has_alpha: bool
    states_range: bool
    states_matrix: bool


def read_movie_facts(path: Path) -> MovieFacts:
    """Read how a movie is coded; one frame is decoded.

    Raises:
        FrameReadError: It cannot be opened.
        InputError: It holds no picture.
    """
    with opened_movie(path) as (container, stream):
        context = stream.codec_context
        tags = [ColourTags.of(context)]  # before decoding
        frame, _ = read_first_frame(container, stream)
        pixel_format = context.format if frame is None else frame.format
        name = "unknown" if pixel_format is None else pixel_format.name
        if frame is not None:
            tags.append(ColourTags.of(frame))
        return MovieFacts(
            container=container.format.long_name,
            codec=context.name,
            profile=stream.profile,
            pixel_format=name,
            has_alpha=pixel_format is not None and has_alpha(pixel_format),
            states_range=is_full_range_by_name(name)
            or any(one.range in (ColorRange.MPEG, ColorRange.JPEG) for one in tags),
            states_matrix=any(one.matrix not in _NO_MATRIX for one in tags),
        )
