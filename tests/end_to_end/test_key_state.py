"""The state: dropped at cuts, carried otherwise, and the same however a frame is reached."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.jobs.key import key
from robust_matte.jobs.progress import Event, FrameWritten, StageReached
from robust_matte.keying.segments import Reset

Image = NDArray[np.float32]
Layers = dict[str, Image]


def _same(one: Layers, other: Layers) -> None:
    assert set(one) == set(other)
    for name, plane in one.items():
        np.testing.assert_array_equal(plane, other[name], err_msg=name)


def _differ(one: Layers, other: Layers) -> bool:
    return not np.array_equal(one["A"], other["A"])


def test_second_shot_in_the_clip_is_the_second_shot_alone(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_layers: Any, tmp_path: Path
) -> None:
    frames = moving_frames(range(1, 9)) | moving_frames(range(9, 15), seed=8)
    clip = write_exr_plate(frames, name="clip")
    shot = write_exr_plate({n: p for n, p in frames.items() if n >= 9}, name="shot")
    events: list[Event] = []
    key(settings(clip, cuts="9", warm_up=4), events.append)
    key(settings(shot, warm_up=4, output=str(tmp_path / "alone")))
    for number in range(9, 15):
        alone = read_layers(number, tmp_path / "alone")
        _same(read_layers(number, name="clip_matte"), alone)
    resets = {e.number: e.reset for e in events if isinstance(e, FrameWritten) and e.reset}
    assert resets == {1: Reset.FIRST, 9: Reset.CUT}


def test_frames_that_only_feed_the_state_are_counted_within_their_shot(
    moving_frames: Any, write_exr_plate: Any, settings: Any
) -> None:
    clip = write_exr_plate(moving_frames(range(1, 11)))
    events: list[Event] = []
    key(settings(clip, cuts="7", warm_up=2, frames="4-8x2"), events.append)
    told = [
        (one.stage, one.text, one.number, one.done, one.total)
        for one in events
        if isinstance(one, StageReached) and one.number is not None
    ]
    assert told == [
        ("warming up", "for frame 1", 3, 1, 2),
        ("warming up", "for frame 1", 2, 2, 2),
        ("rolling", "from frame 1", 1, 1, 4),
        ("rolling", "from frame 1", 2, 2, 4),
        ("rolling", "from frame 1", 3, 3, 4),
        ("rolling", "from frame 1", 5, 4, 4),
        ("warming up", "for frame 7", 9, 1, 2),
        ("warming up", "for frame 7", 8, 2, 2),
        ("rolling", "from frame 7", 7, 1, 1),
    ]


def test_without_the_cut_the_second_shot_differs(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_layers: Any, tmp_path: Path
) -> None:
    frames = moving_frames(range(1, 5)) | moving_frames(range(5, 7), seed=8)
    plate = write_exr_plate(frames)
    key(settings(plate, cuts="5", warm_up=0))
    key(settings(plate, cuts="off", warm_up=0, output=str(tmp_path / "uncut")))
    assert _differ(read_layers(5), read_layers(5, tmp_path / "uncut"))


@pytest.mark.parametrize("warm_up", [pytest.param(0, id="cold"), pytest.param(16, id="warm")])
def test_frames_30_to_40_are_those_of_the_full_run(
    warm_up: int,
    moving_frames: Any,
    write_exr_plate: Any,
    settings: Any,
    tmp_path: Path,
) -> None:
    """The rolled frames see the low-resolution pass alone, so this also proves that it suffices."""
    plate = write_exr_plate(moving_frames(range(1, 61)))
    key(settings(plate, warm_up=warm_up))
    part = tmp_path / "part"
    result = key(settings(plate, warm_up=warm_up, frames="30-40", output=str(part)))
    assert result.written == 11
    assert sorted(path.name for path in part.glob("*.exr")) == [
        f"shot_matte.{number:04d}.exr" for number in range(30, 41)
    ]
    for number in range(30, 41):
        assert (part / f"shot_matte.{number:04d}.exr").read_bytes() == (
            tmp_path / "out" / f"shot_matte.{number:04d}.exr"
        ).read_bytes()


def test_every_second_frame_is_that_of_the_full_run(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_layers: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 10)))
    key(settings(plate, warm_up=2))
    key(settings(plate, warm_up=2, frames="3-9x2", output=str(tmp_path / "twos")))
    for number in (3, 5, 7, 9):
        _same(read_layers(number), read_layers(number, tmp_path / "twos"))


def test_cold_is_marked_approximate(
    moving_frames: Any,
    write_exr_plate: Any,
    settings: Any,
    read_layers: Any,
    read_attributes: Any,
    tmp_path: Path,
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 9)))
    key(settings(plate, warm_up=0))
    key(settings(plate, warm_up=0, frames="6-8", cold=True, output=str(tmp_path / "cold")))
    assert read_attributes(6)["robust_matte/approximate"] == 0
    assert read_attributes(6, tmp_path / "cold")["robust_matte/approximate"] == 1
    assert _differ(read_layers(6), read_layers(6, tmp_path / "cold"))


def test_cold_run_that_goes_on_gives_what_it_gave(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    job = settings(write_exr_plate(moving_frames(range(1, 9))), warm_up=0, frames="3-6", cold=True)
    key(job)
    frame = tmp_path / "out" / "shot_matte.0005.exr"
    before = frame.read_bytes()
    frame.unlink()
    assert key(job).written == 1
    assert frame.read_bytes() == before


def test_step_over_a_hole_gives_the_frames_of_the_full_run(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_layers: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 6)) | moving_frames(range(21, 26)))
    key(settings(plate, missing="black"))
    key(settings(plate, frames="1-25x4", missing="black", output=str(tmp_path / "fours")))
    for number in (1, 5, 21, 25):
        _same(read_layers(number), read_layers(number, tmp_path / "fours"))


def test_cuts_are_found_once_and_drop_the_state(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_attributes: Any
) -> None:
    frames = moving_frames(range(1, 13)) | moving_frames(range(13, 25), seed=21)
    job = settings(write_exr_plate(frames), cuts="auto")
    events: list[Event] = []
    assert key(job, events.append).segments == 2
    assert read_attributes(13)["robust_matte/reset"] == "cut"
    assert any("looking for cuts" in str(event) for event in events)
    events.clear()
    assert key(job, events.append).written == 0
    assert not any("looking for cuts" in str(event) for event in events)


def test_changing_data_window_is_no_cut(moving_frames: Any, settings: Any, tmp_path: Path) -> None:
    """A plate that is cropped to what moved, on a display window of one size."""
    folder = tmp_path / "plate"
    folder.mkdir()
    pixels = moving_frames(range(1, 2))[1]
    for number in range(1, 17):
        right, bottom = (96, 54) if number < 9 else (70, 40)
        spec = oiio.ImageSpec(right, bottom, 3, "half")
        spec.full_width, spec.full_height = 96, 54
        image = oiio.ImageOutput.create("exr")
        assert image is not None
        assert image.open(str(folder / f"shot.{number:04d}.exr"), spec)
        shown = pixels * 0.0
        shown[8:36, 10:60] = pixels[8:36, 10:60]
        image.write_image(np.ascontiguousarray(shown[:bottom, :right]))
        image.close()
    assert key(settings(str(folder / "shot.####.exr"), cuts="auto")).segments == 1


@pytest.mark.parametrize(
    ("bad", "bound"),
    [
        pytest.param(np.nan, 0.0, id="NaN"),
        pytest.param(np.inf, 2.0, id="plus infinity"),
        pytest.param(-np.inf, -0.5, id="minus infinity"),
        pytest.param(70000.0, 2.0, id="beyond half"),
    ],
)
def test_one_bad_pixel_changes_no_other(
    bad: float,
    bound: float,
    moving_frames: Any,
    write_exr_plate: Any,
    settings: Any,
    read_layers: Any,
    tmp_path: Path,
) -> None:
    """Against the same plate with a pixel at the bound, which the network sees alike."""
    frames = moving_frames(range(1, 8))
    for value, name in ((bound, "good"), (bad, "bad")):
        frames[4] = frames[4].copy()
        frames[4][20, 30] = value
        plate = write_exr_plate(frames, name=name)
        key(settings(plate, warm_up=3, output=str(tmp_path / name)))
    for number in range(1, 8):
        good = read_layers(number, tmp_path / "good", "good_matte")
        found = read_layers(number, tmp_path / "bad", "bad_matte")
        assert all(np.isfinite(plane).all() for plane in good.values())
        if number == 4:
            for plane in (*good.values(), *found.values()):
                plane[20, 30] = 0.0
        _same(good, found)


def test_warm_up_reaches_only_into_its_own_segment(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_layers: Any, tmp_path: Path
) -> None:
    """Frames after the cut may be anything: the segment before it does not change."""
    first = moving_frames(range(1, 5))
    for name, seed in (("one", 5), ("two", 6)):
        plate = write_exr_plate(first | moving_frames(range(5, 9), seed=seed), name=name)
        key(settings(plate, cuts="5", warm_up=16, output=str(tmp_path / name)))
    for number in range(1, 5):
        _same(
            read_layers(number, tmp_path / "one", "one_matte"),
            read_layers(number, tmp_path / "two", "two_matte"),
        )


def test_warm_up_is_the_backward_feed_it_says(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_layers: Any, tmp_path: Path
) -> None:
    """Frame 1 after a warm-up of 3 is the last frame of a clip that runs 4, 3, 2, 1."""
    frames = moving_frames(range(1, 7))
    plate = write_exr_plate(frames, name="ahead")
    backwards = write_exr_plate({1: frames[4], 2: frames[3], 3: frames[2], 4: frames[1]}, name="b")
    key(settings(plate, warm_up=3, frames="1", output=str(tmp_path / "ahead")))
    key(settings(backwards, warm_up=0, frames="4", output=str(tmp_path / "b")))
    _same(
        read_layers(1, tmp_path / "ahead", "ahead_matte"),
        read_layers(4, tmp_path / "b", "b_matte"),
    )


Read = Callable[..., dict[str, Any]]


def test_resets_are_in_the_attributes(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_attributes: Read
) -> None:
    frames = moving_frames(range(1, 7)) | moving_frames(range(12, 14))
    key(settings(write_exr_plate(frames), cuts="4", warm_up=0, missing="hold"))
    assert read_attributes(1)["robust_matte/reset"] == "first frame"
    assert read_attributes(4)["robust_matte/reset"] == "cut"
    assert read_attributes(12)["robust_matte/reset"] == "hole"
    assert "robust_matte/reset" not in read_attributes(5)
    assert read_attributes(5)["robust_matte/segment"] == "4-6"
