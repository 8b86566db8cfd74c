"""Alpha hints: grey PNG files at the plate's numbers, made of the finished frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import SettingsError, WouldOverwriteError
from robust_matte.jobs.key import key
from robust_matte.jobs.key_result import KeyResult

Image = NDArray[np.float32]

HEIGHT, WIDTH = 20, 36


@pytest.fixture
def alpha() -> Image:
    ramp: Image = np.linspace(0, 1, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    return ramp


@pytest.fixture
def keyed(
    alpha: Image, moving_frames: Any, settings: Any, write_exr_plate: Any, fake_model: Any
) -> Callable[..., KeyResult]:
    frames = moving_frames(range(1001, 1004), height=HEIGHT, width=WIDTH)
    plate = write_exr_plate(frames)

    def run(**values: Any) -> KeyResult:
        fake = fake_model(lambda _: (np.full((HEIGHT, WIDTH, 3), 0.5, np.float32), alpha))
        return key(settings(plate, warm_up=0, depth="float", **values), open_model=fake)

    return run


def _read(path: Path) -> tuple[NDArray[Any], oiio.ImageSpec]:
    image = oiio.ImageInput.open(str(path))
    assert image is not None, oiio.geterror()
    spec = oiio.ImageSpec(image.spec())
    pixels = image.read_image(0, 0, 0, spec.nchannels, oiio.UNKNOWN)
    image.close()
    assert pixels is not None
    return pixels, spec


@pytest.mark.parametrize(("depth", "kind"), [("8", np.uint8), ("16", np.uint16)])
def test_hints_are_the_alpha_at_the_plates_numbers(
    depth: str, kind: type, keyed: Any, alpha: Image, tmp_path: Path
) -> None:
    result = keyed(hint_dir=tmp_path / "AlphaHint", hint_depth=depth)
    assert result.hints == str(tmp_path / "AlphaHint" / "shot.####.png")
    names = sorted(path.name for path in (tmp_path / "AlphaHint").iterdir())
    assert names == ["shot.1001.png", "shot.1002.png", "shot.1003.png"]
    pixels, spec = _read(tmp_path / "AlphaHint" / "shot.1002.png")
    assert spec.nchannels == 1
    assert pixels.dtype == kind
    np.testing.assert_array_equal(pixels[..., 0], np.rint(alpha * np.iinfo(kind).max))


@pytest.mark.parametrize(
    "how", [{}, {"crop": True}, {"layers": "multipart"}, {"layers": "separate"}]
)
def test_hints_cover_the_picture_whatever_the_files_hold(
    how: dict[str, Any], keyed: Any, alpha: Image, tmp_path: Path
) -> None:
    """With a hole in the alpha, so that a crop cuts it off at all sides."""
    alpha[:3], alpha[-2:], alpha[:, :5], alpha[:, -1:] = 0.0, 0.0, 0.0, 0.0
    keyed(hint_dir=tmp_path / "hints", matte_gamma=0.5, **how)
    pixels, _ = _read(tmp_path / "hints" / "shot.1001.png")
    assert pixels.shape == (HEIGHT, WIDTH, 1)
    np.testing.assert_array_equal(pixels[..., 0], np.rint(alpha**2 * 255))


def test_hints_of_a_finished_job_need_no_keying(keyed: Any, tmp_path: Path) -> None:
    keyed()
    hints = tmp_path / "hints"
    assert keyed(hint_dir=hints).written == 0
    before = {path: path.stat().st_mtime_ns for path in hints.iterdir()}
    assert len(before) == 3
    gone, damaged = hints / "shot.1001.png", hints / "shot.1003.png"
    whole = {path: path.read_bytes() for path in (gone, damaged)}
    gone.unlink()
    damaged.write_bytes(whole[damaged][:-30])
    keyed(hint_dir=hints)
    assert {path: path.read_bytes() for path in whole} == whole
    kept = hints / "shot.1002.png"
    assert kept.stat().st_mtime_ns == before[kept]


def test_hints_of_another_alpha_or_depth_are_made_again(keyed: Any, tmp_path: Path) -> None:
    hints = tmp_path / "hints"
    keyed(hint_dir=hints)
    first = (hints / "shot.1001.png").read_bytes()
    keyed(hint_dir=hints, hint_depth="16")
    assert (hints / "shot.1001.png").read_bytes() != first
    keyed(hint_dir=hints, matte_gamma=2.0, output=str(tmp_path / "other"))
    pixels, _ = _read(hints / "shot.1001.png")
    assert pixels.dtype == np.uint8
    assert pixels.mean() > 150


def test_other_files_are_not_replaced(keyed: Any, tmp_path: Path) -> None:
    hints = tmp_path / "hints"
    hints.mkdir()
    foreign = hints / "shot.1002.png"
    foreign.write_bytes(b"somebody's")
    with pytest.raises(WouldOverwriteError, match="is no hint of this program"):
        keyed(hint_dir=hints)
    assert not (tmp_path / "out").exists()
    assert foreign.read_bytes() == b"somebody's"
    keyed(hint_dir=hints, overwrite=True)
    assert _read(foreign)[1].nchannels == 1


def test_a_png_plate_beside_its_hints_is_safe(
    settings: Any, alpha: Image, fake_model: Any, tmp_path: Path
) -> None:
    path = tmp_path / "shot.1001.png"
    image = oiio.ImageOutput.create(str(path))
    assert image is not None
    assert image.open(str(path), oiio.ImageSpec(WIDTH, HEIGHT, 3, "uint8"))
    assert image.write_image(np.full((HEIGHT, WIDTH, 3), 0.5, np.float32))
    image.close()
    before = path.read_bytes()
    fake = fake_model(lambda _: (np.full((HEIGHT, WIDTH, 3), 0.5, np.float32), alpha))
    with pytest.raises(SettingsError, match="is a file that this command reads"):
        key(settings(str(path), hint_dir=tmp_path, overwrite=True), open_model=fake)
    assert path.read_bytes() == before
