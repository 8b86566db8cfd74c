"""EXR attributes in: files written byte by byte here, and round trips through the writer."""

import struct
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest

from robust_matte.errors import FrameReadError
from robust_matte.media.exr_header import Channel, ExrPart, RawAttribute, passed_on, read_header
from robust_matte.media.exr_write import write_exr
from robust_matte.media.windows import Window

Stored = Mapping[str, tuple[str, bytes]]


def _box(x0: int, y0: int, x1: int, y1: int) -> bytes:
    return struct.pack("<4i", x0, y0, x1, y1)


def _chlist(*channels: tuple[str, int, int, int]) -> bytes:
    rows = [n.encode() + b"\0" + struct.pack("<iBxxxii", t, 0, x, y) for n, t, x, y in channels]
    return b"".join(rows) + b"\0"


def _text_list(*texts: bytes) -> bytes:
    return b"".join(struct.pack("<i", len(text)) + text for text in texts)


_BASE: Stored = {
    "channels": ("chlist", _chlist(("R", 1, 1, 1))),
    "compression": ("compression", b"\0"),
    "dataWindow": ("box2i", _box(-3, -2, 0, 0)),
    "displayWindow": ("box2i", _box(0, 0, 15, 8)),
    "lineOrder": ("lineOrder", b"\0"),
    "pixelAspectRatio": ("float", struct.pack("<f", 2.0)),
    "screenWindowCenter": ("v2f", struct.pack("<2f", 0.25, -0.5)),
    "screenWindowWidth": ("float", struct.pack("<f", 1.5)),
}

_ATTRIBUTES: Stored = {
    "anInt": ("int", struct.pack("<i", -(2**31))),
    "aFloat": ("float", struct.pack("<f", 0.1)),
    "aSubnormal": ("float", b"\1\0\0\0"),
    "anInfinity": ("float", struct.pack("<f", float("-inf"))),
    "aNan": ("float", b"\x34\x12\xc0\x7f"),
    "aDouble": ("double", struct.pack("<d", 1e300)),
    "text": ("string", "Käthe 東京".encode()),
    "empty": ("string", b""),
    "zeroInside": ("string", b"a\0b"),
    "texts": ("stringvector", _text_list(b"left", b"", b"right")),
    "noTexts": ("stringvector", b""),
    "latin1Texts": ("stringvector", _text_list(b"K\xe4the")),
    "v2i": ("v2i", struct.pack("<2i", -1, 2)),
    "v2f": ("v2f", struct.pack("<2f", -1.5, 2.25)),
    "v2d": ("v2d", struct.pack("<2d", -1.1, 2.2)),
    "v3i": ("v3i", struct.pack("<3i", -1, 2, 3)),
    "v3f": ("v3f", b"\1\0\xa0\x7f" + struct.pack("<2f", -0.0, float("inf"))),  # signalling NaN
    "v3d": ("v3d", struct.pack("<3d", -1.1, 2.2, 3.3)),
    "v4i": ("v4i", struct.pack("<4i", 1, 2, 3, 4)),
    "v4f": ("v4f", struct.pack("<4f", 1, 2, 3, 4)),
    "v4d": ("v4d", struct.pack("<4d", 1, 2, 3, 4)),
    "worldToCamera": ("m44f", struct.pack("<16f", *range(16))),
    "m33f": ("m33f", struct.pack("<9f", *range(9))),
    "m33d": ("m33d", struct.pack("<9d", *range(9))),
    "m44d": ("m44d", struct.pack("<16d", *range(16))),
    "box2i": ("box2i", _box(-4, -5, 6, 7)),
    "box2f": ("box2f", struct.pack("<4f", -0.5, 0, 0.5, 1)),
    "chromaticities": ("chromaticities", struct.pack("<8f", *(0.01 * i for i in range(8)))),
    "timeCode": ("timecode", struct.pack("<2I", 0x01020304, 7)),
    "brokenTimeCode": ("timecode", b"\xff" * 8),
    "framesPerSecond": ("rational", struct.pack("<iI", 24000, 1001)),
    "zeroRate": ("rational", struct.pack("<iI", 24, 0)),
    "unreducedRate": ("rational", struct.pack("<iI", 48, 2)),
    "keyCode": ("keycode", struct.pack("<7i", 1, 2, 3, 4, 5, 6, 7)),
    "oddKeyCode": ("keycode", struct.pack("<7i", *[-99] * 7)),
    "floats": ("floatvector", struct.pack("<3f", 1, 2, 3)),
    "noFloats": ("floatvector", b""),
    "blob": ("bytes", struct.pack("<I", 3) + b"foo" + b"\0\1\2\xff"),
    "vendor": ("acme::lens", b"\x00\x80\xff"),
    "longType": ("t" * 40, b"x"),
    "n" * 255: ("int", struct.pack("<i", 5)),
    "ünïcode name": ("int", struct.pack("<i", 6)),
    "owner": ("string", b"studio"),
    "comments": ("string", b"a comment"),
    "capDate": ("string", b"1999:01:01 00:00:00"),
    "oiio:ColorSpace": ("string", b"ACEScg"),
    "colorInteropID": ("string", b"lin_ap1_scene"),
}


