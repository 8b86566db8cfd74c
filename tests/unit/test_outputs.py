"""Where files go, what is in them, and which are left alone."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.errors import SettingsError, WouldOverwriteError
from robust_matte.jobs.finished import read_finished, read_foreground
from robust_matte.jobs.marks import PINS_ATTRIBUTE
from robust_matte.jobs.outputs import Outputs
from robust_matte.keying.matte import Matte
from robust_matte.media.exr_header import read_header
from robust_matte.media.formats import JOB_ATTRIBUTE
from robust_matte.media.frames import FrameHeader
from robust_matte.media.sequences import FramePattern
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Compression, Depth, ImageFormat, Layers, PlateSpace

SHOT = FramePattern(Path("/plates"), "sh010.", 4, ".dpx")
STILL = FramePattern(Path("/plates"), "portrait", 0, ".png")
NAMELESS = FramePattern(Path("/plates"), "", 6, ".exr")
TIGHT = FramePattern(Path("/plates"), "take", 3, ".exr")
COMBINED, SEPARATE = Layers.COMBINED, Layers.SEPARATE
EXR, PNG = ImageFormat.EXR, ImageFormat.PNG
SRGB = ModelView(PlateSpace.SRGB)


@pytest.mark.parametrize(
    ("text", "plate", "file"),
    [
        pytest.param("out", SHOT, "out/sh010_matte.0007.exr", id="folder"),
        pytest.param("out.v2", SHOT, "out.v2/sh010_matte.0007.exr", id="folder with a dot"),
        pytest.param("out", STILL, "out/portrait_matte.exr", id="folder of a still"),
        pytest.param("out", TIGHT, "out/take_matte.007.exr", id="plate without a separator"),
        pytest.param("out", NAMELESS, "out/_matte.000007.exr", id="plate without a name"),
        pytest.param("o/m.####.exr", SHOT, "o/m.0007.exr", id="pattern"),
        pytest.param("o/m_%03d.exr", SHOT, "o/m_007.exr", id="printf"),
        pytest.param("m.#.EXR", SHOT, "m.7.EXR", id="one digit"),
        pytest.param("o/m.exr", STILL, "o/m.exr", id="file of a still"),
        pytest.param("o/m_v002.exr", STILL, "o/m_v002.exr", id="version of a still"),
        pytest.param("o/m.1001.exr", STILL, "o/m.1001.exr", id="numbered file of a still"),
        pytest.param("o/m.####.exr", STILL, "o/m.0007.exr", id="pattern for a still"),
        pytest.param("o/m.####.png", SHOT, "o/m.0007.png", id="PNG pattern"),
        pytest.param("o/m.png", STILL, "o/m.png", id="PNG of a still"),
    ],
)
def test_names_are_the_plates_or_as_asked(text: str, plate: FramePattern, file: str) -> None:
    outputs = Outputs.named(text, plate, layers=COMBINED)
    assert outputs.files(7) == (Path(file),)
    assert list(outputs.patterns) == ["rgba"]


@pytest.mark.parametrize(
    ("text", "plate", "said"),
    [
        pytest.param(
            "m.exr", SHOT, r"no place for the frame number\. Name it m\.####\.exr", id="one"
        ),
        pytest.param(
            "m.png", SHOT, r"no place for the frame number\. Name it m\.####\.png", id="one PNG"
        ),
        pytest.param("m.####.tif", SHOT, r"m\.####\.tif is neither EXR nor PNG", id="format"),
        pytest.param("m.mp4", STILL, r"m\.mp4 is neither EXR nor PNG", id="format of a still"),
        pytest.param("m.####", SHOT, r"is neither EXR nor PNG", id="no suffix"),
        pytest.param(
            os.fsdecode(b"m\xe9"), SHOT, r"m\\xe9 cannot be used: its name is not", id="bytes"
        ),
    ],
)
def test_name_that_cannot_serve_is_told(text: str, plate: FramePattern, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Outputs.named(text, plate, layers=COMBINED)


@pytest.mark.parametrize(
    ("text", "asked", "file"),
    [
        pytest.param("out", None, "out/sh010_matte.0007.exr", id="folder"),
        pytest.param("out", EXR, "out/sh010_matte.0007.exr", id="folder, EXR asked"),
        pytest.param("out", PNG, "out/sh010_matte.0007.png", id="folder, PNG asked"),
        pytest.param("m.####.png", PNG, "m.0007.png", id="pattern that agrees"),
        pytest.param("m.####.PNG", PNG, "m.0007.PNG", id="capitals that agree"),
    ],
)
def test_format_is_the_names_and_in_a_folder_the_one_asked(
    text: str, asked: ImageFormat | None, file: str
) -> None:
    outputs = Outputs.named(text, SHOT, layers=COMBINED, asked=asked)
    assert outputs.files(7) == (Path(file),)
    assert outputs.format == Path(file).suffix[1:].lower()


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        pytest.param("m.####.png", {"asked": EXR}, r"png is not EXR, which", id="EXR asked"),
        pytest.param("m.####.exr", {"asked": PNG}, r"exr is not PNG, which", id="PNG asked"),
        pytest.param("m.####.png", {"depth": Depth.FLOAT}, r"cannot hold float", id="depth"),
        pytest.param(
            "out",
            {"asked": PNG, "compression": Compression.PIZ},
            r"cannot be compressed with piz",
            id="compression",
        ),
    ],
)
def test_what_the_format_cannot_do_is_told(text: str, values: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Outputs.named(text, SHOT, layers=COMBINED, **values)


@pytest.mark.parametrize(
    ("text", "layers", "form", "file"),
    [
        pytest.param("o/m.####.png", SEPARATE, EXR, "o/rgba/m_rgba.0007.exr", id="to EXR"),
        pytest.param("o/m.####.exr", COMBINED, PNG, "o/m.0007.png", id="to PNG"),
        pytest.param("o/m.####.PNG", COMBINED, PNG, "o/m.0007.PNG", id="as it is"),
        pytest.param("o/m.####.a.exr", COMBINED, PNG, "o/m.0007.a.png", id="long suffix"),
    ],
)
def test_files_of_the_same_names_in_another_form(
    text: str, layers: Layers, form: ImageFormat, file: str
) -> None:
    outputs = Outputs.named(text, SHOT, layers=COMBINED).in_form(layers, form)
    assert outputs.files(7)[0] == Path(file)


def test_folder_that_is_there_may_look_like_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "out.v2"
    folder.mkdir()
    outputs = Outputs.named(str(folder), STILL, layers=COMBINED)
    assert outputs.files(1) == (folder / "portrait_matte.exr",)


@pytest.mark.parametrize(
    ("text", "plate", "files"),
    [
        pytest.param(
            "out/m.####.exr",
            SHOT,
            ["rgba/m_rgba.0007.exr", "alpha/m_alpha.0007.exr", "foreground/m_foreground.0007.exr"],
            id="pattern",
        ),
        pytest.param(
            "out",
            STILL,
            [f"{name}/portrait_matte_{name}.exr" for name in ("rgba", "alpha", "foreground")],
            id="still",
        ),
        pytest.param(
            "out/m_####.exr",
            SHOT,
            ["rgba/m_rgba_0007.exr", "alpha/m_alpha_0007.exr", "foreground/m_foreground_0007.exr"],
            id="separator",
        ),
        pytest.param(
            "out/m.####.png",
            SHOT,
            ["rgba/m_rgba.0007.png", "alpha/m_alpha.0007.png", "foreground/m_foreground.0007.png"],
            id="PNG",
        ),
    ],
)
def test_separate_layers_have_folders_and_names_of_their_own(
    text: str, plate: FramePattern, files: list[str]
) -> None:
    outputs = Outputs.named(text, plate, layers=SEPARATE)
    assert outputs.files(7) == tuple(Path("out") / name for name in files)


def test_plan_and_sheet_lie_beside_the_files() -> None:
    outputs = Outputs.named("o/m.####.exr", SHOT, layers=SEPARATE)
    assert outputs.job_folder == Path("o/m.robust_matte")
    assert Outputs.named("o", STILL, layers=COMBINED).job_folder == (
        Path("o/portrait_matte.robust_matte")
    )


def test_file_of_the_plate_is_refused_also_behind_a_link(tmp_path: Path) -> None:
    folder, link = tmp_path / "plate", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder, target_is_directory=True)
    plate = FramePattern(folder, "a.", 4, ".exr")
    files = frozenset(plate.path(number).resolve() for number in (1, 2))
    outputs = Outputs.named(str(link / "a.####.exr"), plate, layers=COMBINED)
    outputs.refuse_inputs([3, 4], files)
    with pytest.raises(SettingsError, match="is a file of the plate itself") as caught:
        outputs.refuse_inputs([4, 3, 2, 1], files)
    assert caught.value.frame == 2


WINDOW = Window(-1, 2, 4, 3)
HEADER = FrameHeader(data_window=WINDOW, display_window=Window(0, 0, 8, 6), pixel_aspect=2.0)


@pytest.fixture
def matte(rng: np.random.Generator) -> Matte:
    """Layers that all differ, so that a mix-up shows; one value of each colour is beyond half."""
    colour, foreground = (rng.random((3, 4, 3), np.float32) for _ in range(2))
    alpha, network = (rng.random((3, 4), np.float32) for _ in range(2))
    colour[0, 0, 0], foreground[0, 0, 1] = 70000.0, -1e6
    return Matte(
        rgb=colour, alpha=alpha, foreground=foreground, network_alpha=network, window=WINDOW
    )


@pytest.fixture
def outputs(tmp_path: Path) -> Callable[..., Outputs]:
    def named(**values: Any) -> Outputs:
        return Outputs.named(
            str(tmp_path / "o/m.####.exr"), SHOT, **({"layers": COMBINED} | values)
        )

    return named


def _read(path: Path) -> tuple[dict[str, NDArray[np.float32]], oiio.ImageSpec]:
    image = oiio.ImageInput.open(str(path))
    assert image is not None, oiio.geterror()
    spec, pixels = image.spec(), image.read_image(oiio.FLOAT)
    image.close()
    assert pixels is not None
    return {name: pixels[..., at] for at, name in enumerate(spec.channelnames)}, spec


def _layers(matte: Matte) -> dict[str, NDArray[np.float32]]:
    """All layers by channel name, written out."""
    return {
        **{name: matte.rgb[..., at] for at, name in enumerate("RGB")},
        "A": matte.alpha,
        **{f"foreground.{name}": matte.foreground[..., at] for at, name in enumerate("RGB")},
        "matte.A": matte.network_alpha,
    }


@pytest.mark.parametrize("compression", Compression)
def test_combined_file_holds_every_layer_exactly(
    compression: Compression, matte: Matte, outputs: Callable[..., Outputs]
) -> None:
    files = outputs(depth=Depth.FLOAT, compression=compression)
    assert files.write(7, matte, HEADER, {JOB_ATTRIBUTE: "j"}, SRGB) == 0
    found, spec = _read(files.files(7)[0])
    wanted = _layers(matte)
    assert set(found) == set(wanted)
    for name, plane in wanted.items():
        np.testing.assert_array_equal(found[name], plane, err_msg=name)
    assert (spec.x, spec.y, spec.width, spec.height) == (-1, 2, 4, 3)
    assert (spec.full_x, spec.full_y, spec.full_width, spec.full_height) == (0, 0, 8, 6)
    assert spec.get_float_attribute("PixelAspectRatio") == 2.0
    assert spec.get_string_attribute("compression") == compression.value
    assert spec.get_string_attribute(JOB_ATTRIBUTE) == "j"


def test_half_is_rounded_and_counts_what_it_clamps(
    matte: Matte, outputs: Callable[..., Outputs]
) -> None:
    files = outputs(depth=Depth.HALF)
    assert files.write(7, matte, HEADER, {}, SRGB) == 2
    found, spec = _read(files.files(7)[0])
    assert spec.format == oiio.HALF
    for name, plane in _layers(matte).items():
        wanted = np.clip(plane, -65504, 65504).astype(np.float16)
        np.testing.assert_array_equal(found[name], wanted, err_msg=name)


def test_separate_files_hold_a_layer_each(matte: Matte, outputs: Callable[..., Outputs]) -> None:
    files = outputs(layers=SEPARATE, depth=Depth.FLOAT)
    files.write(7, matte, HEADER, {}, SRGB)
    rgba, alpha, foreground = (_read(path)[0] for path in files.files(7))
    layers = _layers(matte)
    assert set(rgba) == set(alpha) == set("RGBA")
    assert set(foreground) == set("RGB")
    for name in "RGBA":
        np.testing.assert_array_equal(rgba[name], layers[name])
        np.testing.assert_array_equal(alpha[name], layers["A"])
    for name in "RGB":
        np.testing.assert_array_equal(foreground[name], layers[f"foreground.{name}"])


def test_multipart_files_hold_a_part_for_each_layer(
    matte: Matte, outputs: Callable[..., Outputs]
) -> None:
    files = outputs(layers=Layers.MULTIPART, depth=Depth.FLOAT)
    files.write(7, matte, HEADER, {JOB_ATTRIBUTE: "j", "shot": "sh010"}, SRGB)
    (path,) = files.files(7)
    layers = _layers(matte)
    wanted = {
        "rgba": {name: layers[name] for name in "RGBA"},
        "alpha": {"Y": layers["A"]},
        "foreground": {name: layers[f"foreground.{name}"] for name in "RGB"},
    }
    image = oiio.ImageInput.open(str(path))
    assert image is not None
    names = []
    for part, (layer, planes) in enumerate(wanted.items()):
        spec = image.spec(part, 0)
        names.append(spec.get_string_attribute("oiio:subimagename"))
        pixels = image.read_image(part, 0, 0, spec.nchannels, oiio.FLOAT)
        assert pixels is not None
        assert tuple(spec.channelnames) == tuple(planes)
        for at, plane in enumerate(planes.values()):
            np.testing.assert_array_equal(pixels[..., at], plane)
        assert (spec.x, spec.y, spec.full_width) == (-1, 2, 8)
        assert spec.get_string_attribute("robust_matte/layer") == layer
        assert spec.get_string_attribute("colorInteropID") == "lin_rec709_scene"
        assert spec.get_string_attribute("shot") == "sh010"
    assert names == list(wanted)
    assert not image.seek_subimage(3, 0)
    image.close()


@pytest.mark.parametrize("layers", Layers)
def test_names_are_such_as_nuke_takes(
    matte: Matte, outputs: Callable[..., Outputs], layers: Layers
) -> None:
    """By rule; not run in Nuke.

    A layer and a channel of it, with one dot; words of ASCII that start with a letter; no layer
    named as one of Nuke's own with channels it does not have; short names, as OpenEXR 1 had them.
    """
    word = r"[A-Za-z][A-Za-z0-9_]*"
    files = outputs(layers=layers)
    files.write(7, matte, HEADER, {}, SRGB)
    for path in files.files(7):
        for part in read_header(path).parts:
            names = [one.name for one in part.channels]
            assert part.name is None or re.fullmatch(word, part.name)
            for name in names:
                assert re.fullmatch(rf"[RGBAY]|{word}\.[RGBA]", name), name
                assert len(name) <= 31
                assert name.partition(".")[0] not in ("rgb", "rgba", "depth", "forward", "mask")
            assert len({name.lower() for name in names}) == len(names)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        pytest.param({}, "lin_rec709_scene", id="nothing"),
        pytest.param({"colorInteropID": "lin_ap1_scene"}, "lin_ap1_scene", id="its name"),
        pytest.param({"colorInteropID": ""}, "lin_rec709_scene", id="an empty name"),
        pytest.param(
            {"chromaticities": (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)},
            "lin_ap1_scene",
            id="ACEScg's primaries",
        ),
        pytest.param(
            {"chromaticities": (0.7, 0.3, 0.2, 0.8, 0.1, 0.1, 0.3, 0.3)}, "unknown", id="a camera's"
        ),
    ],
)
def test_parts_say_which_space_they_are_in(
    matte: Matte, outputs: Callable[..., Outputs], said: dict[str, object], wanted: str
) -> None:
    files = outputs(layers=Layers.MULTIPART)
    files.write(7, matte, HEADER, said, SRGB)
    image = oiio.ImageInput.open(str(files.files(7)[0]))
    assert image is not None
    ids = [image.spec(part, 0).get_string_attribute("colorInteropID") for part in range(3)]
    image.close()
    assert ids == [wanted] * 3


@pytest.mark.parametrize("layers", Layers)
def test_finished_layers_are_read_back(
    matte: Matte, outputs: Callable[..., Outputs], layers: Layers
) -> None:
    files = outputs(layers=layers, depth=Depth.FLOAT)
    files.write(7, matte, HEADER, {}, SRGB)
    finished = read_finished(files, 7, SRGB, HEADER.display_window)
    np.testing.assert_array_equal(finished.rgb, matte.rgb)
    np.testing.assert_array_equal(finished.alpha[..., 0], matte.alpha)
    np.testing.assert_array_equal(read_foreground(files, 7, SRGB), matte.foreground)


@pytest.fixture
def straight_png(tmp_path: Path) -> Callable[..., Any]:
    """Write layers as PNG and read them back, as codes, with FFmpeg: which did not write them."""

    def written(matte: Matte, layers: Layers, header: FrameHeader = HEADER) -> Any:
        outputs = Outputs.named(str(tmp_path / "p/m.####.png"), SHOT, layers=layers)
        clipped = outputs.write(7, matte, header, {JOB_ATTRIBUTE: "j"}, SRGB)
        pictures = []
        for path in outputs.files(7):
            with av.open(str(path)) as container:
                frame = next(container.decode(video=0))
            rows = np.frombuffer(memoryview(frame.planes[0]), ">u2").reshape(frame.height, -1)
            channels = {"rgba64be": 4, "rgb48be": 3, "gray16be": 1}[frame.format.name]
            pixels = rows[:, : frame.width * channels].reshape(frame.height, frame.width, channels)
            pictures.append(pixels.astype(int))
        return clipped, pictures

    return written


def _srgb(light: NDArray[np.float32]) -> NDArray[np.float64]:
    """IEC 61966-2-1, clipped, as 16-bit codes."""
    held = light.astype(np.float64).clip(0.0, 1.0)
    codes = np.where(held <= 0.0031308, held * 12.92, 1.055 * held ** (1 / 2.4) - 0.055)
    rounded: NDArray[np.float64] = np.rint(codes * 65535)
    return rounded


def test_png_is_straight_encoded_and_as_large_as_the_display_window(
    matte: Matte, straight_png: Callable[..., Any]
) -> None:
    """The data window starts a column left of the display window and ends inside of it."""
    clipped, (rgba,) = straight_png(matte, COMBINED)
    assert rgba.shape == (6, 8, 4)
    inside = rgba[2:5, 0:3]
    assert np.abs(inside[..., :3] - _srgb(matte.foreground[:, 1:])).max() <= 1
    assert np.abs(inside[..., 3] - np.rint(matte.alpha[:, 1:] * 65535.0)).max() <= 1
    outside = rgba.copy()
    outside[2:5, 0:3] = 0
    assert not outside.any()
    assert clipped == 0  # what is beyond white lies left of the display window


def test_png_counts_what_is_brighter_than_white_where_there_is_alpha(
    matte: Matte, straight_png: Callable[..., Any]
) -> None:
    matte.foreground[1, 2] = (1.5, np.inf, 0.5)
    matte.foreground[2, 2] = (1.5, 2.0, 3.0)
    matte.alpha[2, 2] = 0.0
    matte.foreground[2, 3] = (np.nan, -1.0, 1.0)
    clipped, (rgba,) = straight_png(matte, COMBINED)
    assert clipped == 2
    assert list(rgba[3, 1, :2]) == [65535, 65535]
    assert list(rgba[4, 2, :3]) == [0, 0, 65535]


def test_separate_pngs_hold_a_layer_each(matte: Matte, straight_png: Callable[..., Any]) -> None:
    _, (whole,) = straight_png(matte, COMBINED)
    _, (rgba, alpha, foreground) = straight_png(matte, SEPARATE)
    np.testing.assert_array_equal(rgba, whole)
    np.testing.assert_array_equal(alpha, whole[..., 3:])
    np.testing.assert_array_equal(foreground, whole[..., :3])


def test_png_says_what_it_is(matte: Matte, tmp_path: Path) -> None:
    outputs = Outputs.named(str(tmp_path / "m.####.png"), SHOT, layers=SEPARATE)
    told = {JOB_ATTRIBUTE: "j", "robust_matte/warm_up": 16, "owner": "x"}
    outputs.write(7, matte, HEADER, told, ModelView(PlateSpace.GAMMA24_REC709))
    rgba, alpha, foreground = (_read(path)[1] for path in outputs.files(7))
    assert rgba.get_string_attribute("robust_matte/warm_up") == "16"
    assert rgba.get_string_attribute("robust_matte/output_space") == "g24_rec709_tx"
    assert rgba.get_string_attribute("oiio:ColorSpace") == "g24_rec709_scene"
    assert rgba.get_float_attribute("PixelAspectRatio") == 2.0
    assert rgba.getattribute("owner") is None
    assert foreground.get_string_attribute("oiio:ColorSpace") == "g24_rec709_scene"
    assert alpha.get_string_attribute("robust_matte/layer") == "alpha"
    assert alpha.get_string_attribute("oiio:ColorSpace") == "lin_rec709_scene"


def test_wide_colour_is_shown_in_rec709(outputs: Callable[..., Outputs]) -> None:
    """By the matrix of ITU-R BT.2087-0, annex 2, in a PNG and where an EXR is shown."""
    wide, shown = (0.2, 0.5, 0.3), (0.0165, 0.5391, 0.2817)
    colour, alpha = np.full((1, 2, 3), wide, np.float32), np.ones((1, 2), np.float32)
    window, seen = Window(0, 0, 2, 1), ModelView("lin_rec2020_scene")
    matte = Matte(rgb=colour, alpha=alpha, foreground=colour, network_alpha=alpha, window=window)
    header = FrameHeader(data_window=window, display_window=window)
    for form in ImageFormat:
        files = outputs().in_form(COMBINED, form)
        files.write(7, matte, header, {JOB_ATTRIBUTE: "j"}, seen)
        for found in (read_finished(files, 7, seen, window).rgb, read_foreground(files, 7, seen)):
            np.testing.assert_allclose(found[0, 0], shown, atol=5e-4)
    spec = _read(outputs().in_form(COMBINED, PNG).files(7)[0])[1]
    assert spec.get_string_attribute("robust_matte/output_space") == "srgb_rec709_scene"


@pytest.mark.parametrize("form", ImageFormat)
@pytest.mark.parametrize("layers", Layers)
def test_frame_is_done_when_all_its_files_are_this_jobs_and_whole(
    layers: Layers, form: ImageFormat, matte: Matte, outputs: Callable[..., Outputs]
) -> None:
    files = outputs().in_form(layers, form)
    assert not files.is_done(7, "j", "p")
    files.write(7, matte, HEADER, {JOB_ATTRIBUTE: "j", PINS_ATTRIBUTE: "p"}, SRGB)
    assert files.is_done(7, "j", "p")
    assert not files.is_done(7, "other", "p")
    assert not files.is_done(7, "j", "other")
    assert not files.is_done(8, "j", "p")
    last = files.files(7)[-1]
    whole = last.read_bytes()
    last.write_bytes(whole[:-20])
    assert not files.is_done(7, "j", "p")
    last.unlink()
    assert not files.is_done(7, "j", "p")


def test_png_with_one_wrong_byte_is_not_done(matte: Matte, outputs: Callable[..., Outputs]) -> None:
    """EXR has no checksum over pixels it could not compress, so nothing is claimed of it."""
    files = outputs().in_form(COMBINED, PNG)
    files.write(7, matte, HEADER, {JOB_ATTRIBUTE: "j", PINS_ATTRIBUTE: "p"}, SRGB)
    path = files.files(7)[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:-30] + bytes([whole[-30] ^ 255]) + whole[-29:])
    assert not files.is_done(7, "j", "p")


@pytest.mark.parametrize("form", ImageFormat)
def test_only_files_of_this_job_may_be_in_the_way(
    form: ImageFormat, matte: Matte, outputs: Callable[..., Outputs]
) -> None:
    files = outputs().in_form(COMBINED, form)
    files.refuse_foreign(range(1, 9), "j")
    files.write(7, matte, HEADER, {JOB_ATTRIBUTE: "j", PINS_ATTRIBUTE: "p"}, SRGB)
    files.refuse_foreign(range(1, 9), "j")
    files.write(8, matte, HEADER, {}, SRGB)
    for job, frame in (("j", 8), ("other", 7)):
        with pytest.raises(WouldOverwriteError, match="was not written by this job") as caught:
            files.refuse_foreign(range(1, 9), job)
        assert caught.value.frame == frame
        assert caught.value.path == files.files(frame)[0]
