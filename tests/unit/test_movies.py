"""Movies made here with known codes and tags, decoded, and compared with float64 arithmetic."""

import re
import struct
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest
from av.stream import Disposition
from numpy.typing import NDArray

from robust_matte.errors import FrameReadError, InputError
from robust_matte.media.movie_pixels import read_alpha
from robust_matte.media.movies import Movie
from robust_matte.media.windows import Size, Window
from robust_matte.media.yuv import Matrix

Planes = Sequence[NDArray[np.integer[Any]]]

_KR_KB = {
    Matrix.BT601: (0.299, 0.114),
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.BT2020: (0.2627, 0.0593),
}
_MATRIX_TAG = {Matrix.BT601: 6, Matrix.BT709: 1, Matrix.BT2020: 9}
_LIMITED, _FULL = 1, 2
_BARS = np.array(
    [
        (1, 1, 1),
        (0.75, 0.75, 0),
        (0, 0.75, 0.75),
        (0, 0.75, 0),
        (0.75, 0, 0.75),
        (0.75, 0, 0),
        (0, 0, 0.75),
        (0, 0, 0),
        (0.18, 0.18, 0.18),
        (0, 1, 0),
    ]
)


def _write(
    path: Path,
    frames: Sequence[Planes],
    pixel_format: str,
    *,
    codec: str = "ffv1",
    options: dict[str, str] | None = None,
    tags: dict[str, int] | None = None,
    rate: int | Fraction = 24,
    times: Sequence[int] | None = None,
    prepare: Callable[[Any], None] | None = None,
    mark: Callable[[av.VideoFrame], None] | None = None,
) -> Path:
    """Write planes of codes as they are; `tags` go onto the stream and onto every frame."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options or {})
        rows, columns = frames[0][0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = columns, rows, pixel_format
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if prepare:
            prepare(stream)
        for index, planes in enumerate(frames):
            frame = _frame(planes, pixel_format)
            frame.pts = index if times is None else times[index]
            if times is not None:
                frame.time_base = Fraction(1, 1000)
            for name, value in (tags or {}).items():
                setattr(frame, name, value)
            if mark:
                mark(frame)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _frame(planes: Planes, pixel_format: str) -> av.VideoFrame:
    """Fill a frame with codes; packed formats take one (H, W, samples) plane."""
    rows, columns = planes[0].shape[:2]
    frame = av.VideoFrame(columns, rows, pixel_format)
    for plane, codes in zip(frame.planes, planes, strict=True):
        size = codes.dtype.itemsize
        raw = np.frombuffer(memoryview(plane), codes.dtype)
        lines = raw.reshape(plane.height, plane.line_size // size)
        lines[:, : codes[0].size] = codes.reshape(plane.height, -1)
    return frame


def _decode(path: Path, *numbers: int) -> list[NDArray[np.float32]]:
    movie = Movie(path)
    return [task().pixels for task in movie.tasks(numbers or list(movie.numbers))]


def _code(rgb: NDArray[Any], matrix: Matrix, bits: int, full: bool) -> NDArray[np.float64]:
    """Code (..., 3) R'G'B' as Y, Cb, Cr, unrounded, as H.273 8.3 says."""
    kr, kb = _KR_KB[matrix]
    red, green, blue = np.moveaxis(np.asarray(rgb, np.float64), -1, 0)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    step, middle, last = 2 ** (bits - 8), 2 ** (bits - 1), 2**bits - 1
    black, span, chroma = (0, last, last) if full else (16 * step, 219 * step, 224 * step)
    cb, cr = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    return np.stack([black + span * luma, middle + chroma * cb, middle + chroma * cr], axis=-1)


def _bars(matrix: Matrix, bits: int, full: bool) -> tuple[list[NDArray[Any]], NDArray[np.float64]]:
    """Return bars of 4 x 8 pixels as Y, Cb, Cr codes, and the R'G'B' they stand for."""
    rgb = _BARS.copy()
    if not full:
        rgb = np.vstack([rgb, [(1.09, 1.09, 1.09), (-0.05, -0.05, -0.05), (1.05, 1.0, 0.95)]])
    codes = _code(rgb, matrix, bits, full).T
    dtype = np.uint8 if bits == 8 else np.uint16
    planes = [np.rint(row).astype(dtype).repeat(4)[None].repeat(8, 0) for row in codes]
    return planes, rgb.repeat(4, 0)[None].repeat(8, 0)


def _ramp(count: int, size: tuple[int, int] = (16, 24)) -> list[list[NDArray[np.uint8]]]:
    """Return flat limited-range 4:4:4 frames of luma code 20 + the frame's index (mod 200)."""
    grey = np.full(size, 128, np.uint8)
    return [[np.full(size, 20 + index % 200, np.uint8), grey, grey] for index in range(count)]


def _luma_codes(pixels: Sequence[NDArray[np.float32]]) -> list[int]:
    return [round(float(frame.mean()) * 219 + 16) for frame in pixels]


_TAGGED_709 = {"colorspace": 1, "color_range": _LIMITED}


