"""Where files go, what is in them, and which are left alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import SettingsError, WouldOverwriteError
from robust_matte.jobs.outputs import JOB_ATTRIBUTE, Outputs
from robust_matte.keying.matte import Matte
from robust_matte.media.frames import FrameHeader
from robust_matte.media.sequences import FramePattern
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Compression, Depth, Layers

SHOT = FramePattern(Path("/plates"), "sh010.", 4, ".dpx")
STILL = FramePattern(Path("/plates"), "portrait", 0, ".png")
NAMELESS = FramePattern(Path("/plates"), "", 6, ".exr")
TIGHT = FramePattern(Path("/plates"), "take", 3, ".exr")
COMBINED, SEPARATE = Layers.COMBINED, Layers.SEPARATE


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
        pytest.param("m.####.png", SHOT, r"m\.####\.png is not an EXR file", id="format"),
        pytest.param("m.png", STILL, r"m\.png is not an EXR file", id="format of a still"),
        pytest.param("m.####", SHOT, r"is not an EXR file", id="no suffix"),
    ],
)
def test_name_that_cannot_serve_is_told(text: str, plate: FramePattern, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Outputs.named(text, plate, layers=COMBINED)


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
    assert files.write(7, matte, HEADER, {JOB_ATTRIBUTE: "j"}) == 0
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
    assert files.write(7, matte, HEADER, {}) == 2
    found, spec = _read(files.files(7)[0])
    assert spec.format == oiio.HALF
    for name, plane in _layers(matte).items():
        wanted = np.clip(plane, -65504, 65504).astype(np.float16)
        np.testing.assert_array_equal(found[name], wanted, err_msg=name)


def test_separate_files_hold_a_layer_each(matte: Matte, outputs: Callable[..., Outputs]) -> None:
    files = outputs(layers=SEPARATE, depth=Depth.FLOAT)
    files.write(7, matte, HEADER, {})
    rgba, alpha, foreground = (_read(path)[0] for path in files.files(7))
    layers = _layers(matte)
    assert set(rgba) == set(alpha) == set("RGBA")
    assert set(foreground) == set("RGB")
    for name in "RGBA":
        np.testing.assert_array_equal(rgba[name], layers[name])
        np.testing.assert_array_equal(alpha[name], layers["A"])
    for name in "RGB":
        np.testing.assert_array_equal(foreground[name], layers[f"foreground.{name}"])


@pytest.mark.parametrize("layers", Layers)
def test_frame_is_done_when_all_its_files_are_this_jobs_and_whole(
    layers: Layers, matte: Matte, outputs: Callable[..., Outputs]
) -> None:
    files = outputs(layers=layers)
    assert not files.is_done(7, "j")
    files.write(7, matte, HEADER, {JOB_ATTRIBUTE: "j"})
    assert files.is_done(7, "j")
    assert not files.is_done(7, "other")
    assert not files.is_done(8, "j")
    last = files.files(7)[-1]
    whole = last.read_bytes()
    last.write_bytes(whole[:-20])
    assert not files.is_done(7, "j")
    last.unlink()
    assert not files.is_done(7, "j")


def test_only_files_of_this_job_may_be_in_the_way(
    matte: Matte, outputs: Callable[..., Outputs]
) -> None:
    files = outputs()
    files.refuse_foreign(range(1, 9), "j")
    files.write(7, matte, HEADER, {JOB_ATTRIBUTE: "j"})
    files.refuse_foreign(range(1, 9), "j")
    files.write(8, matte, HEADER, {})
    for job, frame in (("j", 8), ("other", 7)):
        with pytest.raises(WouldOverwriteError, match="was not written by this job") as caught:
            files.refuse_foreign(range(1, 9), job)
        assert caught.value.frame == frame
        assert caught.value.path == files.files(frame)[0]
