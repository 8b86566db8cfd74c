"""From a decoded movie frame to R'G'B': where each pixel format keeps its codes.

Formats that hold a code for every pixel (4:4:4, RGB, grey) are read from the planes as they lie.
Subsampled and packed Y'CbCr goes through libswscale to `yuv444p16le` with the flags below, which
moves codes without changing them: an 8, 10 or 12-bit code comes out shifted left, measured exact.
"""

import re
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from robust_matte.errors import InputError
from robust_matte.media.frames import FloatImage
from robust_matte.media.yuv import CodeLevels, CodePlane, Matrix, codes_to_rgb, yuv_to_rgb

__all__ = [
    "bit_depth",
    "check_format",
    "has_alpha",
    "has_matrix",
    "is_full_range_by_name",
    "read_alpha",
    "read_rgb",
]

_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_PLANAR = re.compile(r"(gray|yuvj444p|yuva?444p|gbra?p)(9|1[0246])?(le|be)?")
_PACKED = {
    **dict.fromkeys(("rgb24", "rgb48"), "rgb"),
    **dict.fromkeys(("bgr24", "bgr48"), "bgr"),
    **dict.fromkeys(("rgba", "rgb0", "rgba64"), "rgba"),
    **dict.fromkeys(("bgra", "bgr0", "bgra64"), "bgra"),
    **dict.fromkeys(("argb", "0rgb"), "argb"),
    **dict.fromkeys(("abgr", "0bgr"), "abgr"),
    **dict.fromkeys(("ya8", "ya16"), "ya"),
}
# Rare RGB that libswscale unpacks right: to which format, and what depth comes out.
_UNPACKED = {
    **dict.fromkeys(("pal8", "rgb555", "bgr555", "rgb565", "bgr565"), ("rgb24", 8)),
    **dict.fromkeys(("x2rgb10", "x2bgr10"), ("gbrp16le", 10)),
}
_OTHER_YUV = re.compile(r"a?yuv|yuyv|yvyu|uyvy|uyyvyy|uyva|vuy|vyu|xv\d|v30|nv\d|[py]\d\d\d")
_local = threading.local()


def has_matrix(pixel_format: VideoFormat) -> bool:
    """Return whether the format is Y'CbCr, not RGB, palette or grey."""
    return not (_is_rgb(pixel_format) or _is_grey(pixel_format))


def has_alpha(pixel_format: VideoFormat) -> bool:
    """Return whether the format holds alpha."""
    return any(component.is_alpha for component in pixel_format.components)


def is_full_range_by_name(name: str) -> bool:
    """Return whether the pixel format itself says full range, as FFmpeg's yuvj formats do."""
    return name.startswith("yuvj")


def bit_depth(pixel_format: VideoFormat) -> int:
    """Return the bit depth of the colour channels."""
    return max(component.bits for component in pixel_format.components[:3])


def check_format(pixel_format: VideoFormat, path: Path) -> None:
    """Refuse a pixel format whose codes cannot be read exactly.

    Raises:
        InputError: Bayer, XYZ, floating point, one-bit and hardware formats.
    """
    name = pixel_format.name
    known = _PLANAR.fullmatch(name) or _base(name) in _PACKED or _base(name) in _UNPACKED
    if not (known or _OTHER_YUV.match(name)):
        raise InputError(
            f"{path} is stored in the pixel format {name}, which is not supported.",
            hint="Convert the movie to ProRes, or its frames to EXR, and key that.",
            path=path,
        )


def read_rgb(frame: av.VideoFrame, matrix: Matrix, *, is_full_range: bool) -> FloatImage:
    """Convert one decoded frame to R'G'B', as it lies in the file (not yet upright).

    Alpha is left out. May run on any thread; each thread keeps its own converter.

    Args:
        frame: A frame whose format passed `check_format`. Its range tag may be changed.
        matrix: The matrix of Y'CbCr; ignored for RGB and grey.
        is_full_range: The range of the codes.

    Returns:
        (H, W, 3) float32, C-contiguous, full-range R'G'B' in the movie's own transfer, unclipped.

    Raises:
        FFmpegError: libswscale cannot convert the frame.
        ValueError: PyAV does not know the conversion.
    """
    bits, shift = bit_depth(frame.format), 0
    unpacked = _UNPACKED.get(_base(frame.format.name))
    yuv = has_matrix(frame.format)
    if unpacked:
        target, bits = unpacked
        frame = _reformat(frame, target)
        shift = bit_depth(frame.format) - bits
    elif yuv and not _PLANAR.fullmatch(frame.format.name):
        frame, shift = _to_444(frame), 16 - bits
    levels = CodeLevels.of(bits, is_full_range=is_full_range, shift=shift)
    planes = _code_planes(frame)
    return yuv_to_rgb(planes, matrix, levels) if yuv else codes_to_rgb(planes, levels)


