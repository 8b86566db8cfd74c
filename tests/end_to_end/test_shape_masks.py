"""`robust-matte shape` of results with garbage, core and a plate's own alpha."""

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import InputError, SettingsError
from robust_matte.jobs.key import key
from robust_matte.jobs.shape import shape
from robust_matte.settings.shape_settings import ShapeSettings

Image = NDArray[np.float32]

HEIGHT, WIDTH = 24, 40
NUMBERS = range(1001, 1006)
GAMMA = {"matte_gamma": 1.001}


@pytest.fixture
def keyed(
    settings: Any, moving_frames: Any, write_exr_plate: Any, fake_model: Any, tmp_path: Path
) -> Callable[..., Path]:
    """Key a ramp of alpha over a plate that has an alpha, too, and return the folder."""
    frames = dict(moving_frames(NUMBERS, height=HEIGHT, width=WIDTH))
    plate = write_exr_plate(frames)
    ramp = np.tile(np.linspace(0.05, 0.9, WIDTH, dtype=np.float32), (HEIGHT, 1))

    def run(name: str = "plain", **values: Any) -> Path:
        if "source_alpha" in values:
            for number, pixels in frames.items():
                whole = np.concatenate([pixels, np.ones_like(pixels[..., :1])], axis=2)
                _write(tmp_path / "plate" / f"shot.{number}.exr", whole)
        fake = fake_model(lambda _: (np.full((*ramp.shape, 3), 0.5, np.float32), ramp.copy()))
        key(settings(plate, output=str(tmp_path / name), warm_up=0, **values), open_model=fake)
        return tmp_path / name

    return run


def _write(path: Path, pixels: Image) -> str:
    image = oiio.ImageOutput.create(str(path))
    assert image is not None
    assert image.open(str(path), oiio.ImageSpec(WIDTH, HEIGHT, pixels.shape[2], "half"))
    assert image.write_image(np.ascontiguousarray(pixels))
    image.close()
    return str(path)


@pytest.fixture
def masks(tmp_path: Path) -> dict[str, str]:
    """Garbage on the left and a core on the right, as stills."""
    garbage, core = np.zeros((2, HEIGHT, WIDTH, 1), np.float32)
    garbage[:, :6], core[:, 30:34] = 1.0, 1.0
    pictures = {"garbage": garbage, "core": core}
    return {name: _write(tmp_path / f"{name}.exr", one) for name, one in pictures.items()}


@pytest.fixture
def movie(tmp_path: Path) -> str:
    """A core whose frames have one white column each: the first in column 0."""
    path = tmp_path / "core.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        stream.codec_context.color_range = 1
        for column in range(len(NUMBERS)):
            pixels = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
            pixels[..., 0] = 16
            pixels[:, column, 0] = 235
            frame = av.VideoFrame.from_ndarray(pixels, format="yuv444p", channel_last=True)
            frame.color_range = 1
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return str(path)


def _alpha(folder: Path, number: int) -> Image:
    image = oiio.ImageBuf(str(folder / f"shot_matte.{number}.exr"))
    names = image.spec().channelnames
    pixels = image.get_pixels(oiio.FLOAT)
    assert pixels is not None
    return np.asarray(pixels[..., names.index("A")], np.float32)


@pytest.mark.parametrize(("given", "lacking"), [("garbage", "core"), ("core", "garbage")])
def test_some_of_the_masks_are_not_enough(
    given: str, lacking: str, keyed: Any, masks: dict[str, str], tmp_path: Path
) -> None:
    result, new = keyed(**masks), tmp_path / "new"
    with pytest.raises(SettingsError, match=f"keyed with its {lacking}, too") as told:
        shape(ShapeSettings(result=result, output=new, **GAMMA, **{given: masks[given]}))
    assert "Name all that it was keyed with, or none of it" in told.value.hint
    assert not new.exists()
    for name, words in (("all", masks), ("none", {})):
        shape(ShapeSettings(result=result, output=tmp_path / name, **GAMMA, **words))
        alpha = _alpha(tmp_path / name, 1002)
        assert (alpha[:, :6].max(), alpha[:, 30:34].min()) == (0.0, 1.0)


def test_a_plates_own_alpha_cannot_be_given_again(
    keyed: Any, masks: dict[str, str], tmp_path: Path
) -> None:
    how = {"garbage": masks["garbage"], "source_alpha": "garbage"}
    result, new = keyed(**how), tmp_path / "new"
    garbage = {"garbage": masks["garbage"]}
    with pytest.raises(SettingsError, match="keyed with its source alpha, too") as told:
        shape(ShapeSettings(result=result, output=new, **GAMMA, **garbage))
    assert told.value.hint.startswith("Leave --garbage and --core out")
    with pytest.raises(SettingsError, match="in place") as told:
        shape(ShapeSettings(result=result, **GAMMA))
    assert "cannot be shaped again" in told.value.hint
    shape(ShapeSettings(result=result, output=new, **GAMMA))
    with pytest.raises(SettingsError, match="was shaped after its source alpha") as told:
        shape(ShapeSettings(result=new, output=tmp_path / "other", **garbage))
    assert told.value.hint == "Shape files that were keyed without shaping."


def test_a_mask_movie_begins_with_the_plate(keyed: Any, movie: str, tmp_path: Path) -> None:
    """Also where the result begins later."""
    result = keyed(core=movie, frames="1004-1005", matte_gamma=2.0)
    shape(ShapeSettings(result=result, output=tmp_path / "new", core=movie))
    for number in (1004, 1005):
        solid = np.flatnonzero(_alpha(tmp_path / "new", number)[0] == 1.0)
        assert solid.tolist() == [number - NUMBERS[0]]
    moved = tmp_path / "moved"
    shutil.copytree(result, moved, ignore=shutil.ignore_patterns("*.robust_matte"))
    with pytest.raises(SettingsError, match="is a movie, and no plan beside"):
        shape(ShapeSettings(result=moved, output=tmp_path / "newer", core=movie))


@pytest.mark.parametrize("layers", ["combined", "multipart"])
def test_in_place_goes_on_where_it_was_stopped(
    layers: str, keyed: Any, masks: dict[str, str]
) -> None:
    result = keyed(layers=layers, **masks)
    settings = ShapeSettings(result=result, **GAMMA, overwrite=True)
    path = result / "shot_matte.1003.exr"
    plain = path.read_bytes()
    shape(settings)
    whole = {one.name: one.read_bytes() for one in result.glob("*.exr")}
    path.write_bytes(plain)  # as a stopped run would have left it
    done = shape(settings)
    assert (done.written, done.kept) == (1, 4)
    assert {one.name: one.read_bytes() for one in result.glob("*.exr")} == whole


def test_what_shape_does_not_read_or_write_is_said(keyed: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be shaped") as told:
        shape(ShapeSettings(result=keyed("apart", layers="separate"), output=tmp_path / "new"))
    assert "those of separate are not read" in told.value.hint
    result = keyed()
    with pytest.raises(SettingsError, match=r"one\.####\.png is no EXR"):
        shape(ShapeSettings(result=result, output=str(tmp_path / "one.####.png")))
    with pytest.raises(InputError) as told:
        shape(ShapeSettings(result=result, output=tmp_path / "new", garbage="nosuch"))
    assert told.value.hint.startswith("--garbage names it. ")
