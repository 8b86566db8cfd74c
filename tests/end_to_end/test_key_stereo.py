"""Layers and views of EXR plates through whole jobs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import FrameReadError, InputError
from robust_matte.jobs.comparison import ComparisonRequest, open_comparison
from robust_matte.jobs.key import key
from robust_matte.jobs.key_result import KeyResult
from robust_matte.jobs.progress import Event, Noted, silent
from robust_matte.keying.model import Weights
from robust_matte.keying.network import Network

Frames = Mapping[int, NDArray[np.float32]]


@pytest.fixture
def stereo_plate(tmp_path: Path, moving_frames: Callable[..., Frames]) -> str:
    """Four frames of two views in parts of one file, the right one first and darker."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for number, pixels in moving_frames(range(1001, 1005)).items():
        parts = []
        for view, light in (("right", pixels[:, ::-1] * np.float32(0.5)), ("left", pixels)):
            header = {"type": OpenEXR.scanlineimage, "view": view, "eye": view}
            planes = {name: light[..., at].copy() for at, name in enumerate("RGB")}
            parts.append(OpenEXR.Part(header, planes, f"rgba.{view}"))
        parts[0].header["shot"] = "sh010"
        OpenEXR.File(parts).write(str(folder / f"shot.{number}.exr"))
    return str(folder / "shot.####.exr")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.exr"))}


def _opaque_alike(path: Path, wanted: NDArray[np.float32]) -> None:
    """Check the foreground where alpha is 0 or 1: it is the plate."""
    image = oiio.ImageInput.open(str(path))
    assert image is not None
    names = list(image.spec().channelnames)
    pixels = image.read_image(0, 0, 0, len(names), oiio.FLOAT)
    image.close()
    assert pixels is not None
    alpha = pixels[..., names.index("A")]
    sure = (alpha == 0) | (alpha == 1)
    found = pixels[..., [names.index(f"foreground.{name}") for name in "RGB"]]
    assert sure.any()
    np.testing.assert_array_equal(found[sure], wanted[sure])


def test_each_view_is_keyed_as_if_it_were_alone(
    stereo_plate: str, settings: Any, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    both = key(settings(stereo_plate, view="all", depth="float", warm_up=2))
    assert (both.written, both.segments, len(both.views)) == (8, 2, 2)
    assert both.outputs == {
        f"rgba {view}": str(out / view / "shot_matte.####.exr") for view in ("right", "left")
    }
    whole = {view: _bytes(out / view) for view in ("left", "right")}
    assert [len(files) for files in whole.values()] == [4, 4]
    for view, files in whole.items():
        alone = tmp_path / "alone" / view
        job = settings(stereo_plate, view=view, output=str(alone), depth="float", warm_up=2)
        assert key(job).view == view
        assert _bytes(alone) == files
    assert whole["left"] != whole["right"]
    again = key(settings(stereo_plate, view="all", depth="float", warm_up=2))
    assert (again.written, again.kept) == (0, 8)


def test_views_hold_their_own_pixels_and_attributes(
    stereo_plate: str, settings: Any, tmp_path: Path, moving_frames: Callable[..., Frames]
) -> None:
    output = str(tmp_path / "out" / "matte.%V.####.exr")
    key(settings(stereo_plate, view="all", depth="float", output=output))
    pixels = moving_frames(range(1001, 1005))[1003]
    _opaque_alike(tmp_path / "out" / "matte.left.1003.exr", pixels)
    _opaque_alike(tmp_path / "out" / "matte.right.1003.exr", pixels[:, ::-1] * np.float32(0.5))
    for view, shot in (("left", None), ("right", "sh010")):  # the other eye's may not be its own
        header = OpenEXR.File(str(tmp_path / "out" / f"matte.{view}.1003.exr")).header()
        assert (header["eye"], header.get("shot")) == (view, shot)
        assert header["robust_matte/plate_view"] == view
        assert header["robust_matte/plate_layer"] == "rgba"
        assert "view" not in header


def test_the_model_is_loaded_once_for_both_views(stereo_plate: str, settings: Any) -> None:
    loaded = []

    def open_model(weights: Weights, **how: Any) -> Network:
        loaded.append(weights)
        return Network(weights, **how)

    assert key(settings(stereo_plate, view="all", warm_up=0), open_model=open_model).written == 8
    assert len(loaded) == 1


def test_first_view_is_keyed_by_default_and_told(stereo_plate: str, settings: Any) -> None:
    told: list[str] = []

    def listen(event: Event) -> None:
        told.extend([event.text] if isinstance(event, Noted) else [])

    result = key(settings(stereo_plate), listen)
    assert (result.view, result.views) == ("right", ())
    assert "view right of right, left; --view names another, or all for each" in told


def test_views_of_files_are_keyed_each(
    settings: Any, tmp_path: Path, moving_frames: Any, write_exr_plate: Any
) -> None:
    frames = moving_frames(range(1, 3))
    for view, light in (("left", 1.0), ("right", 0.25)):
        write_exr_plate({n: p * np.float32(light) for n, p in frames.items()}, name=f"shot.{view}")
    plate = str(tmp_path / "plate" / "shot.%V.####.exr")
    result: KeyResult = key(settings(plate, view="all", depth="float"))
    assert [one.view for one in result.views] == ["left", "right"]
    quarter = frames[2] * np.float32(0.25)
    _opaque_alike(tmp_path / "out" / "right" / "shot.right_matte.0002.exr", quarter)


def test_nothing_is_keyed_before_all_views_are_sound(
    stereo_plate: str, settings: Any, tmp_path: Path
) -> None:
    foreign = tmp_path / "out" / "left" / "shot_matte.1003.exr"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"an artist's work")
    with pytest.raises(Exception, match="was not written by this job"):
        key(settings(stereo_plate, view="all"))
    assert not list((tmp_path / "out" / "right").glob("*.exr"))
    assert foreign.read_bytes() == b"an artist's work"


