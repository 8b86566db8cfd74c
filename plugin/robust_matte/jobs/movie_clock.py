"""Rate and timecode of a movie, from what its frames say."""

from collections.abc import Iterator
from fractions import Fraction

from robust_matte.errors import SettingsError
from robust_matte.jobs.movie_source import MovieSource, SourceFrame
from robust_matte.jobs.progress import Listener, Warned
from robust_matte.media.exr_timecode import timecode_text
from robust_matte.media.sequences import frame_ranges
from robust_matte.media.timecode import Timecode
from robust_matte.settings.assemble_settings import parse_rate

__all__ = ["first_timecode", "movie_rate", "warn_of_rates"]


def movie_rate(name: str, first: SourceFrame, asked: str | None) -> Fraction:
    """Return the rate that was asked for, else that of the first frame.

    Args:
        name: The frames' pattern, for messages.
        first: The first frame.
        asked: What `--fps` says.

    Raises:
        SettingsError: Neither says one.
    """
    rate = first.facts.fps if asked is None else parse_rate(asked)
    if rate is None:
        raise SettingsError(
            f"{name} does not state its frame rate.",
            hint="Write it, such as --fps 24 or --fps 23.976.",
        )
    return rate


def warn_of_rates(source: MovieSource, rate: Fraction, listener: Listener) -> None:
    """Tell of frames that state another rate than their movie's."""
    others = [one.number for one in source.frames if one.facts.fps not in (rate, None)]
    if others:
        listener(
            Warned(
                f"The frames {frame_ranges(others)} state another rate than {_spoken(rate)} fps, "
                "at which the movie runs."
            )
        )


def first_timecode(source: MovieSource, rate: Fraction, listener: Listener) -> Timecode | None:
    """Return the timecode of the first frame, or None where the frames have none to keep.

    Frames that were made for holes have none of their own: it is counted from those that do.
    """
    stated = {one.number: one.timecode for one in source.frames if one.timecode is not None}
    if not stated:
        return None
    first = source.frames[0].number
    readings = [list(_counted(stated, rate, first, is_paired=paired)) for paired in (True, False)]
    sound = [one for one in readings if one[0][1] is not None]
    if not sound:
        number, stored = next(iter(stated.items()))
        listener(
            Warned(
                f"The timecode {timecode_text(stored, rate)} of frame {number} is none at "
                f"{_spoken(rate)} fps: the movie has none."
            )
        )
        return None
    best = min(sound, key=_jumps)
    found = best[0][1]
    others = [number for number, timecode in best if timecode != found]
    if others:
        listener(
            Warned(
                f"The timecode of the frames {frame_ranges(others)} does not go on from the first "
                f"frame's: in the movie it runs on from {found}."
            )
        )
    return found


def _counted(
    stated: dict[int, bytes], rate: Fraction, first: int, *, is_paired: bool
) -> Iterator[tuple[int, Timecode | None]]:
    """Yield what the timecode of each frame makes of that of the first one."""
    for number, stored in stated.items():
        text = timecode_text(stored, rate, is_paired=is_paired)
        timecode = Timecode.parse(text, rate) if text else None
        yield number, timecode.plus(first - number) if timecode else None


def _jumps(counted: list[tuple[int, Timecode | None]]) -> int:
    return sum(timecode != counted[0][1] for _, timecode in counted)


def _spoken(rate: Fraction) -> str:
    return f"{float(rate):.5g}"
