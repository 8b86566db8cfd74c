"""Movies of finished frames: what is in them, when they are made again, and what stops them."""

import json
import os
import struct
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenEXR
import PyOpenColorIO as ocio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import (
    FrameReadError,
    FrameSizeError,
    InputError,
    MissingFramesError,
    RobustMatteError,
    SettingsError,
    WouldOverwriteError,
)
from robust_matte.jobs.assemble import AssembleResult, assemble
from robust_matte.jobs.progress import Event, Noted, StageReached, Warned
from robust_matte.settings.assemble_settings import AssembleSettings

Image = NDArray[np.float32]

_HEIGHT, _WIDTH = 32, 48
_PLAIN = {
    "framesPerSecond": Fraction(24),
    "robust_matte/output_space": "lin_rec709_scene",
    "robust_matte/plate_space": "g24_rec709_tx",
}
_CONFIG = "ocio://studio-config-v4.0.0_aces-v2.0_ocio-v2.5"


def _layers(number: int = 0) -> tuple[Image, Image]:
    """Return a smooth foreground, (H, W, 3), and an alpha with a soft edge, (H, W)."""
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH] / _WIDTH
    foreground = np.stack([0.2 + 0.3 * x, 0.35 - 0.2 * y, 0.1 + 0.4 * y], axis=-1)
    alpha = np.clip(7.5 - 20 * np.hypot(x - 0.5 - number / 100, y - 0.33), 0, 1)
    return foreground.astype(np.float32), alpha.astype(np.float32)


def _word(text: str) -> OpenEXR.OpaqueAttribute:
    """Return a timecode of single frames, `01:02:03:04`, digit by digit."""
    return OpenEXR.OpaqueAttribute(
        struct.pack("<2I", int(text.replace(":", ""), 16), 0), "timecode"
    )


@pytest.fixture
def result(tmp_path: Path) -> Callable[..., str]:
    """Write finished frames as OpenEXR itself does, and return their pattern."""

    def write(
        numbers: Iterable[int] = range(1001, 1004),
        *,
        name: str = "matte",
        folder: str = "out",
        layers: Callable[[int], tuple[Image, Image]] = lambda number: _layers(number - 1001),
        timecodes: Callable[[int], OpenEXR.OpaqueAttribute | None] = lambda _: None,
        **attributes: Any,
    ) -> str:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for number in numbers:
            foreground, alpha = layers(number)
            planes = [*np.moveaxis(foreground * alpha[..., None], -1, 0), alpha]
            channels = {
                letter: np.ascontiguousarray(plane.astype(np.float16))
                for letter, plane in zip("RGBA", planes, strict=True)
            }
            timecode = timecodes(number)
            header = _PLAIN | attributes | ({"timeCode": timecode} if timecode else {})
            header = {name: value for name, value in header.items() if value is not None}
            path = tmp_path / folder / f"{name}.{number:04d}.exr"
            OpenEXR.File(header, channels).write(str(path))
        return str(tmp_path / folder / f"{name}.####.exr")

    return write


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., AssembleResult]:
    """Make tmp_path/shot.mov and return what became of it."""

    def make(result: str, **values: Any) -> AssembleResult:
        listener = values.pop("listener", lambda _: None)
        usual = {"output": tmp_path / "shot.mov"}
        return assemble(AssembleSettings(result=result, **(usual | values)), listener)

    return make


def _pictures(path: Path) -> list[list[NDArray[np.float64]]]:
    """Return Y, Cb, Cr and alpha of each frame, in codes of 10 bits."""
    pictures = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.format.name in ("yuva444p12le", "yuv444p12le")
            planes = []
            for plane in frame.planes:
                rows = np.frombuffer(memoryview(plane), "<u2").reshape(plane.height, -1)
                planes.append(rows[:, : plane.width] / 4)
            pictures.append(planes)
    return pictures


_BT709, _BT2020 = (0.2126, 0.0722), (0.2627, 0.0593)


