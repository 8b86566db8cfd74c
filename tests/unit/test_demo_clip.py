"""The demo's plate: where the camera is, what it sees, and files that are nobody else's."""

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import InstallationError, WouldOverwriteError
from robust_matte.jobs import demo_clip
from robust_matte.jobs.demo_clip import (
    FRAME_SIZE,
    FRAMES,
    CameraView,
    draw_view,
    find_photograph,
    write_clip,
)
from robust_matte.jobs.progress import StageReached, silent
from robust_matte.media.sequences import FramePattern

SIDE = 512  # of the photograph
HAIR = (233.0, 15.0)  # where the photograph's person ends, at the top
VIEWS = [CameraView.at(index / (len(FRAMES) - 1)) for index in range(len(FRAMES))]


def seen_at(view: CameraView, x: float, y: float) -> tuple[float, float]:
    """Return the point of the photograph that a point of the frame shows."""
    scale, angle = view.width / FRAME_SIZE.width, np.radians(view.degrees)
    across, down = scale * (x - FRAME_SIZE.width / 2), scale * (y - FRAME_SIZE.height / 2)
    return (
        float(view.x + across * np.cos(angle) - down * np.sin(angle)),
        float(view.y + across * np.sin(angle) + down * np.cos(angle)),
    )


# --- the camera


def test_the_camera_stays_inside_the_photograph_and_moves_smoothly() -> None:
    corners = list(itertools.product((0, FRAME_SIZE.width), (0, FRAME_SIZE.height)))
    paths = np.array([[seen_at(view, *corner) for corner in corners] for view in VIEWS])
    assert paths.min() > -0.5
    assert paths.max() < SIDE + 0.5
    steps = np.abs(np.diff(paths, axis=0))
    assert steps.max() < 4.0  # pixels of the photograph: a pan, no cut
    assert steps.max(axis=(1, 2)).min() > 0.1  # and never at rest


def test_the_camera_pans_zooms_and_turns() -> None:
    for name, least in (("x", 20), ("y", 5), ("width", 50), ("degrees", 1)):
        values = [getattr(view, name) for view in VIEWS]
        assert max(values) - min(values) > least, name
    assert VIEWS[0].degrees == 0.0


def test_the_whole_head_is_in_every_frame() -> None:
    for view in VIEWS:
        top = [seen_at(view, x, 0)[1] for x in (300, FRAME_SIZE.width - 300)]
        assert max(top) < HAIR[1]


# --- the picture


@pytest.mark.parametrize("index", [pytest.param(0, id="straight"), pytest.param(24, id="turned")])
def test_a_ramp_is_seen_where_the_camera_points(index: int) -> None:
    down, across = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) + 0.5
    ramp = np.stack([across, down, np.ones_like(down)], axis=2)
    frame = draw_view(ramp, VIEWS[index])
    assert frame.shape == (FRAME_SIZE.height, FRAME_SIZE.width, 3)
    for x, y in ((40, 60), (480, 270), (900, 60), (700, 500)):
        expected = seen_at(VIEWS[index], x + 0.5, y + 0.5)
        np.testing.assert_allclose(frame[y, x, :2], expected, atol=0.05)
    np.testing.assert_allclose(frame[..., 2], 1.0, atol=1e-4)


def test_no_light_is_negative_beside_a_sharp_edge() -> None:
    edge = np.zeros((SIDE, SIDE, 3), np.float32)
    edge[:, 256:] = 1.0
    frame = draw_view(edge, VIEWS[0])
    assert frame.min() == 0.0
    assert frame.max() < 1.2


# --- the photograph


def test_the_photograph_is_the_one_that_the_mask_was_drawn_on() -> None:
    image = oiio.ImageBuf(str(find_photograph()))
    codes = image.get_pixels(oiio.UINT8)
    digest = hashlib.sha256(np.ascontiguousarray(codes).tobytes()).hexdigest()
    assert digest == "a8c429c18afa7b0fd5673e598d73a21225d94c864a71bbb3885126fdecb41071"


def test_scikit_image_is_not_imported(root: Path, tmp_path: Path) -> None:
    """Its import costs a second; and its own way to the photograph may ask the network."""
    code = (
        "import sys, pathlib\n"
        "from robust_matte.jobs import demo_clip as clip\n"
        "from robust_matte.media.sequences import FramePattern\n"
        "clip.FRAMES = range(1, 3)\n"
        f"pattern = FramePattern(pathlib.Path({str(tmp_path)!r}), 'a.', 4, '.exr')\n"
        "clip.write_clip(pattern, clip.find_photograph(), print, overwrite=False)\n"
        "assert not {'skimage', 'scipy', 'imageio', 'pooch', 'torch'} & set(sys.modules)\n"
    )
    paths = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("a.*.exr"))) == 2


