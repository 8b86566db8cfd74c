"""Attributes of a plate through whole jobs, read with two programs that did not write them.

The plate is what productions have at their worst: two eyes in parts of one file, pixels twice as
wide as high, a data window that sticks out of the display window at one corner and leaves another
empty, the ACES flag, and an attribute of every type that the OpenEXR package writes.
"""

import re
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest

from robust_matte.jobs.key import key
from robust_matte.settings.choices import Layers

AP0 = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
DATA, DISPLAY = (-6, 4, 41, 30), (0, 0, 47, 26)  # first and last pixel

EXPECTED: dict[str, object] = {
    "anInt": -(2**31),
    "aFloat": 0.1,
    "aDouble": np.array([1e300]),
    "aText": "Käthe 東京",
    "anEmptyText": "",
    "texts": ["left", "right", ""],
    "floats": [1.0, -0.5, 1e-20],
    "v2i": np.array([-1, 2], np.int32),
    "v2f": np.array([-1.5, 2.25], np.float32),
    "v2d": np.array([-1.1, 2.2], np.float64),
    "v3i": np.array([-1, 2, 3], np.int32),
    "v3f": np.array([-0.0, 1e-40, 3.5], np.float32),
    "v3d": np.array([-1.1, 2.2, 3.3], np.float64),
    "v4i": OpenEXR.OpaqueAttribute(np.arange(4, dtype="<i4").tobytes(), "v4i"),
    "v4f": OpenEXR.OpaqueAttribute(np.arange(4, dtype="<f4").tobytes(), "v4f"),
    "m33f": np.arange(9, dtype=np.float32).reshape(3, 3),
    "m33d": np.arange(9, dtype=np.float64).reshape(3, 3),
    "worldToCamera": np.arange(16, dtype=np.float32).reshape(4, 4),
    "m44d": np.arange(16, dtype=np.float64).reshape(4, 4),
    "aBox2i": (np.array([-4, -5], np.int32), np.array([6, 7], np.int32)),
    "aBox2f": (np.array([-0.5, 0], np.float32), np.array([0.5, 1], np.float32)),
    "chromaticities": AP0,
    "timeCode": OpenEXR.TimeCode(1, 2, 3, 4, *[0] * 6, *range(8)),
    "framesPerSecond": Fraction(24000, 1001),
    "keyCode": OpenEXR.KeyCode(1, 2, 3, 4, 5, 4, 64),
    "screenWindowCenter": np.array([0.25, -0.5], np.float32),
    "screenWindowWidth": 1.5,
    "owner": "studio",
    "comments": "take 3, the good one",
    "capDate": "1999:01:01 00:00:00",
    "utcOffset": 3600.0,
    "aperture": 2.8,
    "isoSpeed": 800.0,
    "reelName": "A003C012",
    "nuke/full_layer_names": 0,
    "lens": OpenEXR.OpaqueAttribute(b"\x00\x80\xff", "acme::lens"),
    "blob": OpenEXR.OpaqueAttribute(b"\3\0\0\0foo\0\1\2\xff", "bytes"),
    "n" * 60: 5,
    "ünïcode name": 6,
}
FORBIDDEN: dict[str, object] = {
    "acesImageContainerFlag": 1,
    "preview": OpenEXR.PreviewImage(2, 2),
    "envmap": OpenEXR.ENVMAP_LATLONG,
    "nuke/node_hash": "1f2e3d",
    "input/filename": "/secret/place/plate.exr",
    "input/timecode": "00:00:00:01",
    "cryptomatte/abc1234/manifest": '{"head": "01020304"}',
    "robust_matte/foreign": "of an earlier run",
    "dwaCompressionLevel": 45.0,
}
LEFT_ALONE = {"stereoSide": "left"}  # of the part that is not keyed


def _box(bounds: tuple[int, ...]) -> tuple[Any, Any]:
    return np.array(bounds[:2], np.int32), np.array(bounds[2:], np.int32)