def _codes(rgb: NDArray[Any], matrix: tuple[float, float] = _BT709) -> list[NDArray[np.float64]]:
    """Return R'G'B' as limited-range codes of 10 bits, by the numbers of the standards."""
    kr, kb = matrix
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    return [64 + 876 * luma, 512 + 896 * cb, 512 + 896 * cr]


def _assert_codes(
    found: Any,
    rgb: NDArray[Any],
    where: Any,
    *,
    within: float = 1.0,
    matrix: tuple[float, float] = _BT709,
) -> None:
    """Codes are within one, but for a pixel or so in blocks where much happens."""
    for plane, wanted in zip(found[:3], _codes(rgb, matrix), strict=True):
        off = np.abs(plane - np.rint(wanted))[where]
        assert np.percentile(off, 98) <= within
        assert off.max() <= within + 1
        assert np.abs((plane - wanted)[where].mean()) < 0.5


def test_the_movie_holds_what_the_frames_hold(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    told: list[Event] = []
    found = made(result(), listener=told.append)
    pictures = _pictures(tmp_path / "shot.mov")
    assert len(pictures) == len(found.frames) == 3
    for index, planes in enumerate(pictures):
        foreground, alpha = _layers(index)
        assert np.abs(planes[3] * 4 / 4095 - alpha.astype(np.float16)).max() <= 0.75 / 1023
        is_opaque = alpha == 1
        assert is_opaque.sum() > 100
        _assert_codes(planes, foreground ** (1 / 2.4), is_opaque)
        _assert_codes(planes, foreground ** (1 / 2.4), alpha > 0.02, within=2)
    stages = [event for event in told if isinstance(event, StageReached)]
    assert [stage.done for stage in stages if stage.stage == "assembling"] == [0, 1, 2, 3]
    (note,) = [event.text for event in told if isinstance(event, Noted)]
    assert note.startswith("colour is encoded as Rec.709 gamma 2.4 (Rec.1886), as the plate was")


def test_rate_timecode_reel_aspect_and_tags_are_told(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    found = made(
        result(
            timecodes=lambda number: _word(f"01:02:03:{number - 991}"),
            framesPerSecond=Fraction(24000, 1001),
            reelName="A001C003",
            pixelAspectRatio=2.0,
        )
    )
    assert found.timecode == "01:02:03:10"
    with av.open(str(tmp_path / "shot.mov")) as container:
        stream = container.streams.video[0]
        coding = stream.codec_context
        assert stream.average_rate == Fraction(24000, 1001)
        assert stream.sample_aspect_ratio == 2
        assert (coding.colorspace, coding.color_trc, coding.color_primaries) == (1, 1, 1)
        reels = [one.metadata.get("reel_name") for one in container.streams]
        assert "A001C003" in reels
        assert stream.metadata["timecode"] == "01:02:03:10"
        assert stream.frames == 3
    data = (tmp_path / "shot.mov").read_bytes()
    assert b"colrnclc\0\1\0\1\0\1" in data
    assert b"gama" not in data


def test_a_movie_of_the_same_frames_is_not_made_again(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    pattern, movie = result(), tmp_path / "shot.mov"
    assert made(pattern).is_new
    before = movie.stat()
    again = made(str(tmp_path / "out"))  # the folder instead of the pattern
    assert not again.is_new
    assert (movie.stat().st_ino, movie.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_changed_frame_makes_it_again(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    """Also where the frame's size and time are what they were."""
    pattern = result(compression=OpenEXR.NO_COMPRESSION)
    made(pattern)
    first = (tmp_path / "shot.mov").read_bytes()
    path = tmp_path / "out" / "matte.1002.exr"
    before = path.stat()
    result([1002], layers=lambda _: _layers(9), compression=OpenEXR.NO_COMPRESSION)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert made(pattern).is_new
    assert (tmp_path / "shot.mov").read_bytes() != first


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"alpha": "premultiplied"}, id="alpha"),
        pytest.param({"fps": "25"}, id="rate"),
        pytest.param({"frames": "1001-1002"}, id="frames"),
        pytest.param({"view_transform": "srgb_rec709_scene"}, id="transform"),
    ],
)
def test_other_settings_make_it_again(
    change: dict[str, str], result: Any, made: Callable[..., AssembleResult]
) -> None:
    pattern = result()
    made(pattern)
    assert made(pattern, **change).is_new
    assert not made(pattern, **change).is_new


def test_the_same_frames_give_the_same_bytes_anywhere(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    made(result())
    made(result(folder="elsewhere"), output=tmp_path / "second.mov")
    assert (tmp_path / "shot.mov").read_bytes() == (tmp_path / "second.mov").read_bytes()


def test_what_fails_leaves_the_movie_of_before(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    pattern, movie = result(), tmp_path / "shot.mov"
    made(pattern)
    before = movie.read_bytes()
    path = tmp_path / "out" / "matte.1003.exr"
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(FrameReadError, match=r"matte.1003.exr cannot be read"):
        made(pattern)
    assert movie.read_bytes() == before
    assert list(tmp_path.glob(".*")) == []


def test_a_frame_that_changes_meanwhile_is_told(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    pattern = result()

    def change(event: Event) -> None:
        if isinstance(event, StageReached) and event.stage == "assembling" and not event.done:
            os.utime(tmp_path / "out" / "matte.1003.exr", (1, 1))

    with pytest.raises(FrameReadError, match=r"matte.1003.exr was changed while"):
        made(pattern, listener=change)
    assert not (tmp_path / "shot.mov").exists()


def test_beyond_the_data_window_the_movie_is_transparent(
    made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    planes = {letter: np.full((8, 24), 0.5, np.float32) for letter in "RGB"}
    planes["A"] = np.ones((8, 24), np.float32)
    header = _PLAIN | {
        "dataWindow": (np.array([-4, 20], np.int32), np.array([19, 27], np.int32)),
        "displayWindow": (np.array([0, 0], np.int32), np.array([47, 31], np.int32)),
    }
    OpenEXR.File(header, planes).write(str(tmp_path / "one.exr"))
    assert str(made(str(tmp_path / "one.exr")).size) == "48x32"
    (found,) = _pictures(tmp_path / "shot.mov")
    wanted = np.zeros((32, 48))
    wanted[20:28, :20] = 1
    np.testing.assert_allclose(found[3] * 4 / 4095, wanted, atol=1e-6)
    _assert_codes(found, np.full((32, 48, 3), 0.5 ** (1 / 2.4)), np.s_[:], within=2)  # carried on


def test_premultiplied_codes_are_black_where_nothing_is(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    made(result([1001]), alpha="premultiplied")
    (found,) = _pictures(tmp_path / "shot.mov")
    foreground, alpha = _layers()
    _assert_codes(found, foreground ** (1 / 2.4) * alpha[..., None], np.s_[:], within=3)
    assert np.abs(found[3] * 4 / 4095 - alpha.astype(np.float16)).max() <= 0.75 / 1023


def test_without_alpha_the_result_is_over_black(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    made(result([1001]), alpha="none")
    (found,) = _pictures(tmp_path / "shot.mov")
    foreground, alpha = _layers()
    assert len(found) == 3
    light = foreground * alpha[..., None]
    inner = np.hypot(*(np.mgrid[0:_HEIGHT, 0:_WIDTH] - np.array([16, 24])[:, None, None])) < 8
    assert np.median(np.abs(found[0] - _codes(light ** (1 / 2.4))[0])[inner]) < 1
    assert np.abs(found[0] - _codes(light ** (1 / 2.4))[0]).mean() < 1


def _pq(light: NDArray[Any]) -> NDArray[Any]:
    """Encode cd/m2 as SMPTE ST 2084 says."""
    power = (light / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def _srgb(light: NDArray[Any]) -> NDArray[Any]:
    """Encode as IEC 61966-2-1 says."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


# ACEScg to linear Rec.709, Bradford-adapted, from the primaries of AP1 and Rec.709.
_AP1_TO_REC709 = np.array(
    [
        [1.70505, -0.62179, -0.08326],
        [-0.13026, 1.14080, -0.01055],
        [-0.02400, -0.12897, 1.15297],
    ]
)


@pytest.mark.parametrize(
    ("output", "plate", "encode", "tags"),
    [
        pytest.param("lin_rec709_scene", "srgb_rec709_scene", _srgb, (13, 1, 1), id="sRGB plate"),
        pytest.param(
            "lin_rec709_scene (assumed)",
            "lin_rec709_scene (assumed)",
            lambda light: light ** (1 / 2.4),
            (1, 1, 1),
            id="linear plate",
        ),
        pytest.param(
            "lin_rec2020_scene",
            "pq_rec2020_display",
            lambda light: _pq(light * 100),
            (16, 9, 9),
            id="PQ plate",
        ),
        pytest.param(
            "ACEScg",
            "ACEScct",
            lambda light: np.clip(light @ _AP1_TO_REC709.T, 0, 1) ** (1 / 2.4),
            (1, 1, 1),
            id="ACES plate",
        ),
    ],
)
def test_colour_is_encoded_as_the_plate_was(
    output: str,
    plate: str,
    encode: Any,
    tags: tuple[int, int, int],
    result: Any,
    made: Callable[..., AssembleResult],
    tmp_path: Path,
) -> None:
    spaces = {"robust_matte/output_space": output, "robust_matte/plate_space": plate}
    made(result([1001], **spaces))
    (found,) = _pictures(tmp_path / "shot.mov")
    foreground, alpha = _layers()
    matrix = _BT2020 if tags[2] == 9 else _BT709
    _assert_codes(found, encode(foreground.astype(np.float64)), alpha == 1, matrix=matrix)
    with av.open(str(tmp_path / "shot.mov")) as container:
        coding = container.streams.video[0].codec_context
        assert (coding.color_trc, coding.color_primaries, coding.colorspace) == tags


def test_frames_of_another_program_say_their_primaries(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    told: list[Event] = []
    ap1 = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)
    spaces = {"robust_matte/output_space": None, "robust_matte/plate_space": None}
    made(result([1001], chromaticities=ap1, **spaces), listener=told.append)
    notes = [event.text for event in told if isinstance(event, Noted)]
    assert notes[0] == "the frames are in ACEScg, from the files' chromaticities"
    foreground, alpha = _layers()
    wanted = np.clip(foreground @ _AP1_TO_REC709.T, 0, 1) ** (1 / 2.4)
    _assert_codes(_pictures(tmp_path / "shot.mov")[0], wanted, alpha == 1)


def test_codes_above_white_of_a_movie_plate_come_back(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    bright = np.full((_HEIGHT, _WIDTH, 3), 1.08**2.4, np.float32)
    ones = np.ones((_HEIGHT, _WIDTH), np.float32)
    pattern = result([1001], layers=lambda _: (bright, ones))
    made(pattern)
    assert np.abs(_pictures(tmp_path / "shot.mov")[0][0] - (64 + 876 * 1.08)).max() <= 1
    made(pattern, view_transform="g24_rec709_tx")  # asked for by name, white is the end
    assert np.abs(_pictures(tmp_path / "shot.mov")[0][0] - 940).max() <= 1


@pytest.mark.parametrize(
    ("asked", "display", "view", "tags"),
    [
        pytest.param(
            "ACES 2.0 - SDR 100 nits (Rec.709)",
            "Rec.1886 Rec.709 - Display",
            "ACES 2.0 - SDR 100 nits (Rec.709)",
            (1, 1, 1),
            id="view",
        ),
        pytest.param(
            "sRGB - Display/Un-tone-mapped",
            "sRGB - Display",
            "Un-tone-mapped",
            (13, 1, 1),
            id="display and view",
        ),
        pytest.param(
            "Rec.2100-PQ - Display/Un-tone-mapped",
            "Rec.2100-PQ - Display",
            "Un-tone-mapped",
            (16, 9, 9),
            id="PQ",
        ),
    ],
)
def test_a_named_view_is_opencolorios(
    asked: str,
    display: str,
    view: str,
    tags: tuple[int, int, int],
    result: Any,
    made: Callable[..., AssembleResult],
    tmp_path: Path,
) -> None:
    found = made(result([1001]), view_transform=asked)
    assert found.rendering == f"{display}/{view}"
    config = ocio.Config.CreateFromFile(_CONFIG)
    transform = ocio.DisplayViewTransform(src="lin_rec709_scene", display=display, view=view)
    codes = _layers()[0].copy()
    config.getProcessor(transform).getDefaultCPUProcessor().applyRGB(codes)
    with av.open(str(tmp_path / "shot.mov")) as container:
        coding = container.streams.video[0].codec_context
        assert (coding.color_trc, coding.color_primaries, coding.colorspace) == tags
    if tags[2] == 1:
        _assert_codes(_pictures(tmp_path / "shot.mov")[0], codes, _layers()[1] == 1)


@pytest.mark.parametrize(
    ("rate", "codes", "timecode", "warning"),
    [
        pytest.param("24", {1001: None}, "01:00:00:21", None, id="first without"),
        pytest.param(
            "24", {1003: _word("01:00:00:07")}, "01:00:00:21", "1003 does not go on", id="jump"
        ),
        pytest.param("15", {}, None, "01:00:00:21 of frame 1001 is none at 15 fps", id="too slow"),
        pytest.param(
            "60", {}, "01:00:00:21", None, id="single frames at 60"
        ),  # pairs would be 42, 44, 46
        pytest.param("24", dict.fromkeys(range(1001, 1004)), None, None, id="none"),
    ],
)
def test_timecode_is_the_first_frames(
    rate: str,
    codes: dict[int, Any],
    timecode: str | None,
    warning: str | None,
    result: Any,
    made: Callable[..., AssembleResult],
) -> None:
    def stated(number: int) -> Any:
        return codes.get(number, _word(f"01:00:00:{number - 980}"))

    told: list[Event] = []
    pattern = result(timecodes=stated, framesPerSecond=None)
    found = made(pattern, fps=rate, listener=told.append)
    assert found.timecode == timecode
    warnings = [event.text for event in told if isinstance(event, Warned)]
    assert [(warning or "") in text for text in warnings] == [True] * bool(warning)
    assert list(found.warnings) == warnings


def test_layers_in_folders_and_in_parts_are_found(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    result(folder="separate/rgba", name="shot_rgba")
    result(folder="separate/alpha", name="shot_alpha")
    for told in (tmp_path / "separate", tmp_path / "separate" / "shot.####.exr"):
        assert made(str(told), output=tmp_path / f"{len(told.name)}.mov").is_new
    pixels = {letter: np.full((4, 6), 0.25, np.float16) for letter in "RGBAY"}
    luma = pixels.pop("Y")
    parts = [
        OpenEXR.Part(_PLAIN | {"name": "rgba"}, pixels, "rgba"),
        OpenEXR.Part(_PLAIN | {"name": "alpha"}, {"Y": luma}, "alpha"),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "parts.exr"))
    made(str(tmp_path / "parts.exr"))
    (found,) = _pictures(tmp_path / "shot.mov")
    assert np.abs(found[3] - 0.25 * 1023).max() <= 1


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        pytest.param("out", "matte", id="combined"),
        pytest.param("out/rgba", "matte_rgba", id="separate"),
    ],
)
def test_frames_that_are_still_to_come_are_missing(
    folder: str,
    name: str,
    result: Any,
    made: Callable[..., AssembleResult],
    tmp_path: Path,
) -> None:
    result(folder=folder, name=name)
    plan = tmp_path / "out" / "matte.robust_matte" / "plan.json"
    plan.parent.mkdir()
    plan.write_text(json.dumps({"wanted": "1001-1006"}))
    with pytest.raises(MissingFramesError, match="lacks the frames 1004-1006 of 1001-1006"):
        made(str(tmp_path / "out"))
    plan.write_text(json.dumps({"wanted": "1001-1003"}))
    assert len(made(str(tmp_path / "out")).frames) == 3
    plan.write_text("{")
    assert not made(str(tmp_path / "out")).is_new


def test_in_a_folder_with_its_plate_the_result_is_meant(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    result(name="plate")
    result([1001, 1002], **{"robust_matte/job": "1234"})
    assert len(made(str(tmp_path / "out")).frames) == 2


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        pytest.param({"frames": "1001-1005x2"}, SettingsError, "a movie has no gaps", id="step"),
        pytest.param({"frames": "2001-2002"}, SettingsError, "none of the frames", id="absent"),
        pytest.param(
            {"frames": "1001-1009"}, MissingFramesError, "lacks the frames 1004-1009", id="holes"
        ),
        pytest.param({"fps": "fast"}, SettingsError, 'rate "fast" cannot', id="no rate"),
        pytest.param({"fps": "0"}, SettingsError, 'rate "0" cannot', id="rate of 0"),
        pytest.param({"output": "shot.mp4"}, SettingsError, "does not end in .mov", id="ending"),
        pytest.param(
            {"view_transform": "filmic"}, SettingsError, 'colour space "filmic"', id="transform"
        ),
        pytest.param({"view_transform": "ACEScg"}, SettingsError, "made for a display", id="light"),
        pytest.param({"config": "gone.ocio"}, SettingsError, "gone.ocio", id="config"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    values: dict[str, str],
    error: type[RobustMatteError],
    says: str,
    result: Any,
    made: Callable[..., AssembleResult],
    tmp_path: Path,
) -> None:
    if "output" in values:
        values = values | {"output": str(tmp_path / values["output"])}
    with pytest.raises(error, match=says) as raised:
        made(result(), **values)
    assert raised.value.hint
    assert not list(tmp_path.glob("*.mov"))


@pytest.mark.parametrize(
    ("second", "error", "says"),
    [
        pytest.param(
            {"displayWindow": (np.array([0, 0], "i4"), np.array([49, 39], "i4"))},
            FrameSizeError,
            "Frame 1002 is 50x40",
            id="size",
        ),
        pytest.param(
            {"robust_matte/output_space": "ACEScg"},
            InputError,
            "output space of frame 1002 is ACEScg",
            id="space",
        ),
    ],
)
def test_frames_that_differ_are_refused(
    second: dict[str, Any],
    error: type[RobustMatteError],
    says: str,
    result: Any,
    made: Callable[..., AssembleResult],
) -> None:
    result([1001])
    with pytest.raises(error, match=says):
        made(result([1002], **second))


def test_frames_without_a_rate_want_one(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    pattern = result(framesPerSecond=None)
    with pytest.raises(SettingsError, match="does not state its frame rate") as raised:
        made(pattern)
    assert "--fps 24" in raised.value.hint
    assert made(pattern, fps="23.976").rate == Fraction(24000, 1001)
    with av.open(str(tmp_path / "shot.mov")) as container:
        assert container.streams.video[0].average_rate == Fraction(24000, 1001)


def test_what_is_no_result_is_refused(made: Callable[..., AssembleResult], tmp_path: Path) -> None:
    OpenEXR.File({}, {"Y": np.zeros((4, 4), np.float32)}).write(str(tmp_path / "y.exr"))
    with pytest.raises(InputError, match=r"y.exr is no EXR with the channels R, G, B and A"):
        made(str(tmp_path / "y.exr"))


def test_a_movie_of_another_result_is_not_replaced(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    movie = tmp_path / "shot.mov"
    made(result(name="sh010_rgba", folder="out/rgba"))
    before = movie.read_bytes()
    other = result(name="sh020", folder="other")
    with pytest.raises(WouldOverwriteError, match=r"is a movie of sh010, not of sh020"):
        made(other)
    assert movie.read_bytes() == before
    assert made(result(name="sh010", folder="again", layers=lambda _: _layers(9))).is_new
    assert made(other, overwrite=True).is_new
    assert not made(other).is_new


def test_another_file_is_not_replaced(
    result: Any, made: Callable[..., AssembleResult], tmp_path: Path
) -> None:
    movie = tmp_path / "shot.mov"
    movie.write_bytes(b"a take")
    with pytest.raises(WouldOverwriteError, match="is no movie of this command"):
        made(result())
    assert movie.read_bytes() == b"a take"
    assert made(result(), overwrite=True).is_new
