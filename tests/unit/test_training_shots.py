"""Shots on disk, written here; their frames say their own numbers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from robust_matte_rvm.errors import DataSetError
from robust_matte_rvm.training.motion import Framing
from robust_matte_rvm.training.movies import Movie
from robust_matte_rvm.training.shots import (
    FrameStore,
    PairedShot,
    Shot,
    film,
    find_shots,
    read_run,
)

HIGH, WIDE = 32, 48


def code(number: int) -> int:
    return 16 + 5 * number


def write_frames(folder: Path, count: int, size: tuple[int, int] = (HIGH, WIDE)) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(np.full((*size, 3), code(number), np.uint8)).save(folder / f"{number}.png")
    return folder


def write_movie(
    path: Path, count: int, codec: str = "libx264", pixel_format: str = "yuv420p", **options: str
) -> Path:
    """Write grey frames; a few stand alone, the others lean on those around them."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, pixel_format
        stream.codec_context.gop_size = 10
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(
                np.full((HIGH, WIDE, 4), (code(number),) * 3 + (code(number) // 2,), np.uint8),
                format="rgba",
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def open_one(folder: Path, mode: Any = "RGB", longest: int = 512) -> Shot:
    (shot,) = find_shots(folder, mode, FrameStore(longest)).values()
    return shot


def codes(pixels: NDArray[np.uint8]) -> list[int]:
    return [int(frame.mean().round()) for frame in pixels]


def test_pictures_folders_and_movies_are_shots(tmp_path: Path) -> None:
    write_frames(tmp_path / "walk", 3)
    write_movie(tmp_path / "run.mp4", 4)
    Image.new("RGB", (4, 4)).save(tmp_path / "still.jpg")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()
    shots = find_shots(tmp_path, "RGB", FrameStore(512))
    assert {name: len(shot) for name, shot in shots.items()} == {"run": 4, "still": 1, "walk": 3}


def test_frames_of_a_folder_are_read_by_number(tmp_path: Path) -> None:
    write_frames(tmp_path / "walk", 12)
    pixels = open_one(tmp_path).read([11, 2, 2, 0])
    assert pixels.shape == (4, HIGH, WIDE, 3)
    assert codes(pixels) == [code(n) for n in (11, 2, 2, 0)]


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "options"),
    [
        pytest.param(
            "a.mp4", "libx264", "yuv420p", {"crf": "4", "bf": "0", "sc_threshold": "0"}, id="mp4"
        ),
        pytest.param(
            "a.mp4",
            "libx264",
            "yuv444p",
            {"crf": "4", "bf": "3", "sc_threshold": "0"},
            id="B-frames",
        ),
        pytest.param("a.mov", "prores_ks", "yuv422p10le", {}, id="mov"),
        pytest.param("a.mkv", "ffv1", "bgr0", {}, id="lossless"),
    ],
)
@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param([0], id="first"),
        pytest.param([33], id="last"),
        pytest.param([17, 18, 21], id="inside"),
        pytest.param([29, 28, 9, 28], id="backwards"),
    ],
)
def test_frames_of_a_movie_are_read_by_number(
    tmp_path: Path,
    name: str,
    codec: str,
    pixel_format: str,
    options: dict[str, str],
    numbers: list[int],
) -> None:
    write_movie(tmp_path / name, 34, codec, pixel_format, **options)
    shot = open_one(tmp_path)
    assert len(shot) == 34
    read = codes(shot.read(numbers))
    assert all(abs(a - code(n)) <= 2 for a, n in zip(read, numbers, strict=True)), read


def test_frames_that_are_shown_at_one_time_count_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Movie._packets
    monkeypatch.setattr(Movie, "_packets", lambda movie: [*listed(movie), *listed(movie)[:3]])
    write_movie(tmp_path / "twice.mp4", 12)
    shot = open_one(tmp_path)
    assert len(shot) == 12
    read = codes(shot.read(range(12)))
    assert all(abs(a - code(n)) <= 2 for n, a in enumerate(read)), read


