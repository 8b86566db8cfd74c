"""Keying to PNG: exact codes, straight alpha, and all that holds of EXR."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import SettingsError, WouldOverwriteError
from robust_matte.jobs.key import key
from robust_matte.jobs.progress import Event, FrameWritten, Warned

HEIGHT, WIDTH = 32, 96


def _read(path: Path) -> NDArray[np.int64]:
    """Read 16-bit codes with FFmpeg, which did not write them."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    channels = {"rgba64be": 4, "rgb48be": 3, "gray16be": 1}[frame.format.name]
    rows = np.frombuffer(memoryview(frame.planes[0]), ">u2").reshape(frame.height, -1)
    pixels = rows[:, : frame.width * channels]
    return pixels.reshape(frame.height, frame.width, channels).astype(np.int64)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


@pytest.fixture
def write_png_plate(tmp_path: Path) -> Callable[[dict[int, NDArray[Any]]], str]:
    """Write numbered frames of integer codes as PNG with OpenImageIO; returns the pattern."""

    def write(frames: dict[int, NDArray[Any]]) -> str:
        folder = tmp_path / "plate"
        folder.mkdir()
        for number, codes in frames.items():
            assert oiio.ImageBuf(np.ascontiguousarray(codes)).write(
                str(folder / f"shot.{number:04d}.png")
            )
        return str(folder / "shot.####.png")

    return write


@pytest.fixture
def alpha() -> NDArray[np.float32]:
    """Opaque, a third, nothing; each a third of the picture."""
    columns = np.array([1.0, 1 / 3, 0.0], np.float32).repeat(WIDTH // 3)
    return columns[None].repeat(HEIGHT, 0)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_codes_of_a_png_plate_come_back_exactly_where_it_is_opaque(
    kind: Any,
    alpha: NDArray[np.float32],
    write_png_plate: Any,
    settings: Any,
    fake_model: Any,
    tmp_path: Path,
    rng: np.random.Generator,
) -> None:
    codes = rng.integers(0, np.iinfo(kind).max + 1, (HEIGHT, WIDTH, 3)).astype(kind)
    fgr = rng.random((HEIGHT, WIDTH, 3), np.float32)
    truth = fake_model(lambda _: (fgr, alpha))
    key(settings(write_png_plate({7: codes}), format="png"), open_model=truth)
    found = _read(tmp_path / "out" / "shot_matte.0007.png")
    third = WIDTH // 3
    plate = codes.astype(np.int64) * (65535 // np.iinfo(kind).max)
    np.testing.assert_array_equal(found[:, :third, :3], plate[:, :third])
    np.testing.assert_array_equal(found[:, -third:, :3], plate[:, -third:])
    np.testing.assert_array_equal(found[..., 3], np.rint(alpha * 65535.0))
    band = found[:, third:-third, :3]  # straight: what the model said, not a third of it
    assert np.abs(band - np.rint(fgr[:, third:-third] * 65535.0)).max() <= 2


def test_codes_of_a_movie_come_back_exactly_where_it_is_opaque(
    settings: Any, fake_model: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    """A movie of full-range 8-bit RGB: gamma 2.4 there and back."""
    codes = rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    path = tmp_path / "take.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgr0"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(codes, format="rgb24")))
        container.mux(stream.encode(None))
    opaque = np.ones((HEIGHT, WIDTH), np.float32)
    truth = fake_model(lambda _: (np.zeros((HEIGHT, WIDTH, 3), np.float32), opaque))
    key(settings(str(path), output=str(tmp_path / "m.####.png")), open_model=truth)
    found = _read(tmp_path / "m.0001.png")
    np.testing.assert_array_equal(found[..., :3], codes.astype(np.int64) * 257)


def test_light_past_white_is_clipped_and_told(
    alpha: NDArray[np.float32],
    write_exr_plate: Any,
    settings: Any,
    fake_model: Any,
    tmp_path: Path,
) -> None:
    plate = np.full((HEIGHT, WIDTH, 3), 0.18, np.float32)
    plate[3, 5] = (5.0, 1.0, 0.5)
    plate[4, -5] = 9.0  # where nothing is keyed: no loss
    told: list[Event] = []
    truth = fake_model(lambda _: (np.full_like(plate, 0.46), alpha))
    job = settings(write_exr_plate({7: plate}), output=str(tmp_path / "m.####.png"), warm_up=0)
    key(job, told.append, open_model=truth)
    warnings = [event.text for event in told if isinstance(event, Warned)]
    assert warnings == [
        "Frame 7 has 1 values brighter than white, clipped as PNG must; EXR keeps them."
    ]
    found = _read(tmp_path / "m.0007.png")
    assert list(found[3, 5]) == [65535, 65535, 48192, 65535]  # sRGB of 0.5 is 0.735357
    grey = round((1.055 * 0.18 ** (1 / 2.4) - 0.055) * 65535)
    assert np.abs(found[:3, : WIDTH // 3, :3] - grey).max() <= 1


def test_going_on_leaves_what_is_right_and_mends_what_is_not(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    job = settings(write_exr_plate(moving_frames(range(1, 9))), format="png")

    def stop(event: Event) -> None:
        if isinstance(event, FrameWritten) and event.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        key(job, stop)
    out = tmp_path / "out"
    begun = _bytes(out)
    assert 2 <= len(begun) < 8
    assert key(job).kept == len(begun)
    whole = _bytes(out)
    assert {name: whole[name] for name in begun} == begun
    assert len(whole) == 8
    (out / "shot_matte.0003.png").unlink()
    damaged = out / "shot_matte.0005.png"
    damaged.write_bytes(damaged.read_bytes()[:-700])
    (out / "shot_matte.0006.png").write_bytes(whole["shot_matte.0007.png"])
    assert key(job).written == 3
    assert _bytes(out) == whole
    assert key(job).written == 0


def test_part_of_a_plate_is_the_whole_plates_to_the_byte(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 9)))
    key(settings(plate, format="png"))
    key(settings(plate, format="png", output=str(tmp_path / "part"), frames="5-6"))
    whole, part = _bytes(tmp_path / "out"), _bytes(tmp_path / "part")
    assert list(part) == ["shot_matte.0005.png", "shot_matte.0006.png"]
    assert part == {name: whole[name] for name in part}


@pytest.mark.parametrize(("first", "second"), [("exr", "png"), ("png", "exr")])
def test_another_format_in_the_same_place_is_refused(
    first: str, second: str, moving_frames: Any, write_exr_plate: Any, settings: Any
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 3)))
    key(settings(plate, format=first))
    with pytest.raises(WouldOverwriteError, match=r"differs in --format, and"):
        key(settings(plate, format=second))
    assert key(settings(plate, format=first)).kept == 2


