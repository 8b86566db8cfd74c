"""EXR out: every value, layout and window, read back with OpenImageIO, which did not write it."""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import WriteError
from robust_matte.media.exr_header import RawAttribute, read_header
from robust_matte.media.exr_write import Plane, to_half, write_exr
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Compression

_ALL_HALVES = np.arange(65_536, dtype=np.uint16).view(np.float16).reshape(256, 256)


def _write(
    path: Path,
    channels: dict[str, Plane],
    *,
    origin: tuple[int, int] = (0, 0),
    attributes: dict[str, object] | None = None,
    compression: Compression = Compression.ZIPS,
) -> None:
    height, width = next(iter(channels.values())).shape
    window = Window(*origin, width, height)
    write_exr(
        path,
        channels,
        data_window=window,
        display_window=window,
        pixel_aspect=1.0,
        attributes=attributes or {},
        compression=compression,
    )


def _read(path: Path) -> tuple[oiio.ImageSpec, dict[str, NDArray[Any]]]:
    """Return OpenImageIO's spec and the channels by name, each in the type it is stored in."""
    image = oiio.ImageInput.open(str(path))
    assert image, oiio.geterror()
    spec = image.spec()
    channels = {}
    for k, name in enumerate(spec.channelnames):
        plane = image.read_image(0, 0, k, k + 1, spec.channelformat(k))
        assert plane is not None, image.geterror()
        channels[name] = plane[..., 0]
    return spec, channels


def _bits(plane: NDArray[Any]) -> NDArray[np.unsignedinteger[Any]]:
    return np.ascontiguousarray(plane).view(f"u{plane.dtype.itemsize}")


@pytest.mark.parametrize("compression", list(Compression))
def test_all_65536_half_patterns_come_back(tmp_path: Path, compression: Compression) -> None:
    _write(tmp_path / "a.exr", {"matte.A": _ALL_HALVES}, compression=compression)
    spec, channels = _read(tmp_path / "a.exr")
    assert spec["compression"] == compression
    assert spec.format == oiio.HALF
    np.testing.assert_array_equal(_bits(channels["matte.A"]), _bits(_ALL_HALVES))


@pytest.mark.parametrize("compression", list(Compression))
def test_float_values_come_back_to_the_bit(tmp_path: Path, compression: Compression) -> None:
    rng = np.random.default_rng(7)
    plane = rng.integers(0, 2**32, (64, 33), np.uint32).view(np.float32)
    plane[0, :8] = [np.nan, np.inf, -np.inf, -0.0, 65504, 1e-45, 3.4e38, 0.1]
    _write(tmp_path / "a.exr", {"Z": plane}, compression=compression)
    spec, channels = _read(tmp_path / "a.exr")
    assert spec.format == oiio.FLOAT
    np.testing.assert_array_equal(_bits(channels["Z"]), _bits(plane))


