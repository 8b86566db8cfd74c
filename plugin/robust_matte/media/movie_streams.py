"""Opening movie files and finding the picture in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from robust_matte.errors import FrameReadError, InputError

__all__ = ["opened_movie", "read_first_frame"]

# Packets whose times are looked at when a movie is opened, and how many of the last may be out of
# order because pictures are coded in another order than they are shown (H.264 allows 16).
_PROBED_PACKETS = 240
_REORDERED_PACKETS = 16
# FFmpeg draws text files and ANSI art as movies.
_TEXT_FORMATS = frozenset({"tty", "bin", "xbin", "adf", "idf"})


@contextmanager
def opened_movie(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a movie and find its picture; no other file and no network is touched.

    Raises:
        FrameReadError: The file is missing, empty, cut off or no movie.
        InputError: It holds no picture.
    """
    _check_file(path)
    try:
        container = av.open(
            str(path.absolute()),
            metadata_errors="replace",
            options={"protocol_whitelist": "file"},
        )
    except FFmpegError as error:
        raise FrameReadError(
            f"{path} cannot be opened as a movie: {error.strerror}.",
            hint="Check that it plays elsewhere; one that was cut off has to be copied or "
            "exported again.",
            path=path,
        ) from error
    with container:
        yield container, _picture(container, path)


def read_first_frame(
    container: InputContainer, stream: VideoStream
) -> tuple[av.VideoFrame | None, list[int]]:
    """Decode up to the first frame that can be decoded, and go on to read times.

    Returns:
        The frame, None if there is none, and the presentation times of the first packets in ticks
        of the stream, ascending.
    """
    frame: av.VideoFrame | None = None
    times: list[int] = []
    packets = container.demux(stream)
    while frame is None or len(times) < _PROBED_PACKETS:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            if frame is None:
                frame = next(iter(packet.decode()), None)
        except FFmpegError:  # a damaged start; the frame's own task will say so
            continue
        if packet.pts is not None:
            times.append(packet.pts)
    times.sort()
    return frame, times[:-_REORDERED_PACKETS] if len(times) >= _PROBED_PACKETS else times


def _picture(container: InputContainer, path: Path) -> VideoStream:
    """Return the best picture stream; the cover of a sound file is none."""
    stream = container.streams.best("video")
    if container.format.name in _TEXT_FORMATS:
        what = f"{path} is a text file, not a movie."
    elif not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
        what = f"{path} holds no picture, only {_kinds(container)}."
    else:
        return stream
    raise InputError(what, hint="Name a movie, a still, a folder or a sequence.", path=path)


def _kinds(container: InputContainer) -> str:
    kinds = sorted({stream.type for stream in container.streams if stream.type != "video"})
    return " and ".join(kinds) or "a still"


def _check_file(path: Path) -> None:
    """Refuse what is no file, or an empty one."""
    if not path.is_file():
        what = f"{path} is a folder, not a movie." if path.is_dir() else f"{path} does not exist."
    elif path.stat().st_size == 0:
        what = f"{path} is empty: it has 0 bytes."
    else:
        return
    raise FrameReadError(what, hint="Check the name, or copy the movie again.", path=path)
