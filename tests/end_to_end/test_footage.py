"""Real footage and RVM's own weights; skipped without test media."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.jobs.key import key
from robust_matte.keying.model import hash_weights
from robust_matte.keying.network import Network
from robust_matte.keying.prepared import Preparation
from robust_matte.keying.rolling import read_prepared
from robust_matte.media.plates import open_plate
from robust_matte.media.windows import Size, Window
from robust_matte.settings.choices import Nonfinite, PlateSpace, Refiner

pytestmark = pytest.mark.media
Image = NDArray[np.float32]
WARM_UP = 16


@pytest.fixture(scope="session")
def weights(media: Path) -> Path:
    return media / "weights" / "rvm_mobilenetv3_web.safetensors"


@pytest.fixture
def network(weights: Path) -> Any:
    """Open the network at a low-resolution size."""
    return partial(Network, hash_weights(weights), refiner=Refiner.AUTO, device="cpu", threads=2)


def _views(media: Path) -> Iterator[Image]:
    """Yield the model views of the interview, full size."""
    plate = open_plate(str(media / "clips" / "interview.mp4"))
    window = plate.header(1).display_window
    preparation = Preparation(
        ModelView(PlateSpace.GAMMA24_REC709), Window(0, 0, *_wh(window)), Nonfinite.KEEP
    )
    with read_prepared(plate, preparation, plate.numbers) as frames:
        for frame in frames:
            yield frame.view


def _wh(window: Window) -> tuple[int, int]:
    return window.width, window.height


def _roll(model: Network, lows: Iterable[Image]) -> None:
    for low in lows:
        model.roll(low)


def test_alpha_is_that_of_the_original_implementation(
    media: Path, weights: Path, settings: Any, tmp_path: Path
) -> None:
    """Thread count and memory layout alone move the reference by 6e-4."""
    reference = np.load(media / "reference" / "interview_540_web_fgf.npz")
    job = settings(
        str(media / "clips" / "interview_540" / "interview.####.png"),
        model=weights,
        refiner="fast_guided_filter",
        downsample="auto",
        warm_up=0,
        cuts="off",
        depth="float",
        threads=2,
    )
    assert key(job).written == 10
    for wanted, number in zip(reference["pha"], (1001, 1002, 1006, 1010), strict=True):
        image = oiio.ImageInput.open(str(tmp_path / "out" / f"interview_matte.{number}.exr"))
        assert image is not None
        at = image.spec().channelnames.index("A")
        alpha = image.read_image(0, 0, at, at + 1, oiio.FLOAT)
        image.close()
        off = np.abs(np.squeeze(np.asarray(alpha))[::2, ::2] - wanted)
        assert off.mean() < 5e-5, number
        assert off.max() < 5e-3, number


def test_warm_up_brings_the_first_frame_near_the_settled_state(media: Path, network: Any) -> None:
    """At least threefold, against a state that has seen the whole clip forwards and backwards."""
    model = network(low_size=Size(512, 288))
    lows, first = [], None
    for view in _views(media):
        first = view if first is None else first
        lows.append(model.shrink(view))
    assert first is not None
    alphas = {}
    for name, before in {
        "settled": [*lows, *lows[:0:-1]],
        "warm": lows[WARM_UP:0:-1],
        "cold": [],
    }.items():
        model.reset()
        _roll(model, before)
        alphas[name] = model.matte(first, lows[0])[1]
    cold, warm = (np.abs(alphas[name] - alphas["settled"]).mean() for name in ("cold", "warm"))
    print(f"mean alpha difference at the first frame: cold {cold:.4f}, warm {warm:.4f}")
    assert warm * 3 <= cold


@pytest.fixture(scope="session")
def cut_out(media: Path, weights: Path) -> list[tuple[Image, Image]]:
    """Foreground and alpha of 40 frames of the interview at 480x270: the truth of composites."""
    views = [view[1::4, 1::4].copy() for view, _ in zip(_views(media), range(40), strict=False)]
    model = Network(
        hash_weights(weights),
        refiner=Refiner.AUTO,
        low_size=Size(480, 270),
        device="cpu",
        threads=2,
    )
    _roll(model, (model.shrink(view) for view in (*views, *views[:0:-1])))
    return [model.matte(view, model.shrink(view)) for view in views]


def _background(seed: int, frame: int) -> Image:
    """A drifting room of soft blobs and stripes, (270, 480, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:270, 0:480].astype(np.float32)
    x = x + frame * rng.uniform(-1.5, 1.5)
    planes = []
    for _ in range(3):
        plane = np.full_like(x, rng.uniform(0.3, 0.6))
        for _ in range(8):
            fx, fy = rng.uniform(-0.06, 0.06, 2)
            plane += rng.uniform(0.02, 0.08) * np.sin(fx * x + fy * y + rng.uniform(0, 6.28))
        planes.append(plane)
    return np.clip(np.stack(planes, axis=2), 0, 1).astype(np.float32)