def test_each_channel_keeps_its_name_and_depth(tmp_path: Path) -> None:
    names = ["R", "G", "B", "A", "foreground.R", "foreground.G", "foreground.B", "matte.A", "Zf"]
    planes: dict[str, Plane] = {n: np.full((2, 3), k, np.float16) for k, n in enumerate(names)}
    planes["Zf"] = np.full((2, 3), 1 / 3, np.float32)
    _write(tmp_path / "a.exr", planes)
    _, channels = _read(tmp_path / "a.exr")
    assert set(channels) == set(names)
    for name, plane in planes.items():
        assert channels[name].dtype == plane.dtype
        np.testing.assert_array_equal(channels[name], plane)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(
    "view",
    [
        pytest.param(lambda a: a[1], id="plane-of-planar"),
        pytest.param(lambda a: np.moveaxis(a, 0, -1).copy()[..., 1], id="slice-of-interleaved"),
        pytest.param(lambda a: a[0, ::-1], id="flipped-rows"),
        pytest.param(lambda a: a[0, :, ::-1], id="flipped-columns"),
        pytest.param(lambda a: a[0, 2:-3, 1:-2], id="cropped"),
        pytest.param(lambda a: a[0, ::2, ::3], id="every-other"),
        pytest.param(lambda a: np.asfortranarray(a[0]), id="fortran"),
        pytest.param(lambda a: a[0].T, id="transposed"),
        pytest.param(lambda a: a[0, :, 3:4], id="one-column"),
        pytest.param(lambda a: a[0, 3:4, ::-2], id="one-row-backwards"),
        pytest.param(lambda a: np.broadcast_to(a[0, :1], a[0].shape), id="broadcast"),
    ],
)
def test_any_memory_layout_comes_out_right(
    tmp_path: Path, view: Callable[[Any], Any], dtype: type[np.floating[Any]]
) -> None:
    whole = np.arange(3 * 11 * 13).reshape(3, 11, 13).astype(dtype)
    plane = view(whole)
    expected = [[float(plane[y, x]) for x in range(plane.shape[1])] for y in range(plane.shape[0])]
    _write(tmp_path / "a.exr", {"R": plane, "G": plane})
    _, channels = _read(tmp_path / "a.exr")
    assert channels["R"].tolist() == expected
    assert channels["G"].tolist() == expected


@pytest.mark.parametrize(
    ("data", "display"),
    [
        pytest.param(Window(0, 0, 7, 5), Window(0, 0, 7, 5), id="equal"),
        pytest.param(Window(-3, -2, 12, 9), Window(0, 0, 6, 5), id="overscan"),
        pytest.param(Window(2, 1, 2, 3), Window(0, 0, 6, 5), id="cropped"),
        pytest.param(Window(100, 200, 4, 3), Window(0, 0, 6, 5), id="outside"),
        pytest.param(Window(-20, -10, 4, 3), Window(-30, -40, 16, 9), id="display-below-zero"),
    ],
)
def test_windows_are_where_they_were_put(tmp_path: Path, data: Window, display: Window) -> None:
    path = tmp_path / "a.exr"
    plane = np.arange(data.width * data.height, dtype=np.float32).reshape(data.height, data.width)
    write_exr(
        path,
        {"R": plane},
        data_window=data,
        display_window=display,
        pixel_aspect=2.0,
        attributes={},
        compression=Compression.ZIPS,
    )
    spec, channels = _read(path)
    assert (spec.x, spec.y, spec.width, spec.height) == (data.x, data.y, data.width, data.height)
    assert (spec.full_x, spec.full_y) == (display.x, display.y)
    assert (spec.full_width, spec.full_height) == (display.width, display.height)
    assert spec["PixelAspectRatio"] == 2.0
    np.testing.assert_array_equal(channels["R"], plane)
    (part,) = read_header(path).parts
    assert (part.data_window, part.display_window, part.type) == (data, display, "scanlineimage")


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    planes: dict[str, Plane] = {"R": _ALL_HALVES, "A": _ALL_HALVES[::-1]}
    attributes: dict[str, object] = {"b": 1, "a": "text", "robust_matte/version": "0.1.0"}
    _write(tmp_path / "1.exr", planes, attributes=attributes)
    shuffled = dict(reversed(attributes.items()))
    _write(tmp_path / "folder" / "2.exr", dict(reversed(planes.items())), attributes=shuffled)
    assert (tmp_path / "1.exr").read_bytes() == (tmp_path / "folder" / "2.exr").read_bytes()