def _header(attributes: Stored) -> bytes:
    rows = []
    for name, (kind, value) in attributes.items():
        key = name.encode("utf-8", "surrogateescape")
        rows.append(key + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value)
    return b"".join(rows) + b"\0"


def _single(attributes: Stored, flags: int = 0x400) -> bytes:
    """A whole file: 4x3 half pixels, uncompressed, of 0, 1, 2 ... in one channel."""
    start = b"v/1\x01" + struct.pack("<I", 2 | flags) + _header(attributes)
    chunks = [
        struct.pack("<ii", row - 2, 8) + np.arange(row * 4, row * 4 + 4).astype("<f2").tobytes()
        for row in range(3)
    ]
    first = len(start) + 3 * 8
    table = b"".join(struct.pack("<Q", first + 16 * row) for row in range(3))
    return start + table + b"".join(chunks)


def _multipart(*parts: Stored, flags: int = 0) -> bytes:
    return (
        b"v/1\x01" + struct.pack("<I", 2 | 0x1400 | flags) + b"".join(map(_header, parts)) + b"\0"
    )


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _only_part(path: Path) -> ExrPart:
    (part,) = read_header(path).parts
    return part


def _write_with(path: Path, attributes: Mapping[str, object]) -> None:
    write_exr(
        path,
        {"R": np.zeros((3, 4), np.float16)},
        data_window=Window(-3, -2, 4, 3),
        display_window=Window(0, 0, 16, 9),
        pixel_aspect=2.0,
        attributes=attributes,
    )


