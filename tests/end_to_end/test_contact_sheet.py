"""The contact sheet: each tile shows what its column says."""

from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from robust_matte.cli.summary import print_summary
from robust_matte.jobs.contact_sheet import choose_frames
from robust_matte.jobs.key import key
from robust_matte.jobs.key_result import KeyResult
from robust_matte.jobs.plan import WeightsRecord
from robust_matte.keying.segments import Reset


@pytest.mark.parametrize("layers", ["combined", "separate"])
def test_columns_are_plate_alpha_foreground_and_comp(
    layers: str, settings: Any, write_exr_plate: Any, fake_model: Any, tmp_path: Path
) -> None:
    """A plate of 160x40, opaque in its left half: tiles are 320x80, 8 apart, below two lines."""
    plate = np.full((40, 160, 3), 0.18, np.float32)
    plate[:, :, 0] = 0.5
    alpha = np.zeros((40, 160), np.float32)
    alpha[:, :80] = 1.0
    truth = fake_model(lambda _: (np.zeros_like(plate), alpha))
    sheet = tmp_path / "sheet.png"
    source = write_exr_plate({7: plate})
    key(settings(source, contact_sheet=str(sheet), layers=layers), open_model=truth)
    pixels = np.asarray(oiio.ImageBuf(str(sheet)).get_pixels(oiio.UINT8), np.int16)[..., :3]
    top = 26 + 8 + 26  # the heading, a gap, the row's own line
    tiles = [pixels[top : top + 80, 8 + n * 328 : 8 + n * 328 + 320] for n in range(4)]
    red, grey = 188, 118  # sRGB of 0.5 and of 0.18, in 8 bit
    for tile in (tiles[0], tiles[2]):  # the foreground layer is the plate where alpha is 0
        assert np.abs(tile - (red, grey, grey)).max() <= 1
    assert (tiles[1][:, :155] == 255).all()
    assert (tiles[1][:, 165:] == 0).all()
    assert np.abs(tiles[3][:, :155] - (red, grey, grey)).max() <= 1
    assert set(np.unique(tiles[3][:, 165:])) == {71, 107}


def test_tiles_show_the_display_window_wherever_pixels_are(
    settings: Any, fake_model: Any, tmp_path: Path
) -> None:
    """Overscan, a smaller data window and a cropped result: the same picture in the same place."""
    windows = {1: (0, 0, 80, 40), 2: (-8, -4, 96, 48), 3: (20, 10, 40, 20)}
    for number, (x, y, width, height) in windows.items():
        spec = oiio.ImageSpec(width, height, 3, "float")
        spec.x, spec.y = x, y
        spec.full_x, spec.full_y, spec.full_width, spec.full_height = 0, 0, 80, 40
        path = str(tmp_path / f"p.{number:04d}.exr")
        image = oiio.ImageOutput.create(path)
        assert image is not None
        assert image.open(path, spec)
        assert image.write_image(np.full((height, width, 3), 0.18, np.float32))
        image.close()
    alpha = np.zeros((48, 96), np.float32)  # of the work area; opaque in the middle of the picture
    alpha[4 + 15 : 4 + 25, 8 + 30 : 8 + 50] = 1.0
    plate = str(tmp_path / "p.####.exr")
    for crop in (False, True):
        sheet = tmp_path / f"sheet {crop}.png"
        asked = settings(
            plate, contact_sheet=str(sheet), crop=crop, output=str(tmp_path / f"{crop}")
        )
        opener = fake_model(lambda _: (np.zeros((48, 96, 3), np.float32), alpha))
        key(asked, open_model=opener)
        pixels = np.asarray(oiio.ImageBuf(str(sheet)).get_pixels(oiio.UINT8), np.int16)[..., 0]
        for row in range(3):
            top = 60 + row * (160 + 34)
            shown, matte, foreground, comp = (
                pixels[top : top + 160, 8 + n * 328 : 8 + n * 328 + 320] for n in range(4)
            )
            assert (matte[64:96, 126:194] == 255).all()
            for above, left in ((slice(56), slice(None)), (slice(None), slice(116))):
                assert (matte[above, left] == 0).all()
                assert set(np.unique(comp[above, left])) == {71, 107}
            assert (np.abs(comp[64:96, 126:194] - 118) <= 1).all()
            assert (np.abs(shown[50:110, 90:230] - 118) <= 1).all()
            assert (np.abs(foreground[64:96, 126:194] - 118) <= 1).all()
            is_small = row == 2
            assert (shown[:30] == (0 if is_small else 118)).all()
            assert (foreground[:30] == (0 if is_small or crop else 118)).all()


def test_frames_after_cuts_and_an_even_spread_are_shown() -> None:
    resets = {1: Reset.FIRST, 40: Reset.CUT, 90: Reset.HOLE}
    shown = choose_frames(range(1, 101), resets)
    numbers = [frame.number for frame in shown]
    assert {1, 100, 40, 41, 90, 91} <= set(numbers)
    assert numbers == sorted(numbers)
    labels = {frame.number: frame.label for frame in shown}
    assert (labels[1], labels[40], labels[41]) == ("1  first frame", "40  cut", "41")


def test_many_cuts_do_not_make_an_endless_sheet() -> None:
    resets = dict.fromkeys(range(1, 2000, 4), Reset.CUT)
    assert 20 <= len(choose_frames(range(1, 2000), resets)) <= 24


def test_summary_prints_brackets_and_long_paths_as_they_are(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = f"/show/[old]/a[/b]/{'x' * 300}.####.exr"
    result = KeyResult(
        outputs={"rgba": path},
        frames="1001-1010",
        written=10,
        held=3,
        black=2,
        kept=0,
        segments=1,
        weights=WeightsRecord(sha256="a" * 64, variant="draft", refiner="deep_guided_filter"),
        seconds=1.0,
        warnings=("Frame 7 [red] is odd.",),
        contact_sheet=None,
        review=None,
        job_folder=tmp_path,
    )
    print_summary(result)
    said = capsys.readouterr().out
    assert path in said
    assert f"draft, weights with sha256 {'a' * 64}\n" in said
    assert "Frame 7 [red] is odd." in said
    assert "10 written, 3 of them held, 2 black; the plate has 1 segment" in said
