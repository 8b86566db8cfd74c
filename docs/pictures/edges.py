"""Draws the picture of docs/edges.md: a soft edge before and after.

python docs/pictures/edges.py WEIGHTS.safetensors docs/pictures/edges.png

Two of the clips of benchmarks/edges.py, each a row: the plate; plate * alpha, the foreground, and
the foreground with --despill, over grey; and the truth.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from robust_matte.settings.choices import Despill

__all__ = ["draw_edges"]

Image = NDArray[np.float32]
PART = (slice(8, 148), slice(520, 650))
ROWS = {"green": Despill.GREEN, "sky": Despill.BACKGROUND}
GREY = np.float32(0.18)


def draw_edges(weights: Path, picture: Path) -> None:
    """Key both clips and put what comes out beside each other."""
    edges = _benchmark()
    network = edges.open_network(weights)
    foreground, alpha = edges.make_cut_out(network)
    backgrounds = edges.draw_clips()
    rows = []
    for name, wish in ROWS.items():
        clip = edges.key_clip(network, foreground, alpha, backgrounds[name], frames=4)
        cover = clip.alpha[..., None]
        layers = (clip.plate, clip.recovered(), clip.recovered(wish), clip.truth)
        panels = [clip.plate, *(one * cover + (1 - cover) * GREY for one in layers)]
        rows.append(np.concatenate([_encoded(panel[PART]) for panel in panels], axis=1))
    buffer = oiio.ImageBuf(np.ascontiguousarray(np.concatenate(rows), np.float32))
    buffer.set_write_format("uint8")
    buffer.specmod().attribute("png:compressionLevel", 9)
    if not buffer.write(str(picture)):
        raise OSError(buffer.geterror())


def _encoded(light: Image) -> Image:
    bounded = np.clip(light, 0, 1)
    curve = 1.055 * bounded ** (1 / 2.4) - 0.055
    return np.asarray(np.where(bounded > 0.0031308, curve, 12.92 * bounded), np.float32)


def _benchmark() -> Any:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "edges.py"
    spec = importlib.util.spec_from_file_location("edges", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["edges"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    draw_edges(*map(Path, sys.argv[1:]))