def test_layer_is_keyed_and_named(
    settings: Any, tmp_path: Path, moving_frames: Callable[..., Frames]
) -> None:
    pixels = moving_frames([7])[7]
    folder = tmp_path / "plate"
    folder.mkdir()
    planes = {f"fx.{name}": pixels[..., at].copy() for at, name in enumerate("RGB")}
    planes |= {name: np.zeros_like(pixels[..., 0]) for name in "RGB"}
    OpenEXR.File({"type": OpenEXR.scanlineimage}, planes).write(str(folder / "shot.0007.exr"))
    key(settings(str(folder), layer="FX", depth="float"))
    path = tmp_path / "out" / "shot_matte.0007.exr"
    _opaque_alike(path, pixels)
    assert OpenEXR.File(str(path)).header()["robust_matte/plate_layer"] == "fx"
    assert key(settings(str(folder), layer="fx", depth="float")).kept == 1
    with pytest.raises(Exception, match="differs in --layer"):
        key(settings(str(folder), depth="float"))


def test_frame_that_lacks_the_layer_is_named(
    settings: Any, tmp_path: Path, moving_frames: Callable[..., Frames]
) -> None:
    folder = tmp_path / "plate"
    folder.mkdir()
    for number, pixels in moving_frames(range(1, 4)).items():
        layer = "fx" if number != 2 else "beauty"
        planes = {f"{layer}.{name}": pixels[..., at].copy() for at, name in enumerate("RGB")}
        header = {"type": OpenEXR.scanlineimage}
        OpenEXR.File(header, planes).write(str(folder / f"shot.{number:04d}.exr"))
    with pytest.raises(InputError, match=r"shot\.0002\.exr has no layer fx") as caught:
        key(settings(str(folder), layer="fx"))
    assert caught.value.frame == 2
    assert not isinstance(caught.value, FrameReadError)
    assert not (tmp_path / "out").exists()


def test_multipart_goes_on_is_shown_and_measured(
    settings: Any, tmp_path: Path, moving_frames: Callable[..., Frames], write_exr_plate: Any
) -> None:
    """All that reads finished frames: resume, contact sheet, review, evaluate."""
    plate = write_exr_plate(moving_frames(range(1, 5)))
    wishes = {"layers": "multipart", "contact_sheet": "auto", "review": tmp_path / "r.mp4"}
    first = key(settings(plate, **wishes))
    assert first.contact_sheet is not None
    assert (first.written, first.review) == (4, tmp_path / "r.mp4")
    whole = _bytes(tmp_path / "out")
    shown = first.contact_sheet.read_bytes()
    combined = key(settings(plate, contact_sheet="auto", output=str(tmp_path / "one")))
    assert combined.contact_sheet is not None
    assert combined.contact_sheet.read_bytes() == shown  # the pixels are the same
    damaged = tmp_path / "out" / "shot_matte.0003.exr"
    damaged.write_bytes(damaged.read_bytes()[:-40])  # in the last part
    assert (key(settings(plate, **wishes)).written, _bytes(tmp_path / "out")) == (1, whole)
    request = ComparisonRequest(
        prediction=str(tmp_path / "out"), truth=str(tmp_path / "one"), true_foreground=None
    )
    for frame in open_comparison(request, silent).frames(silent):
        np.testing.assert_array_equal(frame.layers[0], frame.layers[1])


@pytest.mark.parametrize("place", ["in the files", "by the files' names"])
def test_the_views_own_alpha_is_its_garbage(
    settings: Any, tmp_path: Path, moving_frames: Callable[..., Frames], place: str
) -> None:
    """The left half is outside in the right eye, the right half in the left one."""
    pixels, folder = moving_frames([7])[7], tmp_path / "plate"
    folder.mkdir()
    half = np.zeros_like(pixels[..., 0])
    half[:, 48:] = 1.0
    eyes = {"left": half[:, ::-1].copy(), "right": half}
    header = {"type": OpenEXR.scanlineimage}
    light = {name: pixels[..., at].copy() for at, name in enumerate("RGB")}
    if place == "in the files":
        named = {f"right.{name}": plane for name, plane in light.items()}
        planes = light | named | {"A": eyes["left"], "right.A": eyes["right"]}
        path = folder / "shot.0007.exr"
        OpenEXR.File(header | {"multiView": ["left", "right"]}, planes).write(str(path))
    for eye, alpha in eyes.items() if place != "in the files" else ():
        OpenEXR.File(dict(header), light | {"A": alpha}).write(str(folder / f"shot.{eye}.7.exr"))
    plate = str(folder / ("shot.####.exr" if place == "in the files" else "shot.%V.#.exr"))
    output = str(tmp_path / "out" / "m.%V.####.exr")
    wishes = {"output": output, "source_alpha": "garbage", "depth": "float"}
    key(settings(plate, view="all", **wishes))
    for eye, alpha in eyes.items():
        image = oiio.ImageBuf(str(tmp_path / "out" / f"m.{eye}.0007.exr"))
        layers = np.asarray(image.get_pixels(oiio.FLOAT))
        found = layers[..., list(image.spec().channelnames).index("A")]
        assert (found[alpha == 0] == 0).all()
        assert (found[alpha == 1] > 0).any()