@pytest.fixture(scope="module")
def plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One frame of two eyes; the right one, the second part, has all the attributes."""
    path = tmp_path_factory.mktemp("plate") / "shot.1001.exr"
    height, width = DATA[3] - DATA[1] + 1, DATA[2] - DATA[0] + 1
    light = np.random.default_rng(1).random((height, width, 3)).astype(np.float16)
    common = {
        "type": OpenEXR.scanlineimage,
        "compression": OpenEXR.PIZ_COMPRESSION,
        "displayWindow": _box(DISPLAY),
        "dataWindow": _box(DATA),
        "pixelAspectRatio": 2.0,
        "timeCode": EXPECTED["timeCode"],
        "chromaticities": AP0,
    }
    parts = []
    for view, more in (("left", LEFT_ALONE), ("right", EXPECTED | FORBIDDEN)):
        planes = {name: light[..., at].copy() for at, name in enumerate("RGB")}
        header = common | {"view": view} | more
        parts.append(OpenEXR.Part(header, planes | {"A": planes["G"]}, f"rgba.{view}"))
    OpenEXR.File(parts).write(str(path))
    return path


@pytest.fixture(scope="module")
def results(
    plate: Path, filled_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[Layers, list[Path]]:
    """The files of each shape."""
    from robust_matte.settings.key_settings import KeySettings

    found = {}
    for layers in Layers:
        out = tmp_path_factory.mktemp(f"{layers}")
        job = KeySettings(
            plate=str(plate.with_name("shot.####.exr")),
            output=str(out),
            view="right",
            layers=layers,
            model=str(filled_weights),
            threads=1,
            cuts="off",
            downsample="48px",
            contact_sheet="none",
        )
        key(job)
        found[layers] = sorted(out.rglob("*.exr"))
    return found


def _oiio_specs(path: Path) -> list[oiio.ImageSpec]:
    image = oiio.ImageInput.open(str(path))
    assert image is not None, oiio.geterror()
    specs: list[oiio.ImageSpec] = []
    while image.seek_subimage(len(specs), 0):
        specs.append(oiio.ImageSpec(image.spec()))
    image.close()
    return specs


def _values(spec: oiio.ImageSpec) -> dict[str, object]:
    return {one.name: one.value for one in spec.extra_attribs}


@pytest.mark.parametrize("layers", Layers)
def test_openimageio_finds_all_that_is_handed_on(
    plate: Path, results: dict[Layers, list[Path]], layers: Layers
) -> None:
    wanted = _values(_oiio_specs(plate)[1])
    names = {name for name in wanted if name in EXPECTED} | {
        *("smpte:TimeCode", "smpte:KeyCode", "framesPerSecond", "FramesPerSecond"),
        *("PixelAspectRatio", "worldToCamera", "Copyright", "ImageDescription", "DateTime"),
    } & set(wanted)
    assert len(names) >= 28, sorted(wanted)
    for path in results[layers]:
        for spec in _oiio_specs(path):
            found = _values(spec)
            for name in names:
                assert str(found[name]) == str(wanted[name]), name
            right, bottom = spec.x + spec.width - 1, spec.y + spec.height - 1
            assert (spec.x, spec.y, right, bottom) == DATA
            assert (spec.full_width, spec.full_height) == (48, 27)
            assert spec.get_float_attribute("PixelAspectRatio") == 2.0
            told = {name.removeprefix("openexr:") for name in found}
            assert not told & ({*FORBIDDEN, *LEFT_ALONE, "view"} - {"dwaCompressionLevel"})


def _exrheader(path: Path) -> list[dict[str, str]]:
    """Return what `exrheader` prints of each part's attributes, by name."""
    program = shutil.which("exrheader")
    if program is None:
        pytest.skip("exrheader is not installed")
    done = subprocess.run([program, str(path)], capture_output=True, check=True)
    parts: list[dict[str, str]] = []
    name = ""
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if re.fullmatch(r" part \d+:", line) or (not parts and line.startswith("file format")):
            if not (parts and not parts[-1]):
                parts.append({})
        elif match := re.match(r"(?P<name>\S.*?) \(type (?P<rest>.*)", line):
            name = match["name"]
            parts[-1][name] = match["rest"]
        elif parts and parts[-1]:
            parts[-1][name] += "\n" + line.rstrip()
    return [{name: text.rstrip() for name, text in part.items()} for part in parts]


@pytest.mark.parametrize("layers", Layers)
def test_exrheader_finds_all_that_is_handed_on(
    plate: Path, results: dict[Layers, list[Path]], layers: Layers
) -> None:
    wanted = _exrheader(plate)[1]
    assert wanted.keys() >= EXPECTED.keys() | FORBIDDEN.keys()
    for path in results[layers]:
        parts = _exrheader(path)
        assert len(parts) == (3 if layers is Layers.MULTIPART else 1)
        for found in parts:
            for name in EXPECTED:
                assert found.get(name) == wanted[name], name
            assert not found.keys() & (FORBIDDEN.keys() | LEFT_ALONE.keys() | {"view"})
            assert found["compression"].startswith("compression): zip, individual scanlines")
            assert found["displayWindow"] == wanted["displayWindow"]
            assert found["pixelAspectRatio"] == wanted["pixelAspectRatio"]
            assert found["robust_matte/plate_view"].endswith('"right"')
