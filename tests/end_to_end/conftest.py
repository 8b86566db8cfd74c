"""Plates, weights and models for whole jobs.

tmp_path/
├── plate/shot.1001.exr …   what `write_exr_plate` writes, with OpenImageIO
├── out/                    where jobs write
└── (session) filled.safetensors   a network filled from its parameters' names
"""

import importlib.util
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.keying.model import ModelIdentity, Weights
from robust_matte.media.windows import Size
from robust_matte.settings.choices import Refiner
from robust_matte.settings.key_settings import KeySettings

Image = NDArray[np.float32]
Truth = Callable[[int], tuple[Image, Image]]


class FakeModel:
    """A model that knows the truth; strict about what it is fed.

    `truth(k)` gives foreground and alpha of the k-th frame that is asked for since the start, or
    since the start of the run whose state it goes on with.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._asked = 0
        self._is_reset = False
        self.identity = ModelIdentity(
            variant="fake",
            usual_side=512,
            refiner=Refiner.FAST_GUIDED_FILTER,
            device="cpu",
            threads=1,
            torch="0",
        )

    def reset(self) -> None:
        self._is_reset = True

    def shrink(self, view: Image, size: Size) -> Image:
        self._check(view)
        return np.zeros((size.height, size.width, 3), np.float32)

    def roll(self, low: Image) -> None:
        assert self._is_reset
        self._check(low)

    def matte(self, view: Image, low: Image) -> tuple[Image, Image]:
        assert self._is_reset
        self._check(view)
        self._check(low)
        fgr, alpha = self._truth(self._asked)
        assert fgr.shape == view.shape
        assert alpha.shape == view.shape[:2]
        self._asked += 1
        return fgr, alpha

    def state_bytes(self, words: Mapping[str, str]) -> bytes:
        return json.dumps([self._asked, dict(words)]).encode()

    def load_state(self, data: bytes) -> dict[str, str]:
        words: dict[str, str]
        self._asked, words = json.loads(data)
        self._is_reset = True
        return words

    @staticmethod
    def _check(image: Image) -> None:
        assert image.dtype == np.float32
        assert image.ndim == 3
        assert np.isfinite(image).all()
        assert image.min() >= 0.0
        assert image.max() <= 1.0


@pytest.fixture(autouse=True)
def no_weights_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Find none of this machine's weights, and fetch none; returns the folder of a cache."""
    for name in ("ROBUST_MATTE_WEIGHTS", "ROBUST_MATTE_WEIGHTS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROBUST_MATTE_OFFLINE", "1")
    for name in ("XDG_CACHE_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "no cache"))
    return tmp_path / "no cache" / "robust-matte" / "weights"


@pytest.fixture
def fake_model() -> Callable[[Truth], Callable[..., FakeModel]]:
    """Make an opener of a fake model from the truth."""

    def opener(truth: Truth) -> Callable[..., FakeModel]:
        def open_model(
            weights: Weights, *, refiner: Refiner, device: str, threads: int
        ) -> FakeModel:
            assert weights.sha256
            assert refiner is Refiner.AUTO
            assert (device, threads) == ("auto", 1)
            return FakeModel(truth)

        return open_model

    return opener


@pytest.fixture(scope="session")
def filled_weights(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the small network whose parameters are filled from their names."""
    import torch
    from safetensors.torch import save_file

    from robust_matte_rvm import MattingNetwork

    spec = importlib.util.spec_from_file_location("fill", root / "tests" / "data" / "fill.py")
    assert spec is not None
    assert spec.loader is not None
    fill = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fill)
    entries = {}
    for name, value in MattingNetwork("mobilenetv3", "deep_guided_filter").state_dict().items():
        is_float = value.is_floating_point()
        entries[name] = torch.from_numpy(fill.fill(name, tuple(value.shape))) if is_float else value
    path = tmp_path_factory.mktemp("weights") / "filled.safetensors"
    save_file(entries, path)
    return path


@pytest.fixture
def write_exr_plate(tmp_path: Path) -> Callable[..., str]:
    """Write numbered frames as EXR with OpenImageIO; returns the plate's pattern."""

    def write(
        frames: Mapping[int, Image], *, name: str = "shot", kind: str = "float", **attributes: Any
    ) -> str:
        folder = tmp_path / "plate"
        folder.mkdir(exist_ok=True)
        for number, pixels in frames.items():
            path = folder / f"{name}.{number:04d}.exr"
            spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], 3, kind)
            for key, value in attributes.items():
                spec.attribute(key, value)
            image = oiio.ImageOutput.create(str(path))
            assert image is not None
            assert image.open(str(path), spec), oiio.geterror()
            assert image.write_image(np.ascontiguousarray(pixels)), image.geterror()
            image.close()
        return str(folder / f"{name}.####.exr")

    return write