@pytest.mark.parametrize("matrix", [pytest.param(m, id=m.value) for m in _KR_KB])
@pytest.mark.parametrize("full", [pytest.param(True, id="full"), pytest.param(False, id="limited")])
@pytest.mark.parametrize(
    ("bits", "pixel_format"),
    [
        pytest.param(8, "yuv444p", id="8 bit"),
        pytest.param(10, "yuv444p10le", id="10 bit"),
        pytest.param(12, "yuv444p12le", id="12 bit"),
    ],
)
def test_bars_decode_to_one_code_value(
    tmp_path: Path, matrix: Matrix, full: bool, bits: int, pixel_format: str
) -> None:
    planes, rgb = _bars(matrix, bits, full)
    tags = {"colorspace": _MATRIX_TAG[matrix], "color_range": _FULL if full else _LIMITED}
    path = _write(tmp_path / "bars.mkv", [planes], pixel_format, tags=tags)
    movie = Movie(path)
    (pixels,) = _decode(path)
    # Rounding to codes costs up to half a code; decoding may add nothing that can be seen.
    assert np.abs(_code(pixels, matrix, bits, full) - _code(rgb, matrix, bits, full)).max() <= 0.51
    assert np.abs(pixels[..., 1] - rgb[..., 1]).max() <= 1 / (219 * 2 ** (bits - 8))
    assert (movie.info.matrix, movie.info.is_full_range) == (matrix, full)
    assert movie.info.bit_depth == bits
    assert movie.info.assumed == ()


@pytest.mark.parametrize(
    ("codec", "options", "pixel_format", "suffix", "bits"),
    [
        pytest.param("libx264", {"qp": "0"}, "yuv420p", "mp4", 8, id="4:2:0 h264"),
        pytest.param("ffv1", {}, "yuv420p10le", "mkv", 10, id="4:2:0 10 bit"),
        pytest.param("ffv1", {}, "yuv422p10le", "mkv", 10, id="4:2:2 10 bit"),
        pytest.param("ffv1", {}, "yuv422p12le", "mkv", 12, id="4:2:2 12 bit"),
        pytest.param("rawvideo", {}, "uyvy422", "mkv", 8, id="packed 4:2:2"),
        pytest.param("ffv1", {}, "yuva420p", "mkv", 8, id="4:2:0 with alpha"),
        pytest.param("ffv1", {}, "yuv410p", "mkv", 8, id="4:1:0"),
    ],
)
def test_flat_areas_of_subsampled_movies_are_exact(
    tmp_path: Path, codec: str, options: dict[str, str], pixel_format: str, suffix: str, bits: int
) -> None:
    step = 2 ** (bits - 8)
    y, u, v = 200 * step + step // 2, 90 * step, 171 * step
    frame = av.VideoFrame(64, 32, pixel_format)
    dtype = np.uint8 if bits == 8 else np.uint16
    if len(frame.planes) == 1:
        planes: list[NDArray[Any]] = [
            np.tile(np.array([u, y, v, y], dtype), (32, 32)).reshape(32, 64, 2)
        ]
    else:
        codes = [y, u, v, 255][: len(frame.planes)]
        planes = [
            np.full((plane.height, plane.width), code, dtype)
            for plane, code in zip(frame.planes, codes, strict=True)
        ]
    path = _write(
        tmp_path / f"flat.{suffix}",
        [planes],
        pixel_format,
        codec=codec,
        options=options,
        tags=_TAGGED_709,
    )
    (pixels,) = _decode(path)
    luma, cb, cr = (y / step - 16) / 219, (u / step - 128) / 224, (v / step - 128) / 224
    red, blue = luma + 1.5748 * cr, luma + 1.8556 * cb
    expected = [red, (luma - 0.2126 * red - 0.0722 * blue) / 0.7152, blue]
    assert pixels.shape == (32, 64, 3)
    np.testing.assert_allclose(pixels, np.broadcast_to(expected, pixels.shape), atol=2e-6)


def test_prores_bars_are_close_and_superwhite_survives(tmp_path: Path) -> None:
    luma = np.repeat(np.array([64, 940, 1000, 502], np.uint16), 32)[None].repeat(64, 0)
    neutral = np.full((64, 64), 512, np.uint16)
    path = _write(
        tmp_path / "p.mov",
        [[luma, neutral, neutral]],
        "yuv422p10le",
        codec="prores_ks",
        tags=_TAGGED_709,
    )
    (pixels,) = _decode(path)
    middles = pixels[32, 16::32]
    np.testing.assert_allclose(
        middles[:, 1], (np.array([64, 940, 1000, 502]) - 64) / 876, atol=2 / 876
    )


def test_chroma_of_422_sits_on_even_columns(tmp_path: Path) -> None:
    """A chroma ramp is read at the luma sample it was taken at, whatever the decoder states."""
    luma = np.full((32, 64), 400, np.uint16)
    ramp = np.broadcast_to(np.arange(32, dtype=np.uint16) * 16 + 300, (32, 32))
    neutral = np.full((32, 32), 512, np.uint16)
    path = _write(tmp_path / "ramp.mkv", [[luma, neutral, ramp]], "yuv422p10le", tags=_TAGGED_709)
    (pixels,) = _decode(path)
    kr, _ = _KR_KB[Matrix.BT709]
    cr = (pixels[16, :, 0] - (400 - 64) / 876) / (2 - 2 * kr) * 896 + 512
    np.testing.assert_allclose(cr[8:56], (np.arange(64) * 8 + 300)[8:56], atol=0.5)