def test_format_may_be_named_in_either_way(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_exr_plate(moving_frames(range(1, 3)))
    key(settings(plate, format="png"))
    named = str(tmp_path / "out" / "shot_matte.####.png")
    assert key(settings(plate, output=named)).kept == 2


def test_plate_and_foreign_files_are_not_replaced(
    write_png_plate: Any, settings: Any, tmp_path: Path
) -> None:
    codes = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    plate = write_png_plate({1: codes, 2: codes})
    with pytest.raises(SettingsError, match="is a file of the plate itself"):
        key(settings(plate, output=plate, overwrite=True))
    out = tmp_path / "out"
    out.mkdir()
    foreign = out / "shot_matte.0002.png"
    foreign.write_bytes((tmp_path / "plate" / "shot.0001.png").read_bytes())
    with pytest.raises(WouldOverwriteError, match=r"shot_matte\.0002\.png exists"):
        key(settings(plate, format="png"))
    assert [path.name for path in out.iterdir()] == ["shot_matte.0002.png"]
    assert key(settings(plate, format="png", overwrite=True)).written == 2


def test_contact_sheet_is_no_frame_of_the_result(
    write_png_plate: Any, settings: Any, tmp_path: Path
) -> None:
    plate = write_png_plate({1: np.full((HEIGHT, WIDTH, 3), 90, np.uint8)})
    sheet = str(tmp_path / "out" / "shot_matte.0001.png")
    with pytest.raises(
        SettingsError, match="is a file that this command reads or writes otherwise"
    ):
        key(settings(plate, format="png", contact_sheet=sheet))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("layers", ["combined", "separate"])
def test_contact_sheet_shows_what_that_of_exr_shows(
    layers: str,
    alpha: NDArray[np.float32],
    moving_frames: Any,
    write_exr_plate: Any,
    settings: Any,
    fake_model: Any,
    tmp_path: Path,
) -> None:
    frames = moving_frames(range(1, 3), height=HEIGHT, width=WIDTH)
    plate = write_exr_plate({number: pixels * 0.6 for number, pixels in frames.items()})
    sheets = []
    for form in ("exr", "png"):
        sheet = tmp_path / f"{form}.sheet.png"
        truth = fake_model(lambda _: (np.full((HEIGHT, WIDTH, 3), 0.4, np.float32), alpha))
        place = {"output": str(tmp_path / form), "contact_sheet": str(sheet)}
        key(settings(plate, format=form, layers=layers, warm_up=0, **place), open_model=truth)
        sheets.append(np.asarray(oiio.ImageBuf(str(sheet)).get_pixels(oiio.UINT8), np.int16))
    assert np.abs(sheets[0] - sheets[1]).max() <= 1
    assert sheets[0].std() > 20


def test_holes_are_held_or_black_and_marked(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    """The range typed begins with a hole, which has nothing before it to hold: it is black."""
    frames = moving_frames(range(2, 7))
    del frames[4]
    plate = write_exr_plate(frames).replace("####", "1-6####")
    for policy, marks in (("hold", {1: "black", 4: "3"}), ("black", {1: "black", 4: "black"})):
        folder = tmp_path / policy
        result = key(settings(plate, format="png", missing=policy, output=str(folder)))
        assert result.written == 6
        for number in range(1, 7):
            path = folder / f"shot_matte.{number:04d}.png"
            spec = oiio.ImageInput.open(str(path)).spec()  # type: ignore[union-attr]
            held = spec.get_string_attribute("robust_matte/held")
            assert held == marks.get(number, "")
            if held == "black":
                assert not _read(path).any()
            elif held:
                source = folder / f"shot_matte.{int(held):04d}.png"
                np.testing.assert_array_equal(_read(path), _read(source))


def test_overscan_is_keyed_and_cut_to_the_display_window(
    settings: Any, fake_model: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    """The same picture inside the display window, whether the overscan is worked on or not."""
    folder = tmp_path / "plate"
    folder.mkdir()
    spec = oiio.ImageSpec(WIDTH, HEIGHT, 3, "float")
    spec.x, spec.y = -8, -4
    spec.full_width, spec.full_height = WIDTH - 12, HEIGHT - 6
    pixels = rng.random((HEIGHT, WIDTH, 3), np.float32)
    image = oiio.ImageOutput.create(str(folder / "shot.0001.exr"))
    assert image is not None
    assert image.open(str(folder / "shot.0001.exr"), spec)
    image.write_image(pixels)
    image.close()
    found = []
    for area, size in (("data", (HEIGHT, WIDTH)), ("display", (HEIGHT - 6, WIDTH - 12))):
        fgr, opaque = np.zeros((*size, 3), np.float32), np.ones(size, np.float32)
        truth = fake_model(lambda _, one=fgr, other=opaque: (one, other))
        out = tmp_path / area
        job = settings(str(folder / "shot.####.exr"), format="png", work_area=area, output=str(out))
        key(job, open_model=truth)
        found.append(_read(out / "shot_matte.0001.png"))
    assert found[0].shape == (HEIGHT - 6, WIDTH - 12, 4)
    np.testing.assert_array_equal(found[0], found[1])
    inside = pixels[4 : HEIGHT - 2, 8 : WIDTH - 4].astype(np.float64)
    codes = np.where(inside <= 0.0031308, inside * 12.92, 1.055 * inside ** (1 / 2.4) - 0.055)
    assert np.abs(found[0][..., :3] - np.rint(codes * 65535)).max() <= 1


@pytest.mark.parametrize("policy", ["keep", "zero"])
def test_bad_pixels_are_told_and_written_as_codes(
    policy: str, write_exr_plate: Any, settings: Any, fake_model: Any, tmp_path: Path
) -> None:
    plate = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    plate[2, 3], plate[2, 4] = np.nan, np.inf
    opaque = np.ones((HEIGHT, WIDTH), np.float32)
    truth = fake_model(lambda _: (np.zeros_like(plate), opaque))
    told: list[Event] = []
    job = settings(write_exr_plate({1: plate}), format="png", nonfinite=policy, warm_up=0)
    key(job, told.append, open_model=truth)
    texts = [event.text for event in told if isinstance(event, Warned)]
    assert any("2 NaN or infinite pixels" in text for text in texts)
    found = _read(tmp_path / "out" / "shot_matte.0001.png")
    assert list(found[2, 3]) == [0, 0, 0, 65535]
    assert list(found[2, 4, :3]) == ([65535] * 3 if policy == "keep" else [0] * 3)