def test_the_file_drawn_here_is_a_real_exr(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.exr", _single({**_BASE, **_ATTRIBUTES}))
    image = oiio.ImageInput.open(str(path))
    assert image, oiio.geterror()
    pixels = image.read_image(0, 0, 0, 1, oiio.HALF)
    assert pixels is not None, image.geterror()
    np.testing.assert_array_equal(pixels[..., 0], np.arange(12).reshape(3, 4))


def test_every_attribute_is_read_as_its_bytes(tmp_path: Path) -> None:
    stored = {**_BASE, **_ATTRIBUTES}
    part = _only_part(_written(tmp_path / "a.exr", _single(stored)))
    assert dict(part.attributes) == {n: RawAttribute(t, v) for n, (t, v) in stored.items()}


def test_windows_aspect_and_channels_are_read(tmp_path: Path) -> None:
    channels = _chlist(("B", 1, 1, 1), ("RY", 2, 2, 2), ("id", 0, 1, 1))
    part = _only_part(
        _written(tmp_path / "a.exr", _single({**_BASE, "channels": ("chlist", channels)}))
    )
    assert part.data_window == Window(-3, -2, 4, 3)
    assert part.display_window == Window(0, 0, 16, 9)
    assert part.pixel_aspect == 2.0
    assert part.channels == (
        Channel(name="B", pixel_type="half", x_sampling=1, y_sampling=1),
        Channel(name="RY", pixel_type="float", x_sampling=2, y_sampling=2),
        Channel(name="id", pixel_type="uint", x_sampling=1, y_sampling=1),
    )
    assert (part.name, part.type, part.compression) == (None, None, 0)
    assert not part.is_deep
    assert not part.is_tiled


@pytest.mark.parametrize(
    ("flags", "kind", "deep", "tiled"),
    [
        pytest.param(0x200, None, False, True, id="tiled-by-flag"),
        pytest.param(0x800, None, True, False, id="deep-by-flag"),
        pytest.param(0, "scanlineimage", False, False, id="scanlines"),
        pytest.param(0x800, "deepscanline", True, False, id="deep-scanlines"),
        pytest.param(0, "tiledimage", False, True, id="tiled"),
        pytest.param(0x800, "deeptile", True, True, id="deep-tiles"),
    ],
)
def test_storage_is_told(
    tmp_path: Path, flags: int, kind: str | None, deep: bool, tiled: bool
) -> None:
    extra: Stored = {"type": ("string", kind.encode())} if kind else {}
    part = _only_part(_written(tmp_path / "a.exr", _single({**_BASE, **extra}, flags)))
    assert (part.type, part.is_deep, part.is_tiled) == (kind, deep, tiled)


def test_every_part_is_read_with_its_own_attributes(tmp_path: Path) -> None:
    def part(name: bytes, kind: bytes, width: int) -> Stored:
        return {
            **_BASE,
            "name": ("string", name),
            "type": ("string", kind),
            "dataWindow": ("box2i", _box(0, 0, width - 1, 4)),
            "mine": ("string", b"of " + name),
        }

    content = _multipart(
        part(b"rgba", b"scanlineimage", 7), part(b"deep.left", b"deepscanline", 9), flags=0x800
    )
    first, second = read_header(_written(tmp_path / "a.exr", content)).parts
    assert (first.name, first.data_window.width, first.is_deep) == ("rgba", 7, False)
    assert (second.name, second.data_window.width, second.is_deep) == ("deep.left", 9, True)
    assert second.attributes["mine"].value == b"of deep.left"


def test_a_file_of_openimageio_with_parts_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    specs = []
    for name, width in (("left", 5), ("right", 6)):
        spec = oiio.ImageSpec(width, 4, 3, oiio.FLOAT)
        spec.attribute("oiio:subimagename", name)
        spec.x = -1
        spec.full_width, spec.full_height = 8, 4
        specs.append(spec)
    out = oiio.ImageOutput.create(str(path))
    assert out is not None
    assert out.open(str(path), specs), out.geterror()
    for k, spec in enumerate(specs):
        assert k == 0 or out.open(str(path), spec, "AppendSubimage"), out.geterror()
        assert out.write_image(np.zeros((4, spec.width, 3), np.float32)), out.geterror()
    assert out.close()
    parts = read_header(path).parts
    assert [(part.name, part.data_window) for part in parts] == [
        ("left", Window(-1, 0, 5, 4)),
        ("right", Window(-1, 0, 6, 4)),
    ]
    assert {(c.name, c.pixel_type) for c in parts[1].channels} == {
        ("R", "float"),
        ("G", "float"),
        ("B", "float"),
    }


def test_attributes_come_through_byte_for_byte(tmp_path: Path) -> None:
    plate = _only_part(_written(tmp_path / "in.exr", _single({**_BASE, **_ATTRIBUTES})))
    _write_with(tmp_path / "out.exr", passed_on(plate))
    result = _only_part(tmp_path / "out.exr").attributes
    came = {n: (result[n].type, result[n].value) for n in _ATTRIBUTES if n in result}
    assert came == dict(_ATTRIBUTES)
    assert result["screenWindowCenter"].value == _BASE["screenWindowCenter"][1]
    assert result["screenWindowWidth"].value == _BASE["screenWindowWidth"][1]
    assert not set(result) - {*_ATTRIBUTES, *_BASE, "type"}


def test_attributes_come_through_a_second_time_unchanged(tmp_path: Path) -> None:
    plate = _only_part(_written(tmp_path / "in.exr", _single({**_BASE, **_ATTRIBUTES})))
    _write_with(tmp_path / "1.exr", passed_on(plate))
    _write_with(tmp_path / "2.exr", passed_on(_only_part(tmp_path / "1.exr")))
    assert (tmp_path / "1.exr").read_bytes() == (tmp_path / "2.exr").read_bytes()


def test_latin1_text_becomes_utf8(tmp_path: Path) -> None:
    stored: Stored = {**_BASE, "who": ("string", b"K\xe4the"), "K\udce4": ("int", b"\1\0\0\0")}
    _write_with(
        tmp_path / "out.exr",
        passed_on(_only_part(_written(tmp_path / "in.exr", _single(stored)))),
    )
    result = _only_part(tmp_path / "out.exr").attributes
    assert result["who"].value == "Käthe".encode()
    assert result["Kä"].value == b"\1\0\0\0"


def test_signalling_nan_of_type_float_becomes_quiet(tmp_path: Path) -> None:
    stored: Stored = {**_BASE, "nan": ("float", b"\1\0\xa0\x7f")}
    _write_with(
        tmp_path / "out.exr",
        passed_on(_only_part(_written(tmp_path / "in.exr", _single(stored)))),
    )
    assert _only_part(tmp_path / "out.exr").attributes["nan"].value == b"\1\0\xe0\x7f"


@pytest.mark.parametrize(
    ("first_view", "second_view", "names"),
    [
        pytest.param("", "", {"shot", "own", "both", "timeCode"}, id="no views"),
        pytest.param("left", "left", {"shot", "own", "both", "timeCode"}, id="the same eye"),
        pytest.param("", "left", {"shot", "own", "both", "timeCode"}, id="the first for all"),
        pytest.param("left", "right", {"own", "both", "timeCode"}, id="another eye"),
    ],
)
def test_first_part_speaks_for_others_but_not_for_another_eye(
    tmp_path: Path, first_view: str, second_view: str, names: set[str]
) -> None:
    def part(view: str, *said: str) -> Stored:
        stored = {**_BASE, **{name: ("string", f"{said}".encode()) for name in said}}
        return {**stored, **({"view": ("string", view.encode())} if view else {})}

    timecode = {"timeCode": _ATTRIBUTES["timeCode"]}
    content = _multipart(
        {**part(first_view, "shot", "both"), **timecode}, part(second_view, "own", "both")
    )
    first, second = read_header(_written(tmp_path / "a.exr", content)).parts
    values = passed_on(second, first)
    assert values.keys() == names | {"screenWindowCenter", "screenWindowWidth"}
    assert values["both"] == "('own', 'both')"
    assert "own" not in passed_on(first)


@pytest.mark.parametrize(
    "name",
    [
        *("acesImageContainerFlag", "nuke/node_hash", "input/filename", "input/width"),
        *("cryptomatte/abc/manifest", "robust_matte/version", "name", "view", "multiView", "type"),
        *("version", "chunkCount", "tiles", "preview", "envmap", "idManifest"),
        *("maxSamplesPerPixel", "deepImageState"),
    ],
)
def test_what_is_true_of_the_plate_alone_stays_behind(tmp_path: Path, name: str) -> None:
    stored: Stored = {**_BASE, name: ("string", b"1"), "kept": ("string", b"1")}
    values = passed_on(_only_part(_written(tmp_path / "a.exr", _single(stored))))
    assert name not in values
    assert values["kept"] == "1"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        pytest.param("chlist", _chlist(("R", 1, 1, 1)), id="chlist"),
        pytest.param("compression", b"\3", id="compression"),
        pytest.param("envmap", b"\0", id="envmap"),
        pytest.param("lineOrder", b"\1", id="lineOrder"),
        pytest.param("preview", struct.pack("<2I", 1, 1) + b"abcd", id="preview"),
        pytest.param("tiledesc", struct.pack("<2IB", 64, 64, 0), id="tiledesc"),
    ],
)
def test_storage_under_any_name_stays_behind(tmp_path: Path, kind: str, value: bytes) -> None:
    stored: Stored = {**_BASE, "vendor/copy": (kind, value)}
    assert "vendor/copy" not in passed_on(_only_part(_written(tmp_path / "a", _single(stored))))