def test_nothing_but_what_was_asked_for_is_written(tmp_path: Path) -> None:
    _write(tmp_path / "a.exr", {"R": _ALL_HALVES}, attributes={"mine": 5})
    (part,) = read_header(tmp_path / "a.exr").parts
    assert set(part.attributes) == {
        *("channels", "compression", "dataWindow", "displayWindow", "lineOrder", "mine"),
        *("pixelAspectRatio", "screenWindowCenter", "screenWindowWidth", "type"),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("dataWindow", ((5, 5), (260, 260)), id="data-window"),
        pytest.param("displayWindow", ((5, 5), (6, 6)), id="display-window"),
        pytest.param("compression", OpenEXR.DWAA_COMPRESSION, id="compression"),
        pytest.param("pixelAspectRatio", 3.0, id="aspect"),
        pytest.param("type", OpenEXR.tiledimage, id="type"),
    ],
)
def test_storage_among_the_attributes_is_overruled(
    tmp_path: Path, name: str, value: object
) -> None:
    _write(tmp_path / "a.exr", {"R": _ALL_HALVES})
    _write(tmp_path / "b.exr", {"R": _ALL_HALVES}, attributes={name: value})
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()


_F4, _I4 = np.float32, np.int32


@pytest.mark.parametrize(
    ("value", "kind", "stored"),
    [
        pytest.param("Käthe", "string", "Käthe".encode(), id="text"),
        pytest.param(True, "int", b"\1\0\0\0", id="bool"),
        pytest.param(-(2**31), "int", b"\0\0\0\x80", id="smallest-int"),
        pytest.param(np.int64(7), "int", b"\7\0\0\0", id="numpy-int"),
        pytest.param(np.float32(0.1), "float", struct.pack("<f", 0.1), id="numpy-float32"),
        pytest.param(np.float64(0.5), "float", struct.pack("<f", 0.5), id="numpy-float64"),
        pytest.param(float("inf"), "float", struct.pack("<f", float("inf")), id="infinity"),
        pytest.param(["a", ""], "stringvector", b"\1\0\0\0a\0\0\0\0", id="texts"),
        pytest.param([0.5], "floatvector", struct.pack("<f", 0.5), id="floats"),
        pytest.param(Fraction(24000, 1001), "rational", struct.pack("<iI", 24000, 1001), id="rate"),
        pytest.param((1, 2), "v2i", struct.pack("<2i", 1, 2), id="v2i"),
        pytest.param(
            np.arange(6, dtype=_F4)[::-2], "v3f", struct.pack("<3f", 5, 3, 1), id="strided"
        ),
        pytest.param(
            np.arange(9, dtype=_F4).reshape(3, 3).T,
            "m33f",
            struct.pack("<9f", 0, 3, 6, 1, 4, 7, 2, 5, 8),
            id="transposed-matrix",
        ),
        pytest.param(
            (np.arange(4, dtype=_I4)[::2], np.arange(4, dtype=_I4)[1::2]),
            "box2i",
            struct.pack("<4i", 0, 2, 1, 3),
            id="strided-box",
        ),
        pytest.param((0.5,) * 8, "chromaticities", struct.pack("<8f", *[0.5] * 8), id="primaries"),
        pytest.param(OpenEXR.OpaqueAttribute(b"\0\xff", "acme"), "acme", b"\0\xff", id="opaque"),
    ],
)
def test_attribute_is_stored_exactly(
    tmp_path: Path, value: object, kind: str, stored: bytes
) -> None:
    _write(tmp_path / "a.exr", {"R": _ALL_HALVES}, attributes={"mine": value})
    (part,) = read_header(tmp_path / "a.exr").parts
    assert part.attributes["mine"] == RawAttribute(kind, stored)


