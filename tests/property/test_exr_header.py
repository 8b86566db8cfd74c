"""EXR headers and half floats on whatever Hypothesis can think of."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from robust_matte.errors import FrameReadError
from robust_matte.media.exr_header import ExrPart, RawAttribute, passed_on, read_header
from robust_matte.media.exr_write import to_half, write_exr
from robust_matte.media.windows import Window


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exr") / "a.exr"


@pytest.fixture(scope="module")
def whole(path: Path) -> bytes:
    """Return a sound file with attributes of several types."""
    window = Window(-1, 2, 3, 2)
    attributes = {"a": 1, "b": "text", "c": np.eye(4, dtype=np.float32), "d": ["x"], "e": (1, 2)}
    write_exr(
        path,
        {"R": np.zeros((2, 3), np.float16), "foreground.R": np.ones((2, 3), np.float32)},
        data_window=window,
        display_window=window,
        pixel_aspect=1.0,
        attributes=attributes,
    )
    return path.read_bytes()


def _parts_or_none(path: Path, content: bytes) -> tuple[ExrPart, ...] | None:
    """Return the parts, or None for the one error a bad file may give."""
    path.write_bytes(content)
    try:
        return read_header(path).parts
    except FrameReadError:
        return None


@given(content=st.binary(max_size=400))
def test_arbitrary_bytes_are_no_header(path: Path, content: bytes) -> None:
    assert _parts_or_none(path, content) is None
    assert _parts_or_none(path, b"v/1\x01\x02\0\0\0" + content) is None


@given(data=st.data())
def test_a_damaged_header_is_read_or_refused(path: Path, whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for part in _parts_or_none(path, bytes(damaged[:cut])) or ():
        assert not part.data_window.is_empty
        assert part.channels
        passed_on(part)


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
_SIZES = {
    family + letter: count * {"i": 4, "f": 4, "d": 8}[letter]
    for family, letters, count in (
        *(("v2", "ifd", 2), ("v3", "ifd", 3), ("m33", "fd", 9), ("m44", "fd", 16)),
        ("box2", "if", 4),
    )
    for letter in letters
} | {"int": 4, "float": 4, "double": 8, "chromaticities": 32}
_ANY_SIZE = ["string", "stringvector", "timecode", "rational", "keycode", "v4i", "bytes", "acme"]
_TYPES = st.sampled_from([*_SIZES, *_ANY_SIZE])


@st.composite
def _stored(draw: st.DrawFn) -> RawAttribute:
    kind = draw(_TYPES)
    size = _SIZES.get(kind)
    if kind == "string":
        return RawAttribute(kind, draw(st.text(max_size=30)).encode())
    if kind in ("float", "chromaticities"):  # no signalling NaN, which comes back quiet
        numbers = draw(st.lists(st.floats(width=32), min_size=8, max_size=8))
        return RawAttribute(kind, struct.pack("<8f", *numbers)[: _SIZES[kind]])
    if size is None:
        return RawAttribute(kind, draw(st.binary(max_size=40)))
    return RawAttribute(kind, draw(st.binary(min_size=size, max_size=size)))


@given(attributes=st.dictionaries(st.builds("my/{}".format, _NAMES), _stored(), max_size=8))
@settings(deadline=None)
def test_any_attribute_comes_through_byte_for_byte(
    path: Path, attributes: dict[str, RawAttribute]
) -> None:
    window = Window(0, 0, 1, 1)
    plate = ExrPart(
        name=None,
        type=None,
        data_window=window,
        display_window=window,
        pixel_aspect=1.0,
        channels=(),
        compression=0,
        is_deep=False,
        is_tiled=False,
        attributes=attributes,
    )
    write_exr(
        path,
        {"R": np.zeros((1, 1), np.float16)},
        data_window=window,
        display_window=window,
        pixel_aspect=1.0,
        attributes=passed_on(plate),
    )
    (part,) = read_header(path).parts
    assert {n: a for n, a in part.attributes.items() if n.startswith("my/")} == attributes


@given(
    plane=arrays.arrays(
        np.uint32, arrays.array_shapes(min_dims=2, max_dims=2), elements=st.integers(0, 2**32 - 1)
    )
)
def test_to_half_is_numpys_rounding_inside_the_range(plane: NDArray[np.uint32]) -> None:
    values = plane.view(np.float32)
    got, clamped = to_half(values)
    with np.errstate(all="ignore"):
        past = np.isfinite(values) & (np.abs(values.astype(np.float64)) > 65504)
        expected = np.where(past, np.sign(values) * 65504, values.astype(np.float16))
    assert clamped == past.sum()
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(values))
    assert (np.isinf(got) == np.isinf(values)).all()


@given(value=st.floats(width=32, min_value=-65504, max_value=65504))
def test_to_half_takes_the_nearest(value: float) -> None:
    got, clamped = to_half(np.array([[value]], np.float32))
    assert clamped == 0
    half = got[0, 0]
    with np.errstate(all="ignore"):
        others = np.nextafter(half, np.array([-np.inf, np.inf], np.float16))
    assert (abs(float(half) - value) <= np.abs(others.astype(np.float64) - value)).all()