def test_windows_and_storage_stay_behind(tmp_path: Path) -> None:
    part = _only_part(_written(tmp_path / "a.exr", _single(_BASE)))
    assert set(passed_on(part)) == {"screenWindowCenter", "screenWindowWidth"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        pytest.param("int", b"\0" * 8, id="int-of-8-bytes"),
        pytest.param("float", b"", id="float-of-none"),
        pytest.param("chromaticities", b"\0" * 28, id="chromaticities-of-7"),
        pytest.param("m44f", b"\0" * 63, id="m44f-of-63-bytes"),
        pytest.param("v2i", b"\0" * 12, id="v2i-of-3"),
        pytest.param("box2f", b"\0" * 17, id="box2f-of-17-bytes"),
        pytest.param("double", b"\0" * 4, id="double-of-4-bytes"),
    ],
)
def test_misfit_size_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, value: bytes
) -> None:
    stored: Stored = {**_BASE, "odd": (kind, value)}
    assert "odd" not in passed_on(_only_part(_written(tmp_path / "a.exr", _single(stored))))
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert caplog.messages == [f"attribute 'odd' is left out: {len(value)} bytes are no {kind}"]


def test_values_are_what_the_openexr_package_reads_itself(tmp_path: Path) -> None:
    known = {
        n: v for n, v in _ATTRIBUTES.items() if n in {"anInt", "aFloat", "text", "m33f", "v2d"}
    }
    path = _written(tmp_path / "a.exr", _single({**_BASE, **known}))
    values = passed_on(_only_part(path))
    package = OpenEXR.File(str(path)).parts[0].header
    for name in known:
        np.testing.assert_array_equal(values[name], package[name])


