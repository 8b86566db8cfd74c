"""What is said of a plate, against plates whose every fact is known."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest

from robust_matte.cli import info as cli_info
from robust_matte.cli.info_rows import info_rows
from robust_matte.errors import InputError, SettingsError
from robust_matte.jobs.info import inspect_plate
from robust_matte.jobs.memory import memory_needed
from robust_matte.jobs.plate_info import PlateInfo
from robust_matte.jobs.progress import Event, StageReached, silent
from robust_matte.jobs.survey import survey_windows
from robust_matte.media.exr_layers import LayerChoice
from robust_matte.media.exr_write import write_exr
from robust_matte.media.plates import open_plate
from robust_matte.media.still_facts import read_still_facts
from robust_matte.media.windows import Size, Window
from robust_matte.settings.choices import Compression, PlateSpace, WorkArea
from robust_matte.settings.key_settings import KeySettings

HD = Window(0, 0, 96, 54)
FOUR = Window(0, 0, 2048, 1716)
REC2020 = (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329)


def write(
    folder: Path,
    number: int,
    *,
    channels: str = "RGB",
    data: Window = HD,
    display: Window = HD,
    depth: type[np.floating[Any]] = np.float16,
    aspect: float = 1.0,
    attributes: Mapping[str, object] | None = None,
) -> Path:
    """Write one black frame of `plate.####.exr`."""
    path = folder / f"plate.{number:04d}.exr"
    plane = np.zeros((data.height, data.width), depth)
    write_exr(
        path,
        dict.fromkeys(channels, plane),
        data_window=data,
        display_window=display,
        pixel_aspect=aspect,
        attributes=attributes or {},
        compression=Compression.PIZ,
    )
    return path


def inspect(folder: Path, name: str = "plate.####.exr", **wishes: Any) -> PlateInfo:
    return inspect_plate(str(folder / name), **wishes)


def test_sequence_is_described_from_its_first_header(tmp_path: Path) -> None:
    timecode = OpenEXR.OpaqueAttribute(bytes.fromhex("0403020100000000"), "timecode")
    stated = {
        "timeCode": timecode,
        "framesPerSecond": Fraction(24000, 1001),
        "chromaticities": REC2020,
        "colorInteropID": "lin_rec2020_scene",
    }
    for number in (1001, 1002, 1003):
        write(tmp_path, number, channels="ABGRZ", aspect=2.0, attributes=stated)
    info = inspect(tmp_path)
    assert (info.kind, info.plate) == ("sequence", str(tmp_path / "plate.####.exr"))
    assert info.frames.model_dump() == {
        "range": "1001-1003",
        "count": 3,
        "expected": "1001-1003",
        "step": 1,
        "holes": "",
        "hole_count": 0,
        "unreadable_count": 0,
    }
    assert info.picture is not None
    assert info.picture.display_window == info.picture.data_window == info.picture.work_area == HD
    assert info.picture.pixel_aspect == 2.0
    assert info.storage is not None
    assert (info.storage.format, info.storage.compression) == ("EXR", "piz")
    assert [(one.name, one.depth) for one in info.storage.parts[0].channels] == [
        (name, "half") for name in "ABGRZ"
    ]
    assert info.storage.keyed == ("R", "G", "B")
    assert info.storage.has_alpha
    assert info.timecode == "01:02:03:04"
    assert info.fps == "24000/1001"
    assert info.colour.space == info.colour.working == "Linear Rec.2020"
    assert "from the files' colorInteropID" in info.colour.said
    assert info.colour.tags == {
        "chromaticities": "0.708 0.292 0.17 0.797 0.131 0.046 0.3127 0.329",
        "colorInteropID": "lin_rec2020_scene",
    }
    assert (info.problems, info.warnings, info.exit_code) == ((), (), 0)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        pytest.param("04030201", "01:02:03:04", id="digits"),
        pytest.param("29595923", "23:59:59:29", id="tens"),
        pytest.param("69595923", "23:59:59;29", id="drop frame"),
        pytest.param("a9d9d9e3", "23:59:59:29", id="field and user bits are none of it"),
    ],
)
def test_timecode_is_read_from_its_digits(tmp_path: Path, word: str, text: str) -> None:
    stored = OpenEXR.OpaqueAttribute(bytes.fromhex(word + "00000000"), "timecode")
    path = write(tmp_path, 1, attributes={"timeCode": stored})
    assert read_still_facts(path).timecode == text


@pytest.mark.parametrize("stored", ["0000000000000000", "180000000000"])
def test_a_rate_that_is_none_is_not_told(tmp_path: Path, stored: str) -> None:
    rate = OpenEXR.OpaqueAttribute(bytes.fromhex(stored), "rational")
    path = write(tmp_path, 1, attributes={"framesPerSecond": rate})
    assert read_still_facts(path).fps is None


@pytest.mark.parametrize(
    ("numbers", "pattern", "step", "holes", "count"),
    [
        pytest.param((1, 2, 5, 6, 9), "plate.####.exr", 1, "3-4,7-8", 4, id="holes"),
        pytest.param((1, 3, 5, 7), "plate.####.exr", 2, "", 0, id="on twos"),
        pytest.param((1, 3, 7, 9), "plate.####.exr", 2, "5", 1, id="a hole on twos"),
        pytest.param((3, 4), "plate.1-5#.exr", 1, "1-2,5", 3, id="typed range"),
    ],
)
def test_holes_are_counted_at_the_plates_own_step(
    tmp_path: Path, numbers: tuple[int, ...], pattern: str, step: int, holes: str, count: int
) -> None:
    for number in numbers:
        write(tmp_path, number)
    info = inspect(tmp_path, pattern)
    assert info.frames.step == step
    assert (info.frames.holes, info.frames.hole_count) == (holes, count)
    assert info.exit_code == 0


def test_data_windows_are_united_and_those_that_differ_counted(tmp_path: Path) -> None:
    write(tmp_path, 1, data=Window(-4, 0, 100, 54))
    write(tmp_path, 2, data=Window(0, 2, 96, 60))
    write(tmp_path, 3, data=Window(-4, 0, 100, 54))
    picture = inspect(tmp_path).picture
    assert picture is not None
    assert picture.data_window == Window(-4, 0, 100, 62)
    assert picture.differing_data_windows == 1
    assert picture.work_area == picture.data_window


def test_work_area_view_and_memory_are_those_of_key(tmp_path: Path) -> None:
    write(tmp_path, 1, data=Window(-10, 0, 1200, 54), display=Window(0, 0, 1000, 54))
    picture = inspect(tmp_path).picture
    windows = survey_windows(open_plate(str(tmp_path / "plate.#.exr")), WorkArea.DATA, silent)
    assert picture is not None
    assert (picture.display_window, picture.work_area) == (windows.display, windows.area)
    assert (picture.network_view, picture.draft_view) == (Size(512, 23), Size(256, 12))
    warm_up = KeySettings(plate="plate").warm_up
    assert picture.memory_bytes == memory_needed(windows.area.size, Size(512, 23), warm_up)


def test_views_are_of_square_pixels_by_framing_and_of_the_region(tmp_path: Path) -> None:
    """What a squeezed 4K plate looks like, then a quarter of it, as `key` takes them."""
    write(tmp_path, 1, data=FOUR, display=FOUR, aspect=2.0)
    views = ("network_view", "draft_view", "full_body_view", "draft_full_body_view")
    whole, part = inspect(tmp_path).picture, inspect(tmp_path, roi="100,200,512,858").picture
    assert whole is not None
    assert part is not None
    assert (whole.region, part.region) == (None, Window(100, 200, 512, 858))
    assert [str(getattr(whole, view)) for view in views] == [
        *("512x214", "256x107", "768x322", "384x161")
    ]
    assert [str(getattr(part, view)) for view in views] == [
        *("512x429", "256x214", "768x644", "384x322")
    ]
    assert part.memory_bytes < whole.memory_bytes
    rows = {row.label: row.text for row in info_rows(inspect(tmp_path, roi="100,200,512,858"))}
    assert rows["region"] == "512x858 at (100, 200)"
    assert rows["network view"] == "512x429 at --downsample auto, 256x214 of draft"
    assert "768x644 at --framing full-body, 384x322 of draft" in rows[""]


def test_region_beyond_the_picture_is_refused(tmp_path: Path) -> None:
    write(tmp_path, 1)
    with pytest.raises(SettingsError, match="Write --roi 60,0,36,54 for the part"):
        inspect(tmp_path, roi="60,0,100,64")


def test_data_windows_that_reach_too_far_are_told(tmp_path: Path) -> None:
    write(tmp_path, 1, data=Window(-100, 0, 300, 54))
    info = inspect(tmp_path)
    assert info.picture is not None
    assert info.picture.work_area == HD
    assert [text for text in info.warnings if "display window alone is keyed" in text]


def test_other_display_windows_are_named_and_stop_key(tmp_path: Path) -> None:
    for number in range(1, 7):
        is_proxy = number in (3, 5)
        write(tmp_path, number, display=Window(0, 0, 48, 27) if is_proxy else HD)
    info = inspect(tmp_path)
    assert info.picture is not None
    (other,) = info.picture.other_display_windows
    assert (other.frame, other.window.size, other.count) == (3, Size(48, 27), 2)
    assert [one.what for one in info.problems] == ["Frame 3 is 48x27, the first frame 1 is 96x54."]
    assert info.exit_code == 3


def test_channels_that_change_are_counted(tmp_path: Path) -> None:
    for number in range(1, 5):
        write(tmp_path, number, depth=np.float32 if number > 2 else np.float16)
    storage = inspect(tmp_path).storage
    assert storage is not None
    assert (storage.differing_channels, storage.first_differing) == (2, 3)


def test_frame_0_can_be_the_first_that_differs(tmp_path: Path) -> None:
    for number, channels in ((-1, "RGB"), (0, "RGBZ"), (1, "RGBZ")):
        write(tmp_path, number, channels=channels)
    storage = inspect(tmp_path).storage
    assert storage is not None
    assert (storage.differing_channels, storage.first_differing) == (2, 0)


@pytest.mark.parametrize("bad", [pytest.param(1, id="first"), pytest.param(3, id="later")])
def test_files_that_do_not_open_hide_nothing(tmp_path: Path, bad: int) -> None:
    for number in range(1, 6):
        write(tmp_path, number)
    for number in (bad, 5):
        (tmp_path / f"plate.{number:04d}.exr").write_bytes(b"")
    info = inspect(tmp_path)
    assert info.frames.unreadable_count == 2
    (problem,) = info.problems
    assert f"plate.{bad:04d}.exr cannot be read as EXR: it is empty" in problem.what
    assert (problem.exit_code, info.exit_code) == (3, 3)
    assert info.picture is not None
    assert info.picture.display_window == HD


def test_plate_of_nothing_but_damage_still_has_its_frames(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"plate.{number:04d}.exr").write_bytes(b"no EXR")
    info = inspect(tmp_path)
    assert (info.picture, info.storage, info.colour.space) == (None, None, None)
    assert (info.frames.range, info.exit_code) == ("1-2", 3)


def test_pixels_are_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, 1)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"screenWindowWidth") + 64])  # header and a little more
    info = inspect(tmp_path)
    assert info.picture is not None
    assert info.exit_code == 0


def write_parts(path: Path, *parts: tuple[str, str | None, str]) -> None:
    """Write a file of parts: of each its name, its view, and a letter for each channel."""
    built = []
    for at, (name, view, channels) in enumerate(parts):
        header: dict[str, Any] = {"type": OpenEXR.scanlineimage, "at": at}
        header |= {"view": view} if view else {}
        header["displayWindow"] = (np.array([0, 0], np.int32), np.array([95, 53], np.int32))
        planes = {name: np.zeros((54, 96 - at), np.float16) for name in channels.split()}
        built.append(OpenEXR.Part(header, planes, name))
    OpenEXR.File(built).write(str(path))


def test_layers_and_views_are_told_with_what_is_keyed(tmp_path: Path) -> None:
    path = tmp_path / "plate.0001.exr"
    write_parts(
        path,
        ("depth", None, "Z"),
        ("rgba.left", "left", "R G B A"),
        ("rgba.right", "right", "R G B"),
        ("fx.right", "right", "fx.R fx.G fx.B fx.A"),
    )
    storage = inspect(tmp_path).storage
    assert storage is not None
    assert (storage.layers, storage.views) == (("rgba", "fx"), ("left", "right"))
    assert (storage.keyed_part, storage.keyed_layer, storage.keyed_view) == (1, "rgba", "left")
    assert (storage.keyed, storage.has_alpha) == (("R", "G", "B"), True)
    rows = {row.label: row.text for row in info_rows(inspect(tmp_path))}
    assert rows["layers"] == "rgba, fx; --layer names the one to key"
    assert rows["views"] == "left, right; --view names the one to key, or all for each"
    assert rows["keyed from"] == "R G B of part rgba.left (left); the alpha is not read"
    chosen = inspect(tmp_path, choice=LayerChoice("fx", "right"))
    assert chosen.storage is not None
    assert (chosen.storage.keyed_part, chosen.storage.keyed[0]) == (3, "fx.R")
    assert chosen.storage.has_alpha
    assert chosen.picture is not None
    assert chosen.picture.data_window.width == 93  # of the part that is keyed


def test_layers_to_choose_from_stop_key(tmp_path: Path) -> None:
    write_parts(tmp_path / "plate.0001.exr", ("", None, "a.R a.G a.B b.R b.G b.B"))
    info = inspect(tmp_path)
    (problem,) = info.problems
    assert problem.hint == "Choose the one to key, such as --layer a."
    assert info.storage is not None
    assert (info.storage.layers, info.storage.keyed) == (("a", "b"), ())
    assert inspect(tmp_path, choice=LayerChoice("b")).problems == ()


def test_plate_without_colour_stops_key(tmp_path: Path) -> None:
    write(tmp_path, 1, channels="AZ")
    info = inspect(tmp_path)
    assert info.storage is not None
    assert info.storage.keyed == ()
    assert "has no colour to key; its channels are" in info.problems[0].what


def test_parts_are_listed_with_names_and_views(tmp_path: Path) -> None:
    plane = np.zeros((54, 96), np.float32)
    parts = [
        OpenEXR.Part({"name": name, "view": view, "type": OpenEXR.scanlineimage}, channels)
        for name, view, channels in (
            ("beauty", "left", {"R": plane, "G": plane, "B": plane}),
            ("depth", "left", {"Z": plane}),
        )
    ]
    OpenEXR.File(parts).write(str(tmp_path / "plate.0001.exr"))
    storage = inspect(tmp_path).storage
    assert storage is not None
    assert [(one.name, one.view) for one in storage.parts] == [
        ("beauty", "left"),
        ("depth", "left"),
    ]
    assert [one.name for one in storage.parts[1].channels] == ["Z"]
    assert storage.keyed == ("R", "G", "B")


@pytest.mark.parametrize(
    ("suffix", "kind", "told", "space"),
    [
        pytest.param("png", "uint16", ("PNG", "16-bit"), PlateSpace.SRGB, id="PNG"),
        pytest.param("jpg", "uint8", ("JPEG", "8-bit"), PlateSpace.SRGB, id="JPEG"),
        pytest.param("tif", "float", ("TIFF", "float"), PlateSpace.LINEAR_REC709, id="TIFF"),
        pytest.param("dpx", "uint10", ("DPX", "10-bit"), PlateSpace.SRGB, id="DPX"),
    ],
)
def test_stills_of_other_formats(
    tmp_path: Path, suffix: str, kind: str, told: tuple[str, str], space: PlateSpace
) -> None:
    path = tmp_path / f"still.{suffix}"
    spec = oiio.ImageSpec(8, 4, 3, "uint16" if kind == "uint10" else kind)
    if kind == "uint10":
        spec.attribute("oiio:BitsPerSample", 10)
    image = oiio.ImageOutput.create(str(path))
    assert image is not None
    assert image.open(str(path), spec)
    assert image.write_image(np.zeros((4, 8, 3), np.float32))
    image.close()
    info = inspect_plate(str(path))
    assert info.kind == "still"
    assert info.storage is not None
    assert (info.storage.format, info.storage.parts[0].channels[0].depth) == told
    assert (info.colour.space, info.colour.is_stated, info.colour.tags) == (space, False, {})


def test_shots_are_found_as_key_finds_them(tmp_path: Path, rng: np.random.Generator) -> None:
    scenes = [rng.uniform(0, 1, (54, 96, 3)).astype(np.float32) for _ in range(2)]
    for number in range(1, 21):
        plane = scenes[number > 10]
        write_exr(
            tmp_path / f"plate.{number:04d}.exr",
            {name: np.ascontiguousarray(plane[..., at]) for at, name in enumerate("RGB")},
            data_window=HD,
            display_window=HD,
            pixel_aspect=1.0,
            attributes={},
        )
    segments = inspect(tmp_path, with_cuts=True).segments
    assert segments is not None
    assert [(one.first, one.last, one.reset) for one in segments] == [
        (1, 10, "first frame"),
        (11, 20, "cut"),
    ]
    assert inspect(tmp_path).segments is None


def test_cuts_are_not_looked_for_in_a_plate_that_stops_key(tmp_path: Path) -> None:
    write(tmp_path, 1)
    (tmp_path / "plate.0002.exr").write_bytes(b"")
    info = inspect(tmp_path, with_cuts=True)
    assert info.segments is None
    assert [text for text in info.warnings if text.startswith("Cuts were not looked for")]


def test_damage_that_only_decoding_finds_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, 1)
    path = write(tmp_path, 2)
    path.write_bytes(path.read_bytes()[:-40])
    assert inspect(tmp_path).exit_code == 0
    info = inspect(tmp_path, with_cuts=True)
    assert (info.exit_code, info.segments) == (3, None)
    assert "plate.0002.exr" in info.problems[0].what


def test_every_header_is_told_of(tmp_path: Path) -> None:
    for number in range(1, 6):
        write(tmp_path, number)
    events: list[Event] = []
    inspect(tmp_path, listener=events.append)
    assert [event.done for event in events if isinstance(event, StageReached)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("patience_s", "said"),
    [
        pytest.param(0.0, "planning: reading headers", id="long"),
        pytest.param(1e9, "", id="short"),
    ],
)
def test_progress_is_shown_when_there_is_something_to_wait_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    patience_s: float,
    said: str,
) -> None:
    write(tmp_path, 1)
    monkeypatch.setattr(cli_info, "_PATIENCE_S", patience_s)
    cli_info.info_command(str(tmp_path))
    shown = capsys.readouterr()
    assert shown.err.startswith(said)
    assert bool(shown.err) == bool(said)
    assert "1 frame" in shown.out


@pytest.mark.parametrize(
    ("name", "first_frame", "error"),
    [
        pytest.param("none.####.exr", 1, InputError, id="nothing there"),
        pytest.param("plate.####.exr", 7, SettingsError, id="first frame of a sequence"),
    ],
)
def test_what_is_no_plate_is_refused_as_key_does(
    tmp_path: Path, name: str, first_frame: int, error: type[Exception]
) -> None:
    write(tmp_path, 1)
    with pytest.raises(error):
        inspect(tmp_path, name, first_frame=first_frame)


def test_document_reads_back_the_same(tmp_path: Path) -> None:
    write(tmp_path, 1)
    info = inspect(tmp_path, with_cuts=True)
    assert PlateInfo.model_validate_json(info.model_dump_json()) == info
