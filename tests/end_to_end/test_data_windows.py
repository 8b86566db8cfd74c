"""Data windows of any place and size: the network sees one area, and files keep their windows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.jobs.key import key
from robust_matte.jobs.plan import load_plan
from robust_matte.media.windows import Window

Image = NDArray[np.float32]
Box = tuple[int, int, int, int]  # x, y, width, height

DISPLAY: Box = (-4, 6, 48, 36)


def _overlaid(image: Image, data: Box, outer: Box) -> Image:
    """Return what an image shows of `outer`, black where it has nothing; pixel by pixel."""
    shown = np.zeros((outer[3], outer[2], *image.shape[2:]), np.float32)
    for y in range(outer[1], outer[1] + outer[3]):
        for x in range(outer[0], outer[0] + outer[2]):
            row, column = y - data[1], x - data[0]
            if 0 <= row < data[3] and 0 <= column < data[2]:
                shown[y - outer[1], x - outer[0]] = image[row, column]
    return shown


@pytest.mark.parametrize(
    ("boxes", "work_area", "area"),
    [
        pytest.param([DISPLAY, DISPLAY], "data", DISPLAY, id="the display window"),
        pytest.param([(-4, 6, 48, 36), (0, 8, 30, 20)], "data", DISPLAY, id="smaller, later"),
        pytest.param([(0, 8, 30, 20), (4, 10, 3, 2)], "data", DISPLAY, id="smaller, all"),
        pytest.param([(-12, -2, 60, 44), DISPLAY], "data", (-12, -2, 60, 44), id="overscan"),
        pytest.param(
            [(-12, 10, 20, 8), (40, 30, 8, 16)], "data", (-12, 6, 60, 40), id="on both sides"
        ),
        pytest.param([(-12, -2, 60, 44), DISPLAY], "display", DISPLAY, id="display alone"),
        pytest.param([(-12, -2, 6, 4), DISPLAY], "display", DISPLAY, id="one outside of it"),
        pytest.param([(-40, 6, 84, 36), DISPLAY], "data", DISPLAY, id="too far"),
    ],
)
def test_frames_are_keyed_as_if_padded_by_hand(
    boxes: list[Box],
    work_area: str,
    area: Box,
    moving_frames: Any,
    write_windowed: Any,
    settings: Any,
    read_windowed: Any,
    tmp_path: Path,
) -> None:
    """Bit for bit, warm-up and state included; each file has its own frame's window."""
    plane = (-40, -10, 140, 80)
    whole = moving_frames(range(1, 3), width=140, height=80)
    frames = {n: _overlaid(whole[n], plane, box) for n, box in enumerate(boxes, start=1)}
    placed = {n: (pixels, *boxes[n - 1][:2]) for n, pixels in frames.items()}
    key(settings(write_windowed(placed), work_area=work_area, depth="float", warm_up=1))
    plan = load_plan(tmp_path / "out" / "w_matte.robust_matte" / "plan.json")
    assert plan is not None
    assert plan.request.plate.work_area == Window(*area)

    (tmp_path / "windowed").rename(tmp_path / "first")
    padded = {n: (_overlaid(one, boxes[n - 1], area), 0, 0) for n, one in frames.items()}
    plate = write_windowed(padded, (0, 0, *area[2:]))
    key(settings(plate, depth="float", warm_up=1, output=str(tmp_path / "padded")))
    for number, box in enumerate(boxes, start=1):
        layers, data, display = read_windowed(tmp_path / "out" / f"w_matte.{number:04d}.exr")
        wanted, _, _ = read_windowed(tmp_path / "padded" / f"w_matte.{number:04d}.exr")
        shared = Window(*box).intersected(Window(*area))
        is_outside = shared.is_empty
        kept = area if is_outside else (shared.x, shared.y, shared.width, shared.height)
        assert (data, display) == (kept, DISPLAY)
        for name in ("A", "matte.A"):  # an edge's colour is found within the frame's own window
            there = np.zeros_like(layers[name])
            if not is_outside:
                there = _overlaid(wanted[name], area, kept)
            np.testing.assert_array_equal(layers[name], there, err_msg=name)