@pytest.mark.parametrize(
    ("height", "matrix"),
    [pytest.param(720, Matrix.BT709, id="HD"), pytest.param(704, Matrix.BT601, id="SD")],
)
def test_untagged_matrix_goes_by_the_lines_and_is_said(
    tmp_path: Path, height: int, matrix: Matrix
) -> None:
    planes = [np.full((height, 16), code, np.uint8) for code in (100, 90, 180)]
    path = _write(tmp_path / "u.mkv", [planes], "yuv444p")
    movie = Movie(path)
    (pixels,) = _decode(path)
    kr, _ = _KR_KB[matrix]
    assert pixels[0, 0, 0] == pytest.approx(84 / 219 + (2 - 2 * kr) * 52 / 224, abs=1e-6)
    assert movie.info.matrix is matrix
    assert not movie.info.is_full_range
    assert len(movie.info.assumed) == 2
    assert matrix.value in movie.info.assumed[0]
    assert "limited range" in movie.info.assumed[1]


def test_jpeg_formats_are_full_range(tmp_path: Path) -> None:
    planes = [np.full((32, 32), 255, np.uint8), *[np.full((16, 16), 128, np.uint8)] * 2]
    path = _write(
        tmp_path / "j.avi", [planes], "yuvj420p", codec="mjpeg", options={"qmin": "1", "q:v": "1"}
    )
    (pixels,) = _decode(path)
    assert Movie(path).info.is_full_range
    assert np.abs(pixels - 1).max() <= 1 / 255


@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix", "tag"),
    [
        pytest.param("ffv1", "gbrp10le", "mkv", None, id="planar 10 bit, untagged"),
        pytest.param("ffv1", "gbrp12le", "mkv", _LIMITED, id="planar 12 bit, limited"),
        pytest.param("ffv1", "gbrap16le", "mkv", _FULL, id="planar 16 bit with alpha"),
        pytest.param("png", "rgb24", "mov", None, id="png"),
        pytest.param("png", "rgb48be", "mov", None, id="png 16 bit, big-endian"),
        pytest.param("png", "rgba", "mov", None, id="png with alpha"),
        pytest.param("qtrle", "argb", "mov", None, id="animation"),
        pytest.param("rawvideo", "bgr24", "avi", None, id="uncompressed"),
        pytest.param("ffv1", "bgr0", "mkv", None, id="bgr0"),
        pytest.param("libx264rgb", "bgr24", "mp4", None, id="h264 rgb"),
        pytest.param("ffv1", "gray10le", "mkv", _LIMITED, id="grey 10 bit, limited"),
        pytest.param("ffv1", "gray", "mkv", _FULL, id="grey, full"),
        pytest.param("png", "ya8", "mov", None, id="grey with alpha"),
    ],
)
def test_rgb_and_grey_movies_keep_their_codes(
    tmp_path: Path, codec: str, pixel_format: str, suffix: str, tag: int | None
) -> None:
    layout = av.VideoFormat(pixel_format)
    bits = layout.components[0].bits
    wide = ">u2" if layout.is_big_endian else "<u2"
    dtype = np.dtype(np.uint8 if bits == 8 else wide)
    random = np.random.default_rng(5)
    channels = {c: random.integers(0, 2**bits, (18, 26)).astype(dtype) for c in "rgbay0"}
    names = re.sub(r"(8|\d\d)?(le|be)?$", "", pixel_format)
    if pixel_format.startswith(("gbr", "gray")):
        order = {"gbrp": "gbr", "gbrap": "gbra", "gray": "y"}[names]
        planes = [channels[c] for c in order]
    else:
        planes = [np.stack([channels[c] for c in names], axis=-1).astype(dtype)]
    options = {"qp": "0"} if codec == "libx264rgb" else {}
    tags = {"color_range": tag} if tag else {}
    path = _write(
        tmp_path / f"x.{suffix}", [planes], pixel_format, codec=codec, options=options, tags=tags
    )
    (pixels,) = _decode(path)
    wanted = np.stack(
        [channels[c].astype(np.float64) for c in ("yyy" if "y" in names else "rgb")], -1
    )
    step = 2 ** (bits - 8)
    wanted = (wanted - 16 * step) / (219 * step) if tag == _LIMITED else wanted / (2**bits - 1)
    np.testing.assert_allclose(pixels, wanted, rtol=0, atol=2e-7)
    assert Movie(path).info.matrix is Matrix.NONE


