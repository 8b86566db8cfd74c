"""A small person in a wide frame: --framing full-body finds more of them, and --roi nearly all."""

from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import InstallationError
from robust_matte.jobs.demo_clip import find_photograph
from robust_matte.jobs.key import key

Image = NDArray[np.float32]

SIZE = (960, 540)
PLACE = (590, 459, 144, 81)  # x, y, width, height of the photograph's upper part


def _shrunk(image: Image, width: int, height: int) -> Image:
    buffer = oiio.ImageBuf(np.ascontiguousarray(image))
    roi = oiio.ROI(0, width, 0, height, 0, 1, 0, image.shape[2])
    pixels = oiio.ImageBufAlgo.resize(buffer, roi=roi).get_pixels(oiio.FLOAT)
    small: Image = np.asarray(pixels, np.float32).reshape(height, width, -1).clip(0.0, 1.0)
    return small


def _composite(root: Path) -> tuple[Image, Image]:
    """Light and true alpha: a person, cut out by hand, before a wall."""
    try:
        photograph = find_photograph()
    except InstallationError as error:
        pytest.skip(str(error))
    codes = np.asarray(oiio.ImageBuf(str(photograph)).get_pixels(oiio.FLOAT), np.float32)
    # tests/data/astronaut_frame0.png is of the demo's first frame: columns 8 to 504, rows 4 to 283.
    person = _shrunk(codes[4:283, 8:504, :3] ** 2.2, 960, 540)
    traced = oiio.ImageBuf(str(root / "tests" / "data" / "astronaut_frame0.png"))
    cover = np.asarray(traced.get_pixels(oiio.FLOAT), np.float32).reshape(540, 960, -1)[..., :1]
    small = _shrunk(np.concatenate([person * cover, cover], axis=2), *PLACE[2:])
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    wall = np.stack([0.24 + x / 9000, 0.27 + x / 12000, 0.25 - y / 9000], axis=2)
    alpha = np.zeros(SIZE[::-1], np.float32)
    place = slice(PLACE[1], PLACE[1] + PLACE[3]), slice(PLACE[0], PLACE[0] + PLACE[2])
    alpha[place] = small[..., 3]
    wall[place] = small[..., :3] + wall[place] * (1.0 - small[..., 3:])
    return wall.astype(np.float32), alpha


def test_small_person_is_found_by_framing_and_better_by_region(
    root: Path, write_exr_plate: Any, settings: Any, read_layers: Any, tmp_path: Path
) -> None:
    """With the draft network; measured: overlaps of 0.79, 0.89 and 0.96."""
    light, truth = _composite(root)
    plate = write_exr_plate({1: light, 2: light})
    off, overlaps = {}, {}
    for name, more in {
        "portrait": {},
        "full-body": {"framing": "full-body"},
        "roi": {"roi": "555,434,216,106"},
    }.items():
        place = tmp_path / name
        key(settings(plate, model="draft", downsample="auto", output=str(place), **more))
        alpha = read_layers(2, place)["A"]
        off[name] = float(np.abs(alpha - truth).mean())
        found, there = alpha > 0.5, truth > 0.5
        overlaps[name] = float((found & there).sum() / (found | there).sum())
    assert off["roi"] < 0.3 * off["portrait"], off
    assert overlaps["portrait"] + 0.03 < overlaps["full-body"], overlaps
    assert overlaps["full-body"] + 0.03 < overlaps["roi"], overlaps
    assert overlaps["roi"] > 0.9, overlaps
