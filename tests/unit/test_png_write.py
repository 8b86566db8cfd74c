"""PNG files: exact codes, chunks as they are laid down, the same bytes every time."""

import zlib
from pathlib import Path
from struct import pack, unpack
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest

from robust_matte.errors import DiskFullError
from robust_matte.media.png_write import full_codes, write_png
from robust_matte.settings.choices import PlateSpace

SRGB = PlateSpace.SRGB
FORMATS = {
    (1, 1): "gray",
    (3, 1): "rgb24",
    (4, 1): "rgba",
    (1, 2): "gray16be",
    (3, 2): "rgb48be",
    (4, 2): "rgba64be",
}


def _chunks(path: Path) -> list[tuple[bytes, bytes]]:
    """Take a file apart by the book, with every checksum checked."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place, found = 8, []
    while place < len(data):
        length, kind = unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + length]
        assert data[place + 8 + length : place + 12 + length] == pack(
            ">I", zlib.crc32(kind + content)
        )
        found.append((kind, content))
        place += 12 + length
    return found


@pytest.mark.parametrize(("channels", "size"), FORMATS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 1), (7, 13)])
def test_other_readers_give_the_codes_back(
    channels: int, size: int, height: int, width: int, tmp_path: Path, rng: np.random.Generator
) -> None:
    """OpenImageIO reads with libpng, FFmpeg with a reader of its own."""
    kind: Any = np.uint8 if size == 1 else np.uint16
    codes = rng.integers(0, np.iinfo(kind).max + 1, (height, width, channels)).astype(kind)
    path = tmp_path / "new" / "a.png"
    write_png(path, codes, space=SRGB, texts={})
    wish = oiio.ImageSpec()
    wish.attribute("oiio:UnassociatedAlpha", 1)
    image = oiio.ImageInput.open(str(path), wish)
    assert image is not None
    assert image.spec().format == (oiio.UINT8 if size == 1 else oiio.UINT16)
    read = np.asarray(image.read_image(image.spec().format)).reshape(codes.shape)
    np.testing.assert_array_equal(read, codes)
    image.close()
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert frame.format.name == FORMATS[channels, size]
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), f">u{size}").reshape(height, -1)
    np.testing.assert_array_equal(rows[:, : width * channels].reshape(codes.shape), codes)


def test_any_memory_layout_is_written_as_it_looks(tmp_path: Path, rng: np.random.Generator) -> None:
    whole = rng.integers(0, 65536, (8, 12, 4)).astype(np.uint16)
    views = {"flipped": whole[::-1], "cut": whole[1:5, 2:9], "channels": whole[..., 3:]}
    for name, view in views.items():
        write_png(tmp_path / f"{name}.png", view, space=None, texts={})
        write_png(tmp_path / "packed.png", view.copy(), space=None, texts={})
        assert (tmp_path / f"{name}.png").read_bytes() == (tmp_path / "packed.png").read_bytes()


@pytest.mark.parametrize(
    ("space", "tags"),
    [
        pytest.param(SRGB, {b"sRGB": "00", b"gAMA": "0000b18f"}, id="sRGB"),
        pytest.param(PlateSpace.GAMMA24_REC709, {b"gAMA": "0000a2c3"}, id="gamma 2.4"),
        pytest.param(PlateSpace.LINEAR_REC709, {b"gAMA": "000186a0"}, id="linear"),
        pytest.param(None, {}, id="unsaid"),
    ],
)
def test_chunks_say_encoding_and_texts_and_no_time(
    space: PlateSpace | None, tags: dict[bytes, str], tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    write_png(path, np.zeros((2, 3, 3), np.uint16), space=space, texts={"a/b": "c d", "e": "1"})
    chunks = _chunks(path)
    found = dict(chunks)
    assert found[b"IHDR"] == pack(">2I5B", 3, 2, 16, 2, 0, 0, 0)
    assert {name: found[name].hex() for name in (b"sRGB", b"gAMA") if name in found} == tags
    assert [text for name, text in chunks if name == b"tEXt"] == [b"a/b\0c d", b"e\x001"]
    primaries = {b"cHRM"} if space else set()
    assert set(found) == {b"IHDR", b"tEXt", b"IDAT", b"IEND", *tags} | primaries
    if space:
        wide = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)  # BT.709-6, 1.3, and D65
        assert found[b"cHRM"] == pack(">8I", *wide)


@pytest.mark.parametrize(
    ("aspect", "ratio"), [(2.0, (1, 2)), (0.5, (2, 1)), (1.0940, (500, 547)), (1.0, None)]
)
def test_pixel_aspect_is_told(aspect: float, ratio: tuple[int, int] | None, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_png(path, np.zeros((1, 1, 1), np.uint8), space=None, pixel_aspect=aspect, texts={})
    told = dict(_chunks(path)).get(b"pHYs")
    assert told == (pack(">2IB", *ratio, 0) if ratio else None)
    spec = oiio.ImageInput.open(str(path)).spec()  # type: ignore[union-attr]
    assert spec.get_float_attribute("PixelAspectRatio", 1.0) == pytest.approx(aspect, rel=1e-4)


def test_codes_are_rounded_and_held() -> None:
    values = [0.0, -0.0, 1.0, 0.5, 1.5 / 65535, -2.0, 7.0, np.inf, -np.inf, np.nan, 0.4999 / 65535]
    codes = full_codes(np.array(values, np.float32))
    assert codes.dtype == np.uint16
    assert list(codes) == [0, 0, 65535, 32768, 2, 0, 65535, 65535, 0, 0, 0]


def test_every_code_comes_back_from_its_value() -> None:
    codes = np.arange(65536)
    np.testing.assert_array_equal(full_codes((codes / 65535).astype(np.float32)), codes)


def test_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import os

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError):
        write_png(tmp_path / "a.png", np.zeros((2, 2, 4), np.uint16), space=SRGB, texts={})
    assert list(tmp_path.iterdir()) == []