@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix", "stored"),
    [
        pytest.param("prores_ks", "yuva444p10le", "mov", 12, id="ProRes 4444"),
        pytest.param("ffv1", "yuva420p", "mkv", 8, id="4:2:0, 8 bit"),
        pytest.param("ffv1", "yuva444p16le", "mkv", 16, id="4:4:4, 16 bit"),
        pytest.param("ffv1", "gbrap12le", "mkv", 12, id="planar RGB"),
        pytest.param("png", "rgba", "mov", 8, id="png"),
        pytest.param("png", "rgba64be", "mov", 16, id="png 16 bit, big-endian"),
        pytest.param("qtrle", "argb", "mov", 8, id="animation"),
        pytest.param("png", "ya8", "mov", 8, id="grey"),
        pytest.param("rawvideo", "bgra", "avi", 8, id="uncompressed"),
    ],
)
def test_alpha_is_read_exactly(
    tmp_path: Path, codec: str, pixel_format: str, suffix: str, stored: int
) -> None:
    """Every code of a ramp and noise; ProRes is given 10 bits and decodes them as 12."""
    layout = av.VideoFormat(pixel_format)
    bits = layout.components[-1].bits
    dtype = np.dtype(np.uint8 if bits == 8 else ">u2" if layout.is_big_endian else "<u2")
    random = np.random.default_rng(3)
    alpha = random.integers(0, 2**bits, (32, 64)).astype(dtype)
    alpha[0], alpha[1] = 0, 2**bits - 1
    frame = av.VideoFrame(64, 32, pixel_format)
    if len(frame.planes) == 1:
        count = len(layout.components)
        packed = np.full((32, 64, count), 90, dtype)
        packed[..., 0 if pixel_format == "argb" else count - 1] = alpha
        planes: list[NDArray[Any]] = [packed]
    else:
        planes = [np.full((p.height, p.width), 90, dtype) for p in frame.planes[:3]] + [alpha]
    options = {"alpha_bits": "16"} if codec == "prores_ks" else {}
    path = _write(
        tmp_path / f"a.{suffix}", [planes] * 2, pixel_format, codec=codec, options=options
    )
    movie = Movie(path)
    assert movie.info.has_alpha
    found = [task() for task in movie.alpha_tasks([1, 2])]
    for read in found:
        assert read.dtype == np.float32
        assert read.shape == (32, 64)
        wanted = alpha.astype(np.float64) / (2**bits - 1)
        np.testing.assert_allclose(read, wanted, rtol=0, atol=1 / 2**stored if bits == 10 else 1e-7)


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libvpx"])
def test_alpha_beside_the_picture_is_read(tmp_path: Path, codec: str) -> None:
    """WebM keeps alpha as a second picture, which FFmpeg's own decoders drop."""
    alpha = np.repeat(np.array([0, 60, 255, 200], np.uint8), 16)[None].repeat(48, 0)
    grey = np.full((24, 32), 128, np.uint8)
    frames = [[np.full((48, 64), 60 + 10 * at, np.uint8), grey, grey, alpha] for at in range(4)]
    quality = {"lossless": "1"} if codec == "libvpx-vp9" else {"crf": "4", "b": "4M"}
    options = {"auto-alt-ref": "0"} | quality
    path = _write(tmp_path / "a.webm", frames, "yuva420p", codec=codec, options=options)
    movie = Movie(path)
    assert movie.info.has_alpha
    assert movie.numbers == range(1, 5)
    assert movie.info.fps == 24
    assert movie.warnings == ()
    (task,) = movie.alpha_tasks([3])
    off = np.abs(task() * 255 - alpha)[24]
    assert off[8::16].max() <= (0 if codec == "libvpx-vp9" else 3)
    assert _luma_codes(_decode(path, 3)) == [80]


def test_packed_alpha_is_read() -> None:
    frame = av.VideoFrame(16, 8, "ayuv64le")
    codes = np.random.default_rng(1).integers(0, 2**16, (8, 16, 4), np.uint16)
    rows = np.frombuffer(memoryview(frame.planes[0]), "<u2").reshape(8, -1)
    rows[:, :64] = codes.reshape(8, 64)
    np.testing.assert_allclose(read_alpha(frame), codes[..., 0] / 65535, atol=1e-7)


def test_15_bit_animation_is_right_to_half_a_code(tmp_path: Path) -> None:
    codes = np.arange(32, dtype=np.uint16)[None].repeat(8, 0)
    packed = (codes << 10 | codes[:, ::-1] << 5 | 7).astype(">u2")
    path = _write(tmp_path / "q.mov", [[packed]], "rgb555be", codec="qtrle")
    (pixels,) = _decode(path)
    expected = np.stack([codes / 31, codes[:, ::-1] / 31, np.full((8, 32), 7 / 31)], -1)
    assert np.abs(pixels - expected).max() < 0.1 / 31


def test_bottom_up_rows_are_read_from_the_top(tmp_path: Path) -> None:
    """A positive height in an AVI's BITMAPINFOHEADER means that the last row comes first."""
    image = np.random.default_rng(2).integers(0, 256, (12, 20, 3), np.uint8)
    path = _write(tmp_path / "up.avi", [[image]], "bgr24", codec="rawvideo")
    data = bytearray(path.read_bytes())
    place = data.index(b"strf") + 16
    (height,) = struct.unpack_from("<i", data, place)
    assert height == -12
    struct.pack_into("<i", data, place, 12)
    path.write_bytes(data)
    (pixels,) = _decode(path)
    np.testing.assert_allclose(pixels, image[::-1, :, ::-1] / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("degrees", "mirrored", "corner"),
    [
        pytest.param(0, False, "top left", id="upright"),
        pytest.param(90, False, "bottom left", id="90"),
        pytest.param(180, False, "bottom right", id="180"),
        pytest.param(270, False, "top right", id="270"),
        pytest.param(0, True, "top right", id="mirrored"),
        pytest.param(90, True, "bottom right", id="90 mirrored"),
    ],
)
def test_pictures_stand_upright(tmp_path: Path, degrees: int, mirrored: bool, corner: str) -> None:
    """The display matrix turns counter-clockwise, then mirrors: the white corner says so."""
    luma = np.full((32, 64), 16, np.uint8)
    luma[:8, :8] = 235
    planes = [luma, *[np.full((32, 64), 128, np.uint8)] * 2]

    def turn(stream: Any) -> None:
        stream.set_display_rotation(degrees, hflip=mirrored)
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)

    path = _write(
        tmp_path / "r.mp4",
        [planes],
        "yuv444p",
        codec="libx264",
        options={"qp": "0"},
        tags=_TAGGED_709,
        prepare=turn,
    )
    movie = Movie(path)
    (pixels,) = _decode(path)
    size = Size(32, 64) if degrees % 180 else Size(64, 32)
    assert movie.info.size == size
    assert (movie.info.rotation, movie.info.is_mirrored) == (degrees, mirrored)
    assert pixels.shape == (size.height, size.width, 3)
    assert pixels.flags.c_contiguous
    row = 4 if "top" in corner else -4
    column = 4 if "left" in corner else -4
    assert pixels[row, column].tolist() == [1, 1, 1]
    assert pixels.mean() == pytest.approx(1 / 32)
    assert movie.header.pixel_aspect == (0.5 if degrees % 180 else 2.0)
    assert movie.header.display_window == Window(0, 0, size.width, size.height)


