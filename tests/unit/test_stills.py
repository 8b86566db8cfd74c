"""Still images in, against numbers known beforehand.

PNG and DPX files are packed by hand, EXR written with the OpenEXR package: none by the library that
reads them. OpenImageIO writes only what it alone can (TIFF, JPEG, deep EXR), from arrays that are
compared with what comes back.
"""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import FrameReadError, InputError
from robust_matte.media.stills import (
    decodes,
    is_float_image,
    read_channels,
    read_frame,
    read_frame_header,
)
from robust_matte.media.windows import Window

LIGHT = [0.0, 0.18, 1.0, 5.0, 60.0, 65504.0, -0.1, -0.0, 6e-8, np.inf, -np.inf, np.nan]


def _bits(pixels: Any) -> Any:
    return np.ascontiguousarray(pixels, np.float32).view(np.uint32)


def _write_exr(path: Path, channels: dict[str, Any], **header: Any) -> Path:
    header = {"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.scanlineimage} | header
    OpenEXR.File(header, channels).write(str(path))
    return path


def _write_png(path: Path, codes: NDArray[Any]) -> Path:
    """Pack a PNG by hand: ISO/IEC 15948, 8 or 16 bits, grey to RGBA, unfiltered."""
    height, width, count = codes.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[count]
    rows = codes.astype(codes.dtype.newbyteorder(">")).reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, codes.itemsize * 8, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    chunks = [(b"IHDR", head), (b"IDAT", data), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(packed))
    return path


def _write_dpx(path: Path, codes: NDArray[np.uint16]) -> Path:
    """Pack a 10-bit RGB DPX by hand: SMPTE ST 268, filled, method A, big-endian."""
    height, width, _ = codes.shape
    red, green, blue = (codes[..., index].astype(np.uint32) for index in range(3))
    words = (red << 22 | green << 12 | blue << 2).astype(">u4").tobytes()
    head = bytearray(2048)
    struct.pack_into(">4sI8sI", head, 0, b"SDPX", 2048, b"V1.0", 2048 + len(words))
    struct.pack_into(">HHII", head, 768, 0, 1, width, height)
    struct.pack_into(
        ">IIfIfBBBBHHI", head, 780, 0, 0, 0.0, 1023, 2.0, 50, 2, 2, 10, 1, 0, 2048
    )  # unsigned, codes 0 to 1023, descriptor RGB, 10 bits, packing 1 = filled method A
    path.write_bytes(bytes(head) + words)
    return path


def _write_oiio(path: Path, pixels: NDArray[Any], kind: str, **attributes: Any) -> Path:
    """Write with OpenImageIO; `channels`, `origin` and `full` (x, y, width, height) are known."""
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    spec.channelnames = attributes.pop("channels", spec.channelnames)
    spec.x, spec.y = attributes.pop("origin", (0, 0))
    full = attributes.pop("full", (spec.x, spec.y, spec.width, spec.height))
    spec.full_x, spec.full_y, spec.full_width, spec.full_height = full
    for name, value in attributes.items():
        spec.attribute(name.replace("__", ":"), value)
    image = oiio.ImageOutput.create(str(path))
    assert image is not None, oiio.geterror()
    assert image.open(str(path), spec), image.geterror()
    assert image.write_image(pixels), image.geterror()
    image.close()
    return path


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_exr_light_is_exact_to_the_bit(dtype: type, tmp_path: Path) -> None:
    with np.errstate(over="ignore"):
        planes: NDArray[Any] = np.stack([np.roll(LIGHT, at) for at in range(3)]).astype(dtype)
    planes = planes.reshape(3, 2, 6)
    path = _write_exr(tmp_path / "p.exr", dict(zip("RGB", planes, strict=True)))
    frame = read_frame(path, 1001)
    assert frame.number == 1001
    assert frame.pixels.dtype == np.float32
    assert frame.pixels.flags.c_contiguous
    np.testing.assert_array_equal(_bits(frame.pixels), _bits(planes.transpose(1, 2, 0)))
    assert is_float_image(path)


def test_exr_colour_is_picked_from_among_other_channels(tmp_path: Path) -> None:
    """EXR sorts by name, and depths may differ: A B G N.x R Z."""
    half, full = np.float16, np.float32
    kinds = {"A": half, "B": half, "G": full, "N.x": full, "R": half, "Z": full}
    planes = {
        name: np.full((2, 3), index + 0.5, kind) for index, (name, kind) in enumerate(kinds.items())
    }
    frame = read_frame(_write_exr(tmp_path / "p.exr", planes), 1)
    assert frame.pixels.shape == (2, 3, 3)
    np.testing.assert_array_equal(frame.pixels, np.full((2, 3, 3), [4.5, 2.5, 1.5]))


@pytest.mark.parametrize("names", [("red", "green", "blue"), ("Red", "Green", "Blue")])
def test_exr_colour_may_be_spelled_out(names: tuple[str, ...], tmp_path: Path) -> None:
    planes = {name: np.full((1, 2), at, np.float16) for at, name in enumerate(names, start=1)}
    frame = read_frame(_write_exr(tmp_path / "p.exr", planes), 1)
    np.testing.assert_array_equal(frame.pixels, [[[1, 2, 3], [1, 2, 3]]])


def test_exr_luminance_serves_as_all_three(tmp_path: Path) -> None:
    planes = {"Y": np.array([[0.25, 7.0]], np.float16), "A": np.ones((1, 2), np.float16)}
    frame = read_frame(_write_exr(tmp_path / "p.exr", planes), 1)
    np.testing.assert_array_equal(frame.pixels, [[[0.25] * 3, [7.0] * 3]])


@pytest.mark.parametrize("names", [("A",), ("Z",), ("G", "R"), ("beauty.G", "beauty.R")])
def test_exr_without_colour_names_its_channels(names: tuple[str, ...], tmp_path: Path) -> None:
    planes = {name: np.zeros((1, 2), np.float16) for name in names}
    path = _write_exr(tmp_path / "p.exr", planes)
    with pytest.raises(InputError, match=f"channels are {', '.join(names)}") as caught:
        read_frame(path, 1003)
    assert (caught.value.frame, caught.value.path) == (1003, path)


def test_deep_exr_is_told(tmp_path: Path) -> None:
    path = tmp_path / "deep.exr"
    spec = oiio.ImageSpec(2, 1, 5, "half")
    spec.channelnames, spec.deep = ("R", "G", "B", "A", "Z"), True
    samples = oiio.DeepData()
    samples.init(spec)
    samples.set_samples(0, 2)
    image = oiio.ImageOutput.create(str(path))
    assert image is not None, oiio.geterror()
    assert image.open(str(path), spec), image.geterror()
    assert image.write_deep_image(samples), image.geterror()
    image.close()
    with pytest.raises(InputError, match=r"deep\.exr holds deep samples") as caught:
        read_frame(path, 1003)
    assert caught.value.frame == 1003


@pytest.mark.parametrize(
    ("data", "display"),
    [
        pytest.param((0, 0, 4, 2), (0, 0, 4, 2), id="same"),
        pytest.param((-3, -2, 4, 2), (0, 0, 16, 9), id="overscan"),
        pytest.param((5, 6, 4, 2), (0, 0, 16, 9), id="crop"),
        pytest.param((100, 100, 4, 2), (10, 20, 16, 9), id="outside of an offset display window"),
    ],
)
def test_exr_windows_are_kept(
    data: tuple[int, ...], display: tuple[int, ...], tmp_path: Path
) -> None:
    def box(x: int, y: int, width: int, height: int) -> tuple[Any, Any]:
        bounds = np.array([[x, y], [x + width - 1, y + height - 1]], np.int32)
        return bounds[0], bounds[1]

    codes = np.arange(8, dtype=np.float16).reshape(2, 4)
    path = _write_exr(
        tmp_path / "p.exr",
        {name: codes * (at + 1) for at, name in enumerate("RGB")},
        dataWindow=box(*data),
        displayWindow=box(*display),
        pixelAspectRatio=2.0,
    )
    frame = read_frame(path, 1)
    assert frame.header.data_window == Window(*data)
    assert frame.header.display_window == Window(*display)
    assert frame.header.pixel_aspect == 2.0
    assert read_frame_header(path).data_window == Window(*data)
    np.testing.assert_array_equal(frame.pixels, codes[..., None] * np.array([1, 2, 3]))


@pytest.mark.parametrize("count", [1, 2, 3, 4], ids=["grey", "grey alpha", "RGB", "RGBA"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_codes_are_shares_of_full_scale(count: int, dtype: type, tmp_path: Path) -> None:
    """And straight alpha, 0 included, leaves them alone."""
    most = np.iinfo(dtype).max
    codes = np.random.default_rng(count).integers(0, most, (5, 7, count), dtype, endpoint=True)
    codes[0, 0], codes[0, 1] = 0, most
    if count in (2, 4):
        codes[1, :, -1] = 0
    path = _write_png(tmp_path / "p.png", codes)
    frame = read_frame(path, 1)
    colour = codes[..., :3] if count > 2 else np.repeat(codes[..., :1], 3, axis=2)
    np.testing.assert_allclose(frame.pixels, colour / float(most), rtol=2e-7)
    assert frame.pixels[0, 1].tolist() == [1.0, 1.0, 1.0]
    assert frame.header.data_window == frame.header.display_window == Window(0, 0, 7, 5)
    assert frame.header.attributes == {}
    assert not is_float_image(path)


def test_dpx_codes_are_kept_within_one(tmp_path: Path) -> None:
    codes = np.arange(1024, dtype=np.uint16)
    rgb = np.stack([codes, codes[::-1], np.roll(codes, 300)], axis=1).reshape(32, 32, 3)
    path = _write_dpx(tmp_path / "p.dpx", rgb)
    frame = read_frame(path, 1)
    np.testing.assert_allclose(frame.pixels * 1023.0, rgb, rtol=0, atol=1.0)
    assert frame.pixels[0, 0].tolist()[:2] == [0.0, 1.0]
    assert not is_float_image(path)


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        pytest.param(np.uint8, "uint8", id="8 bits"),
        pytest.param(np.uint16, "uint16", id="16 bits"),
        pytest.param(np.float16, "half", id="half"),
        pytest.param(np.float32, "float", id="float"),
        pytest.param(np.float64, "double", id="double"),
    ],
)
def test_tiff_of_every_depth(dtype: type, kind: str, tmp_path: Path) -> None:
    is_float = np.issubdtype(dtype, np.floating)
    pixels: NDArray[Any]
    wanted: NDArray[Any]
    if is_float:
        pixels = np.resize([-0.5, 0.0, 0.25, 1.0, 7.0, 60.0], (32, 32, 3)).astype(dtype)
        wanted = pixels.astype(np.float32)
    else:
        most = np.iinfo(dtype).max
        pixels = np.random.default_rng(0).integers(0, most, (32, 32, 3), dtype, endpoint=True)
        wanted = pixels / float(most)
    path = _write_oiio(tmp_path / "p.tif", pixels, kind)
    np.testing.assert_allclose(read_frame(path, 1).pixels, wanted, rtol=2e-7)
    assert is_float_image(path) is is_float


def test_tiff_with_straight_alpha_stays_straight(tmp_path: Path) -> None:
    rgba = np.array([[[200, 100, 50, 128], [10, 20, 30, 0]]], np.uint8)
    path = _write_oiio(tmp_path / "p.tif", rgba, "uint8", oiio__UnassociatedAlpha=1)
    np.testing.assert_allclose(read_frame(path, 1).pixels, rgba[..., :3] / 255.0, rtol=2e-7)


def test_tiff_with_an_offset_keeps_its_windows(tmp_path: Path) -> None:
    path = _write_oiio(
        tmp_path / "p.tif",
        np.zeros((2, 3, 3), np.uint8),
        "uint8",
        origin=(4, 5),
        full=(0, 0, 16, 9),
    )
    header = read_frame(path, 1).header
    assert header.data_window == Window(4, 5, 3, 2)
    assert header.display_window == Window(0, 0, 16, 9)


@pytest.mark.parametrize(
    "colour", [pytest.param([200, 100, 50], id="RGB"), pytest.param([77], id="grey")]
)
def test_jpeg_is_within_two_codes(colour: list[int], tmp_path: Path) -> None:
    pixels = np.full((16, 24, len(colour)), colour, np.uint8)
    path = _write_oiio(tmp_path / "p.jpg", pixels, "uint8", compression="jpeg:100")
    frame = read_frame(path, 1)
    wanted = np.broadcast_to(np.array(colour, np.float32), (16, 24, 3))
    np.testing.assert_allclose(frame.pixels * 255.0, wanted, rtol=0, atol=2.0)
    assert not is_float_image(path)


@pytest.fixture
def sound(tmp_path: Path) -> Callable[[str], Path]:
    """Write a file of noise in one format."""

    def write(suffix: str) -> Path:
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
        path = tmp_path / f"plate.0007{suffix}"
        if suffix == ".exr":
            planes = {name: noise[..., at].astype(np.float16) for at, name in enumerate("RGB")}
            return _write_exr(path, planes)
        return _write_oiio(path, noise, "uint8")

    return write


SUFFIXES = (".exr", ".png", ".tif", ".dpx", ".jpg")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "share",
    [
        pytest.param(0.0, id="no bytes"),
        pytest.param(0.002, id="half a header"),
        pytest.param(0.5, id="half"),
        pytest.param(0.95, id="nearly all"),
    ],
)
def test_truncated_file_is_told_not_filled_in(
    suffix: str, share: float, sound: Callable[[str], Path]
) -> None:
    path = sound(suffix)
    whole = path.read_bytes()
    assert decodes(path)
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FrameReadError) as caught:
        read_frame(path, 7)
    assert str(path) in caught.value.what
    assert caught.value.hint.endswith(".")
    assert caught.value.path == path
    assert not decodes(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_truncated_pixels_name_the_frame(suffix: str, sound: Callable[[str], Path]) -> None:
    path = sound(suffix)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(FrameReadError) as caught:
        read_frame(path, 7)
    assert caught.value.frame == 7


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.write_text("not an image\n" * 99), id="text"),
        pytest.param(lambda path: path.mkdir(), id="folder"),
        pytest.param(lambda path: None, id="absent"),  # noqa: ARG005
    ],
)
def test_what_is_no_image_is_told(
    suffix: str, make: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / f"plate{suffix}"
    make(path)
    for read in (read_frame_header, is_float_image, lambda one: read_frame(one, 7)):
        with pytest.raises(FrameReadError, match="cannot be") as caught:
            read(path)
        assert str(path) in caught.value.what
        assert "\n" not in str(caught.value)
    assert not decodes(path)


def test_channels_are_read_by_name_in_the_order_asked(tmp_path: Path) -> None:
    names = ("A", "R", "foreground.R", "matte.A")
    planes = {name: np.full((2, 3), at, np.float32) for at, name in enumerate(names)}
    path = _write_exr(tmp_path / "p.exr", planes)
    pixels = read_channels(path, ["matte.A", "R"])
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, np.full((2, 3, 2), [3, 1]))


def test_absent_channels_are_named(tmp_path: Path) -> None:
    path = _write_exr(tmp_path / "p.exr", {"Y": np.zeros((1, 1), np.float16)})
    with pytest.raises(FrameReadError, match=r"p\.exr lacks the channels R, A\."):
        read_channels(path, ["R", "Y", "A"])


def test_channels_of_a_damaged_file_are_told(sound: Callable[[str], Path]) -> None:
    path = sound(".exr")
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(FrameReadError, match="its pixels are damaged or cut off"):
        read_channels(path, ["R"])
