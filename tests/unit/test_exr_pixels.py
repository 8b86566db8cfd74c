"""Pixels of every kind of EXR: parts, tiles, levels, depths, samplings, chroma.

Files that neither library writes (subsampled channels) are written byte by byte here.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import FrameReadError
from robust_matte.media.exr_layers import LayerChoice
from robust_matte.media.stills import is_float_image, read_frame
from robust_matte.media.windows import Window

Plane = NDArray[Any]

_TYPES = {"u4": 0, "f2": 1, "f4": 2}


def _attribute(name: str, kind: str, value: bytes) -> bytes:
    return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value


def _raw(
    path: Path,
    size: tuple[int, int],
    planes: Mapping[str, tuple[Plane, int]],
    *,
    origin: tuple[int, int] = (0, 0),
    more: bytes = b"",
) -> Path:
    """Write uncompressed scanlines of channels with their sampling, across and down alike."""
    (width, height), (x, y) = size, origin
    names = sorted(planes)
    channels = b"".join(
        name.encode() + b"\0" + struct.pack("<4i", _TYPES[plane.dtype.str[1:]], 0, step, step)
        for name, (plane, step) in sorted(planes.items())
    )
    window = struct.pack("<4i", x, y, x + width - 1, y + height - 1)
    head = b"v/1\x01\2\0\0\0" + b"".join(
        (
            _attribute("channels", "chlist", channels + b"\0"),
            _attribute("compression", "compression", b"\0"),
            _attribute("dataWindow", "box2i", window),
            _attribute("displayWindow", "box2i", window),
            _attribute("lineOrder", "lineOrder", b"\0"),
            _attribute("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
            _attribute("screenWindowCenter", "v2f", bytes(8)),
            _attribute("screenWindowWidth", "float", struct.pack("<f", 1.0)),
            more + b"\0",
        )
    )
    rows = []
    for line in range(y, y + height):
        stored = [planes[name] for name in names if line % planes[name][1] == 0]
        data = b"".join(plane[(line - y) // step].tobytes() for plane, step in stored)
        rows.append(struct.pack("<2i", line, len(data)) + data)
    places = np.cumsum([len(head) + 8 * height] + [len(row) for row in rows[:-1]])
    path.write_bytes(head + places.astype("<u8").tobytes() + b"".join(rows))
    return path


def _rgb(height: int = 6, width: int = 8) -> NDArray[np.float16]:
    return np.random.default_rng(3).random((3, height, width)).astype(np.float16) * 4 - 1


def _as_read(rgb: NDArray[Any]) -> NDArray[np.float32]:
    return rgb.astype(np.float32).transpose(1, 2, 0)


def test_parts_of_other_sizes_are_read_with_their_own_windows(tmp_path: Path) -> None:
    path, rgb, small = tmp_path / "a.exr", _rgb(), _rgb(2, 4)
    display = (np.array([0, 0], np.int32), np.array([15, 9], np.int32))
    data = (np.array([-3, 5], np.int32), np.array([0, 6], np.int32))
    part = {"type": OpenEXR.scanlineimage, "displayWindow": display}
    shifted = (np.array([0, 0], np.int32), np.array([7, 5], np.int32))
    OpenEXR.File(
        [
            OpenEXR.Part(
                part | {"dataWindow": shifted}, dict(zip("RGB", rgb, strict=True)), "rgba"
            ),
            OpenEXR.Part(part | {"dataWindow": data}, dict(zip("RGB", small, strict=True)), "fx"),
        ]
    ).write(str(path))
    np.testing.assert_array_equal(read_frame(path, 1).pixels, _as_read(rgb))
    frame = read_frame(path, 1, LayerChoice("fx"))
    np.testing.assert_array_equal(frame.pixels, _as_read(small))
    assert frame.header.data_window == Window(-3, 5, 4, 2)
    assert frame.header.display_window == Window(0, 0, 16, 10)
    assert frame.pixels.flags.c_contiguous


@pytest.mark.parametrize("levels", ["", "mip-map"])
def test_tiles_and_the_largest_level_are_read(tmp_path: Path, levels: str) -> None:
    path, pixels = tmp_path / "a.exr", np.ascontiguousarray(_as_read(_rgb(40, 56)))
    spec = oiio.ImageSpec(56, 40, 3, "half")
    spec.tile_width = spec.tile_height = 16
    image = oiio.ImageBuf(spec)
    image.set_pixels(oiio.ROI(), pixels)
    if levels:
        config = oiio.ImageSpec(56, 40, 3, "half")
        made = oiio.ImageBufAlgo.make_texture(oiio.MakeTxTexture, image, str(path), config)
        assert made, oiio.geterror()
    else:
        assert image.write(str(path)), image.geterror()
    np.testing.assert_array_equal(read_frame(path, 1).pixels, pixels)


def test_integers_are_parts_of_full_scale_beside_floats(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    codes = np.array([[0, 2**31, 2**32 - 1]], np.uint32)
    light = np.array([[0.25, -1.0, 7.0]], np.float32)
    header = {"type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"R": light.astype(np.float16), "G": light, "B": codes}).write(str(path))
    wanted = np.stack([light, light, codes / (2**32 - 1)], axis=2)
    np.testing.assert_allclose(read_frame(path, 1).pixels, wanted, rtol=1e-7)
    assert is_float_image(path)


def test_whole_numbers_elsewhere_make_no_colour_of_integers(tmp_path: Path) -> None:
    """An id pass beside half colour, and a depth pass beside colour of integers."""
    path, ids = tmp_path / "a.exr", np.zeros((1, 2), np.uint32)
    half = np.zeros((1, 2), np.float16)
    header = {"type": OpenEXR.scanlineimage}
    OpenEXR.File(header, dict.fromkeys("RGB", half) | {"id": ids}).write(str(path))
    assert is_float_image(path)
    OpenEXR.File(header, dict.fromkeys("RGB", ids) | {"Z": half}).write(str(path))
    assert not is_float_image(path)


@pytest.mark.parametrize("kind", ["f2", "f4", "u4"])
def test_colour_is_read_beside_a_subsampled_channel(tmp_path: Path, kind: str) -> None:
    rgb = (np.random.default_rng(5).random((3, 4, 6)) * (2**32 - 1 if kind == "u4" else 2)).astype(
        kind
    )
    planes = {name: (plane, 1) for name, plane in zip("RGB", rgb, strict=True)}
    planes["matte.A"] = (np.zeros((2, 3), np.float16), 2)
    path = _raw(tmp_path / "a.exr", (6, 4), planes)
    assert oiio.ImageInput.open(str(path)) is None
    assert "ubsampled" in oiio.geterror()
    scale = 1 / (2**32 - 1) if kind == "u4" else 1
    wanted = (rgb.astype(np.float64) * scale).transpose(1, 2, 0)
    np.testing.assert_allclose(read_frame(path, 1).pixels, wanted, rtol=1e-7)


def test_subsampled_colour_is_repeated(tmp_path: Path) -> None:
    red, blue = np.arange(24, dtype=np.float16).reshape(4, 6), np.full((2, 3), 9, np.float16)
    green = np.array([[1, 2, 3], [4, 5, 6]], np.float16)
    planes = {"R": (red, 1), "G": (green, 2), "B": (blue, 2)}
    pixels = read_frame(_raw(tmp_path / "a.exr", (6, 4), planes, origin=(-2, 4)), 1).pixels
    np.testing.assert_array_equal(pixels[..., 0], red)
    np.testing.assert_array_equal(pixels[0, :, 1], [1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(pixels[:, 5, 1], [3, 3, 6, 6])


def test_a_thousand_channels_do_not_hide_the_colour(tmp_path: Path) -> None:
    planes = {f"aov{at:04d}.Y": (np.zeros((2, 2), np.float16), 1) for at in range(1100)}
    rgb = _rgb(2, 2)
    planes |= {name: (plane, 1) for name, plane in zip("RGB", rgb, strict=True)}
    path = _raw(tmp_path / "a.exr", (2, 2), planes)
    assert oiio.ImageInput.open(str(path)) is None
    oiio.geterror()
    np.testing.assert_array_equal(read_frame(path, 1).pixels, _as_read(rgb))


# --- luminance and chroma; ITU-R BT.709-6, 3.2, and RP 177 of ACES's primaries

_REC709 = (0.2126, 0.7152, 0.0722)
_AP1 = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)
_AP1_WEIGHTS = (0.2722287, 0.6740818, 0.0536895)  # ACES's AP1 to XYZ, S-2014-004


def _chroma(
    rgb: NDArray[np.float64], weights: tuple[float, float, float]
) -> tuple[NDArray[np.float64], ...]:
    """Return Y, RY and BY at full size, by their definition."""
    luminance = np.tensordot(weights, rgb, 1)
    safe = np.where(luminance == 0, 1, luminance)
    return luminance, (rgb[0] - luminance) / safe, (rgb[2] - luminance) / safe


@pytest.mark.parametrize(
    ("primaries", "weights"),
    [
        pytest.param(None, _REC709, id="Rec.709, unsaid"),
        pytest.param(_AP1, _AP1_WEIGHTS, id="ACEScg"),
        pytest.param((0.0,) * 8, _REC709, id="primaries of nothing"),
    ],
)
def test_one_colour_comes_back_from_luminance_and_chroma(
    tmp_path: Path, primaries: tuple[float, ...] | None, weights: tuple[float, float, float]
) -> None:
    colour = np.array([0.9, 0.2, 3.5])
    rgb = np.ones((3, 4, 6)) * colour[:, None, None]
    luminance, ry, by = (plane.astype(np.float32) for plane in _chroma(rgb, weights))
    planes = {"Y": (luminance, 1), "RY": (ry[::2, ::2], 2), "BY": (by[::2, ::2], 2)}
    said = struct.pack("<8f", *primaries) if primaries else b""
    more = _attribute("chromaticities", "chromaticities", said) if primaries else b""
    path = _raw(tmp_path / "a.exr", (6, 4), planes, more=more)
    np.testing.assert_allclose(read_frame(path, 1).pixels, rgb.transpose(1, 2, 0), rtol=5e-4)
    assert is_float_image(path)


def test_luminance_is_sharp_and_chroma_is_smooth(tmp_path: Path) -> None:
    """A picture with chroma slow enough for half the samples comes back whole, off its edges."""
    rows, columns = np.mgrid[0:64, 0:96] / 96
    rgb = np.stack([0.6 + 0.3 * np.sin(9 * columns), 0.5 + 0.2 * np.cos(7 * rows), 0.4 + 0 * rows])
    rgb *= np.random.default_rng(1).uniform(0.1, 4.0, (64, 96))  # light as rough as it likes
    luminance, ry, by = (plane.astype(np.float32) for plane in _chroma(rgb, _REC709))
    planes = {"Y": (luminance, 1), "RY": (ry[::2, ::2], 2), "BY": (by[::2, ::2], 2)}
    pixels = read_frame(_raw(tmp_path / "a.exr", (96, 64), planes), 1).pixels
    relative = np.abs(pixels / rgb.transpose(1, 2, 0) - 1)[14:-14, 14:-14]
    assert relative.max() < 2e-3
    repeated = np.abs((1 + ry[::2, ::2].repeat(2, 0).repeat(2, 1)) * luminance / rgb[0] - 1)[
        14:-14, 14:-14
    ]
    assert repeated.max() > 5 * relative.max()  # what repeating chroma would have left


def test_grey_stays_exactly_grey(tmp_path: Path) -> None:
    luminance = np.array([[0.1, 65504.0], [np.inf, -0.5]], np.float32)
    nothing = np.zeros((1, 1), np.float32)
    planes = {"Y": (luminance, 1), "RY": (nothing, 2), "BY": (nothing, 2)}
    pixels = read_frame(_raw(tmp_path / "a.exr", (2, 2), planes), 1).pixels
    np.testing.assert_array_equal(pixels, np.repeat(luminance[..., None], 3, axis=2))


def test_chroma_of_whole_size_needs_no_filter(tmp_path: Path) -> None:
    rgb = np.random.default_rng(2).uniform(0.1, 1.0, (3, 4, 6))
    path = tmp_path / "a.exr"
    luminance, ry, by = (plane.astype(np.float32) for plane in _chroma(rgb, _REC709))
    header = {"type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"Y": luminance, "RY": ry, "BY": by}).write(str(path))
    np.testing.assert_allclose(read_frame(path, 1).pixels, rgb.transpose(1, 2, 0), rtol=1e-3)


def test_file_that_ends_in_its_pixels_is_told_by_either_reader(tmp_path: Path) -> None:
    rgb = _rgb(2, 2)
    planes = {name: (plane, 1) for name, plane in zip("RGB", rgb, strict=True)}
    whole = _raw(tmp_path / "a.exr", (2, 2), planes)
    sub = _raw(tmp_path / "b.exr", (2, 2), planes | {"m": (np.zeros((1, 1), np.float16), 2)})
    for path in (whole, sub):
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(FrameReadError, match="cannot be read") as caught:
            read_frame(path, 7)
        assert (caught.value.frame, caught.value.path) == (7, path)