def test_subset_delivers_those_frames(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "s.mp4",
        _ramp(40),
        "yuv444p",
        codec="libx264",
        options={"qp": "0", "bf": "3"},
        tags=_TAGGED_709,
    )
    movie = Movie(path, first_frame=1001)
    frames = [task() for task in movie.tasks([1003, 1007, 1009, 1040])]
    assert [frame.number for frame in frames] == [1003, 1007, 1009, 1040]
    assert _luma_codes([frame.pixels for frame in frames]) == [22, 26, 28, 59]
    assert movie.numbers == range(1001, 1041)


def test_tasks_run_on_any_thread_in_any_order(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    frames = [[random.integers(0, 256, (s, s), np.uint8) for s in (64, 32, 32)] for _ in range(24)]
    path = _write(tmp_path / "t.mkv", frames, "yuv420p", tags=_TAGGED_709)
    in_order = _decode(path)
    tasks = list(Movie(path).tasks(range(1, 25)))
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(task) for task in reversed(tasks)][::-1]
        for expected, future in zip(in_order, futures, strict=True):
            np.testing.assert_array_equal(future.result().pixels, expected)


def test_closing_the_tasks_closes_the_file(tmp_path: Path) -> None:
    path = _write(tmp_path / "c.mkv", _ramp(30), "yuv444p")
    tasks = Movie(path).tasks(range(1, 31))
    assert isinstance(tasks, Generator)
    next(tasks)
    links = Path("/proc/self/fd")
    if not links.is_dir():
        pytest.skip("open files can be listed on Linux only")
    opened = [p for p in links.iterdir() if p.exists() and p.resolve() == path.resolve()]
    assert len(opened) == 1
    tasks.close()
    assert not [p for p in links.iterdir() if p.exists() and p.resolve() == path.resolve()]


def test_counting_trusts_the_decoder_not_the_header(tmp_path: Path) -> None:
    path = _write(tmp_path / "lie.avi", _ramp(12), "yuv444p")
    data = bytearray(path.read_bytes())
    length = data.index(b"strh") + 8 + 32
    assert struct.unpack_from("<I", data, length) == (12,)
    struct.pack_into("<I", data, length, 99)
    path.write_bytes(data)
    movie = Movie(path)
    assert movie.info.declared_frames == 99
    assert movie.numbers == range(1, 13)
    assert any("99" in warning and "12" in warning for warning in movie.warnings)


def test_matroska_without_a_count_is_counted_without_a_warning(tmp_path: Path) -> None:
    movie = Movie(_write(tmp_path / "m.mkv", _ramp(31), "yuv444p", rate=Fraction(24000, 1001)))
    assert movie.numbers == range(1, 32)
    assert movie.warnings == ()
    assert movie.info.fps == Fraction(24000, 1001)
    assert movie.header.attributes == {"framesPerSecond": Fraction(24000, 1001)}


