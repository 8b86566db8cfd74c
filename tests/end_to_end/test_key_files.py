"""Files: names, what is refused, what is left alone, and what a stopped run leaves behind."""

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from robust_matte.errors import (
    FrameReadError,
    FrameSizeError,
    MissingFramesError,
    SettingsError,
    WouldOverwriteError,
    WriteError,
)
from robust_matte.jobs.key import key
from robust_matte.jobs.progress import Event, FrameWritten, StageReached


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.exr"))}


def test_running_again_redoes_nothing(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    job = settings(write_exr_plate(moving_frames(range(1, 5))))
    key(job)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.exr")}
    again = key(job)
    assert (again.written, again.kept) == (0, 4)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_missing_and_damaged_results_are_made_again_to_the_byte(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    job = settings(write_exr_plate(moving_frames(range(1, 7))))
    key(job)
    out = tmp_path / "out"
    whole = _bytes(out)
    (out / "shot_matte.0003.exr").unlink()
    damaged = out / "shot_matte.0005.exr"
    damaged.write_bytes(damaged.read_bytes()[:-700])
    assert key(job).written == 2
    assert _bytes(out) == whole


def test_stopped_run_leaves_whole_frames_and_goes_on_to_the_same_bytes(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 9)))
    key(settings(plate, output=str(tmp_path / "whole")))

    def stop(event: Event) -> None:
        if isinstance(event, FrameWritten) and event.done == 3:
            raise KeyboardInterrupt

    job = settings(plate)
    with pytest.raises(KeyboardInterrupt):
        key(job, stop)
    left = _bytes(tmp_path / "out")
    whole = _bytes(tmp_path / "whole")
    assert 3 <= len(left) < 8
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]
    assert left == {name: whole[name] for name in left}
    result = key(job)
    assert result.written == 8 - len(left)
    assert _bytes(tmp_path / "out") == whole


def test_other_settings_are_refused_and_named(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 3)))
    key(settings(plate, warm_up=0))
    before = _bytes(tmp_path / "out")
    with pytest.raises(WouldOverwriteError, match=r"differs in --warm-up, and"):
        key(settings(plate, warm_up=1))
    assert _bytes(tmp_path / "out") == before
    assert key(settings(plate, warm_up=1, overwrite=True)).written == 2
    assert _bytes(tmp_path / "out") != before


def test_changed_plate_is_refused_and_named(
    moving_frames: Any, write_exr_plate: Any, settings: Any
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 3)))
    key(settings(plate))
    write_exr_plate(moving_frames(range(1, 3), seed=9))
    with pytest.raises(
        WouldOverwriteError, match=r"frame 1 was the first to change, .*shot\.0001\.exr\."
    ):
        key(settings(plate))


def test_foreign_file_is_refused_untouched(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 3)))
    out = tmp_path / "out"
    out.mkdir()
    foreign = out / "shot_matte.0002.exr"
    foreign.write_bytes(Path(plate.replace("####", "0001")).read_bytes())
    before = foreign.read_bytes()
    with pytest.raises(WouldOverwriteError, match=r"shot_matte\.0002\.exr exists"):
        key(settings(plate))
    assert foreign.read_bytes() == before
    assert [path.name for path in out.iterdir()] == ["shot_matte.0002.exr"]


def test_plate_is_never_written_over(
    moving_frames: Any, write_exr_plate: Any, settings: Any
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 3)))
    with pytest.raises(SettingsError, match="file of the plate itself"):
        key(settings(plate, output=plate, overwrite=True))


def test_hole_fails_with_its_ranges(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    frames = moving_frames(range(1, 10))
    for gone in (3, 4, 7):
        del frames[gone]
    with pytest.raises(MissingFramesError, match="lacks the frames 3-4,7 of 1-9"):
        key(settings(write_exr_plate(frames)))
    assert not (tmp_path / "out").exists()


def test_typed_range_says_what_should_be_there(
    moving_frames: Any, write_exr_plate: Any, settings: Any
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 4)))
    with pytest.raises(MissingFramesError, match="lacks the frames 4-5 of 1-5"):
        key(settings(plate.replace("####", "1-5####")))


