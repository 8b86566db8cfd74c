"""The review: colours, time, windows, and what it refuses to replace.

Colours are compared with numbers computed here, in double precision from the definitions. H.264 at
crf 16 in 8 bits and 4:2:0 gives flat patches back within 3 of 255, away from their edges.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from struct import pack
from typing import Any

import av
import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.errors import FrameReadError, SettingsError, WouldOverwriteError, WriteError
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.progress import Event, Noted, StageReached, Warned
from robust_matte.jobs.review import Review, check_review, make_review
from robust_matte.keying.matte import Matte
from robust_matte.media.exr_write import write_exr
from robust_matte.media.frames import FrameHeader
from robust_matte.media.movie_write import MovieFormat, to_picture, write_movie
from robust_matte.media.plates import MoviePlate, Plate, open_plate
from robust_matte.media.sequences import FramePattern
from robust_matte.media.windows import Size, Window
from robust_matte.settings.backdrop import Backdrop
from robust_matte.settings.choices import ImageFormat, Layers, PlateSpace
from robust_matte.settings.frame_range import FrameRange

TOLERANCE = 3  # of 255
DISPLAY = Window(0, 0, 128, 64)
SRGB, GAMMA = PlateSpace.SRGB, PlateSpace.GAMMA24_REC709
Codes = NDArray[np.float64]


def _timecode(text: str) -> OpenEXR.OpaqueAttribute:
    """Pack `01:02:03:04` as SMPTE 12M does: two decimal digits a byte, hours first."""
    return OpenEXR.OpaqueAttribute(pack("<2I", int(text.replace(":", ""), 16), 0), "timecode")


@pytest.fixture
def plate(tmp_path: Path) -> Callable[..., Plate]:
    """Make an EXR plate of black frames with the attributes given."""

    def made(numbers: range = range(1, 4), aspect: float = 1.0, **attributes: Any) -> Plate:
        for number in numbers:
            code = {"timeCode": _timecode(f"01:00:00:{number:02d}")}
            write_exr(
                tmp_path / "plate" / f"a.{number:04d}.exr",
                dict.fromkeys("RGB", np.zeros((64, 128), np.float16)),
                data_window=DISPLAY,
                display_window=DISPLAY,
                pixel_aspect=aspect,
                attributes=(code | attributes) if attributes else {},
            )
        return open_plate(str(tmp_path / "plate" / "a.####.exr"))

    return made


@pytest.fixture
def review(tmp_path: Path) -> Callable[..., Review]:
    """Make a review of results that are written at once."""

    def made(
        plate: Plate,
        mattes: dict[int, Matte],
        *,
        over: str = "checker",
        frames: FrameRange | None = None,
        encoding: PlateSpace = SRGB,
        form: ImageFormat = ImageFormat.EXR,
        display: Window = DISPLAY,
    ) -> Review:
        where = str(tmp_path / f"out/m.####.{form}")
        pattern = FramePattern(tmp_path, "a.", 4, ".exr")
        outputs = Outputs.named(where, pattern, layers=Layers.COMBINED)
        for number, matte in mattes.items():
            header = FrameHeader(data_window=matte.window, display_window=display)
            outputs.write(number, matte, header, {}, ModelView(encoding))
        return Review(
            plate=plate,
            outputs=outputs,
            frames=frames or FrameRange(min(mattes), max(mattes)),
            display=display,
            seen=ModelView(encoding),
            backdrop=Backdrop.parse(over),
        )

    return made


def _matte(foreground: NDArray[Any], alpha: NDArray[Any], window: Window = DISPLAY) -> Matte:
    colour, cover = foreground.astype(np.float32), alpha.astype(np.float32)
    with np.errstate(invalid="ignore"):
        rgb = np.where(cover[..., None] > 0, colour * cover[..., None], 0).astype(np.float32)
    return Matte(rgb=rgb, alpha=cover, foreground=colour, network_alpha=cover, window=window)


def _plain(level: float) -> Matte:
    return _matte(np.full((64, 128, 3), level), np.ones((64, 128)))


def _codes(path: Path) -> list[Codes]:
    """Decode a movie to R'G'B' of 255, by BT.709-6's own equations."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            planes = []
            for plane in frame.planes:
                rows = np.frombuffer(memoryview(plane), np.uint8)
                rows = rows.reshape(plane.height, plane.line_size)[:, : plane.width]
                planes.append(rows.astype(np.float64))
            y = (planes[0] - 16) / 219
            cb, cr = (plane.repeat(2, 0).repeat(2, 1) / 224 - 128 / 224 for plane in planes[1:])
            red, blue = y + 1.5748 * cr, y + 1.8556 * cb
            green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
            found.append(np.stack([red, green, blue], axis=2) * 255)
    return found