@pytest.mark.parametrize("suffix", [pytest.param("mkv", id="mkv"), pytest.param("ts", id="ts")])
def test_cut_off_movie_yields_what_is_there(tmp_path: Path, suffix: str) -> None:
    codec = {"mkv": "ffv1", "ts": "mpeg2video"}[suffix]
    pixel_format = {"mkv": "yuv444p", "ts": "yuv420p"}[suffix]
    random = np.random.default_rng(4)
    sizes = (64, 64, 64) if suffix == "mkv" else (64, 32, 32)
    frames = [[random.integers(30, 200, (s, s), np.uint8) for s in sizes] for _ in range(30)]
    path = _write(tmp_path / f"whole.{suffix}", frames, pixel_format, codec=codec)
    whole = _decode(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    movie = Movie(path)
    count = len(movie.numbers)
    assert 14 <= count <= 18
    assert len(movie.warnings) == 1
    for kept, expected in zip(_decode(path), whole, strict=False):
        np.testing.assert_array_equal(kept, expected)


def test_damaged_frame_is_named_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    frames = [[random.integers(0, 256, (32, 32, 3), np.uint8)] for _ in range(12)]
    path = _write(tmp_path / "d.mov", frames, "rgb24", codec="png")
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        place, size = packets[6].pos, packets[6].size
    assert place is not None
    data = bytearray(path.read_bytes())
    data[place + 60 : place + size] = bytes(size - 60)
    path.write_bytes(data)
    movie = Movie(path)
    assert movie.numbers == range(1, 13)
    assert movie.damaged == (7,)
    assert movie.warnings == (f"Frame 7 of {path} cannot be decoded.",)
    tasks = list(movie.tasks([6, 7, 8]))
    np.testing.assert_allclose(tasks[0]().pixels, frames[5][0] / 255, atol=1e-6)
    with pytest.raises(FrameReadError, match=r"Frame 7 of .*d.mov cannot be decoded") as caught:
        tasks[1]()
    assert (caught.value.frame, caught.value.path) == (7, path)
    assert "with --frames 1-6 --cuts off --warm-up 5, or" in caught.value.hint
    np.testing.assert_allclose(tasks[2]().pixels, frames[7][0] / 255, atol=1e-6)


def test_change_of_size_is_named(tmp_path: Path) -> None:
    small = [[np.full((s, s), 90, np.uint8) for s in (64, 32, 32)] for _ in range(5)]
    large = [[np.full((s, s), 90, np.uint8) for s in (96, 48, 48)] for _ in range(5)]
    parts = [
        _write(tmp_path / f"{name}.ts", frames, "yuv420p", codec="libx264", options={"bf": "0"})
        for name, frames in (("a", small), ("b", large))
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    tasks = list(Movie(path).tasks([5, 6]))
    assert tasks[0]().pixels.shape == (64, 64, 3)
    with pytest.raises(FrameReadError, match=r"Frame 6 of .* is 96x96 yuv420p, the first .* 64x64"):
        tasks[1]()


@pytest.mark.parametrize(
    ("number", "says"),
    [
        pytest.param(13, "holds frames 10 to 12", id="past the end"),
        pytest.param(9, "starts at frame 10", id="before the start"),
    ],
)
def test_frames_that_do_not_exist_are_refused(tmp_path: Path, number: int, says: str) -> None:
    movie = Movie(_write(tmp_path / "e.mkv", _ramp(3), "yuv444p"), first_frame=10)
    (task,) = movie.tasks([number])
    with pytest.raises(FrameReadError, match=f"Frame {number} of .* does not exist: .*{says}"):
        task()


@pytest.mark.parametrize(
    ("codec", "suffix", "times", "is_seen_at_once"),
    [
        pytest.param("ffv1", "mkv", [0, 33, 100, 108, 333, 400], True, id="from the start"),
        pytest.param("ffv1", "mkv", [*range(0, 12000, 40), 12500, 12513], False, id="late"),
        pytest.param(
            "libx264",
            "mp4",
            [*range(0, 12000, 40), 20000, 20013],
            True,
            id="late, MP4",
        ),
    ],
)
def test_variable_rate_goes_by_order_with_a_warning(
    tmp_path: Path, codec: str, suffix: str, times: list[int], is_seen_at_once: bool
) -> None:
    path = _write(
        tmp_path / f"v.{suffix}",
        _ramp(len(times)),
        "yuv444p",
        codec=codec,
        options={"qp": "0"} if codec == "libx264" else {},
        times=times,
        tags=_TAGGED_709,
    )
    movie = Movie(path)
    assert movie.info.is_variable_rate == is_seen_at_once
    if is_seen_at_once:
        assert movie.info.fps is None
        assert movie.header.attributes == {}
    assert len(movie.numbers) == len(times)
    assert sum("variable frame rate" in warning for warning in movie.warnings) == 1
    last = 20 + (len(times) - 1) % 200
    assert _luma_codes(_decode(path, 1, 2, 3, len(times))) == [20, 21, 22, last]


@pytest.mark.parametrize(
    ("rate", "suffix"),
    [
        pytest.param(Fraction(30000, 1001), "mkv", id="29.97 in milliseconds"),
        pytest.param(Fraction(60), "mkv", id="60 in milliseconds"),
        pytest.param(Fraction(25), "mov", id="25"),
    ],
)
def test_rounded_times_are_no_variable_rate(tmp_path: Path, rate: Fraction, suffix: str) -> None:
    codec = "libx264" if suffix == "mov" else "ffv1"
    path = _write(tmp_path / f"f.{suffix}", _ramp(70), "yuv444p", codec=codec, rate=rate)
    movie = Movie(path)
    assert len(movie.numbers) == 70
    assert movie.info.fps == rate
    assert movie.warnings == ()


def test_timecode_and_colour_tags_are_read(tmp_path: Path) -> None:
    tags = {"colorspace": 9, "color_range": _LIMITED, "color_trc": 16, "color_primaries": 9}
    planes = [np.full((64, 64), 500, np.uint16), *[np.full((64, 32), 512, np.uint16)] * 2]

    def stamp(stream: Any) -> None:
        stream.metadata["timecode"] = "01:02:03:04"

    path = _write(
        tmp_path / "tc.mov",
        [planes] * 3,
        "yuv422p10le",
        codec="prores_ks",
        tags=tags,
        prepare=stamp,
    )
    info = Movie(path).info
    assert info.timecode == "01:02:03:04"
    assert (info.transfer, info.primaries, info.matrix) == ("smpte2084", "bt2020", Matrix.BT2020)
    assert info.declared_frames == 3


@pytest.mark.parametrize("suffix", [pytest.param("mov", id="nclc"), pytest.param("mp4", id="nclx")])
@pytest.mark.parametrize(
    ("pictures", "is_told"),
    [pytest.param(1, True, id="against"), pytest.param(2, False, id="unstated")],
)
def test_container_tags_win_over_those_of_the_pictures(
    tmp_path: Path, suffix: str, pictures: int, is_told: bool
) -> None:
    names = ("colorspace", "color_trc", "color_primaries")
    codec, options = ("prores_ks", {}) if suffix == "mov" else ("libx264", {"qp": "0"})
    pixel_format = "yuv422p10le" if suffix == "mov" else "yuv422p"
    dtype, step = (np.uint16, 4) if suffix == "mov" else (np.uint8, 1)
    planes = [np.full((32, w), code * step, dtype) for w, code in ((32, 120), (16, 90), (16, 180))]
    path = _write(
        tmp_path / f"two.{suffix}",
        [planes],
        pixel_format,
        codec=codec,
        options=options,
        tags=dict.fromkeys(names, 1) | {"color_range": _LIMITED},
    )
    data = bytearray(path.read_bytes())
    box = data.index(b"colrncl")
    struct.pack_into(">3H", data, box + 8, 9, 16, 9)
    if suffix == "mp4":
        data[box + 14] = 0x80  # full range
    if suffix == "mov":
        frame = data.index(b"icpf") + 18
        assert data[frame : frame + 3] == b"\1\1\1"
        data[frame : frame + 3] = bytes([pictures] * 3)
    elif not is_told:
        pytest.skip("H.264 parameter sets cannot be patched in place")
    path.write_bytes(data)
    info = Movie(path).info
    assert (info.transfer, info.primaries, info.matrix) == ("smpte2084", "bt2020", Matrix.BT2020)
    told = f"{path} is tagged twice, the container against its pictures: matrix BT.2020 against "
    assert [text.startswith(told) for text in info.assumed] == [True] * is_told
    assert all(("range full against limited" in text) == (suffix == "mp4") for text in info.assumed)
    (pixels,) = _decode(path)
    red = 104 / 219 + (2 - 2 * 0.2627) * 52 / 224
    if suffix == "mp4":
        red = 120 / 255 + (2 - 2 * 0.2627) * 52 / 255
    assert pixels[16, 16, 0] == pytest.approx(red, abs=2 / 219)


@pytest.mark.parametrize(
    ("rate", "text", "words"),
    [
        pytest.param(Fraction(24), "01:02:03:22", [0x01020322, 0x01020323, 0x01020400], id="24"),
        pytest.param(
            Fraction(30000, 1001), "01:00:59;28", [0x01005968, 0x01005969, 0x01010042], id="drop"
        ),
        pytest.param(Fraction(50), "01:02:03:44", [0x01020322, 0x81020322, 0x01020323], id="50"),
        pytest.param(
            Fraction(60000, 1001), "01:00:59;58", [0x01005969, 0x0100D969, 0x01010042], id="59.94"
        ),
    ],
)
def test_frames_have_their_own_timecode(
    tmp_path: Path, rate: Fraction, text: str, words: list[int]
) -> None:
    """The words are ST 12-1's: BCD digits, drop in bit 6, and above 30 fps pairs and their flag."""

    def stamp(stream: Any) -> None:
        stream.metadata["timecode"] = text
        stream.metadata["reel_name"] = "A001C003"

    path = _write(
        tmp_path / "tc.mov",
        _ramp(3, (64, 64)),
        "yuv444p",
        codec="libx264",
        options={"qp": "0"},
        rate=rate,
        prepare=stamp,
    )
    movie = Movie(path, first_frame=1001)
    frames = [task() for task in movie.tasks([1001, 1002, 1003])]
    found: list[Any] = [frame.header.attributes for frame in frames]
    assert [bytes(attributes["timeCode"].data) for attributes in found] == [
        struct.pack("<II", word, 0) for word in words
    ]
    assert all(one["framesPerSecond"] == rate and one["reelName"] == "A001C003" for one in found)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        pytest.param("00:00:41:17", 41 * 24 + 17, id="its count"),
        pytest.param(None, "has no timecode", id="none"),
    ],
)
def test_frames_are_numbered_by_the_timecode(
    tmp_path: Path, text: str | None, first: int | str
) -> None:
    def stamp(stream: Any) -> None:
        if text:
            stream.metadata["timecode"] = text

    path = _write(tmp_path / "n.mov", _ramp(2), "yuv444p", codec="libx264", prepare=stamp)
    if isinstance(first, str):
        with pytest.raises(InputError, match=first):
            Movie(path, first_frame="timecode")
        return
    assert Movie(path, first_frame="timecode").numbers == range(first, first + 2)


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        pytest.param(8, "YCgCo", id="YCgCo"),
        pytest.param(10, "BT.2020 constant luminance", id="constant luminance"),
        pytest.param(14, "ICtCp", id="ICtCp"),
    ],
)
def test_unsupported_matrix_is_named(tmp_path: Path, tag: int, name: str) -> None:
    tags = {"colorspace": tag, "color_range": _LIMITED}
    path = _write(tmp_path / "m.mkv", _ramp(1), "yuv444p", tags=tags)
    with pytest.raises(InputError, match=f"with the matrix {name}"):
        Movie(path)