def test_plate_on_twos_has_no_holes_at_step_two(
    moving_frames: Any, write_exr_plate: Any, settings: Any
) -> None:
    frames = moving_frames(range(1, 8))
    plate = write_exr_plate({number: frames[number] for number in (1, 3, 5, 7)})
    result = key(settings(plate, frames="1-7x2"))
    assert (result.written, result.segments) == (4, 1)


def test_hold_repeats_the_result_before_and_marks_it(
    moving_frames: Any,
    write_exr_plate: Any,
    settings: Any,
    read_layers: Any,
    read_attributes: Any,
    tmp_path: Path,
) -> None:
    frames = moving_frames(range(1, 7))
    kept = {number: frames[number] for number in (1, 2, 5, 6)}
    plate = write_exr_plate(kept, PixelAspectRatio=2.0)
    result = key(settings(plate, missing="hold"))
    assert (result.written, result.segments) == (6, 1)
    for hole in (3, 4):
        assert read_attributes(hole)["robust_matte/held"] == "2"
        held, source = read_layers(hole), read_layers(2)
        for name, plane in source.items():
            np.testing.assert_array_equal(held[name], plane)
    key(settings(plate, missing="black", output=str(tmp_path / "black")))
    alone = key(settings(plate, missing="black", frames="3", output=str(tmp_path / "alone")))
    assert alone.written == 1
    black = read_layers(3, tmp_path / "black")
    assert read_attributes(3, tmp_path / "black")["PixelAspectRatio"] == 2.0
    assert not any(plane.any() for plane in black.values())
    assert read_attributes(3, tmp_path / "black")["robust_matte/held"] == "black"
    assert "robust_matte/held" not in read_attributes(5)


def test_what_was_made_for_holes_is_counted_and_black_is_told(
    moving_frames: Any, write_exr_plate: Any, settings: Any
) -> None:
    frames = moving_frames(range(1, 7))
    plate = write_exr_plate({number: frames[number] for number in (3, 4, 6)})
    result = key(settings(plate, missing="hold", frames="1-6"))
    assert (result.written, result.held, result.black) == (6, 1, 2)
    assert result.warnings == ("The frames 1-2 have none before them to hold: they are black.",)
    again = key(settings(plate, missing="hold", frames="1-6"))
    assert (again.kept, again.held, again.black) == (6, 0, 0)


def test_plan_of_another_plate_is_named(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    out = str(tmp_path / "out" / "matte.####.exr")
    plate = write_exr_plate(moving_frames(range(1, 3)))
    key(settings(plate, output=out))
    other = write_exr_plate(moving_frames(range(1, 3), width=80))
    with pytest.raises(
        WouldOverwriteError, match=r"another plate, shot\.####\.exr of 96x54 pixels\."
    ):
        key(settings(other, output=out))
    renamed = Path(other).with_name("clean.####.exr")
    for number in (1, 2):
        file = Path(other).with_name(f"shot.{number:04d}.exr")
        file.rename(renamed.with_name(f"clean.{number:04d}.exr"))
    with pytest.raises(WouldOverwriteError, match=r"another plate, shot\.####\.exr\."):
        key(settings(str(renamed), output=out))


def test_another_size_names_frame_and_both_sizes(
    moving_frames: Any, write_exr_plate: Any, settings: Any
) -> None:
    frames = moving_frames(range(1, 3)) | moving_frames(range(3, 4), width=80)
    with pytest.raises(FrameSizeError, match=r"Frame 3 is 80x54, the first frame 1 is 96x54\."):
        key(settings(write_exr_plate(frames)))


def test_truncated_frame_is_named_and_what_is_whole_is_kept(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 7)))
    broken = Path(plate.replace("####", "0005"))
    broken.write_bytes(broken.read_bytes()[:-2000])
    with pytest.raises(FrameReadError, match=r"shot\.0005\.exr cannot be read") as caught:
        key(settings(plate, warm_up=0))
    assert caught.value.frame == 5
    assert set(_bytes(tmp_path / "out")) == {f"shot_matte.{n:04d}.exr" for n in range(1, 5)}


