"""H.264 movies to look at: 8 bit, 4:2:0, BT.709, limited range; the same bytes every time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from robust_matte.errors import WriteError
from robust_matte.media.atomic import write_atomically
from robust_matte.media.frames import FloatImage
from robust_matte.media.windows import Size
from robust_matte.media.yuv import CodeLevels, Matrix

__all__ = ["LARGEST_SIDE", "MovieFormat", "Picture", "comment_of", "to_picture", "write_movie"]

LARGEST_SIDE = 16384  # x264 takes no more

Picture = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
"""Luma (H, W), and Cb and Cr of half its size each way; H and W are even."""

_CONTAINERS = {".mp4": "mp4", ".mov": "mov"}
_THREADS = 2  # fixed, because with their number x264's bytes may change
# Close to transparent, since what is looked at are edges. Macroblock-tree rate control is off: of
# equal pictures it made different bytes from run to run.
_QUALITY = {"crf": "16", "preset": "medium", "x264-params": "mbtree=0"}
_LEVELS = CodeLevels.of(8, is_full_range=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieFormat:
    """What all frames of a movie share.

    Attributes:
        size: The picture's size; both sides even.
        rate: Frames per second.
        pixel_aspect: Width of a pixel over its height.
        timecode: Timecode of the first frame, or None.
        comment: What the file says of itself.
    """

    size: Size
    rate: Fraction
    pixel_aspect: float = 1.0
    timecode: str | None = None
    comment: str


def to_picture(codes: FloatImage) -> Picture:
    """Convert R'G'B' to the codes of a picture; a side of odd length is lengthened by its last row.

    Chroma is sited as H.264 assumes: between two rows, on every second column.

    Args:
        codes: (H, W, 3) float32, [0, 1], full-range R'G'B'.
    """
    height, width = codes.shape[:2]
    if height % 2 or width % 2:
        codes = np.pad(codes, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    kr, kb = Matrix.BT709.weights
    red, green, blue = (np.ascontiguousarray(codes[..., channel]) for channel in range(3))
    luma = red * np.float32(kr) + green * np.float32(1.0 - kr - kb) + blue * np.float32(kb)
    cb = _halved((blue - luma) * np.float32(0.5 / (1.0 - kb)))
    cr = _halved((red - luma) * np.float32(0.5 / (1.0 - kr)))
    return (
        _codes(luma, _LEVELS.span, _LEVELS.black),
        _codes(cb, _LEVELS.chroma_span, _LEVELS.neutral),
        _codes(cr, _LEVELS.chroma_span, _LEVELS.neutral),
    )


def write_movie(path: Path, pictures: Iterable[Picture], form: MovieFormat) -> None:
    """Encode a movie; it appears when it is complete.

    Args:
        path: A .mp4 or .mov file to write or replace; missing folders are made.
        pictures: One for each frame, all of the size that `form` names; taken one at a time.
        form: What they share.

    Raises:
        WriteError: The file cannot be written, or the encoder refuses.
        DiskFullError: The disk is full.
    """

    def write(temporary: Path) -> None:
        try:
            _encode(temporary, pictures, form)
        except FFmpegError as error:
            if isinstance(error, OSError):  # the system's own, which is told by its number
                raise
            raise WriteError(
                f"{path.absolute()} cannot be written: {error.strerror}.",
                hint="Run again without --review, and report this with the plate's header.",
                path=path,
            ) from error

    write_atomically(path, write)


def comment_of(path: Path) -> str | None:
    """Return what a movie says of itself; None if it says nothing or is no movie."""
    try:
        with av.open(
            str(path.absolute()),
            metadata_errors="replace",
            options={"protocol_whitelist": "file"},
        ) as container:
            return container.metadata.get("comment")
    except FFmpegError:
        return None


def _encode(path: Path, pictures: Iterable[Picture], form: MovieFormat) -> None:
    with av.open(
        str(path.absolute()),
        "w",
        format=_CONTAINERS[path.suffix.lower()],
        options={"movflags": "+faststart"},
    ) as container:
        container.metadata["comment"] = form.comment
        stream = container.add_stream("libx264", rate=form.rate, options=_QUALITY)
        _describe(stream, form)
        for frame in _frames(pictures, form):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _describe(stream: VideoStream, form: MovieFormat) -> None:
    stream.width, stream.height = form.size.width, form.size.height
    stream.pix_fmt = "yuv420p"
    stream.codec_context.thread_count = _THREADS
    stream.codec_context.sample_aspect_ratio = Fraction(form.pixel_aspect).limit_denominator(1000)
    _tag(stream.codec_context)
    if form.timecode is not None:
        stream.metadata["timecode"] = form.timecode


def _frames(pictures: Iterable[Picture], form: MovieFormat) -> Iterator[av.VideoFrame]:
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame(form.size.width, form.size.height, "yuv420p")
        for plane, codes in zip(frame.planes, picture, strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
            rows[:, : plane.width] = codes
        frame.pts, frame.time_base = number, 1 / form.rate
        yield frame


def _tag(coding: VideoCodecContext) -> None:
    """Say how codes are meant; x264 hands it on to the stream and the container."""
    coding.color_range = ColorRange.MPEG
    coding.colorspace = Colorspace.ITU709
    coding.color_primaries = ColorPrimaries.BT709
    coding.color_trc = ColorTrc.BT709


def _halved(chroma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Halve both sides: the mean of two rows, and 1-2-1 around every second column."""
    rows = chroma[0::2] + chroma[1::2]
    here, after = rows[:, 0::2], rows[:, 1::2]
    before = np.concatenate([here[:, :1], after[:, :-1]], axis=1)
    halved: NDArray[np.float32] = (here * 2.0 + before + after) * np.float32(0.125)
    return halved


def _codes(signal: NDArray[np.float32], span: int, zero: int) -> NDArray[np.uint8]:
    codes: NDArray[np.float32] = np.rint(signal * np.float32(span) + np.float32(zero))
    return codes.astype(np.uint8)