def test_unsupported_pixel_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bits.mov"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("png", rate=24)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "monob"
        frame = av.VideoFrame(16, 16, "monob")
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(InputError, match="pixel format monob"):
        Movie(path)


def test_interlaced_movie_is_refused_with_the_way_out(tmp_path: Path) -> None:
    planes = [np.full((s, s), 90, np.uint8) for s in (64, 32, 32)]
    options = {"qp": "0", "x264-params": "interlaced=1"}
    path = _write(tmp_path / "i.mp4", [planes] * 2, "yuv420p", codec="libx264", options=options)
    with pytest.raises(InputError, match="is interlaced") as caught:
        Movie(path)
    assert "Deinterlace" in caught.value.hint


def test_movie_that_turns_interlaced_says_so(tmp_path: Path) -> None:
    planes = [np.full((s, s), 90, np.uint8) for s in (64, 32, 32)]
    parts = [
        _write(tmp_path / f"{name}.ts", [planes] * 4, "yuv420p", codec="libx264", options=options)
        for name, options in (("a", {}), ("b", {"x264-params": "interlaced=1"}))
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    movie = Movie(path)
    assert len(movie.numbers) == 8
    assert f"{path} turns interlaced; frames with two moments in them: 4." in movie.warnings


def test_failed_conversion_names_the_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    movie = Movie(_write(tmp_path / "c.mkv", _ramp(3), "yuv444p"))
    (task,) = movie.tasks([2])

    def fail(*_: object, **__: object) -> None:
        raise av.error.InvalidDataError(1, "no such conversion")

    monkeypatch.setattr("robust_matte.media.movies.read_rgb", fail)
    with pytest.raises(
        FrameReadError, match=r"Frame 2 of .*c.mkv, .* cannot be converted"
    ) as caught:
        task()
    assert caught.value.frame == 2


def test_sound_alone_is_no_movie(tmp_path: Path) -> None:
    path = tmp_path / "sound.mov"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=48000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.int16), layout="stereo")
        sound.sample_rate = 48000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(InputError, match=r"sound.mov holds no picture, only sound"):
        Movie(path)