def test_frame_copied_over_another_is_made_again(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    job = settings(write_exr_plate(moving_frames(range(1, 4))))
    key(job)
    out = tmp_path / "out"
    whole = _bytes(out)
    (out / "shot_matte.0003.exr").write_bytes((out / "shot_matte.0002.exr").read_bytes())
    assert key(job).written == 1
    assert _bytes(out) == whole


def test_empty_result_of_a_power_cut_is_made_again(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    job = settings(write_exr_plate(moving_frames(range(1, 4))))
    key(job)
    whole = _bytes(tmp_path / "out")
    (tmp_path / "out" / "shot_matte.0002.exr").write_bytes(b"")
    assert key(job).written == 1
    assert _bytes(tmp_path / "out") == whole


def test_what_killed_runs_left_is_cleared_also_of_frames_that_are_done(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    job = settings(write_exr_plate(moving_frames(range(1, 4))))
    key(job)
    left = [
        tmp_path / "out" / ".shot_matte.0002.tmp-7-0123abcd.exr",
        tmp_path / "out" / "shot_matte.robust_matte" / ".plan.tmp-7-0123abcd.json",
        tmp_path / "out" / "shot_matte.robust_matte" / ".contact_sheet.tmp-7-0123abcd.png",
    ]
    for path in left:
        path.write_bytes(b"half")
        os.utime(path, (0, 0))
    assert key(job).written == 0
    assert not [path for path in left if path.exists()]


def test_place_that_cannot_be_written_is_told_before_cuts_are_looked_for(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 4)))
    (tmp_path / "file").write_bytes(b"")
    told: list[Event] = []
    with pytest.raises(WriteError, match=r"plan\.json cannot be written"):
        key(settings(plate, cuts="auto", output=str(tmp_path / "file" / "out")), told.append)
    texts = {event.text for event in told if isinstance(event, StageReached)}
    assert "reading headers" in texts
    assert "looking for cuts" not in texts


def test_overwrite_goes_on_where_it_was_stopped(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 5)))
    key(settings(plate, warm_up=0))
    assert key(settings(plate, warm_up=1, overwrite=True)).written == 4
    (tmp_path / "out" / "shot_matte.0002.exr").unlink()
    assert key(settings(plate, warm_up=1, overwrite=True)).written == 1


def test_other_layers_in_the_same_place_are_refused(
    moving_frames: Any, write_exr_plate: Any, settings: Any
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 3)))
    key(settings(plate))
    with pytest.raises(WouldOverwriteError, match=r"differs in --layers, and"):
        key(settings(plate, layers="separate"))


def test_contact_sheet_whose_name_is_too_long_is_told(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 3)))
    with pytest.raises(WriteError, match="cannot be written"):
        key(settings(plate, contact_sheet=str(tmp_path / f"{'s' * 300}.png")))


@pytest.mark.parametrize("name", ["shot.0001.png", "sheet.jpg"])
def test_contact_sheet_replaces_no_other_file(
    name: str, moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 3)))
    foreign = tmp_path / name
    foreign.write_bytes(b"somebody's")
    with pytest.raises((SettingsError, WouldOverwriteError), match="contact sheet"):
        key(settings(plate, contact_sheet=str(foreign)))
    assert foreign.read_bytes() == b"somebody's"
    own = str(tmp_path / "own.png")
    for _ in range(2):  # its own it may replace
        key(settings(plate, contact_sheet=own))


