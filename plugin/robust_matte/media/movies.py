"""Movies as plates: decoded in order with PyAV, converted exactly, counted by decoding.

Frames are numbered by their order, whatever their times are. Containers lie about how many there
are (Matroska does not say, a cut-off file says too many), so the count is what decodes.
"""

from array import array
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeGuard, TypeVar

import av
import numpy as np
from av.error import EOFError as EndOfStream
from av.error import FFmpegError, InvalidDataError

from robust_matte.errors import FrameReadError, InputError
from robust_matte.media.frames import FloatImage, Frame, FrameHeader
from robust_matte.media.kept_decoder import KeptDecoder
from robust_matte.media.movie_attributes import (
    first_timecode,
    shared_attributes,
    timecode_attributes,
)
from robust_matte.media.movie_pixels import read_alpha, read_rgb
from robust_matte.media.movie_streams import decoder_of, opened_movie, read_first_frame
from robust_matte.media.movie_tags import ColourTags, MovieInfo, is_steady, read_info
from robust_matte.media.sequences import frame_ranges
from robust_matte.media.windows import Window
from robust_matte.settings.first_frame import FROM_TIMECODE, FirstFrame
from robust_matte.settings.warm_up import DEFAULT_WARM_UP

__all__ = ["Movie", "MovieCount"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class MovieCount:
    """What counting a movie's frames found.

    Attributes:
        count: How many there are.
        damaged: Numbers of those that do not decode.
        warnings: What was odd.
    """

    count: int
    damaged: tuple[int, ...]
    warnings: tuple[str, ...]


class Movie:
    """A movie file; nothing stays open between calls, unless that is asked for.

    Opening reads the headers and decodes one frame, so that what cannot be used is refused at once.

    Args:
        path: The movie.
        first_frame: Number of its first frame, or `timecode`: as many as its timecode counts
            frames from 00:00:00:00.

    Attributes:
        path: The movie.
        name: Its file name without suffix.
        info: What it says of itself and what was assumed.

    Raises:
        FrameReadError: The file is missing, empty, cut off, no movie, or its first frame does not
            decode.
        InputError: It holds no picture, is interlaced, or uses a pixel format or matrix that is
            not supported; or its frames are to be numbered by a timecode that it has not.
    """

    def __init__(self, path: Path, *, first_frame: FirstFrame = 1) -> None:
        self.path = path
        self.name = path.stem
        self._count: int | None = None
        self._damaged: tuple[int, ...] = ()
        self._counted_warnings: tuple[str, ...] = ()
        self._kept: KeptDecoder | None = None
        self.info, self._coding = self._probe()
        self._timecode = first_timecode(self.info)
        self._first = self._counted() if first_frame == FROM_TIMECODE else first_frame

    @property
    def numbers(self) -> range:
        """The frames that decode, up to the last good one.

        The first call decodes the whole movie, on the calling thread, without converting it. Frames
        that do not decode are left out at the end, as of a copy that was cut off, and counted
        elsewhere: asking for one raises.
        """
        return range(self._first, self._first + self.count())

    def count(self, listener: Callable[[int], None] | None = None) -> int:
        """Return how many frames there are; see `numbers`.

        Args:
            listener: Told how many were decoded after each, while they are counted.
        """
        if self._count is None:
            self._count, self._counted_warnings = self._count_frames(listener)
        return self._count

    def counted(self) -> "MovieCount":
        """Return what counting found, for `recall`."""
        return MovieCount(self.count(), self._damaged, self._counted_warnings)

    def recall(self, known: "MovieCount") -> None:
        """Take what counting this very file found before, in place of counting it again."""
        self._count, self._damaged, self._counted_warnings = (
            known.count,
            known.damaged,
            known.warnings,
        )

    def keep_open(self) -> None:
        """Leave the decoder where it is between calls of `tasks`, until `let_go`.

        Who asks for the next frame each time is spared decoding all those before it; the last
        pictures are held as well, so that some steps back cost nothing either.
        """
        self._kept = self._kept or KeptDecoder(self._slots, self._first)

    def let_go(self) -> None:
        """Close what `keep_open` has left open."""
        kept, self._kept = self._kept, None
        if kept is not None:
            with kept.lock:
                kept.close()

    @property
    def damaged(self) -> tuple[int, ...]:
        """Those of `numbers` that do not decode, with good frames after them."""
        self.count()
        return self._damaged

    @property
    def header(self) -> FrameHeader:
        """Windows, pixel aspect, rate and reel, the same for every frame."""
        window = Window(0, 0, self.info.size.width, self.info.size.height)
        return FrameHeader(
            data_window=window,
            display_window=window,
            pixel_aspect=self.info.pixel_aspect,
            attributes=shared_attributes(self.info),
        )

    def header_of(self, number: int) -> FrameHeader:
        """What is known of one frame: beside the `header` its own timecode."""
        if self._timecode is None:
            return self.header
        own = timecode_attributes(self._timecode.plus(number - self._first))
        return replace(self.header, attributes={**self.header.attributes, **own})

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd about the movie; what was assumed of it is in `info.assumed`.

        More is known once `numbers` has been asked for.
        """
        if not self.info.is_variable_rate:
            return self._counted_warnings
        return (_variable_rate(self.path), *self._counted_warnings)

    def tasks(self, numbers: Sequence[int]) -> Iterator[Callable[[], Frame]]:
        """Decode in order and hand out the conversion of each wanted frame.

        Advancing the iterator demuxes and decodes, from the movie's first frame on: seeking is not
        exact for every codec. Each task holds its own frame only, may run on any thread, and gives
        `pixels` as full-range R'G'B', upright. The file is closed when the iterator is exhausted or
        closed.

        Args:
            numbers: Frame numbers, ascending.

        Raises:
            FrameReadError: Raised by a frame's own task, not by the iterator: the frame does not
                decode, has another size or pixel format than the first, or does not exist.
        """
        return self._tasks(numbers, self._convert)

    def alpha_tasks(self, numbers: Sequence[int]) -> Generator[Callable[[], FloatImage]]:
        """Hand out the reading of each wanted frame's alpha, as `tasks` does of its colour.

        Each task gives (H, W) float32, [0, 1], upright. Only for movies whose `info` says that they
        have alpha.
        """
        return self._tasks(numbers, self._convert_alpha)

    def _tasks(
        self, numbers: Sequence[int], convert: Callable[[int, av.VideoFrame], _T]
    ) -> Generator[Callable[[], _T]]:
        kept = self._kept
        if kept is not None and kept.lock.acquire(blocking=False):
            try:
                for number in numbers:
                    yield self._task(number, *kept.slot(number), convert)
            finally:
                kept.lock.release()
            return
        with closing(self._slots()) as slots:
            position, slot = self._first - 1, None
            for number in numbers:
                while position < number and (slot := next(slots, None)) is not None:
                    position += 1
                yield self._task(number, slot if position == number else None, position, convert)

    def _task(
        self,
        number: int,
        slot: av.VideoFrame | FFmpegError | None,
        last: int,
        convert: Callable[[int, av.VideoFrame], _T],
    ) -> Callable[[], _T]:
        """Return the conversion of one frame, or what raises in its place.

        Args:
            number: The frame that is wanted.
            convert: What makes a result of a decoded frame.
            slot: What was decoded there; None past the end.
            last: The last frame there is, if `slot` is None.
        """
        if isinstance(slot, av.VideoFrame) and _is_good(slot):
            coding = _coding(slot)
            if coding == self._coding:
                return partial(convert, number, slot)
            what = f"is {coding}, the first frame is {self._coding}."
            hint = "Split the movie where it changes."
        elif slot is None:
            held = f"holds frames {self._first} to {last}"
            held = held if number > last else f"starts at frame {self._first}"
            what = f"does not exist: the movie {held}."
            hint = "Ask for frames that it holds."
        else:
            reason = "its data are damaged"
            if isinstance(slot, FFmpegError) and not isinstance(slot, InvalidDataError):
                reason = slot.strerror or reason
            what = f"cannot be decoded: {reason}."
            hint = self.way_around(number)
        return partial(_fail, f"Frame {number} of {self.path} {what}", hint, number, self.path)

    def way_around(self, number: int) -> str:
        """Return the way out where a frame is damaged: what is before it can be keyed alone."""
        first, last = self._first, min((number, *self._damaged)) - 1
        if last < first:
            return "Copy the movie again, or key its good frames as an image sequence."
        frames = f"{first}-{last}" if last > first else f"{first}"
        shorter = f" --warm-up {last - first}" if last - first < DEFAULT_WARM_UP else ""
        flags = f"--frames {frames} --cuts off{shorter}"
        return (
            f"Copy the movie again, key what is before the damage with {flags}, or key its good "
            "frames as an image sequence."
        )

    def _convert(self, number: int, frame: av.VideoFrame) -> Frame:
        info = self.info
        with self._naming(number, frame):
            pixels = read_rgb(frame, info.matrix, is_full_range=info.is_full_range)
        return Frame(number=number, pixels=_upright(pixels, info), header=self.header_of(number))

    def _convert_alpha(self, number: int, frame: av.VideoFrame) -> FloatImage:
        with self._naming(number, frame):
            return _upright(read_alpha(frame), self.info)

    @contextmanager
    def _naming(self, number: int, frame: av.VideoFrame) -> Iterator[None]:
        """Name the frame that cannot be converted."""
        try:
            yield
        except (FFmpegError, ValueError) as error:
            raise FrameReadError(
                f"Frame {number} of {self.path}, {_coding(frame)}, cannot be converted: {error}.",
                hint="Convert the movie to ProRes, or its frames to EXR, and key that.",
                frame=number,
                path=self.path,
            ) from error

    def _counted(self) -> int:
        """Return the first frame's number by its timecode."""
        if self._timecode is not None:
            return self._timecode.count
        stated = self.info.timecode
        if stated is None:
            what = f"{self.path} has no timecode to number its frames by."
        else:
            what = f"The timecode {stated} of {self.path} cannot be counted at its rate."
        hint = "Leave --first-frame out to count from 1, or write a number."
        raise InputError(what, hint=hint, path=self.path)

    def _slots(self) -> Generator[av.VideoFrame | FFmpegError, None, None]:
        """Decode the movie: an entry for every picture, an error where one is lost.

        A damaged packet is taken for one picture, so that those after it keep their numbers.
        """
        with opened_movie(self.path) as (container, stream):
            stream.thread_type = "AUTO"
            packets, decode = container.demux(stream), decoder_of(stream)
            while True:
                try:
                    packet = next(packets, None)
                    pictures = decode(packet) if packet is not None else None
                except EndOfStream:
                    return
                except FFmpegError as error:
                    yield error
                    continue
                if pictures is None:
                    return
                while pictures:
                    yield pictures.pop(0)

    def _count_frames(self, listener: Callable[[int], None] | None) -> tuple[int, tuple[str, ...]]:
        """Decode all; return the position of the last good frame and what was odd."""
        total = count = interlaced = 0
        damaged: list[int] = []
        times = array("q")
        time_base = Fraction(0)
        for total, slot in enumerate(self._slots(), 1):
            if listener is not None:
                listener(total)
            if not _is_good(slot):
                damaged.append(total)
                continue
            count = total
            interlaced += slot.interlaced_frame
            if slot.pts is not None:
                times.append(slot.pts)
                time_base = slot.time_base or time_base
        self._damaged = tuple(self._first + place - 1 for place in damaged if place < count)
        found = self._oddities(total, count)
        if interlaced:
            found.append(
                f"{self.path} turns interlaced; frames with two moments in them: {interlaced}."
            )
        is_known = self.info.is_variable_rate or self._damaged  # a lost frame leaves a gap as well
        if not is_known and not is_steady(sorted(times), time_base):
            found.append(_variable_rate(self.path))
        return count, tuple(found)

    def _oddities(self, total: int, count: int) -> list[str]:
        """Say what does not decode and how the container's own count differs."""
        found: list[str] = []
        if self._damaged:
            noun = "Frames" if len(self._damaged) > 1 else "Frame"
            found.append(f"{noun} {frame_ranges(self._damaged)} of {self.path} cannot be decoded.")
        if total > count:
            found.append(f"{self.path} ends in damage; frames left out there: {total - count}.")
        declared = self.info.declared_frames
        if declared is not None and declared != total:
            found.append(f"{self.path} claims {declared} frames; {count} were decoded and count.")
        return found

    def _probe(self) -> tuple[MovieInfo, str]:
        """Return what the movie says, and how its first frame is coded."""
        with opened_movie(self.path) as (container, stream):
            tags = ColourTags.of(stream.codec_context)  # before decoding
            frame, times = read_first_frame(container, stream)
            if frame is None:
                raise FrameReadError(
                    f"{self.path} holds no frame that can be decoded.",
                    hint="Check that it plays elsewhere, and copy or export it again.",
                    path=self.path,
                )
            if frame.interlaced_frame:
                raise InputError(
                    f"{self.path} is interlaced: every frame holds two moments.",
                    hint="Deinterlace it first, for example with ffmpeg's bwdif filter.",
                    path=self.path,
                )
            info = read_info(self.path, container, stream, frame, tags=tags, times=times)
        return info, _coding(frame)


def _is_good(slot: av.VideoFrame | FFmpegError) -> TypeGuard[av.VideoFrame]:
    return isinstance(slot, av.VideoFrame) and not slot.is_corrupt


def _coding(frame: av.VideoFrame) -> str:
    """Return size and pixel format as coded: what all frames of a movie must share."""
    return f"{frame.width}x{frame.height} {frame.format.name}"


def _upright(pixels: FloatImage, info: MovieInfo) -> FloatImage:
    """Turn a coded picture as its display matrix asks; the result is C-contiguous."""
    turned = np.rot90(pixels, info.rotation // 90)
    return np.ascontiguousarray(turned[:, ::-1] if info.is_mirrored else turned)


def _variable_rate(path: Path) -> str:
    return f"{path} has a variable frame rate: frames are taken by their order, not their time."


def _fail(what: str, hint: str, number: int, path: Path) -> NoReturn:
    raise FrameReadError(what, hint=hint, frame=number, path=path)