def test_a_movie_with_alpha_gives_it(tmp_path: Path) -> None:
    write_movie(tmp_path / "a.mov", 3, "qtrle", "argb")
    pixels = open_one(tmp_path, "RGBA").read([2, 0])
    assert pixels[:, 0, 0].tolist() == [[code(n)] * 3 + [code(n) // 2] for n in (2, 0)]


def test_a_movie_of_alphas_is_one_channel(tmp_path: Path) -> None:
    write_movie(tmp_path / "a.mkv", 3, "ffv1", "bgr0")
    pixels = open_one(tmp_path, "L").read([1])
    assert pixels.shape == (1, HIGH, WIDE, 1)
    assert codes(pixels) == [code(1)]


@pytest.mark.parametrize(
    ("lines", "red"),
    [pytest.param(64, "BT.601", id="SD"), pytest.param(720, "BT.709", id="HD")],
)
def test_an_untagged_movie_has_the_matrix_of_its_size(tmp_path: Path, lines: int, red: str) -> None:
    ycbcr = {"BT.601": (81, 90, 240), "BT.709": (63, 102, 240)}[red]
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 32, lines, "yuv444p"
        planes = np.stack([np.full((lines, 32), one, np.uint8) for one in ycbcr])
        container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv444p")))
        container.mux(stream.encode(None))
    pixel = open_one(tmp_path, longest=720).read([0])[0, 3, 3].astype(int)
    assert abs(pixel - (255, 0, 0)).max() <= 3


def test_large_frames_are_reduced(tmp_path: Path) -> None:
    write_frames(tmp_path / "shots" / "walk", 2)
    write_movie(tmp_path / "shots" / "run.mp4", 2)
    for shot in find_shots(tmp_path / "shots", "RGB", FrameStore(24)).values():
        assert shot.read([0]).shape == (1, 16, 24, 3)


def test_decoded_frames_are_kept_and_the_oldest_let_go(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "walk", 4)
    store = FrameStore(512, kept_bytes=3 * HIGH * WIDE * 3)
    (shot,) = find_shots(tmp_path, "RGB", store).values()
    shot.read([0, 1])
    shot.read([0, 2])
    shot.read([3])  # four frames were read, 1 for the longest time not
    for file in folder.iterdir():
        file.unlink()
    assert codes(shot.read([3, 0, 2])) == [code(n) for n in (3, 0, 2)]
    with pytest.raises(DataSetError, match=r"1\.png is gone"):
        shot.read([1])


def test_a_run_is_what_was_chosen(tmp_path: Path) -> None:
    write_frames(tmp_path / "walk", 20)
    shot = open_one(tmp_path)
    for seed in range(20):
        run = read_run(np.random.default_rng(seed), shot, 6)
        assert run.shape == (6, 3, HIGH, WIDE)
        steps = (run[:, 0, 0, 0] * 255).round().diff()
        assert (steps.abs() <= 3 * 5).all()
        assert (steps % 5 == 0).all()


def test_a_still_is_filmed_for_as_long_as_wanted(tmp_path: Path) -> None:
    Image.new("RGB", (WIDE, HIGH), (51, 102, 204)).save(tmp_path / "a.png")
    clip = film(np.random.default_rng(0), open_one(tmp_path), 5, (16, 24), Framing())
    assert clip.shape == (5, 3, 16, 24)
    assert abs(clip.mean((0, 2, 3)).numpy() - (0.2, 0.4, 0.8)).max() < 1e-5


def pair(tmp_path: Path, colours: Callable[[Path], Path], mattes: Callable[[Path], Path]) -> Shot:
    colours(tmp_path / "fgr" / "one")
    mattes(tmp_path / "pha" / "one")
    return PairedShot(open_one(tmp_path / "fgr"), open_one(tmp_path / "pha", "L"))


def test_a_pair_is_four_channels(tmp_path: Path) -> None:
    shot = pair(tmp_path, lambda p: write_frames(p, 3), lambda p: write_frames(p, 3))
    pixels = shot.read([2, 1])
    assert pixels.shape == (2, HIGH, WIDE, 4)
    assert codes(pixels) == [code(2), code(1)]


def write_others(path: Path, names: Sequence[str]) -> Path:
    write_frames(path, 3)
    for number, name in enumerate(names):
        (path / f"{number}.png").rename(path / name)
    return path


@pytest.mark.parametrize(
    ("mattes", "words"),
    [
        pytest.param(
            lambda p: write_frames(p, 2), r"one has 3 frames, .*one has 2\.", id="fewer alphas"
        ),
        pytest.param(
            lambda p: write_others(p, ["1.png_", "1_.png", "2.png"]),
            r"one has 3 frames, .*one has 2\.",
            id="not a picture",
        ),
        pytest.param(
            lambda p: write_others(p, ["0.png", "5.png", "6.png"]),
            r"1\.png and .*5\.png have one place",
            id="another number",
        ),
        pytest.param(
            lambda p: write_frames(p, 3, (HIGH, WIDE // 2)),
            r"one is 24x32, .*one is 48x32, after reducing",
            id="another size",
        ),
    ],
)
def test_pairs_that_do_not_fit_are_named(
    tmp_path: Path, mattes: Callable[[Path], Path], words: str
) -> None:
    with pytest.raises(DataSetError, match=words) as caught:
        pair(tmp_path, lambda p: write_frames(p, 3), mattes).read([0])
    assert caught.value.hint


def test_frames_of_two_sizes_are_named(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "walk", 3)
    Image.new("RGB", (9, 7)).save(folder / "2.png")
    with pytest.raises(DataSetError, match=r"2\.png is 9x7, .*0\.png is 48x32"):
        open_one(tmp_path).read([0, 2])


def cut_movie(path: Path) -> Path:
    write_movie(path, 20)
    path.write_bytes(path.read_bytes()[:300])
    return path


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_bytes(b"no movie at all" * 99), id="no movie"),
        pytest.param(cut_movie, id="cut off"),
    ],
)
def test_damaged_movies_are_named(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    path = tmp_path / "a.mp4"
    damage(path)
    with pytest.raises(DataSetError, match=r"a\.mp4 cannot be read: it is damaged") as caught:
        len(open_one(tmp_path))
    assert caught.value.hint


def test_a_frame_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mkv", 12, "ffv1", "bgr0")
    movie = Movie(path)
    assert len(movie.times) == 12
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(DataSetError, match=r"Frame 11 of .*a\.mkv, counted from 0"):
        list(movie.read([11], "RGB", 512))


def test_a_movie_without_alpha_is_told(tmp_path: Path) -> None:
    write_movie(tmp_path / "a.mp4", 2)
    with pytest.raises(DataSetError, match=r"a\.mp4 has no alpha"):
        open_one(tmp_path, "RGBA").read([0])


@pytest.mark.parametrize(
    ("names", "words"),
    [
        pytest.param(None, "There is no folder", id="missing"),
        pytest.param([], "holds no pictures, folders of pictures or movies", id="empty"),
        pytest.param(["a.txt"], "holds no pictures", id="nothing of use"),
        pytest.param(["a.png", "a.jpg"], r"a\.(png|jpg) and .*have one name", id="twice"),
    ],
)
def test_folders_without_shots_are_named(
    tmp_path: Path, names: list[str] | None, words: str
) -> None:
    folder = tmp_path / "data"
    if names is not None:
        folder.mkdir()
        for name in names:
            (folder / name).touch()
    with pytest.raises(DataSetError, match=words) as caught:
        find_shots(folder, "RGB", FrameStore(512))
    assert str(folder) in caught.value.what