def _refusal(path: Path) -> FrameReadError:
    with pytest.raises(FrameReadError) as caught:
        read_header(path)
    error = caught.value
    assert str(path) in error.what
    assert error.path == path
    assert error.hint.endswith(".")
    return error


_WHOLE = _single({**_BASE, **_ATTRIBUTES})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "empty (0 bytes)", id="no-bytes"),
        pytest.param(b"v/1", "does not start like one", id="3-bytes"),
        pytest.param(b"v/1\x01", "breaks off after 4 bytes", id="magic-only"),
        pytest.param(_WHOLE[:60], "breaks off after 60 bytes", id="60-bytes"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(90), "does not start like one", id="png"),
        pytest.param(bytes(4096), "does not start like one", id="zeros"),
        pytest.param(b"v/1\x01\x02\0\0\0" + b"\xff" * 400, "longer than 255 bytes", id="garbage"),
        pytest.param(b"v/1\x01\x02\0\0\0\0", "header is empty", id="no-attributes"),
        pytest.param(b"v/1\x01\x02\x10\0\0\0", "header is empty", id="no-parts"),
        pytest.param(b"v/1\x01\x03\0\0\0\0", "version 3", id="version-3"),
        pytest.param(b"v/1\x01\x02\0\0\x80\0", "flags 0x80000000", id="unknown-flags"),
        pytest.param(b"v/1\x01\x02\0\0\0a\0\0\0\0\0\0", "'a' has no type", id="no-type"),
        pytest.param(
            b"v/1\x01\x02\0\0\0a\0int\0\xff\xff\xff\xff", "claims -1 bytes", id="negative-size"
        ),
        pytest.param(
            b"v/1\x01\x02\0\0\0a\0int\0\xff\xff\xff\x7f", "larger than 64 MiB", id="2-gib-attribute"
        ),
    ],
)
def test_what_is_no_exr_is_refused_by_path(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in _refusal(_written(tmp_path / "sh010.1001.exr", content)).what


@pytest.mark.parametrize(
    ("name", "stored", "reason"),
    [
        pytest.param("dataWindow", ("box2i", _box(5, 0, 3, 0)), "no pixel", id="inverted-data"),
        pytest.param("dataWindow", ("box2i", _box(0, 0, 9, -1)), "no pixel", id="empty-data"),
        pytest.param(
            "displayWindow", ("box2i", _box(0, 9, 9, 0)), "no pixel", id="inverted-display"
        ),
        pytest.param(
            "dataWindow", ("box2i", _box(-(2**31), 0, 2**31 - 1, 0)), "more than 1048576", id="huge"
        ),
        pytest.param(
            "dataWindow", ("box2i", _box(0, 0, 0, 2**20)), "is 1x1048577", id="one-row-too-many"
        ),
        pytest.param(
            "dataWindow", ("box2i", _box(2**31 - 9, 0, 2**31 - 1, 0)), "too far out", id="far"
        ),
        pytest.param("dataWindow", ("box2i", b"\0" * 15), "no sound 'dataWindow'", id="15-bytes"),
        pytest.param("dataWindow", ("box2f", b"\0" * 16), "no sound 'dataWindow'", id="other-type"),
        pytest.param("pixelAspectRatio", ("float", b"\0" * 4), "ratio is 0.0", id="aspect-0"),
        pytest.param(
            "pixelAspectRatio", ("float", b"\0\0\xc0\x7f"), "ratio is nan", id="aspect-nan"
        ),
        pytest.param(
            "compression", ("compression", b""), "no sound 'compression'", id="compression"
        ),
        pytest.param("channels", ("chlist", b"\0"), "no channels", id="no-channels"),
        pytest.param("channels", ("chlist", b"R\0\1"), "breaks off after 3", id="cut-channels"),
        pytest.param(
            "channels", ("chlist", _chlist(("R", 7, 1, 1))), "type 7", id="unknown-pixel-type"
        ),
        pytest.param(
            "channels", ("chlist", _chlist(("R", 1, 0, 1))), "sampling 0x1", id="sampling-0"
        ),
        pytest.param("type", ("int", b"\0" * 4), "no sound 'type'", id="type-is-int"),
    ],
)
def test_impossible_header_is_refused(
    tmp_path: Path, name: str, stored: tuple[str, bytes], reason: str
) -> None:
    path = _written(tmp_path / "a.exr", _single({**_BASE, name: stored}))
    assert reason in _refusal(path).what


@pytest.mark.parametrize(
    "name", ["channels", "compression", "dataWindow", "displayWindow", "pixelAspectRatio"]
)
def test_missing_attribute_is_named(tmp_path: Path, name: str) -> None:
    stored = {n: v for n, v in _BASE.items() if n != name}
    assert f"'{name}'" in _refusal(_written(tmp_path / "a.exr", _single(stored))).what


def test_every_cut_inside_the_header_is_refused(tmp_path: Path) -> None:
    content = b"v/1\x01\x02\x04\0\0" + _header(_BASE)
    path = tmp_path / "a.exr"
    for length in range(len(content)):
        _refusal(_written(path, content[:length]))
    assert _only_part(_written(path, content)).compression == 0


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    assert "there is no such file" in _refusal(tmp_path / "none.exr").what
    assert "it is a folder" in _refusal(tmp_path).what


def test_a_claimed_size_is_not_allocated(tmp_path: Path) -> None:
    claim = b"v/1\x01\x02\0\0\0a\0blob\0" + struct.pack("<i", 60 * 2**20)
    path = _written(tmp_path / "a.exr", claim)
    tracemalloc.start()
    try:
        _refusal(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


def test_endless_small_attributes_are_refused(tmp_path: Path) -> None:
    rows = b"".join(b"%x\0x\0\0\0\0\0" % k for k in range(70_000))
    error = _refusal(_written(tmp_path / "a.exr", b"v/1\x01\x02\0\0\0" + rows + b"\0"))
    assert "more than 131072 names" in error.what


def test_a_header_of_megabytes_is_read(tmp_path: Path) -> None:
    manifest = b"{" + b"x" * 3_000_000 + b"}"
    stored: Stored = {**_BASE, "big": ("string", manifest)}
    part = _only_part(_written(tmp_path / "a.exr", _single(stored)))
    assert part.attributes["big"].value == manifest