@pytest.fixture
def settings(tmp_path: Path, filled_weights: Path) -> Callable[..., KeySettings]:
    """Build settings that write to tmp_path/out, quick and without a contact sheet."""

    def build(plate: str, **values: Any) -> KeySettings:
        usual = {
            "output": str(tmp_path / "out"),
            "model": filled_weights,
            "threads": 1,
            "cuts": "off",
            "downsample": "48px",
            "contact_sheet": "none",
        }
        return KeySettings(plate=plate, **(usual | values))

    return build


@pytest.fixture
def read_layers(tmp_path: Path) -> Callable[..., dict[str, Image]]:
    """Read a written frame's channels with OpenImageIO, which did not write them."""

    def read(number: int, folder: Path | None = None, name: str = "shot_matte") -> dict[str, Image]:
        path = (folder or tmp_path / "out") / f"{name}.{number:04d}.exr"
        image = oiio.ImageInput.open(str(path))
        assert image is not None, oiio.geterror()
        spec = image.spec()
        pixels = image.read_image(0, 0, 0, spec.nchannels, oiio.FLOAT)
        image.close()
        assert pixels is not None
        return {channel: pixels[..., at] for at, channel in enumerate(spec.channelnames)}

    return read


@pytest.fixture
def read_attributes(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Read a written frame's attributes with OpenImageIO."""

    def read(number: int, folder: Path | None = None, name: str = "shot_matte") -> dict[str, Any]:
        path = (folder or tmp_path / "out") / f"{name}.{number:04d}.exr"
        image = oiio.ImageInput.open(str(path))
        assert image is not None, oiio.geterror()
        found = {one.name: one.value for one in image.spec().extra_attribs}
        image.close()
        return found

    return read


@pytest.fixture
def moving_frames() -> Callable[..., dict[int, Image]]:
    """Make smooth frames that drift, as scene-linear light in [0, 1.5]."""

    def make(
        numbers: range, *, height: int = 54, width: int = 96, seed: int = 3
    ) -> dict[int, Image]:
        rng = np.random.default_rng(seed)
        waves = rng.uniform(-0.15, 0.15, (3, 5, 2))
        phases, drifts = rng.uniform(0, 6.28, (3, 5)), rng.uniform(-0.5, 0.5, (3, 5))
        y, x = np.mgrid[0:height, 0:width]
        frames = {}
        for number in numbers:
            planes = [
                sum(
                    np.sin(fx * x + fy * y + phase + drift * number)
                    for (fx, fy), phase, drift in zip(*parts, strict=True)
                )
                for parts in zip(waves, phases, drifts, strict=True)
            ]
            frames[number] = (np.stack(planes, axis=2) * 0.15 + 0.75).astype(np.float32)
        return frames

    return make


@pytest.fixture
def write_windowed(tmp_path: Path) -> Callable[..., str]:
    """Write frames whose pixels sit where each says, on one display window."""

    def write(
        frames: Mapping[int, tuple[Image, int, int]],
        display: tuple[int, int, int, int] = (-4, 6, 48, 36),
        **attributes: Any,
    ) -> str:
        folder = tmp_path / "windowed"
        folder.mkdir()
        for number, (pixels, x, y) in frames.items():
            spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], 3, "float")
            spec.x, spec.y = x, y
            spec.full_x, spec.full_y, spec.full_width, spec.full_height = display
            for name, value in attributes.items():
                spec.attribute(name, value)
            path = str(folder / f"w.{number:04d}.exr")
            image = oiio.ImageOutput.create(path)
            assert image is not None
            assert image.open(path, spec), oiio.geterror()
            assert image.write_image(np.ascontiguousarray(pixels)), image.geterror()
            image.close()
        return str(folder / "w.####.exr")

    return write


@pytest.fixture
def read_windowed() -> Callable[[Path], tuple[dict[str, Image], Any, Any]]:
    """Read channels, data window and display window with OpenImageIO, of all parts."""

    def read(path: Path) -> tuple[dict[str, Image], Any, Any]:
        planes: dict[str, Image] = {}
        image = oiio.ImageInput.open(str(path))
        assert image is not None, oiio.geterror()
        part, boxes = 0, set()
        while image.seek_subimage(part, 0):
            spec = image.spec()
            pixels = image.read_image(part, 0, 0, spec.nchannels, oiio.FLOAT)
            assert pixels is not None, image.geterror()
            prefix = f"{part}:" if part else ""
            planes |= {f"{prefix}{n}": pixels[..., k] for k, n in enumerate(spec.channelnames)}
            data = (spec.x, spec.y, spec.width, spec.height)
            display = (spec.full_x, spec.full_y, spec.full_width, spec.full_height)
            boxes.add((data, display))
            part += 1
        image.close()
        ((data, display),) = boxes
        return planes, data, display

    return read