def _encode(light: Codes, encoding: PlateSpace) -> Codes:
    held = np.clip(light, 0, 1)
    if encoding is GAMMA:
        return held ** (1 / 2.4)
    return np.where(held <= 0.0031308, held * 12.92, 1.055 * held ** (1 / 2.4) - 0.055)


def _decode(code: Codes, encoding: PlateSpace) -> Codes:
    if encoding is GAMMA:
        return code**2.4
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("form", ImageFormat)
@pytest.mark.parametrize("encoding", [SRGB, GAMMA])
@pytest.mark.parametrize("over", ["black", "white", "grey", "green", "#1e90ff"])
def test_patches_over_colours_are_mixed_in_light(
    over: str,
    encoding: PlateSpace,
    form: ImageFormat,
    plate: Any,
    review: Any,
    tmp_path: Path,
) -> None:
    """Eight patches: two colours of light by four alphas, each 32 x 32."""
    colours = np.array([(0.7, 0.05, 0.2), (0.02, 0.3, 0.6)])
    alphas = np.array([0.0, 0.25, 0.5, 1.0])
    foreground = colours.repeat(32, 0)[:, None].repeat(128, 1)
    alpha = alphas.repeat(32)[None].repeat(64, 0)
    job = review(plate(), {1: _matte(foreground, alpha)}, over=over, encoding=encoding, form=form)
    make_review(tmp_path / "r.mp4", job, lambda _: None)
    (shown,) = _codes(tmp_path / "r.mp4")
    below = _decode(np.array(Backdrop.parse(over).code), encoding)
    for row, colour in enumerate(colours):
        for column, cover in enumerate(alphas):
            wanted = 255 * _encode(colour * cover + below * (1 - cover), encoding)
            patch = shown[32 * row + 8 : 32 * row + 24, 32 * column + 8 : 32 * column + 24]
            assert np.abs(patch - wanted).max() <= TOLERANCE, (colour, cover)


def test_checker_shows_where_there_is_no_alpha(plate: Any, review: Any, tmp_path: Path) -> None:
    alpha = np.zeros((64, 128))
    alpha[:, 64:] = 1.0
    job = review(plate(), {1: _matte(np.full((64, 128, 3), 0.5), alpha)})
    make_review(tmp_path / "r.mp4", job, lambda _: None)
    (shown,) = _codes(tmp_path / "r.mp4")
    for row in range(8):
        for column in range(8):
            square = shown[8 * row + 2 : 8 * row + 6, 8 * column + 2 : 8 * column + 6]
            wanted = 255 * (0.42 if (row + column) % 2 else 0.28)
            assert np.abs(square - wanted).max() <= TOLERANCE, (row, column)
    assert np.abs(shown[:, 72:] - 255 * _encode(np.array(0.5), SRGB)).max() <= TOLERANCE


