"""How clean soft edges are: the real network's foreground against a known one.

Usage: python benchmarks/edges.py --weights FILE [--frames N] [--sheet OUT.png]

The truth is a cut-out: NASA's astronaut, with the matte that the network gives of the photograph,
softened, as the alpha by definition, and hair drawn around the head. The foreground of the band is
the photograph's own, mirrored outwards from where the matte is solid. It is composited in linear
light over drawn backgrounds, keyed with the network, and laid over black, white, mid-grey and the
background's opposite hue. Printed for each clip: the mean difference in sRGB codes, in the
network's band, of `plate * alpha` from the truth under the same alpha; and in parts of that those
of the network's own foreground, of what `key` makes of it, and of that with `--despill`.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt, gaussian_filter

from robust_matte.colour.model_view import ModelView
from robust_matte.colour.transforms import transform
from robust_matte.jobs.demo_clip import CameraView, draw_view, find_photograph
from robust_matte.keying.despill import despill
from robust_matte.keying.foreground import recover_foreground
from robust_matte.keying.model import Weights
from robust_matte.keying.network import Network
from robust_matte.media.stills import read_frame
from robust_matte.media.windows import Size
from robust_matte.settings.choices import Despill, PlateSpace, Refiner

__all__ = ["Clip", "band_errors", "draw_clips", "key_clip", "make_cut_out", "open_network"]

Image = NDArray[np.float32]
SEEN = ModelView(PlateSpace.LINEAR_REC709)
LOW = Size(512, 288)
SHOWN = (slice(0, 300), slice(330, 650))
OVER = {"black": (0, 0, 0), "white": (1, 1, 1), "grey": (0.18, 0.18, 0.18)}
SCREENS = {"green": Despill.GREEN, "blue": Despill.BLUE}


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A composite's last frame, keyed; (540, 960, 3) scene-linear, or (540, 960).

    Attributes:
        plate: The composite.
        fgr: The network's foreground, as V is encoded.
        alpha: The network's alpha.
        truth: The foreground that was composited.
        opposite: The background's opposite hue.
    """

    plate: Image
    fgr: Image
    alpha: Image
    truth: Image
    opposite: tuple[float, ...]

    def recovered(self, wish: Despill = Despill.NONE) -> Image:
        """Return the foreground as `key` writes it."""
        view = SEEN.view(self.plate)
        found = recover_foreground(self.plate, view, self.fgr, self.alpha, SEEN)
        return despill(found, self.plate, self.alpha, wish, SEEN.white)


def open_network(weights: Path) -> Network:
    """Return a network on the CPU."""
    return Network(Weights(weights, sha256=""), refiner=Refiner.AUTO, device="cpu", threads=0)


def make_cut_out(network: Network, frames: int = 5) -> tuple[Image, Image]:
    """Return foreground and alpha, as found after some frames: the truth, by definition."""
    codes = read_frame(find_photograph(), 1).pixels
    light = transform(codes, PlateSpace.SRGB, PlateSpace.LINEAR_REC709)
    frame = draw_view(light, CameraView.at(0.6))
    _, alpha = _settled(network, [frame] * frames)
    core = binary_erosion(alpha > 0.99, iterations=3)
    _, nearest = distance_transform_edt(~core, return_indices=True)
    inside = [
        np.clip(2 * near - own, 0, size - 1)
        for near, own, size in zip(nearest, np.indices(core.shape), core.shape, strict=True)
    ]
    foreground = np.where(core[..., None], frame, frame[inside[0], inside[1]])
    soft = gaussian_filter(alpha, 1.0)
    soft = np.where(soft > 0.995, 1.0, np.where(soft < 0.005, 0.0, soft))
    return np.asarray(foreground, np.float32), _with_hair(soft.astype(np.float32))