_CUT = "needs more than 32 bits"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        pytest.param("odd", None, "unrecognized type", id="none"),
        pytest.param("odd", b"raw", "unrecognized type", id="bytes"),
        pytest.param("odd", {}, "unrecognized type", id="mapping"),
        pytest.param("odd", np.arange(5), "unrecognized type", id="five-integers"),
        pytest.param("odd", np.zeros(2, ">f4"), "unrecognized type", id="big-endian"),
        pytest.param("odd", "\udc80", "surrogates", id="lone-surrogate"),
        pytest.param("chromaticities", 3, "expected a", id="chromaticities-of-int"),
        pytest.param("odd", OpenEXR.OpaqueAttribute(b"1234", "int"), "mismatch", id="opaque-int"),
        pytest.param("odd", OpenEXR.OpaqueAttribute(b"1", ""), "its type", id="type-of-no-name"),
        pytest.param("odd", OpenEXR.OpaqueAttribute(b"1", "t" * 256), "its type", id="long-type"),
        pytest.param("odd", [], "only text or only floats", id="empty-list"),
        pytest.param("odd", [1, 2], "only text or only floats", id="integers"),
        pytest.param("odd", ["a", 1.0], "only text or only floats", id="mixed-list"),
        pytest.param("odd", 2**31, _CUT, id="int-of-33-bits"),
        pytest.param("odd", 2**80, _CUT, id="int-of-81-bits"),
        pytest.param("odd", (2**40, 1), _CUT, id="int-of-41-bits-in-a-vector"),
        pytest.param("odd", ((0, 0), (2**40, 1)), _CUT, id="int-of-41-bits-in-a-box"),
        pytest.param("odd", Fraction(2**31, 1), _CUT, id="numerator"),
        pytest.param("odd", Fraction(1, 2**32), _CUT, id="denominator"),
        pytest.param("odd", 1e39, "range of a float", id="float-past-range"),
        pytest.param("", 1, "its name", id="no-name"),
        pytest.param("n" * 256, 1, "its name", id="long-name"),
        pytest.param("zero\0byte", 1, "its name", id="zero-byte-in-name"),
    ],
)
def test_attribute_that_cannot_be_written_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, value: object, reason: str
) -> None:
    attributes = {"before": "kept", name: value, "zzz": 5}
    _write(tmp_path / "a.exr", {"R": _ALL_HALVES}, attributes=attributes)
    (message,) = caplog.messages
    assert message.startswith(f"attribute {name!r} is left out of {tmp_path / 'a.exr'}: ")
    assert reason in message
    (part,) = read_header(tmp_path / "a.exr").parts
    assert name not in part.attributes
    assert "zero" not in part.attributes
    assert part.attributes["before"].value == b"kept"
    assert part.attributes["zzz"].value == b"\5\0\0\0"
    _, channels = _read(tmp_path / "a.exr")
    np.testing.assert_array_equal(_bits(channels["R"]), _bits(_ALL_HALVES))


def _refusal(path: Path, planes: dict[str, Plane], **changed: Any) -> str:
    window = Window(0, 0, 4, 3)
    arguments: dict[str, Any] = {
        "data_window": window,
        "display_window": window,
        "pixel_aspect": 1.0,
        "attributes": {},
        **changed,
    }
    with pytest.raises(WriteError) as caught:
        write_exr(path, planes, **arguments)
    assert str(path) in caught.value.what
    assert caught.value.hint
    assert not list(path.parent.iterdir())
    return caught.value.what


@pytest.mark.parametrize(
    ("planes", "changed", "reason"),
    [
        pytest.param({"R": (4, 3)}, {}, "channel 'R' is 3x4, the data window 4x3", id="turned"),
        pytest.param({"A": (3, 4), "R": (3, 5)}, {}, "channel 'R' is 5x3", id="second-wider"),
        pytest.param({"R": (3, 4, 3)}, {}, "channel 'R' is 3x4x3", id="interleaved"),
        pytest.param({"": (3, 4)}, {}, "its name", id="unnamed"),
        pytest.param({"n" * 256: (3, 4)}, {}, "its name", id="long-name"),
        pytest.param({}, {}, "OpenEXR library", id="no-channels"),
        pytest.param({"R": (3, 0)}, {"data_window": Window(0, 0, 0, 3)}, "data window", id="empty"),
        pytest.param(
            {"R": (3, 4)}, {"display_window": Window(0, 0, 4, 0)}, "display window", id="no-display"
        ),
        pytest.param(
            {"R": (3, 4)}, {"data_window": Window(2**40, 0, 4, 3)}, "too far out", id="far-out"
        ),
        pytest.param({"R": (3, 4)}, {"pixel_aspect": 0.0}, "pixel aspect ratio", id="aspect-0"),
    ],
)
def test_what_is_no_picture_is_refused(
    tmp_path: Path, planes: dict[str, tuple[int, ...]], changed: dict[str, Any], reason: str
) -> None:
    drawn: dict[str, Plane] = {n: np.zeros(shape, np.float16) for n, shape in planes.items()}
    assert reason in _refusal(tmp_path / "a.exr", drawn, **changed)


