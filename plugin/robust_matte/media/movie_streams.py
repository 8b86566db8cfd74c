"""Opening movie files and finding the picture in them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import av
from av.codec.codec import UnknownCodecError
from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import EOFError as EndOfStream
from av.error import FFmpegError, InvalidDataError
from av.packet import Packet
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from robust_matte.errors import FrameReadError, InputError
from robust_matte.media.failures import cannot_open, meant, refuse_barred
from robust_matte.media.links import is_folder

__all__ = ["Decode", "decoder_of", "opened_movie", "read_first_frame"]

Decode = Callable[["Packet[VideoStream]"], list[av.VideoFrame]]
"""Turns a packet into pictures; an empty packet ends the stream."""

# Packets whose times are looked at when a movie is opened, and how many of the last may be out of
# order because pictures are coded in another order than they are shown (H.264 allows 16).
_PROBED_PACKETS = 240
_REORDERED_PACKETS = 16
# FFmpeg draws text files and ANSI art as movies.
_TEXT_FORMATS = frozenset({"tty", "bin", "xbin", "adf", "idf"})
# FFmpeg's own decoders leave out the alpha that WebM keeps beside the picture; these read it.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_SPOKEN = {"audio": "sound", "subtitle": "subtitles"}


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
    except PermissionError as error:
        raise cannot_open(path, error) from error
    except FFmpegError as error:
        is_torn = isinstance(error, InvalidDataError | EndOfStream)
        reason = "it is cut off, or no movie" if is_torn else error.strerror
        raise FrameReadError(
            f"{path} cannot be opened as a movie: {reason}.",
            hint="Check that it plays elsewhere; one that was cut off has to be copied or "
            "exported again.",
            path=path,
        ) from error
    with container:
        yield container, _picture(container, path)


def decoder_of(stream: VideoStream) -> Decode:
    """Return what decodes a stream with all that is in it, alpha of VP8 and VP9 included."""
    name = _ALPHA_DECODERS.get(stream.codec_context.name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        return lambda packet: packet.decode()
    try:
        context = cast("VideoCodecContext", CodecContext.create(name, "r"))
    except UnknownCodecError:  # an FFmpeg without libvpx: alpha stays unread
        return lambda packet: packet.decode()
    return context.decode


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
    packets, decode = container.demux(stream), decoder_of(stream)
    while frame is None or len(times) < _PROBED_PACKETS:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            if frame is None:
                frame = next(iter(decode(packet)), None)
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
    raise InputError(what, hint="Name the file with the picture.", path=path)


def _kinds(container: InputContainer) -> str:
    kinds = {stream.type for stream in container.streams if stream.type != "video"}
    return " and ".join(sorted(_SPOKEN.get(kind, kind) for kind in kinds)) or "a still"


def _check_file(path: Path) -> None:
    """Refuse what is no file, or an empty one."""
    refuse_barred(path)
    if is_folder(path):
        what = f"{path} is a folder, not a movie."
        hint = "Name the movie in it."
    elif not path.exists():
        what = f"{path} does not exist."
        hint = meant(path.absolute())
    elif path.stat().st_size == 0:
        what = f"{path} is empty: it has 0 bytes."
        hint = "Copy or export the movie again."
    else:
        return
    raise FrameReadError(what, hint=hint, path=path)
