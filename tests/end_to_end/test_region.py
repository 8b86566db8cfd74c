"""--roi: a part of the picture is keyed as if it were the plate, and the plate lies around it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.errors import SettingsError, WouldOverwriteError
from robust_matte.jobs.key import key
from robust_matte.jobs.plan import load_plan

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


def test_region_is_keyed_as_if_it_were_the_plate(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_layers: Any, tmp_path: Path
) -> None:
    """Bit for bit, state and warm-up included; around it is the plate without coverage."""
    frames = moving_frames(range(1, 6))
    plate = write_exr_plate(frames)
    part = write_exr_plate({n: one[10:42, 20:68] for n, one in frames.items()}, name="part")
    key(settings(plate, roi="20,10,48,32", depth="float", warm_up=2))
    key(settings(part, depth="float", warm_up=2, output=str(tmp_path / "part")))
    outside = np.ones((54, 96), bool)
    outside[10:42, 20:68] = False
    for number, plate_pixels in frames.items():
        layers = read_layers(number)
        alone = read_layers(number, tmp_path / "part", name="part_matte")
        assert alone["A"].any()
        for name, plane in layers.items():
            np.testing.assert_array_equal(plane[10:42, 20:68], alone[name], err_msg=name)
        for at, name in enumerate("RGB"):
            assert not layers[name][outside].any()
            shown = layers[f"foreground.{name}"][outside]
            np.testing.assert_array_equal(shown, plate_pixels[..., at][outside])
        assert not layers["A"][outside].any()
        assert not layers["matte.A"][outside].any()


def test_region_is_part_of_the_job(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_attributes: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 3)))
    assert key(settings(plate, roi="20,10,48,32")).written == 2
    assert key(settings(plate, roi=" 20, 10,48,32")).kept == 2
    assert read_attributes(1)["robust_matte/roi"] == "20,10,48,32"
    plan = load_plan(tmp_path / "out" / "shot_matte.robust_matte" / "plan.json")
    assert plan is not None
    assert plan.request.settings["roi"] == "20,10,48,32"
    assert str(plan.request.low_size) == "48x32"
    with pytest.raises(WouldOverwriteError, match=r"differs in --roi, and whose frames") as caught:
        key(settings(plate, roi="20,10,64,32"))
    assert "--downsample" not in str(caught.value)
    key(settings(plate, output=str(tmp_path / "whole")))
    assert "robust_matte/roi" not in read_attributes(1, tmp_path / "whole")


def test_region_is_in_the_coordinates_of_the_windows(
    moving_frames: Any, write_windowed: Any, settings: Any, read_windowed: Read, tmp_path: Path
) -> None:
    """Negative origins, and data windows that change within the shot and may miss the region."""
    region = (0, 10, 24, 20)
    boxes: dict[int, Box] = {
        1: DISPLAY,
        2: (-10, 0, 60, 50),  # overscan
        3: (8, 12, 10, 30),  # cuts through the region
        4: (30, 8, 8, 8),  # beside it
        5: (2, 12, 4, 4),  # inside of it
    }
    area: Box = (-10, 0, 60, 50)
    whole = moving_frames(range(1, 6), width=60, height=50)
    frames = {n: (_at(whole[n], area, box), box[0], box[1]) for n, box in boxes.items()}
    plate = write_windowed(frames)
    key(settings(plate, roi="0,10,24,20", depth="float", warm_up=1))

    # The same by hand: black where a frame has no pixels, and the region as a plate of its own.
    alone = {}
    for number, (pixels, x, y) in frames.items():
        box = (x, y, pixels.shape[1], pixels.shape[0])
        canvas = np.stack([_padded(pixels[..., at], box, region) for at in range(3)], axis=2)
        alone[number] = (canvas, 0, 0)
    (tmp_path / "windowed").rename(tmp_path / "first")
    part = write_windowed(alone, (0, 0, 24, 20))
    key(settings(part, depth="float", warm_up=1, output=str(tmp_path / "part")))

    for number, box in boxes.items():
        layers, data, display = read_windowed(tmp_path / "out" / f"w_matte.{number:04d}.exr")
        assert (data, display) == (box, DISPLAY)
        wanted, _, _ = read_windowed(tmp_path / "part" / f"w_matte.{number:04d}.exr")
        alpha = _padded(wanted["A"], region, box)
        assert alpha.any() or number > 2  # the network is a made-up one
        assert number != 4 or not layers["A"].any()
        np.testing.assert_array_equal(layers["A"], alpha)
        np.testing.assert_array_equal(layers["R"], _padded(wanted["R"], region, box))
        is_keyed = _padded(np.ones((20, 24), np.float32), region, box) > 0
        plate_pixels = frames[number][0]
        shown = layers["foreground.G"][~is_keyed]
        np.testing.assert_array_equal(shown, plate_pixels[..., 1][~is_keyed])


@pytest.mark.parametrize(
    ("roi", "said"),
    [
        pytest.param(
            "-12,0,48,36",
            "reaches out of the picture, which has columns -10 to 49 and rows 0 to 41. Write --roi "
            "-10,0,46,36 for the part that lies inside.",
            id="beyond the overscan",
        ),
        pytest.param("0,20,48,36", "Write --roi 0,20,48,22 for the part", id="below"),
        pytest.param("-60,0,48,36", "lies outside of the picture", id="far beyond"),
        pytest.param("50,0,48,36", "lies outside of the picture", id="just beyond"),
    ],
)
def test_region_beyond_what_is_keyed_is_refused(
    roi: str, said: str, write_windowed: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_windowed({1: (np.full((40, 60, 3), 0.5, np.float32), -10, 0)})
    with pytest.raises(SettingsError) as caught:
        key(settings(plate, roi=roi))
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("roi", ["-10,0,60,42", "-10,0,16,16", "34,26,16,16"])
def test_region_may_lie_in_the_overscan(
    roi: str,
    write_windowed: Any,
    settings: Any,
    fake_model: Any,
    read_windowed: Read,
    tmp_path: Path,
) -> None:
    plate = write_windowed({1: (np.full((40, 60, 3), 0.5, np.float32), -10, 0)})
    x, y, width, height = (int(part) for part in roi.split(","))
    truth = np.zeros((height, width, 3), np.float32), np.ones((height, width), np.float32)
    key(settings(plate, roi=roi), open_model=fake_model(lambda _: truth))
    layers, data, _ = read_windowed(tmp_path / "out" / "w_matte.0001.exr")
    assert data == (-10, 0, 60, 40)
    wanted = _padded(truth[1], (x, y, width, height), data)
    np.testing.assert_array_equal(layers["A"], wanted)


def test_network_sees_the_region_alone_and_cuts_the_whole_picture(
    write_exr_plate: Any, settings: Any, fake_model: Any, tmp_path: Path
) -> None:
    """The picture changes beside the region at frame 5: that is a cut."""
    frames = {}
    for number in range(1, 9):
        frames[number] = np.full((48, 64, 3), 0.5, np.float32)
        frames[number][:, 24:] = 0.9 if number < 5 else 0.05
        frames[number][::7, 30::5] = number < 5
    truth = np.zeros((20, 20, 3), np.float32), np.ones((20, 20), np.float32)
    plate = write_exr_plate(frames)
    asked = settings(plate, roi="2,2,20,20", cuts="auto", downsample="auto")
    result = key(asked, open_model=fake_model(lambda _: truth))
    assert result.segments == 2
    plan = load_plan(tmp_path / "out" / "shot_matte.robust_matte" / "plan.json")
    assert plan is not None
    assert [one.first for one in plan.segments] == [1, 5]
    assert str(plan.request.low_size) == "20x20"


def test_plate_around_a_region_is_in_the_output_space(
    moving_frames: Any,
    write_exr_plate: Any,
    settings: Any,
    fake_model: Any,
    read_layers: Any,
    tmp_path: Path,
) -> None:
    """Of a keyed frame without coverage, and around a region, the foreground is the same plate."""
    plate = write_exr_plate(moving_frames(range(1, 2)))
    for name, roi, size in (("whole", None, (54, 96)), ("part", "20,10,48,32", (32, 48))):
        truth = np.zeros((*size, 3), np.float32), np.zeros(size, np.float32)
        asked = settings(
            plate, roi=roi, output_space="ACEScg", depth="float", output=str(tmp_path / name)
        )
        key(asked, open_model=fake_model(lambda _, truth=truth: truth))
    whole, part = (read_layers(1, tmp_path / name) for name in ("whole", "part"))
    for name, plane in whole.items():
        np.testing.assert_allclose(part[name], plane, rtol=1e-6, err_msg=name)


def test_masks_lie_where_they_are_drawn_within_a_region(
    write_exr_plate: Any, settings: Any, fake_model: Any, read_layers: Any
) -> None:
    """Drawn over the whole picture; core reaches out of the region, and alpha stays 0 there."""
    pixels = np.full((40, 60, 3), 0.5, np.float32)
    garbage, core = np.zeros((2, 40, 60, 3), np.float32)
    garbage[:12], core[20:30, 15:40] = 1.0, 1.0
    masks = {
        name: write_exr_plate({1: mask}, name=name)
        for name, mask in (("garbage", garbage), ("core", core))
    }
    truth = np.zeros((20, 20, 3), np.float32), np.full((20, 20), 0.25, np.float32)
    asked = settings(write_exr_plate({1: pixels}), roi="10,10,20,20", **masks)
    key(asked, open_model=fake_model(lambda _: truth))
    wanted = np.zeros((40, 60), np.float32)
    wanted[12:30, 10:30] = 0.25
    wanted[20:30, 15:30] = 1.0
    np.testing.assert_array_equal(read_layers(1)["A"], wanted)


def test_bad_pixels_around_a_region_are_told_and_kept(
    write_exr_plate: Any, settings: Any, fake_model: Any, read_layers: Any
) -> None:
    pixels = np.full((40, 60, 3), 0.5, np.float32)
    pixels[3, 50], pixels[10, 10] = np.nan, np.inf
    truth = np.zeros((20, 20, 3), np.float32), np.ones((20, 20), np.float32)
    asked = settings(write_exr_plate({1: pixels}), roi="5,5,20,20")
    result = key(asked, open_model=fake_model(lambda _: truth))
    assert "2 NaN or infinite pixels, the first at (50, 3)" in " ".join(result.warnings)
    layers = read_layers(1)
    assert np.isnan(layers["foreground.R"][3, 50])
    assert layers["R"][3, 50] == 0
    assert np.isposinf(layers["R"][10, 10])