def test_without_scikit_image_the_command_to_paste_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(InstallationError, match=r"scikit-image with its astronaut\.png") as caught:
        find_photograph()
    assert caught.value.hint == f'Run: {sys.executable} -m pip install "robust-matte[demo]"'


def test_a_scikit_image_without_pictures_counts_as_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "skimage").mkdir()
    (tmp_path / "skimage" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "skimage", raising=False)
    with pytest.raises(InstallationError):
        find_photograph()


# --- the files


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> range:
    """A clip of three frames."""
    monkeypatch.setattr(demo_clip, "FRAMES", range(1001, 1004))
    return demo_clip.FRAMES


def write(folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write the clip and return its files."""
    pattern = FramePattern(folder, "astronaut.", 4, ".exr")
    write_clip(pattern, find_photograph(), silent, overwrite=overwrite)
    return sorted(folder.iterdir())


def read(path: Path) -> tuple[oiio.ImageSpec, NDArray[np.float32]]:
    image = oiio.ImageBuf(str(path))
    return image.spec(), np.asarray(image.get_pixels(oiio.FLOAT), np.float32)


def test_frames_are_linear_half_exr_that_say_what_they_are(short: range, tmp_path: Path) -> None:
    paths = write(tmp_path / "plate")
    assert [path.name for path in paths] == [f"astronaut.{number}.exr" for number in short]
    spec, pixels = read(paths[0])
    assert (spec.width, spec.height, spec.format.basetype) == (960, 540, oiio.HALF)
    assert spec.channelnames == ("R", "G", "B")
    assert "public domain" in spec.get_string_attribute("Copyright")
    assert "Eileen Collins" in spec.get_string_attribute("ImageDescription")
    _, source = read(find_photograph())
    x, y = seen_at(VIEWS[0], 620.5, 100.5)  # the backdrop, where neighbours are alike
    code = source[round(y - 0.5), round(x - 0.5)]
    light = ((code + 0.055) / 1.055) ** 2.4
    np.testing.assert_allclose(pixels[100, 620], light, atol=0.03)


def test_the_same_frames_are_the_same_bytes(short: range, tmp_path: Path) -> None:
    first, second = write(tmp_path / "one"), write(tmp_path / "two")
    assert len(first) == len(short)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert first[0].read_bytes() != first[1].read_bytes()


@pytest.mark.usefixtures("short")
def test_right_frames_are_left_alone_and_a_cut_off_one_is_drawn_again(tmp_path: Path) -> None:
    paths = write(tmp_path / "plate")
    content = [path.read_bytes() for path in paths]
    paths[1].write_bytes(content[1][:-100_000])
    before = [path.stat().st_mtime_ns for path in paths]
    write(tmp_path / "plate")
    after = [path.stat().st_mtime_ns for path in paths]
    assert [one == two for one, two in zip(before, after, strict=True)] == [True, False, True]
    assert [path.read_bytes() for path in paths] == content


@pytest.mark.usefixtures("short")
def test_a_foreign_file_is_refused_unless_it_may_be_replaced(tmp_path: Path) -> None:
    foreign = tmp_path / "astronaut.1002.exr"
    foreign.write_bytes(b"somebody's")
    with pytest.raises(WouldOverwriteError, match="is no frame of this demo") as caught:
        write(tmp_path)
    assert caught.value.path == foreign
    assert foreign.read_bytes() == b"somebody's"
    write(tmp_path, overwrite=True)
    assert read(foreign)[0].width == 960


@pytest.mark.usefixtures("short")
def test_a_frame_of_another_camera_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.setattr(demo_clip, "FRAMES", range(1001, 1003))  # the last view comes earlier
    with pytest.raises(WouldOverwriteError, match=r"astronaut\.1002\.exr exists"):
        write(tmp_path)


def test_progress_is_told_frame_by_frame(short: range, tmp_path: Path) -> None:
    told: list[object] = []
    pattern = FramePattern(tmp_path, "a.", 4, ".exr")
    write_clip(pattern, find_photograph(), told.append, overwrite=False)
    stages = [event for event in told if isinstance(event, StageReached)]
    assert [(one.stage, one.done, one.total) for one in stages] == [
        ("drawing", done, len(short)) for done in (1, 2, 3)
    ]