def test_light_past_white_and_bad_pixels_are_shown_bounded(
    plate: Any, review: Any, tmp_path: Path
) -> None:
    light = np.full((64, 128, 3), 7.0)
    light[:, :32], light[:, 32:64], light[:, 64:96] = np.nan, np.inf, -3.0
    job = review(plate(), {1: _matte(light, np.ones((64, 128)))}, over="green")
    make_review(tmp_path / "r.mp4", job, lambda _: None)
    (shown,) = _codes(tmp_path / "r.mp4")
    for column, wanted in enumerate((0, 255, 0, 255)):
        patch = shown[:, 32 * column + 8 : 32 * column + 24]
        assert np.abs(patch - wanted).max() <= TOLERANCE


def test_window_is_cut_and_filled_to_the_display_window(
    plate: Any, review: Any, tmp_path: Path
) -> None:
    """Pixels from (-16, 32) to (48, 96): they reach out of the picture and do not fill it."""
    window = Window(-16, 32, 64, 64)
    matte = _matte(np.ones((64, 64, 3)), np.ones((64, 64)), window)
    matte.rgb[:, :16] = matte.foreground[:, :16] = 0.0  # what must not be seen
    make_review(tmp_path / "r.mp4", review(plate(), {1: matte}, over="green"), lambda _: None)
    (shown,) = _codes(tmp_path / "r.mp4")
    assert shown.shape == (64, 128, 3)
    assert np.abs(shown[36:, :44] - 255).max() <= TOLERANCE
    green = np.array((0, 177, 64))
    assert np.abs(shown[:28] - green).max() <= TOLERANCE
    assert np.abs(shown[36:, 56:] - green).max() <= TOLERANCE


@pytest.mark.parametrize("form", ImageFormat)
def test_display_window_may_start_anywhere(
    form: ImageFormat, plate: Any, review: Any, tmp_path: Path
) -> None:
    """A quarter of the picture is white, at its top left; a PNG knows nothing of windows."""
    display = Window(40, -24, 128, 64)
    matte = _matte(np.ones((32, 64, 3)), np.ones((32, 64)), Window(40, -24, 64, 32))
    job = review(plate(), {1: matte}, over="green", form=form, display=display)
    make_review(tmp_path / "r.mp4", job, lambda _: None)
    (shown,) = _codes(tmp_path / "r.mp4")
    green = np.array((0, 177, 64))
    assert np.abs(shown[:28, :56] - 255).max() <= TOLERANCE
    assert np.abs(shown[36:] - green).max() <= TOLERANCE
    assert np.abs(shown[:, 72:] - green).max() <= TOLERANCE


def test_frame_leaves_nothing_behind_in_the_next(plate: Any, review: Any, tmp_path: Path) -> None:
    halves = np.zeros((2, 64, 128))
    halves[0, :, :64] = halves[1, :, 64:] = 1.0
    white = np.ones((64, 128, 3))
    job = review(plate(), {n: _matte(white, halves[n % 2]) for n in (2, 3)}, over="green")
    make_review(tmp_path / "r.mp4", job, lambda _: None)
    first, second = _codes(tmp_path / "r.mp4")
    green = np.array((0, 177, 64))
    for white_part, green_part in (
        (first[:, :56], first[:, 72:]),
        (second[:, 72:], second[:, :56]),
    ):
        assert np.abs(white_part - 255).max() <= TOLERANCE
        assert np.abs(green_part - green).max() <= TOLERANCE


def test_odd_sizes_become_even(plate: Any, review: Any, tmp_path: Path) -> None:
    display = Window(0, 0, 37, 21)
    matte = _matte(np.full((21, 37, 3), 0.5), np.ones((21, 37)), display)
    make_review(tmp_path / "r.mp4", review(plate(), {1: matte}, display=display), lambda _: None)
    (shown,) = _codes(tmp_path / "r.mp4")
    assert shown.shape == (22, 38, 3)
    assert np.abs(shown - 255 * _encode(np.array(0.5), SRGB)).max() <= TOLERANCE


def _described(path: Path) -> tuple[object, object, object]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return stream.average_rate, stream.metadata.get("timecode"), stream.sample_aspect_ratio