def test_overscan_and_crop_keep_their_windows(
    moving_frames: Any, settings: Any, tmp_path: Path, read_layers: Any
) -> None:
    """A data window larger than the display window, then one smaller: both come back."""
    folder = tmp_path / "plate"
    folder.mkdir()
    frames = moving_frames(range(1, 3))
    windows = {1: (-6, -4, 96, 54), 2: (10, 8, 40, 30)}
    for number, (x, y, width, height) in windows.items():
        spec = oiio.ImageSpec(width, height, 3, "float")
        spec.x, spec.y = x, y
        spec.full_x, spec.full_y, spec.full_width, spec.full_height = 0, 0, 84, 46
        image = oiio.ImageOutput.create(str(folder / f"shot.{number:04d}.exr"))
        assert image is not None
        assert image.open(str(folder / f"shot.{number:04d}.exr"), spec)
        image.write_image(np.ascontiguousarray(frames[number][:height, :width]))
        image.close()
    key(settings(str(folder / "shot.####.exr"), depth="float"))
    for number, (x, y, width, height) in windows.items():
        written = oiio.ImageInput.open(str(tmp_path / "out" / f"shot_matte.{number:04d}.exr"))
        assert written is not None
        spec = written.spec()
        assert (spec.x, spec.y, spec.width, spec.height) == (x, y, width, height)
        assert (spec.full_x, spec.full_y, spec.full_width, spec.full_height) == (0, 0, 84, 46)
        written.close()
        layers = read_layers(number)
        is_core = layers["A"] == 1.0
        plate = frames[number][:height, :width, 0]
        np.testing.assert_array_equal(layers["foreground.R"][is_core], plate[is_core])


def test_attributes_of_the_plate_are_handed_on(
    moving_frames: Any, write_exr_plate: Any, settings: Any, read_attributes: Any
) -> None:
    plate = write_exr_plate(
        moving_frames(range(1, 2)), owner="unit B", framesPerSecond=24.0, scene="27A"
    )
    key(settings(plate))
    found = read_attributes(1)
    assert found["scene"] == "27A"
    assert found["robust_matte/plate_space"] == "lin_rec709_scene (assumed)"
    own = {name for name in found if name.startswith("robust_matte/")}
    assert own == {
        f"robust_matte/{name}"
        for name in (
            *(
                "approximate",
                "gain",
                "job",
                "low_res",
                "model",
                "output_space",
                "plate_space",
                "refiner",
            ),
            *("pins", "reset", "segment", "version", "warm_up", "weights_sha256", "frame", "layer"),
        )
    }


def test_png_and_still_are_keyed_under_their_own_names(
    moving_frames: Any, settings: Any, tmp_path: Path
) -> None:
    still = tmp_path / "portrait.png"
    pixels = np.clip(moving_frames(range(1, 2))[1], 0, 1)
    buffer = oiio.ImageBuf(np.ascontiguousarray(pixels))
    assert buffer.write(str(still), oiio.UINT8)
    key(settings(str(still)))
    assert (tmp_path / "out" / "portrait_matte.exr").is_file()


def test_movie_frames_count_from_the_first_frame_asked(
    moving_frames: Any, settings: Any, tmp_path: Path, read_attributes: Any
) -> None:
    import av

    path = tmp_path / "take.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = 96, 54, "yuv444p10le"
        for pixels in moving_frames(range(5)).values():
            codes = (np.clip(pixels, 0, 1) * 65535).astype(np.uint16)
            frame = av.VideoFrame.from_ndarray(codes, format="rgb48le")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    told: list[Event] = []
    result = key(settings(str(path), first_frame=1001), told.append)
    assert result.written == 5
    stages = [event for event in told if isinstance(event, StageReached)]
    counted = [stage.done for stage in stages if stage.text == "counting frames"]
    assert counted == [1, 2, 3, 4, 5]
    assert sorted(_bytes(tmp_path / "out")) == [
        f"take_matte.{number}.exr" for number in range(1001, 1006)
    ]
    found = read_attributes(1001, name="take_matte")
    assert found["robust_matte/plate_space"] == "g24_rec709_tx (assumed)"
    assert found["chromaticities"][:2] == pytest.approx((0.64, 0.33))
