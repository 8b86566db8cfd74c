"""How good the draft network is, against the network it learnt from, on what it never saw.

Usage: python benchmarks/draft.py --photographs FOLDER --teacher FILE [--draft FILE] [--sheet OUT]

The photographs are those whose names the weights list as held out. Prints for each, and on average,
IoU at 0.5 and MAD of the draft's matte against the teacher's; then, over clips that pan and zoom
across the same photographs under fresh grain, MAD and dtSSD of the draft with its state and of the
draft reset at every frame. The truth of a clip is the teacher's matte of the still, moved along.

The sheet shows every held-out photograph with the teacher's matte and the draft's.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from robust_matte.keying.model import Weights
from robust_matte.keying.network import Network
from robust_matte.media.windows import Size
from robust_matte.settings.choices import Refiner
from robust_matte.settings.low_res import Downsample
from robust_matte_rvm.evaluation import METRICS, Meter
from robust_matte_rvm.tensor_files import read_words
from robust_matte_rvm.training.motion import Framing, draw_path, move

ROOT = Path(__file__).resolve().parents[1]
DRAFT = ROOT / "plugin/robust_matte/weights/draft.safetensors"
_SETTLING = 6  # times a still is shown
_FRAMES, _GRAIN = 24, 0.02
_CLIP = (360, 480)
_FRAMING = Framing(closest=0.75, widest=1.0)
_TILE = 200

_MEASURES = [metric for metric in METRICS if metric.name in ("iou", "mad", "dtssd")]

_Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A held-out photograph with both mattes; colours (H, W, 3), alphas (H, W), in [0, 1]."""

    name: str
    photograph: _Image
    teacher: _Image
    draft: _Image


def held_out(weights: Path) -> list[str]:
    """Return the names of the photographs that the weights were not trained on."""
    names: list[str] = json.loads(read_words(weights.read_bytes())["held_out"])
    return names


def open_network(weights: Path) -> Network:
    """Return a network on the CPU."""
    return Network(Weights(weights, sha256=""), refiner=Refiner.AUTO, device="cpu", threads=0)


def shrink(network: Network, picture: _Image) -> _Image:
    """Return the view of a picture that the network was made for."""
    height, width, _ = picture.shape
    side = network.identity.usual_side
    size = Downsample.parse("auto").size(width, height, usual_side=side)
    return network.shrink(picture, Size(*size))


def matte_still(network: Network, picture: _Image) -> _Image:
    """Return the settled alpha of a still, (H, W)."""
    network.reset()
    low = shrink(network, picture)
    for _ in range(_SETTLING - 1):
        network.roll(low)
    return network.matte(picture, low)[1]


def read_held(options: argparse.Namespace) -> Iterator[Held]:
    """Yield each held-out photograph with its mattes."""
    teacher, draft = open_network(options.teacher), open_network(options.draft)
    for name in held_out(options.draft):
        with Image.open(options.photographs / name) as file:
            picture = np.asarray(file.convert("RGB")).astype(np.float32) / np.float32(255)
        yield Held(name, picture, matte_still(teacher, picture), matte_still(draft, picture))


def measure_stills(stills: list[Held]) -> None:
    """Print IoU and MAD of every photograph and their means."""
    rows = []
    for one in stills:
        found = Meter(_MEASURES).measure(one.draft, one.teacher)
        rows.append((found["iou"], found["mad"] / 1e3))
        print(f"{one.name}: IoU {rows[-1][0]:.3f}, MAD {rows[-1][1]:.4f}")
    iou, mad = np.array(rows).T
    print(
        f"{len(rows)} photographs: mean IoU {iou.mean():.3f} (median {np.median(iou):.3f}), "
        f"mean MAD {mad.mean():.4f}"
    )


def film(still: Held, seed: int) -> tuple[list[_Image], list[_Image]]:
    """Return frames with grain, (H, W, 3), and their true alphas, (H, W)."""
    rng = np.random.default_rng([seed, 7])
    planes = np.concatenate([still.photograph, still.teacher[..., None]], 2).transpose(2, 0, 1)
    height, width = sorted(_CLIP, reverse=planes.shape[1] > planes.shape[2])
    path = draw_path(rng, _FRAMES, _FRAMING)
    clip = move(torch.from_numpy(np.ascontiguousarray(planes)), path, (height, width)).numpy()
    grain = rng.normal(0, _GRAIN, (_FRAMES, height, width, 3)).astype(np.float32)
    frames = np.clip(clip[:, :3].transpose(0, 2, 3, 1) + grain, 0, 1)
    return list(np.ascontiguousarray(frames)), list(clip[:, 3])


def follow(options: argparse.Namespace, stills: list[Held], *, resets: bool) -> tuple[float, float]:
    """Return the mean MAD and dtSSD over the clips of all photographs."""
    network = open_network(options.draft)
    rows = []
    for seed, still in enumerate(stills):
        frames, truth = film(still, seed)
        network.reset()
        meter = Meter(_MEASURES)
        for frame, true_alpha in zip(frames, truth, strict=True):
            if resets:
                network.reset()
            alpha = network.matte(frame, shrink(network, frame))[1]
            found = meter.measure(alpha, true_alpha)
            rows.append((found["mad"] / 1e3, found["dtssd"]))
    mad, dtssd = np.nanmean(np.array(rows), 0)
    return float(mad), float(dtssd)


def measure_motion(options: argparse.Namespace, stills: list[Held]) -> None:
    """Print what the state is worth on moving clips."""
    kept, reset = (follow(options, stills, resets=resets) for resets in (False, True))
    print(f"with its state: MAD {kept[0]:.4f}, dtSSD {kept[1]:.3f}")
    print(f"reset at every frame: MAD {reset[0]:.4f}, dtSSD {reset[1]:.3f}")
    print(f"dtSSD with the state is {1 - kept[1] / reset[1]:.1%} lower")


def draw_sheet(stills: list[Held], file: Path) -> None:
    """Write photographs, the teacher's mattes and the draft's, three a row of the sheet."""
    across = 5
    down = -(-len(stills) // across)
    sheet = Image.new("RGB", (across * 3 * _TILE, down * _TILE))
    for index, one in enumerate(stills):
        for place, plane in enumerate((one.photograph, one.teacher, one.draft)):
            tile = Image.fromarray((plane * 255 + 0.5).astype(np.uint8)).convert("RGB")
            tile.thumbnail((_TILE, _TILE))
            left = (index % across * 3 + place) * _TILE
            sheet.paste(tile, (left, index // across * _TILE))
    sheet.save(file)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--draft", type=Path, default=DRAFT)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args(sys.argv[1:])
    stills = list(read_held(options))
    measure_stills(stills)
    if options.sheet:
        draw_sheet(stills, options.sheet)
    measure_motion(options, stills)


if __name__ == "__main__":
    main()