def _composite(
    cut_out: list[tuple[Image, Image]], seed: int, enters: int
) -> list[tuple[Image, Image]]:
    """Views and true alpha; the people slide in from the right so as to appear at `enters`."""
    clip = []
    for frame, (fgr, alpha) in enumerate(cut_out[:32]):
        shift = 0 if enters == 0 else 480 - max(0, frame - enters + 1) * 40
        shift = max(shift, 0)
        moved, cover = np.zeros_like(fgr), np.zeros_like(alpha)
        moved[:, shift:], cover[:, shift:] = fgr[:, : 480 - shift], alpha[:, : 480 - shift]
        background = _background(seed, frame)
        view = moved * cover[..., None] + background * (1 - cover[..., None])
        clip.append((view.astype(np.float32), cover))
    return clip


def _keyed(model: Network, clip: list[tuple[Image, Image]], warm_up: int) -> list[Image]:
    lows = [model.shrink(view) for view, _ in clip]
    model.reset()
    _roll(model, lows[warm_up:0:-1])
    return [model.matte(view, low)[1] for (view, _), low in zip(clip, lows, strict=True)]


@pytest.mark.parametrize("seed", [pytest.param(1, id="a"), pytest.param(2, id="b")])
def test_warm_up_is_not_worse_against_known_alpha(
    seed: int, cut_out: list[tuple[Image, Image]], network: Any
) -> None:
    model = network(low_size=Size(480, 270))
    clip = _composite(cut_out, seed, 0)
    errors = {}
    for warm_up in (0, WARM_UP):
        alphas = _keyed(model, clip, warm_up)
        found = zip(alphas[:16], clip[:16], strict=True)
        errors[warm_up] = np.mean([np.abs(alpha - truth).mean() for alpha, (_, truth) in found])
    print(f"MAD of the first 16 frames: cold {errors[0]:.5f}, warm {errors[WARM_UP]:.5f}")
    assert errors[WARM_UP] <= errors[0]


@pytest.mark.parametrize(
    "enters", [pytest.param(8, id="in the warm-up"), pytest.param(20, id="later")]
)
def test_nothing_appears_before_a_subject_that_enters_late(
    enters: int, cut_out: list[tuple[Image, Image]], network: Any
) -> None:
    model = network(low_size=Size(480, 270))
    clip = _composite(cut_out, 3, enters)
    cold, warm = (_keyed(model, clip, warm_up) for warm_up in (0, WARM_UP))
    before = range(enters)
    ghosts = [float(warm[frame].mean()) for frame in before]
    print(f"mean alpha before the subject: warm {ghosts}, cold {[c.mean() for c in cold[:enters]]}")
    assert clip[enters][1].any()
    assert not clip[enters - 1][1].any()
    for frame in before:
        assert warm[frame].mean() <= max(float(cold[frame].mean()), 1e-4) + 1e-4