@pytest.mark.parametrize(
    ("first", "timecode"),
    [
        pytest.param(3, "01:00:00:03", id="its own"),
        pytest.param(1, "01:00:00:01", id="of a hole before the first frame"),
        pytest.param(7, "01:00:00:07", id="of a hole after the last frame"),
    ],
)
def test_rate_timecode_and_aspect_are_the_plates(
    first: int, timecode: str, plate: Any, review: Any, tmp_path: Path
) -> None:
    source = plate(range(2, 6), aspect=2.0, framesPerSecond=Fraction(24000, 1001))
    told: list[Event] = []
    make_review(tmp_path / "r.mov", review(source, {first: _plain(0.5)}), told.append)
    assert not [event for event in told if isinstance(event, Noted)]
    assert _described(tmp_path / "r.mov") == (Fraction(24000, 1001), timecode, 2)


def test_plate_that_states_nothing_is_shown_at_24(plate: Any, review: Any, tmp_path: Path) -> None:
    told: list[Event] = []
    make_review(tmp_path / "r.mov", review(plate(), {1: _plain(0.5)}), told.append)
    assert _described(tmp_path / "r.mov")[:2] == (24, None)
    texts = {event.text for event in told if isinstance(event, StageReached)}
    assert texts == {"making the review at 24 fps"}
    notes = [event.text for event in told if isinstance(event, Noted)]
    assert notes == ["The review runs at 24 fps, assumed: the plate states no usable rate."]


@pytest.mark.parametrize("rate", [Fraction(1, 10), Fraction(100000, 1)])
def test_rate_that_cannot_be_meant_is_24(
    rate: Fraction, plate: Any, review: Any, tmp_path: Path
) -> None:
    job = review(plate(framesPerSecond=rate), {1: _plain(0.5)})
    make_review(tmp_path / "r.mp4", job, lambda _: None)
    assert _described(tmp_path / "r.mp4")[0] == 24


def test_timecode_that_does_not_fit_is_left_out_and_told(
    plate: Any, review: Any, tmp_path: Path
) -> None:
    source = plate(range(1, 2), framesPerSecond=Fraction(24), timeCode=_timecode("01:00:00:29"))
    told: list[Event] = []
    make_review(tmp_path / "r.mp4", review(source, {1: _plain(0.5)}), told.append)
    assert Warned("The timecode 01:00:00:29 is none at 24 fps: the review has none.") in told
    assert _described(tmp_path / "r.mp4")[1] is None


def test_movies_timecode_is_counted_to_the_first_frame_shown(review: Any, tmp_path: Path) -> None:
    form = MovieFormat(
        size=Size(128, 64), rate=Fraction(25), timecode="10:00:00:20", comment="a take"
    )
    black = to_picture(np.zeros((64, 128, 3), np.float32))
    write_movie(tmp_path / "take.mov", [black] * 12, form)
    source = MoviePlate(tmp_path / "take.mov", first_frame=101)
    job = review(source, {number: _plain(0.5) for number in (107, 108)})
    make_review(tmp_path / "r.mp4", job, lambda _: None)
    assert _described(tmp_path / "r.mp4") == (25, "10:00:01:01", 1)


def test_frames_come_in_order_and_a_step_repeats_them(
    plate: Any, review: Any, tmp_path: Path
) -> None:
    levels = {number: 0.02 * number for number in (1, 4, 7, 10)}
    mattes = {number: _plain(level) for number, level in levels.items()}
    job = review(plate(), mattes, frames=FrameRange(1, 11, 3))
    make_review(tmp_path / "r.mp4", job, lambda _: None)
    shown = [float(codes.mean()) for codes in _codes(tmp_path / "r.mp4")]
    wanted = [255 * float(_encode(np.array(levels[n]), SRGB)) for n in (1, 1, 1, 4, 4, 4, 7, 7, 7)]
    last = [255 * float(_encode(np.array(levels[10]), SRGB))] * 2
    np.testing.assert_allclose(shown, wanted + last, atol=TOLERANCE)