def test_cover_of_a_sound_file_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", rate=48000)
        cover: Any = container.add_stream("mjpeg", rate=24)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        picture = _frame([np.full((s, s), 90, np.uint8) for s in (32, 16, 16)], "yuvj420p")
        picture.pts = 0
        container.mux(cover.encode(picture))
        container.mux(cover.encode())
        sound = av.AudioFrame.from_ndarray(np.zeros((2, 9600), np.float32), "fltp", "stereo")
        sound.sample_rate = 48000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(InputError, match=r"song.mp4 holds no picture, only sound"):
        Movie(path)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        pytest.param("gone.mov", None, "does not exist", id="missing"),
        pytest.param("empty.mp4", b"", "is empty: it has 0 bytes", id="empty"),
        pytest.param("text.mov", b"not a movie\n" * 50, "cannot be opened as a movie", id="text"),
    ],
)
def test_what_is_no_movie_is_refused(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FrameReadError, match=says) as caught:
        Movie(path)
    assert str(path) in caught.value.what
    assert caught.value.hint


def test_playlist_does_not_reach_for_the_network(tmp_path: Path) -> None:
    asked: list[str] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    path = tmp_path / "list.m3u8"
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/a.ts"
        path.write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n"
        )
        with pytest.raises(FrameReadError, match="cannot be opened as a movie"):
            Movie(path)
        server.shutdown()
    assert asked == []


def test_text_that_ffmpeg_would_draw_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello world\n" * 50)
    with pytest.raises(InputError, match="is a text file"):
        Movie(path)


def test_movie_without_its_index_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "cut.mov", _ramp(20), "yuv444p", codec="libx264", options={"qp": "0"})
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(FrameReadError, match=r"cut.mov cannot be opened as a movie"):
        Movie(path)


@pytest.mark.media
def test_interview_is_taken_for_bt709(media: Path) -> None:
    """Ten HD frames against stills at half size that libswscale made from them as BT.709.

    libswscale rounds down and ends white at 65280 of 65535: 0.90 to 0.93 code values are left on
    average, 5.3 in the worst thousandth. Read as BT.601 the frames differ by 1.63 and 8.4.
    """
    clips = media / "clips"
    movie = Movie(clips / "interview.mp4")
    assert movie.info.matrix is Matrix.BT709
    assert movie.info.assumed == ()  # its pictures are untagged, its container is not
    assert movie.info.size == Size(1920, 1080)
    assert movie.info.fps == 24
    for number, task in enumerate(movie.tasks(range(1, 11)), 1001):
        still = oiio.ImageBuf(str(clips / "interview_540" / f"interview.{number}.png"))
        half = np.clip(task().pixels, 0, 1).reshape(540, 2, 960, 2, 3).mean(axis=(1, 3))
        difference = np.abs(half - still.get_pixels(oiio.FLOAT)) * 255
        assert difference.mean() < 1.0
        assert np.percentile(difference, 99.9) < 6
    assert len(movie.numbers) == 100