def draw_clips() -> dict[str, Image]:
    """Return backgrounds, (540, 960, 3) scene-linear: screens, a room, overcast sky, a window."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:540, 0:960].astype(np.float32)
    wave = (1 + 0.3 * np.sin(x / 150))[..., None]
    noise = sum(
        gaussian_filter(rng.standard_normal((540, 960, 3)), (scale, scale, 0)) * scale
        for scale in (4, 8, 16, 32, 64)
    )
    is_window = (np.abs(x - 620) < 120)[..., None]
    clips = {
        "green": np.array([0.03, 0.45, 0.06]) * wave,
        "blue": np.array([0.03, 0.08, 0.50]) * wave,
        "room": np.clip(0.2 + 0.05 * noise, 0.01, 1.5),
        "sky": 0.1 + np.array([0.9, 0.95, 1.2]) * (1 + 0.8 * np.sin(x / 90 + y / 60))[..., None],
        "window": np.where(is_window, [6.0, 6.5, 7.0], [0.05, 0.06, 0.08]),
    }
    return {name: np.asarray(back, np.float32) for name, back in clips.items()}


def key_clip(
    network: Network, foreground: Image, alpha: Image, back: Image, frames: int = 8
) -> Clip:
    """Composite over a background that drifts, and key it; returns the last frame."""
    cover = alpha[..., None]
    plates = [
        np.asarray(foreground * cover + (1 - cover) * np.roll(back, 3 * at, 1), np.float32)
        for at in range(frames)
    ]
    fgr, found = _settled(network, plates)
    mean = back.mean(axis=(0, 1))
    opposite = np.clip(mean.max() + mean.min() - mean, 0, 1)
    return Clip(plates[-1], fgr, found, foreground, tuple(map(float, opposite)))


def band_errors(clip: Clip, foreground: Image) -> dict[str, float]:
    """Return the mean difference from the truth in the band, in sRGB codes, over each colour."""
    band = (clip.alpha > 0.0) & (clip.alpha < 1.0)
    cover = clip.alpha[band][:, None]
    errors = {}
    for name, over in {**OVER, "opposite": clip.opposite}.items():
        behind = (1 - cover) * np.array(over, np.float32)
        found, truth = (_shown(one[band] * cover + behind) for one in (foreground, clip.truth))
        errors[name] = float(np.abs(found - truth).mean())
    return errors


def _settled(network: Network, plates: list[Image]) -> tuple[Image, Image]:
    """Key the last of some frames after all of them were seen backwards and forwards."""
    views = [SEEN.view(plate) for plate in plates]
    lows = [network.shrink(view, LOW) for view in views]
    network.reset()
    for low in (*lows[:0:-1], *lows[:-1]):
        network.roll(low)
    return network.matte(views[-1], lows[-1])


def _with_hair(alpha: Image) -> Image:
    """Draw five hundred strands around the head, a pixel wide, curled."""
    rng = np.random.default_rng(1)
    rows, columns = np.nonzero((alpha > 0.5) & (np.roll(alpha, 3, 0) < 0.5))
    head = np.flatnonzero(rows < 270)
    hair = np.zeros_like(alpha)
    for start in rng.choice(head, 500):
        y, x = float(rows[start]), float(columns[start])
        angle = np.arctan2(y - 170, x - 480) + rng.normal(0, 0.5)
        curl, length, strength = rng.normal(0, 0.03), rng.uniform(8, 32), rng.uniform(0.3, 0.9)
        for done in np.arange(0, length, 0.5):
            y, x, angle = y + 0.5 * np.sin(angle), x + 0.5 * np.cos(angle), angle + curl
            if not (0 <= y < alpha.shape[0] - 1 and 0 <= x < alpha.shape[1] - 1):
                break
            cover = 1.6 * strength * min(1.0, (length - done) / 5)
            _splat(hair, y, x, cover)
    return np.maximum(alpha, np.minimum(hair, 0.95))


def _splat(hair: Image, y: float, x: float, cover: float) -> None:
    row, column = int(y), int(x)
    down, across = y - row, x - column
    shares = np.outer([1 - down, down], [1 - across, across]) * cover
    here = hair[row : row + 2, column : column + 2]
    np.maximum(here, shares.astype(np.float32), out=here)


def _shown(light: Image) -> Image:
    bounded = np.clip(light, 0, 1)
    curve = 1.055 * bounded ** (1 / 2.4) - 0.055
    return np.asarray(np.where(bounded > 0.0031308, curve, 12.92 * bounded), np.float32)


def _write_sheet(path: Path, clips: Mapping[str, Clip]) -> None:
    """Write a row per clip: plate, plate * alpha, foreground, truth, over grey."""
    rows = []
    for clip in clips.values():
        cover = clip.alpha[..., None]
        layers = (clip.plate, clip.recovered(), clip.truth)
        over = [_shown(one * cover + (1 - cover) * np.float32(0.18)) for one in layers]
        rows.append(np.concatenate([_shown(clip.plate)[SHOWN], *(one[SHOWN] for one in over)], 1))
    buffer = oiio.ImageBuf(np.ascontiguousarray(np.concatenate(rows), np.float32))
    buffer.set_write_format("uint8")
    if not buffer.write(str(path)):
        raise OSError(buffer.geterror())


def main() -> None:
    """Measure all clips."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--sheet", type=Path)
    asked = parser.parse_args()
    network = open_network(asked.weights)
    foreground, alpha = make_cut_out(network)
    clips, total = {}, np.zeros(4)
    print(f"{'clip':8} {'over':9} {'plate*alpha':>11} {'model':>7} {'key':>7} {'despill':>7}")
    for name, back in draw_clips().items():
        clip = clips[name] = key_clip(network, foreground, alpha, back, asked.frames)
        wish = SCREENS.get(name, Despill.BACKGROUND)
        layers = (clip.plate, SEEN.light(clip.fgr), clip.recovered(), clip.recovered(wish))
        errors = [band_errors(clip, one) for one in layers]
        for over in errors[0]:
            row = np.array([one[over] for one in errors])
            total += row
            ratios = row[1:] / row[0]
            print(f"{name:8} {over:9} {row[0]:11.4f} " + " ".join(f"{one:7.2f}" for one in ratios))
    ratios = total[1:] / total[0]
    print(f"{'all':18} {total[0] / 20:11.4f} " + " ".join(f"{one:7.2f}" for one in ratios))
    if asked.sheet:
        _write_sheet(asked.sheet, clips)


if __name__ == "__main__":
    main()