def test_progress_is_told_with_the_time_to_go(plate: Any, review: Any, tmp_path: Path) -> None:
    told: list[Event] = []
    mattes = {number: _plain(0.5) for number in range(1, 6)}
    make_review(tmp_path / "r.mp4", review(plate(), mattes), told.append)
    stages = [event for event in told if isinstance(event, StageReached)]
    assert {event.stage for event in stages} == {"reviewing"}
    assert [(event.done, event.total) for event in stages] == [(done, 5) for done in range(6)]
    assert stages[0].eta_s is None
    assert all(event.eta_s is not None and event.eta_s >= 0 for event in stages[1:])
    assert stages[-1].eta_s == 0


def test_lost_result_ends_it_and_leaves_the_review_before(
    plate: Any, review: Any, tmp_path: Path
) -> None:
    path = tmp_path / "r.mp4"
    job = review(plate(), {number: _plain(0.5) for number in range(1, 6)})
    make_review(path, job, lambda _: None)
    before = path.read_bytes()
    job.outputs.files(3)[0].unlink()
    with pytest.raises(FrameReadError, match=r"m\.0003\.exr"):
        make_review(path, job, lambda _: None)
    assert path.read_bytes() == before
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_same_frames_give_the_same_bytes(plate: Any, review: Any, tmp_path: Path) -> None:
    job = review(plate(), {number: _plain(0.1 * number) for number in range(1, 6)})
    for name in ("a.mp4", "b.mp4"):
        make_review(tmp_path / name, job, lambda _: None)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


SIZE = Size(128, 64)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("r.mkv", "does not end in .mp4 or .mov.", id="another movie"),
        pytest.param("r.exr", "does not end in .mp4 or .mov.", id="a still"),
        pytest.param("r", "does not end in .mp4 or .mov.", id="no ending"),
        pytest.param("", "is a folder.", id="folder"),
        pytest.param("folder.mov", "is a folder.", id="folder named like a movie"),
        pytest.param("plate.mp4", "is a file that this command reads or", id="plate"),
        pytest.param("link.mp4", "is a file that this command reads or", id="link to the plate"),
    ],
)
def test_name_that_cannot_serve_is_told(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "folder.mov").mkdir()
    taken = (tmp_path / "plate.mp4").resolve()
    taken.write_bytes(b"a plate")
    (tmp_path / "link.mp4").symlink_to(taken)
    with pytest.raises(SettingsError, match=f"The review .* {re.escape(said)}"):
        check_review(tmp_path / name, {taken}, SIZE, overwrite=True)


def test_picture_larger_than_h264_takes_is_told(tmp_path: Path) -> None:
    check_review(tmp_path / "r.mp4", set(), Size(16384, 16384), overwrite=False)
    with pytest.raises(SettingsError, match="A review of 64x16385 pixels cannot be made"):
        check_review(tmp_path / "r.mp4", set(), Size(64, 16385), overwrite=False)


def test_other_movies_are_replaced_only_if_asked(plate: Any, review: Any, tmp_path: Path) -> None:
    foreign = tmp_path / "edit.mov"
    form = MovieFormat(size=SIZE, rate=Fraction(24), comment="the edit")
    write_movie(foreign, [to_picture(np.zeros((64, 128, 3), np.float32))], form)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"somebody's")
    for path in (foreign, broken):
        with pytest.raises(WouldOverwriteError, match="exists and is no review of this program"):
            check_review(path, set(), SIZE, overwrite=False)
        check_review(path, set(), SIZE, overwrite=True)
    own = tmp_path / "r.mp4"
    make_review(own, review(plate(), {1: _plain(0.5)}), lambda _: None)
    check_review(own, set(), SIZE, overwrite=False)


def test_place_that_cannot_be_written_is_told_before(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name, said in (
        ("file/r.mp4", "a part of its folder's name is a file"),
        (f"{'r' * 300}.mp4", "cannot be written"),
    ):
        with pytest.raises(WriteError, match=said):
            check_review(tmp_path / name, set(), SIZE, overwrite=False)
