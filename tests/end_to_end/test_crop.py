"""--crop: files hold what is covered alone, and show the same picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.errors import WouldOverwriteError
from robust_matte.jobs.assemble import assemble
from robust_matte.jobs.key import key
from robust_matte.settings.assemble_settings import AssembleSettings
from robust_matte.settings.choices import Layers

Image = NDArray[np.float32]
Box = tuple[int, int, int, int]  # x, y, width, height
Read = Callable[..., tuple[dict[str, Image], Box, Box]]

DISPLAY = (-4, 6, 48, 36)


def _padded(plane: Image, data: Box, outer: Box) -> Image:
    """Put a plane where its window says on black, pixel by pixel and so in another way than key."""
    canvas = np.zeros((outer[3], outer[2]), np.float32)
    for row in range(data[3]):
        for column in range(data[2]):
            y, x = data[1] + row - outer[1], data[0] + column - outer[0]
            if 0 <= y < outer[3] and 0 <= x < outer[2]:
                canvas[y, x] = plane[row, column]
    return canvas


def _at(plane: Image, data: Box, inner: Box) -> Image:
    top, left = inner[1] - data[1], inner[0] - data[0]
    assert min(top, left) >= 0
    return plane[top : top + inner[3], left : left + inner[2]]


# Where alpha is above 0, by frame, in the coordinates of the display window; 3 has none.
COVERED: dict[int, list[Box]] = {
    1: [(-4, 6, 1, 1)],
    2: [(0, 10, 20, 9), (30, 33, 2, 2)],
    3: [],
    4: [DISPLAY],
    5: [(40, 40, 4, 2)],
}
BOUNDS: dict[int, Box] = {
    1: (-4, 6, 1, 1),
    2: (0, 10, 32, 25),
    3: (-4, 6, 1, 1),
    4: DISPLAY,
    5: (40, 40, 4, 2),
}


def _covered_truth(rng: np.random.Generator) -> Callable[[int], tuple[Image, Image]]:
    frames = []
    for boxes in COVERED.values():
        alpha = np.zeros((36, 48), np.float32)
        for x, y, width, height in boxes:
            part = alpha[y - 6 : y - 6 + height, x + 4 : x + 4 + width]
            part[...] = rng.uniform(0.01, 1.2, (height, width)).clip(0, 1)
        frames.append((rng.random((36, 48, 3), np.float32), alpha))
    return lambda index: frames[index]


@pytest.fixture
def crop_plate(write_windowed: Any, rng: np.random.Generator) -> str:
    frames = {n: (rng.random((36, 48, 3), np.float32) * 3, -4, 6) for n in COVERED}
    return str(write_windowed(frames, PixelAspectRatio=2.0))


@pytest.mark.parametrize("layers", list(Layers))
def test_cropped_files_hold_the_same_picture(
    layers: Layers,
    crop_plate: str,
    settings: Any,
    fake_model: Any,
    read_windowed: Read,
    tmp_path: Path,
) -> None:
    """Read with a reader that honours windows and padded with black, bit for bit."""
    usual = {"layers": layers, "warm_up": 0}
    outputs = {"cropped": {"crop": True}, "whole": {}}
    for name, more in outputs.items():
        opener = fake_model(_covered_truth(np.random.default_rng(7)))
        place = str(tmp_path / name)
        key(settings(crop_plate, output=place, **usual, **more), open_model=opener)
    files = sorted(path.relative_to(tmp_path / "whole") for path in _exrs(tmp_path / "whole"))
    assert files == sorted(p.relative_to(tmp_path / "cropped") for p in _exrs(tmp_path / "cropped"))
    assert len(files) == (15 if layers is Layers.SEPARATE else 5)
    for file in files:
        number = int(file.stem[-4:])
        cropped, data, display = read_windowed(tmp_path / "cropped" / file)
        whole, whole_data, _ = read_windowed(tmp_path / "whole" / file)
        assert (data, display, whole_data) == (BOUNDS[number], DISPLAY, DISPLAY)
        assert cropped.keys() == whole.keys()
        for name, plane in cropped.items():
            if _is_foreground(file, name, layers):
                np.testing.assert_array_equal(plane, _at(whole[name], DISPLAY, data))
            else:
                np.testing.assert_array_equal(_padded(plane, data, DISPLAY), whole[name])


def _exrs(folder: Path) -> list[Path]:
    return list(folder.rglob("*.exr"))


def _is_foreground(file: Path, name: str, layers: Layers) -> bool:
    """Say whether a channel is of the foreground: by its name, its folder or its part."""
    return {
        "combined": name.startswith("foreground."),
        "separate": file.parts[0] == "foreground",
        "multipart": name.startswith("2:"),
    }[layers.value]


def test_cropped_job_goes_on_and_makes_what_is_damaged_again(
    crop_plate: str, settings: Any, fake_model: Any, tmp_path: Path
) -> None:
    truth = _covered_truth(np.random.default_rng(7))
    asked = settings(crop_plate, crop=True, warm_up=0)
    key(asked, open_model=fake_model(truth))
    path = tmp_path / "out" / "w_matte.0003.exr"
    before = path.read_bytes()
    assert key(asked, open_model=fake_model(truth)).kept == 5
    path.write_bytes(before[:-3])
    again = key(asked, open_model=fake_model(lambda _: truth(2)))
    assert (again.kept, again.written) == (4, 1)
    assert path.read_bytes() == before
    with pytest.raises(WouldOverwriteError, match=r"differs in --crop"):
        key(settings(crop_plate, warm_up=0), open_model=fake_model(truth))


@pytest.mark.parametrize("policy", ["hold", "black"])
def test_frames_made_for_holes_are_cropped_too(
    policy: str,
    write_windowed: Any,
    settings: Any,
    fake_model: Any,
    read_windowed: Read,
    tmp_path: Path,
) -> None:
    frames = {n: (np.full((36, 48, 3), 0.5, np.float32), -4, 6) for n in (1, 3)}
    truth = np.zeros((36, 48, 3), np.float32), np.zeros((36, 48), np.float32)
    truth[1][4:9, 10:12] = 0.5
    asked = settings(write_windowed(frames), crop=True, warm_up=0, missing=policy)
    key(asked, open_model=fake_model(lambda _: truth))
    kept = (6, 10, 2, 5)
    for number, box in {1: kept, 2: kept if policy == "hold" else (-4, 6, 1, 1), 3: kept}.items():
        layers, data, display = read_windowed(tmp_path / "out" / f"w_matte.{number:04d}.exr")
        assert (data, display) == (box, DISPLAY)
        assert layers["A"].any() == (number != 2 or policy == "hold")


def test_region_and_crop_go_together(
    write_windowed: Any, settings: Any, fake_model: Any, read_windowed: Read, tmp_path: Path
) -> None:
    plate = write_windowed({1: (np.full((36, 48, 3), 0.5, np.float32), -4, 6)})
    truth = np.zeros((18, 20, 3), np.float32), np.ones((18, 20), np.float32)
    key(settings(plate, roi="10,20,20,18", crop=True), open_model=fake_model(lambda _: truth))
    layers, data, display = read_windowed(tmp_path / "out" / "w_matte.0001.exr")
    assert (data, display) == ((10, 20, 20, 18), DISPLAY)
    assert (layers["A"] == 1).all()
    assert (layers["R"] == 0.5).all()


def test_movies_of_cropped_files_are_those_of_whole_ones(
    crop_plate: str, settings: Any, fake_model: Any, tmp_path: Path
) -> None:
    """The review to the byte; the movie to hand on in every decoded sample."""
    reviews, movies = [], []
    for name in ("whole", "cropped"):
        opener = fake_model(_covered_truth(np.random.default_rng(7)))
        review, place = tmp_path / f"{name}.mp4", tmp_path / name
        asked = settings(
            crop_plate, crop=name == "cropped", warm_up=0, review=review, output=str(place)
        )
        key(asked, open_model=opener)
        reviews.append(review.read_bytes())
        movie = tmp_path / f"{name}.mov"
        assemble(AssembleSettings(result=str(place), output=movie, fps="24"))
        with av.open(str(movie)) as container:
            frames = [frame.to_ndarray(format="rgba64le") for frame in container.decode(video=0)]
        movies.append(np.stack(frames))
    assert reviews[0] == reviews[1]
    np.testing.assert_array_equal(movies[0], movies[1])
    assert movies[0][..., 3].any()
