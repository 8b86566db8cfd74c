"""What a movie says of itself, and what is assumed where it says nothing.

Matrix, transfer, primaries and range may be stated twice, by the container and in the coded
picture. Where both state one and they differ, the container's is taken and that is said: it is what
is corrected when a movie was tagged wrong, because that takes no new coding.

Source:
    ISO/IEC 14496-12:2022, 12.1.5.1: the colour information box takes precedence over the bitstream.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self, cast

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from robust_matte.errors import InputError
from robust_matte.media.movie_pixels import (
    bit_depth,
    check_format,
    has_alpha,
    has_matrix,
    is_full_range_by_name,
)
from robust_matte.media.windows import Size
from robust_matte.media.yuv import Matrix

__all__ = ["PRIMARIES", "TRANSFERS", "ColourTags", "MovieInfo", "is_steady", "read_info"]

# Codes of ITU-T H.273 under the names that ffprobe prints; 0, 2 and 3 state nothing.
TRANSFERS = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
}
PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "jedec-p22",
}
_MATRICES = {1: Matrix.BT709, 5: Matrix.BT601, 6: Matrix.BT601, 9: Matrix.BT2020}
_OTHER_MATRICES = {
    4: "FCC",
    7: "SMPTE 240M",
    8: "YCgCo",
    10: "BT.2020 constant luminance",
    11: "SMPTE 2085",
    12: "derived from the primaries",
    13: "derived from the primaries, constant luminance",
    14: "ICtCp",
    15: "IPT-C2",
    16: "YCgCo-R, even",
    17: "YCgCo-R, odd",
}
_UNSTATED = frozenset({0, 2, 3})
_HD_LINES = 720
_TAG_NAMES = {
    "matrix": {tag: matrix.value for tag, matrix in _MATRICES.items()} | _OTHER_MATRICES,
    "transfer": TRANSFERS,
    "primaries": PRIMARIES,
    "range": {int(ColorRange.MPEG): "limited", int(ColorRange.JPEG): "full"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourTags:
    """Codes of H.273 and FFmpeg's code of the range; 0 or 2 where nothing is stated."""

    matrix: int
    transfer: int
    primaries: int
    range: int

    @classmethod
    def of(cls, tagged: av.VideoFrame | VideoCodecContext) -> Self:
        """Read them off a frame, or off a decoder.

        Before it has decoded anything a decoder states what the container does; then it takes over
        what the coded pictures say, also where they say that they say nothing.
        """
        return cls(
            matrix=int(tagged.colorspace),
            transfer=int(tagged.color_trc),
            primaries=int(tagged.color_primaries),
            range=int(tagged.color_range),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieInfo:
    """A movie's properties.

    Attributes:
        size: Picture size in pixels, upright.
        fps: Frames per second; None where the rate varies or is not known.
        is_variable_rate: Whether frames are unevenly spaced in time.
        bit_depth: Bits of a colour code.
        matrix: The matrix of Y'CbCr, tagged or assumed; `Matrix.NONE` for RGB and grey.
        is_full_range: Whether black is code 0, tagged or assumed.
        transfer: Transfer function as tagged, in FFmpeg's words (`smpte2084`); None if not.
        primaries: Primaries as tagged, in FFmpeg's words; None if not.
        rotation: Degrees, counter-clockwise, by which the coded picture is turned to stand upright;
            0, 90, 180 or 270.
        is_mirrored: Whether the picture is mirrored left to right after turning.
        pixel_aspect: Width of an upright pixel over its height.
        timecode: Timecode of the first frame as the file states it.
        reel: Name of the reel or clip that the timecode is of, or None.
        has_alpha: Whether its pictures hold alpha.
        declared_frames: How many frames the container claims, or its duration amounts to.
        assumed: One sentence for everything that was not tagged, or twice, and had to be decided.
    """

    size: Size
    fps: Fraction | None
    is_variable_rate: bool
    bit_depth: int
    matrix: Matrix
    is_full_range: bool
    transfer: str | None
    primaries: str | None
    rotation: int
    is_mirrored: bool
    pixel_aspect: float
    timecode: str | None
    reel: str | None
    has_alpha: bool
    declared_frames: int | None
    assumed: tuple[str, ...]


def read_info(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    frame: av.VideoFrame,
    *,
    tags: ColourTags,
    times: Sequence[int],
) -> MovieInfo:
    """Gather what an open movie states.

    Args:
        path: The file, for messages.
        container: The open file.
        stream: Its picture.
        frame: The first decoded frame.
        tags: What the container states.
        times: Presentation times of the first packets in ticks of the stream, ascending.

    Raises:
        InputError: The pixel format or the matrix is not supported.
    """
    check_format(frame.format, path)
    assumed: list[str] = []
    decided = _decided(path, tags, ColourTags.of(frame), assumed)
    matrix = _read_matrix(path, frame, decided.matrix, assumed)
    is_full_range = _read_range(path, frame, decided.range, assumed)
    rotation, is_mirrored = _read_orientation(path, frame, assumed)
    fps, is_variable = _read_rate(container, stream, times)
    upright = frame.width, frame.height
    pixel_aspect = stream.sample_aspect_ratio or Fraction(1)
    if rotation % 180:
        upright, pixel_aspect = upright[::-1], 1 / pixel_aspect
    return MovieInfo(
        size=Size(*upright),
        fps=fps,
        is_variable_rate=is_variable,
        bit_depth=bit_depth(frame.format),
        matrix=matrix,
        is_full_range=is_full_range,
        transfer=_name(TRANSFERS, decided.transfer),
        primaries=_name(PRIMARIES, decided.primaries),
        rotation=rotation,
        is_mirrored=is_mirrored,
        pixel_aspect=float(pixel_aspect),
        timecode=_metadata(container, stream, "timecode"),
        reel=_metadata(container, stream, "reel_name"),
        has_alpha=has_alpha(frame.format),
        declared_frames=_declared_frames(container, stream, fps),
        assumed=tuple(assumed),
    )


def is_steady(times: Sequence[int], time_base: Fraction) -> bool:
    """Return whether frames are evenly spaced, as far as the clock can tell.

    Args:
        times: Presentation times in ticks, ascending.
        time_base: Seconds of a tick. Matroska counts milliseconds, so 24 fps alternates between 41
            and 42: one tick of difference is rounding if a tick is at most a quarter of a frame.

    Example:
        >>> is_steady([0, 42, 83, 125], Fraction(1, 1000))
        True
        >>> is_steady([0, 1, 3, 4], Fraction(1, 30))
        False
    """
    if len(times) < 3 or not time_base:
        return True
    steps = np.diff(np.asarray(times, np.int64))
    shortest, longest = int(steps.min()), int(steps.max())
    return longest - shortest <= (1 if shortest >= 4 else 0)


def _decided(
    path: Path, container: ColourTags, picture: ColourTags, assumed: list[str]
) -> ColourTags:
    """Return what counts of two statements, and say where they contradict each other."""
    told = list(_contradictions(container, picture))
    if told:
        assumed.append(
            f"{path} is tagged twice, the container against its pictures: {', '.join(told)}; the "
            "container's tags are taken."
        )
    return ColourTags(
        matrix=_stated(container.matrix, picture.matrix),
        transfer=_stated(container.transfer, picture.transfer),
        primaries=_stated(container.primaries, picture.primaries),
        range=container.range or picture.range,
    )


def _contradictions(container: ColourTags, picture: ColourTags) -> Iterator[str]:
    """Yield what is stated twice and differs, the container's first."""
    for name, names in _TAG_NAMES.items():
        tags = getattr(container, name), getattr(picture, name)
        unstated = {0} if name == "range" else _UNSTATED
        if not unstated.intersection(tags) and tags[0] != tags[1]:
            first, second = (names.get(tag, f"code {tag}") for tag in tags)
            yield f"{name} {first} against {second}"


def _read_matrix(path: Path, frame: av.VideoFrame, tag: int, assumed: list[str]) -> Matrix:
    if not has_matrix(frame.format):
        return Matrix.NONE
    if tag in _MATRICES:
        return _MATRICES[tag]
    if tag not in _UNSTATED:
        name = _OTHER_MATRICES.get(tag, f"code {tag} of H.273")
        raise InputError(
            f"{path} is coded with the matrix {name}, which is not supported.",
            hint="Convert it to BT.709 or BT.2020 non-constant luminance, or its frames to EXR.",
            path=path,
        )
    is_hd = frame.height >= _HD_LINES
    matrix = Matrix.BT709 if is_hd else Matrix.BT601
    why = f"{_HD_LINES} lines and more" if is_hd else f"less than {_HD_LINES} lines"
    assumed.append(
        f"{path} does not say its matrix: {matrix.value} is assumed, as of all movies of {why}."
    )
    return matrix


def _read_range(path: Path, frame: av.VideoFrame, tag: int, assumed: list[str]) -> bool:
    if is_full_range_by_name(frame.format.name):
        return True
    if tag in (ColorRange.MPEG, ColorRange.JPEG):
        return tag == ColorRange.JPEG
    is_rgb = frame.format.is_rgb or frame.format.has_palette
    kind = "full range is assumed, as of all RGB" if is_rgb else "limited range is assumed"
    assumed.append(f"{path} does not say its range: {kind}.")
    return is_rgb


def _read_orientation(path: Path, frame: av.VideoFrame, assumed: list[str]) -> tuple[int, bool]:
    """Read the display matrix: (degrees counter-clockwise, whether mirrored after that).

    The matrix maps a coded pixel (x, y) to (a x + c y, b x + d y); its 3 x 3 numbers are 16.16
    fixed point, the last column 2.30.
    """
    stated = cast("Mapping[str, SideData]", frame.side_data).get("DISPLAYMATRIX")
    if stated is None:
        return 0, False
    a, b, _, c, d = (int(number) for number in np.frombuffer(memoryview(stated), "<i4")[:5])
    is_mirrored = a * d - b * c < 0
    if is_mirrored:
        a, c = -a, -c
    if b == c == 0:
        return (0 if a >= 0 else 180), is_mirrored
    if a == d == 0:
        return (90 if b < 0 else 270), is_mirrored
    assumed.append(
        f"{path} asks to be turned by {frame.rotation} degrees: only quarter turns are applied."
    )
    return 0, False


def _read_rate(
    container: InputContainer, stream: VideoStream, times: Sequence[int]
) -> tuple[Fraction | None, bool]:
    """Return (frames per second, whether the rate varies)."""
    stated = [rate for rate in (stream.guessed_rate, stream.average_rate) if rate]
    time_base = stream.time_base or Fraction(0)
    if len(times) < 2 or not time_base or times[-1] == times[0]:
        return (stated[0] if stated else None), False
    measured = (len(times) - 1) / ((times[-1] - times[0]) * time_base)
    # A QuickTime file's average is exact over all its frames, those after `times` included.
    whole = stream.average_rate if "mov" in container.format.name.split(",") else None
    if not is_steady(times, time_base) or (whole and not _agree(whole, measured)):
        return None, True
    for rate in stated:
        if _agree(rate, measured):
            return rate, False
    return measured.limit_denominator(1001), False


def _agree(rate: Fraction, measured: Fraction) -> bool:
    """Return whether two rates differ by less than 1 %: 23.976 and 24 are told apart by tags."""
    return abs(rate / measured - 1) < Fraction(1, 100)


def _declared_frames(
    container: InputContainer, stream: VideoStream, fps: Fraction | None
) -> int | None:
    """Return the container's count, or else its duration in frames."""
    if stream.frames:
        return stream.frames
    seconds = _tagged_seconds(stream)
    if seconds is None and stream.duration is not None and stream.time_base:
        seconds = stream.duration * stream.time_base
    if seconds is None and container.duration is not None and len(container.streams) == 1:
        seconds = Fraction(container.duration, av.time_base)
    return round(seconds * fps) if seconds is not None and fps else None


def _tagged_seconds(stream: VideoStream) -> Fraction | None:
    """Read Matroska's DURATION tag (`DURATION-eng` by some writers): `00:00:01.250000000`."""
    for key, text in stream.metadata.items():
        match = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", text)
        if key.upper().split("-")[0] == "DURATION" and match:
            return int(match[1]) * 3600 + int(match[2]) * 60 + Fraction(match[3])
    return None


def _metadata(container: InputContainer, stream: VideoStream, name: str) -> str | None:
    """Look at the picture (mov, mp4), the file (MXF) and the data streams (tmcd)."""
    for metadata in (stream.metadata, container.metadata, *(s.metadata for s in container.streams)):
        if metadata.get(name):
            return metadata[name]
    return None


def _stated(*tags: int) -> int:
    """Return the first tag that states something, else 2, "unspecified"."""
    return next((int(tag) for tag in tags if tag not in _UNSTATED), 2)


def _name(names: dict[int, str], tag: int) -> str | None:
    return None if tag in _UNSTATED else names.get(tag, f"code {tag}")