@pytest.mark.parametrize("dtype", [np.float64, np.uint8, np.uint32, np.dtype(">f2")])
def test_other_number_types_are_refused(tmp_path: Path, dtype: Any) -> None:
    reason = _refusal(tmp_path / "a.exr", {"R": np.zeros((3, 4), dtype)})
    assert "not float16 or float32" in reason


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(WriteError, match="a part of its folder's name is a file"):
        _write(tmp_path / "file" / "a.exr", {"R": _ALL_HALVES})


@pytest.mark.parametrize(
    ("given", "half", "clamped"),
    [
        pytest.param(65504.0, 65504.0, 0, id="largest-half"),
        pytest.param(65505.0, 65504.0, 1, id="just-past"),
        pytest.param(65519.0, 65504.0, 1, id="would-round-down"),
        pytest.param(65520.0, 65504.0, 1, id="would-round-to-inf"),
        pytest.param(70000.0, 65504.0, 1, id="70000"),
        pytest.param(-3.4e38, -65504.0, 1, id="lowest-float"),
        pytest.param(np.inf, np.inf, 0, id="inf"),
        pytest.param(-np.inf, -np.inf, 0, id="minus-inf"),
        pytest.param(np.nan, np.nan, 0, id="nan"),
        pytest.param(-0.0, -0.0, 0, id="minus-zero"),
        pytest.param(2049.0, 2048.0, 0, id="tie-to-even-down"),
        pytest.param(2051.0, 2052.0, 0, id="tie-to-even-up"),
        pytest.param(2.0**-24, 2.0**-24, 0, id="smallest-subnormal"),
        pytest.param(2.0**-25, 0.0, 0, id="tie-to-zero"),
        pytest.param(1e-45, 0.0, 0, id="float-subnormal"),
        pytest.param(-1e-45, -0.0, 0, id="negative-float-subnormal"),
    ],
)
def test_to_half_of_one_value(given: float, half: float, clamped: int) -> None:
    plane = np.array([[1.0, given]], np.float32)
    got, count = to_half(plane)
    assert count == clamped
    assert got.dtype == np.float16
    np.testing.assert_array_equal(got, np.array([[1.0, half]]))
    assert np.signbit(got[0, 1]) == np.signbit(half)


def test_to_half_of_every_half_is_itself() -> None:
    got, count = to_half(_ALL_HALVES.astype(np.float32))
    assert count == 0
    np.testing.assert_array_equal(_bits(got), _bits(_ALL_HALVES))


@pytest.mark.parametrize("scale", [pytest.param(1, id="in-range"), pytest.param(1e9, id="past")])
def test_to_half_is_contiguous_whatever_it_is_given(scale: float) -> None:
    plane = np.arange(12, dtype=np.float32).reshape(3, 4)
    got, count = to_half((plane * np.float32(scale))[:, ::-1].T)
    assert got.flags.c_contiguous
    assert (count > 0) == (scale > 1)
    np.testing.assert_array_equal(got, np.minimum(plane[:, ::-1].T * scale, 65504))


def test_to_half_is_silent_whatever_it_is_given() -> None:
    wide = np.random.default_rng(3).integers(0, 2**32, (64, 64), np.uint32).view(np.float32)
    with np.errstate(all="raise"):
        got, count = to_half(wide)
    assert 0 < count < wide.size
    assert np.count_nonzero(np.isinf(got)) == np.count_nonzero(np.isinf(wide))


def test_to_half_leaves_its_input_alone() -> None:
    plane = np.full((2, 2), 1e6, np.float32)
    assert to_half(plane)[1] == 4
    assert (plane == 1e6).all()
