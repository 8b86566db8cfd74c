"""ProRes 4444 movies to hand on: 10 bits a channel, alpha without loss; the same bytes every time.

FFmpeg's `prores_ks` takes 10 bits of every channel, alpha included, and stores alpha as it is: what
is decoded are the codes that were given, so alpha is right to half of 1/1023. Colour goes through a
cosine transform and ends within one code where it is smooth, within two in strong grain.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

from robust_matte.errors import WriteError
from robust_matte.media.atomic import write_atomically
from robust_matte.media.frames import FloatImage
from robust_matte.media.movie_write import MovieFormat
from robust_matte.media.yuv import CodeLevels, Matrix

__all__ = ["ALPHA_CODES", "Codes", "ProResFormat", "alpha_codes", "colour_codes", "write_prores"]

ALPHA_CODES = 1023  # the code of alpha 1

Codes = NDArray[np.uint16]
"""(H, W) 10-bit codes."""

_LEVELS = CodeLevels.of(10, is_full_range=False)
_FIRST_CODE, _LAST_CODE = 4, 1019  # the others are reserved, SMPTE RDD 36
_MATRIX_TAGS = {Matrix.BT709: 1, Matrix.BT601: 6, Matrix.BT2020: 9}
_LIMITED = 1
# The finest there is: of strong grain 98.2 % of samples end within one code, where the matrix of
# the profile keeps 96.4 %, for 2 % of the size.
_QUANTISATION = "default"
_THREADS = 4  # makes no difference to the bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProResFormat:
    """What all frames of a movie share.

    Attributes:
        shared: Size (any), rate, pixel aspect, timecode and comment.
        reel: Name of the reel that the timecode is of, or None.
        has_alpha: Whether each picture has an alpha plane.
        matrix: How luma and chroma are made of R'G'B'.
        transfer: H.273's code of the transfer function; 2 where there is none for it.
        primaries: H.273's code of the primaries; 2 where there is none for them.
    """

    shared: MovieFormat
    reel: str | None
    has_alpha: bool
    matrix: Matrix
    transfer: int
    primaries: int


def colour_codes(rgb: FloatImage, matrix: Matrix) -> tuple[Codes, Codes, Codes]:
    """Convert R'G'B' to limited-range Y'CbCr of 10 bits; what is above white stays up to 1.09.

    Args:
        rgb: (H, W, 3) float32, finite.
        matrix: How luma and chroma are made of it.
    """
    kr, kb = matrix.weights
    red, green, blue = (np.ascontiguousarray(rgb[..., channel]) for channel in range(3))
    luma = red * np.float32(kr) + green * np.float32(1.0 - kr - kb) + blue * np.float32(kb)
    cb = (blue - luma) * np.float32(0.5 / (1.0 - kb))
    cr = (red - luma) * np.float32(0.5 / (1.0 - kr))
    return (
        _codes(luma, _LEVELS.span, _LEVELS.black),
        _codes(cb, _LEVELS.chroma_span, _LEVELS.neutral),
        _codes(cr, _LEVELS.chroma_span, _LEVELS.neutral),
    )


def alpha_codes(alpha: FloatImage) -> Codes:
    """Return alpha, (H, W) float32, as codes of 10 bits; what is no number becomes 0."""
    bounded = np.nan_to_num(alpha, nan=0.0).clip(0.0, 1.0)
    codes: Codes = np.rint(bounded * np.float32(ALPHA_CODES)).astype(np.uint16)
    return codes


def write_prores(path: Path, pictures: Iterable[tuple[Codes, ...]], form: ProResFormat) -> None:
    """Encode a movie; it appears when it is complete.

    Args:
        path: A .mov file to write or replace; missing folders are made.
        pictures: Luma, Cb, Cr, and alpha where the format has it; taken one at a time.
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
                f"{path.absolute()} cannot be encoded: {error.strerror}.",
                hint="Make a movie of fewer or smaller frames, and report this with their header.",
                path=path,
            ) from error

    write_atomically(path, write)


def _encode(path: Path, pictures: Iterable[tuple[Codes, ...]], form: ProResFormat) -> None:
    shared = form.shared
    with av.open(str(path.absolute()), "w", format="mov") as container:
        container.metadata["comment"] = shared.comment
        options = {"profile": "4444", "vendor": "apl0", "quant_mat": _QUANTISATION}
        if form.has_alpha:
            options["alpha_bits"] = "16"
        stream = container.add_stream("prores_ks", rate=shared.rate, options=options)
        stream.width, stream.height = shared.size.width, shared.size.height
        stream.pix_fmt = "yuva444p10le" if form.has_alpha else "yuv444p10le"
        stream.codec_context.thread_count = _THREADS
        aspect = Fraction(shared.pixel_aspect).limit_denominator(1000)
        stream.codec_context.sample_aspect_ratio = aspect
        _tag(stream.codec_context, form)  # for the container
        _stamp(stream, form)
        for frame in _frames(pictures, form, stream.pix_fmt):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _stamp(stream: VideoStream, form: ProResFormat) -> None:
    """Have a timecode track written; a reel's name is kept in it."""
    if form.shared.timecode is None:
        return
    stream.metadata["timecode"] = form.shared.timecode
    if form.reel is not None:
        stream.metadata["reel_name"] = form.reel


def _frames(
    pictures: Iterable[tuple[Codes, ...]], form: ProResFormat, layout: str
) -> Iterator[av.VideoFrame]:
    size = form.shared.size
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame(size.width, size.height, layout)
        _tag(frame, form)  # for the pictures
        for plane, codes in zip(frame.planes, picture, strict=True):
            rows = np.frombuffer(memoryview(plane), "<u2").reshape(plane.height, -1)
            rows[:, : plane.width] = codes
        frame.pts, frame.time_base = number, 1 / form.shared.rate
        yield frame


def _tag(coding: av.VideoFrame | VideoCodecContext, form: ProResFormat) -> None:
    """Say how codes are meant; FFmpeg hands a frame's tags to the pictures, not to the file."""
    coding.color_range = _LIMITED
    coding.colorspace = _MATRIX_TAGS[form.matrix]
    coding.color_trc = form.transfer
    coding.color_primaries = form.primaries


def _codes(signal: NDArray[np.float32], span: int, zero: int) -> Codes:
    codes = np.rint(signal * np.float32(span) + np.float32(zero)).clip(_FIRST_CODE, _LAST_CODE)
    whole: Codes = codes.astype(np.uint16)
    return whole
