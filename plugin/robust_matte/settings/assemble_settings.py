"""The settings of one movie that is made of finished frames."""

from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from pydantic import Field, field_validator

from robust_matte.errors import SettingsError
from robust_matte.settings.checked import CheckedSettings
from robust_matte.settings.frame_range import FrameRange

__all__ = ["AUTO_VIEW", "AssembleSettings", "MovieAlpha", "parse_rate"]

AUTO_VIEW = "auto"

_SLOWEST, _FASTEST = 1, 240  # frames a second
# What people write for rates that are 1001st parts: 23.976 is 24000/1001, as is 23.98.
_SPOKEN_ERROR = Fraction(1, 200)


class MovieAlpha(StrEnum):
    """What becomes of the alpha in a movie."""

    STRAIGHT = "straight"
    PREMULTIPLIED = "premultiplied"
    NONE = "none"


class AssembleSettings(CheckedSettings):
    """Everything that making a movie is told.

    Attributes:
        result: What `key` was told with `-o`: a folder, or a pattern such as `matte.####.exr`.
        output: The .mov file to make.
        frames: Which frames, such as `1001-1100`; None is all.
        fps: Frames per second, such as `24`, `23.976` or `24000/1001`; None takes the frames' own.
        alpha: Whether the movie has alpha, and whether colour is multiplied with it.
        view_transform: `auto`, a view of the config, `DISPLAY/VIEW`, or a display's colour space.
        config: An OpenColorIO config; None takes `$OCIO`, or the built-in one.
        overwrite: Replace a file that is no movie of this result.
    """

    result: str = Field(min_length=1)
    output: Path
    frames: str | None = None
    fps: str | None = None
    alpha: MovieAlpha = MovieAlpha.STRAIGHT
    view_transform: str = Field(AUTO_VIEW, min_length=1)
    config: str | None = Field(None, min_length=1)
    overwrite: bool = False

    @field_validator("frames")
    @classmethod
    def _frames_have_no_gaps(cls, text: str | None) -> str | None:
        if text is None:
            return None
        frames = FrameRange.parse(text)
        if frames.step != 1:
            raise SettingsError(
                f"The frames {text} leave some out, and a movie has no gaps.",
                hint=f"Write --frames {frames.first}-{frames.last}.",
            )
        return str(frames)

    @field_validator("fps")
    @classmethod
    def _rate_parses(cls, text: str | None) -> str | None:
        return None if text is None else str(parse_rate(text))


def parse_rate(text: str) -> Fraction:
    """Read a frame rate.

    Raises:
        SettingsError: It is none, or none of a movie.

    Example:
        >>> parse_rate("23.976")
        Fraction(24000, 1001)
    """
    try:
        rate = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not _SLOWEST <= rate <= _FASTEST:
        raise SettingsError(
            f'The frame rate "{text}" cannot be understood.',
            hint="Write frames a second, such as 24, 23.976 or 30000/1001.",
        )
    whole = round(rate * 1001 / 1000)
    spoken = Fraction(whole * 1000, 1001)
    is_spoken = "." in text and rate.denominator != 1 and abs(rate - spoken) <= _SPOKEN_ERROR
    return spoken if is_spoken else rate
