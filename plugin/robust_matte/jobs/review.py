"""A movie of the result over a backdrop, to look at; made of the finished files."""

import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from robust_matte.colour.model_view import ModelView
from robust_matte.errors import SettingsError, WouldOverwriteError
from robust_matte.jobs.finished import read_finished
from robust_matte.jobs.framing import sound_aspect
from robust_matte.jobs.marks import is_there
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.own_file import check_own_file
from robust_matte.jobs.progress import Listener, Noted, StageReached, Warned
from robust_matte.jobs.showing import backdrop_light, composite, display_codes
from robust_matte.media.atomic import check_writable, remove_leftovers
from robust_matte.media.frames import FloatImage
from robust_matte.media.movie_write import (
    LARGEST_SIDE,
    MovieFormat,
    Picture,
    comment_of,
    to_picture,
    write_movie,
)
from robust_matte.media.plates import MoviePlate, Plate
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.still_facts import read_still_facts
from robust_matte.media.timecode import Timecode
from robust_matte.media.windows import Size, Window
from robust_matte.settings.backdrop import Backdrop
from robust_matte.settings.frame_range import FrameRange

__all__ = ["Review", "check_review", "make_review"]

_MARK = "Robust Matte review"
_SUFFIXES = (".mp4", ".mov")
_USUAL_RATE = Fraction(24)
_SLOWEST, _FASTEST = 1, 240  # frames a second; what states another rate is mistaken
_SQUARES_DOWN, _SMALLEST_SQUARE = 27, 8  # 40 pixels at 1080p
_READERS, _HELD = 2, 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Review:
    """What a review shows.

    Attributes:
        plate: The plate, for its rate, timecode and pixel aspect.
        outputs: The finished files.
        frames: The frames that are shown; all are finished.
        display: The picture's frame.
        seen: The plate's model view, which knows the output space and the display encoding.
        backdrop: What the result is shown over.
    """

    plate: Plate
    outputs: Outputs
    frames: FrameRange
    display: Window
    seen: ModelView
    backdrop: Backdrop


def check_review(path: Path, taken: Collection[Path], size: Size, *, overwrite: bool) -> None:
    """Make sure that a review can be made, and replaces nothing but a review.

    Args:
        path: The movie to be written.
        taken: Files that the job reads, resolved.
        size: The picture.
        overwrite: Whether other files may be replaced.

    Raises:
        SettingsError: It cannot be a movie's file of its own, or the picture is too large for one.
        WouldOverwriteError: It is there and no review.
        OutputError: It cannot be written there.
    """
    check_own_file(path, "review", _SUFFIXES, taken)
    if max(size.width, size.height) > LARGEST_SIDE:
        raise SettingsError(
            f"A review of {size} pixels cannot be made: H.264 movies end at {LARGEST_SIDE} a side.",
            hint="Leave --review out, and look at the finished frames.",
        )
    check_writable(path)
    if is_there(path) and not overwrite and comment_of(path) != _MARK:
        raise WouldOverwriteError(
            f"{path} exists and is no review of this program.",
            hint="Name another file with --review, or replace it with --overwrite.",
            path=path,
        )


def make_review(path: Path, review: Review, listener: Listener) -> None:
    """Make the movie; it lasts as long as the frames from the first to the last one do.

    Frames that a step leaves out show the one before them, so that time and timecode are right.

    Args:
        path: The .mp4 or .mov file to write.
        review: What it shows.
        listener: Told of progress and of a timecode that cannot be kept.

    Raises:
        FrameReadError: A finished file is gone or damaged.
        OutputError: The movie cannot be written.
    """
    stated, code = _rate_and_timecode(review)
    rate = stated or _USUAL_RATE
    if stated is None:
        listener(Noted(f"The review runs at {rate} fps, assumed: the plate states no usable rate."))
    text = f"making the review at {float(rate):.5g} fps"
    form = MovieFormat(
        size=_even(review.display.size),
        rate=rate,
        pixel_aspect=_aspect(review.plate),
        timecode=_first_timecode(review, code, rate, listener),
        comment=_MARK,
    )
    remove_leftovers(path.parent, [path.name])
    below = _backdrop(review)
    tasks = (partial(_picture, review, number, below) for number in review.frames)
    with ReadAhead(tasks, threads=_READERS, depth=_HELD) as pictures:
        shown = _told(pictures, len(review.frames), text, listener)
        write_movie(path, _in_time(shown, review.frames), form)


def _picture(review: Review, number: int, below: FloatImage) -> Picture:
    """Show one finished frame, cut to the display window, over the backdrop."""
    finished = read_finished(review.outputs, number, review.seen, review.display)
    light = below
    window = finished.window.intersected(review.display)
    if not window.is_empty:
        inside, place = window.slices_in(finished.window), window.slices_in(review.display)
        light = below.copy()
        light[place] = composite(finished.rgb[inside], finished.alpha[inside], below[place])
    return to_picture(display_codes(light, review.seen.encoding, exact=False))


def _backdrop(review: Review) -> FloatImage:
    size = review.display.size
    square = max(_SMALLEST_SQUARE, size.height // _SQUARES_DOWN)
    return backdrop_light(
        review.backdrop,
        size,
        square=square,
        encoding=review.seen.encoding,
        pixel_aspect=_aspect(review.plate),
    )


def _aspect(plate: Plate) -> float:
    return sound_aspect(plate.header(plate.numbers[0]).pixel_aspect)


def _told(
    pictures: Iterable[Picture], total: int, text: str, listener: Listener
) -> Iterator[Picture]:
    """Hand pictures on, telling how many there were and how long the others will take."""
    listener(StageReached("reviewing", 0, total, text))
    started = time.monotonic()
    for done, picture in enumerate(pictures, start=1):
        yield picture
        to_go = (time.monotonic() - started) / done * (total - done)
        listener(StageReached("reviewing", done, total, text, to_go))


def _in_time(pictures: Iterable[Picture], frames: FrameRange) -> Iterator[Picture]:
    """Repeat pictures for the frames that a step leaves out, but for those after the last."""
    for number, picture in zip(frames, pictures, strict=True):
        for _ in range(min(frames.step, frames.last - number + 1)):
            yield picture


def _rate_and_timecode(review: Review) -> tuple[Fraction | None, str | None]:
    """Return the plate's rate, and the timecode of the frame that `_anchor` names."""
    plate = review.plate
    if isinstance(plate, MoviePlate):
        rate, code = plate.movie.info.fps, plate.movie.info.timecode
    else:
        facts = read_still_facts(plate.pattern.path(_anchor(review)), plate.choice)
        rate, code = facts.fps, facts.timecode
    is_sound = rate is not None and _SLOWEST <= rate <= _FASTEST
    return rate if is_sound else None, code


def _anchor(review: Review) -> int:
    """Return the frame whose timecode counts: a movie states its first, a still its own."""
    numbers = review.plate.numbers
    if isinstance(review.plate, MoviePlate):
        return numbers[0]
    return next((one for one in numbers if one >= review.frames.first), numbers[-1])


def _first_timecode(
    review: Review, code: str | None, rate: Fraction, listener: Listener
) -> str | None:
    """Return the timecode of the first frame shown, or None where there is none to keep."""
    if code is None:
        return None
    timecode = Timecode.parse(code, rate)
    if timecode is None:
        spoken = f"{float(rate):.5g}"
        listener(Warned(f"The timecode {code} is none at {spoken} fps: the review has none."))
        return None
    return str(timecode.plus(review.frames.first - _anchor(review)))


def _even(size: Size) -> Size:
    return Size(size.width + size.width % 2, size.height + size.height % 2)
