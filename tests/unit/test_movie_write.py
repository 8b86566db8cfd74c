"""Movies to look at: colour, tags, time and the same bytes; decoded with FFmpeg."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.errors import DiskFullError, WriteError
from robust_matte.media.movie_write import (
    MovieFormat,
    Picture,
    comment_of,
    to_picture,
    write_movie,
)
from robust_matte.media.movies import Movie
from robust_matte.media.windows import Size

RATE = Fraction(24000, 1001)


def _form(width: int = 64, height: int = 48, **values: Any) -> MovieFormat:
    usual: dict[str, Any] = {"rate": Fraction(24), "comment": "told"}
    return MovieFormat(size=Size(width, height), **(usual | values))


def _flat(rgb: tuple[float, float, float], width: int = 64, height: int = 48) -> Picture:
    return to_picture(np.full((height, width, 3), rgb, np.float32))


def _levels(number: int) -> Picture:
    """A grey that tells which frame it is."""
    return _flat((0.1 + 0.05 * number,) * 3)


def _decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def _plane(frame: av.VideoFrame, which: int) -> NDArray[np.uint8]:
    plane = frame.planes[which]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def test_codes_of_known_colours() -> None:
    """BT.709-6, 3.3 and 3.4, worked out by hand for 8 bits."""
    known = {
        (0.0, 0.0, 0.0): (16, 128, 128),
        (1.0, 1.0, 1.0): (235, 128, 128),
        (1.0, 0.0, 0.0): (63, 102, 240),
        (0.0, 1.0, 0.0): (173, 42, 26),
        (0.0, 0.0, 1.0): (32, 240, 118),
        (0.5, 0.5, 0.5): (126, 128, 128),  # 125.5, to even
    }
    for rgb, codes in known.items():
        assert [int(plane[1, 1]) for plane in _flat(rgb)] == list(codes), rgb


def test_chroma_is_where_h264_has_it() -> None:
    """A blue column at 4 touches the chroma at 4 alone; one at 5 half each of those at 4 and 6."""
    for column, shares in ((4, (0.0, 0.5, 0.0)), (5, (0.0, 0.25, 0.25))):
        codes = np.zeros((4, 12, 3), np.float32)
        codes[:, column, 2] = 1.0
        found = to_picture(codes)[1][0, 1:4].astype(int)
        assert list(found) == [128 + round(112 * share) for share in shares]


@pytest.mark.parametrize(("height", "width"), [(5, 7), (4, 7), (5, 8), (1, 1)])
def test_odd_sides_are_lengthened_by_the_edge(height: int, width: int) -> None:
    codes = np.zeros((height, width, 3), np.float32)
    codes[-1, :] = codes[:, -1] = 1.0
    luma, cb, cr = to_picture(codes)
    assert luma.shape == (height + height % 2, width + width % 2)
    assert cb.shape == cr.shape == (luma.shape[0] // 2, luma.shape[1] // 2)
    assert (luma[-1] == 235).all()
    assert (luma[:, -1] == 235).all()


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".MOV"])
def test_movie_holds_every_picture_with_its_tags(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / f"m{suffix}"
    form = _form(rate=RATE, pixel_aspect=2.0, timecode="01:02:03:04")
    write_movie(path, (_levels(number) for number in range(15)), form)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == RATE
        assert stream.sample_aspect_ratio == 2
        assert stream.metadata["timecode"] == "01:02:03:04"
        assert container.metadata["comment"] == "told"
    assert len(frames) == 15
    for number, frame in enumerate(frames):
        assert frame.format.name == "yuv420p"
        assert frame.time == pytest.approx(float(number / RATE), abs=1e-9)
        tags = (frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc)
        assert tags == (1, 1, 1, 1)  # limited range; BT.709 three times
        wanted = _levels(number)
        for which in range(3):
            difference = _plane(frame, which).astype(int) - wanted[which]
            assert np.abs(difference).max() <= 1
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")  # plays before it is loaded


def test_own_reader_gives_the_colours_back(tmp_path: Path) -> None:
    colours = [(0.8, 0.2, 0.1), (0.1, 0.6, 0.9), (0.02, 0.01, 0.05)]
    path = tmp_path / "m.mp4"
    write_movie(path, (_flat(rgb) for rgb in colours), _form())
    movie = Movie(path)
    assert not movie.info.assumed
    for rgb, task in zip(colours, movie.tasks([1, 2, 3]), strict=True):
        assert np.abs(task().pixels - rgb).max() < 0.012  # a code of each plane, in R'G'B'


def test_same_pictures_are_the_same_bytes(tmp_path: Path, rng: np.random.Generator) -> None:
    noise = [to_picture(rng.random((48, 64, 3), np.float32)) for _ in range(30)]
    for name in ("a.mp4", "b.mp4"):
        write_movie(tmp_path / name, iter(noise), _form())
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_only_a_few_pictures_are_held(tmp_path: Path) -> None:
    """Pictures are taken as they are encoded: the file grows while they come."""
    sizes = []

    def pictures() -> Iterator[Picture]:
        rng = np.random.default_rng(0)
        for _ in range(120):
            yield to_picture(rng.random((90, 160, 3), np.float32))
            sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))

    write_movie(tmp_path / "m.mp4", pictures(), _form(160, 90))
    assert sizes[-1] > sizes[60] > sizes[0]


def test_stopped_movie_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "m.mp4"
    path.write_bytes(b"before")

    def pictures() -> Iterator[Picture]:
        yield _levels(0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_movie(path, pictures(), _form())
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_refusal_of_the_encoder_is_told(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match=r"m\.mp4 cannot be written: .*Run again without --review"):
        write_movie(tmp_path / "m.mp4", iter([_flat((0, 0, 0), 16386, 2)]), _form(16386, 2))
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError):
        write_movie(tmp_path / "m.mp4", iter([_levels(1)]), _form())
    assert list(tmp_path.iterdir()) == []


def test_comment_of_what_is_no_movie(tmp_path: Path) -> None:
    assert comment_of(tmp_path / "none.mp4") is None
    (tmp_path / "text.mp4").write_bytes(b"no movie")
    assert comment_of(tmp_path / "text.mp4") is None
    write_movie(tmp_path / "m.mp4", iter([_levels(1)]), _form(comment="Robust Matte review"))
    assert comment_of(tmp_path / "m.mp4") == "Robust Matte review"