def read_alpha(frame: av.VideoFrame) -> FloatImage:
    """Read one decoded frame's alpha, as it lies in the file (not yet upright).

    Alpha is of full range, whatever the range of the colour.

    Args:
        frame: A frame whose format passed `check_format` and has alpha.

    Returns:
        (H, W) float32, [0, 1].
    """
    order = _PACKED.get(_base(frame.format.name))
    if order is None and not _PLANAR.fullmatch(frame.format.name) and not _is_planar_yuva(frame):
        frame = _reformat(frame, "yuva444p16le")  # packed, such as ayuv64: codes are repeated
    alpha = frame.format.components[-1]
    is_bottom_up = frame.planes[0].line_size < 0
    if is_bottom_up:
        frame = _filtered(frame, "vflip")
    codes = _plane(frame, alpha.plane, len(order or "a"))[..., order.index("a") if order else 0]
    full = np.float32(2**alpha.bits - 1)
    read: FloatImage = np.divide(codes, full, dtype=np.float32)
    return read[::-1] if is_bottom_up else read


def _is_planar_yuva(frame: av.VideoFrame) -> bool:
    return frame.format.name.startswith("yuva")


def _to_444(frame: av.VideoFrame) -> av.VideoFrame:
    """Return the frame as `yuv444p16le`: chroma upsampled, codes only shifted left."""
    full = is_full_range_by_name(frame.format.name)
    if _is_422(frame.format) and not full:
        frame = _with_left_chroma(frame)
    # With source and target of one range libswscale moves codes; any other tag makes it rescale
    # them. It takes yuvj formats for full range whatever the tag says.
    frame.color_range = int(ColorRange.JPEG if full else ColorRange.MPEG)
    return _reformat(frame, "yuv444p16le")


def _reformat(frame: av.VideoFrame, target: str) -> av.VideoFrame:
    """Convert with this thread's converter, one thread, the flags that were measured exact."""
    if not hasattr(_local, "reformatter"):
        _local.reformatter = VideoReformatter()
    reformatter: VideoReformatter = _local.reformatter
    return reformatter.reformat(frame, format=target, interpolation=_EXACT, threads=1)


def _with_left_chroma(frame: av.VideoFrame) -> av.VideoFrame:
    """Return the same picture, said to have chroma on the even luma columns.

    4:2:2 is co-sited (BT.601-7 3.5, SMPTE RDD 36), but the ProRes and DNxHD decoders do not say so,
    and libswscale then centres chroma half a pixel to the side. The pixels are not copied.
    """
    return _filtered(frame, "setparams", "chroma_location=left")


def _filtered(frame: av.VideoFrame, name: str, arguments: str | None = None) -> av.VideoFrame:
    """Pass one frame through one of FFmpeg's filters."""
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base or Fraction(1, 24),
    )
    graph.link_nodes(source, graph.add(name, arguments), graph.add("buffersink")).configure()
    graph.vpush(frame)
    return graph.vpull()


def _code_planes(frame: av.VideoFrame) -> list[CodePlane]:
    """Return views of the codes: R, G, B, or Y, Cb, Cr, or grey alone; each (H, W)."""
    is_bottom_up = frame.planes[0].line_size < 0
    if is_bottom_up:
        # Uncompressed AVI. PyAV's buffers start at the given row and would run past the picture's
        # end; the filter turns the row order round without copying.
        frame = _filtered(frame, "vflip")
    order = _PACKED.get(_base(frame.format.name))
    if order is None:
        count = 1 if _is_grey(frame.format) else 3
        planes = [_plane(frame, part.plane, 1)[..., 0] for part in frame.format.components[:count]]
    else:
        samples = _plane(frame, 0, len(order))
        planes = [
            samples[..., order.index(channel)] for channel in ("y" if "y" in order else "rgb")
        ]
    return [plane[::-1] for plane in planes] if is_bottom_up else planes


def _plane(frame: av.VideoFrame, index: int, samples: int) -> CodePlane:
    """Return one plane, (H, W, samples), without the padding at the end of its rows."""
    plane = frame.planes[index]
    size = 1 if bit_depth(frame.format) <= 8 else 2
    dtype = np.dtype(f"{'>' if frame.format.is_big_endian else '<'}u{size}")
    rows = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, plane.line_size // size)
    return rows[:, : plane.width * samples].reshape(plane.height, plane.width, samples)


def _base(name: str) -> str:
    """Return a pixel format's name without its byte order."""
    return name.removesuffix("le").removesuffix("be")


def _is_rgb(pixel_format: VideoFormat) -> bool:
    return pixel_format.is_rgb or pixel_format.has_palette


def _is_grey(pixel_format: VideoFormat) -> bool:
    return pixel_format.name.startswith("gray") or _base(pixel_format.name) in ("ya8", "ya16")


def _is_422(pixel_format: VideoFormat) -> bool:
    return pixel_format.chroma_width(64) == 32 and pixel_format.chroma_height(64) == 64
