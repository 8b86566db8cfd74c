"""Draws the pictures of docs/edges.md out of the demo's plate and matte.

robust-matte demo
python docs/pictures/mattes.py shaping robust_matte_demo docs/pictures/shaping.png
python docs/pictures/mattes.py masks robust_matte_demo docs/pictures/masks.png
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from robust_matte.jobs.key import key
from robust_matte.jobs.shape import shape
from robust_matte.settings.key_settings import KeySettings
from robust_matte.settings.shape_settings import ShapeSettings

__all__ = ["draw_masks", "draw_shaping"]

Image = NDArray[np.float32]

SHOWN = 1030
BEHIND = np.array([0.65, 0.28, 0.05], np.float32)  # of the comps: orange, scene-linear
PART = np.s_[20:220, 235:435]  # of the shaping's picture: hair and shoulder, at 640x360
FLAGS: tuple[dict[str, float], ...] = (
    {},
    {"matte_black": 0.2, "matte_white": 0.7},
    {"matte_grow": -4.0},
    {"matte_soften": 8.0},
)


def draw_shaping(demo: Path, picture: Path) -> None:
    """Show the alpha, and the comp, of one frame shaped in four ways."""
    source = demo / "matte" / f"astronaut_matte.{SHOWN}.exr"
    columns = []
    with tempfile.TemporaryDirectory() as folder:
        for index, flags in enumerate(FLAGS):
            path = Path(folder) / f"shaped{index}.exr"
            shape(ShapeSettings(result=str(source), output=str(path), **flags))
            rgba = read_channels(path, "RGBA")[PART]
            columns.append(np.concatenate([shown_alpha(rgba), comp(rgba)]))
    write_picture(picture, np.concatenate(spaced(columns), axis=1))


def draw_masks(demo: Path, picture: Path) -> None:
    """Show one frame keyed without masks, and with garbage over the suit."""
    plate = demo / "plate" / f"astronaut.{SHOWN}.exr"
    columns = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "garbage.png"
        light = read_channels(plate, "RGB")
        height, width = light.shape[:2]
        down = np.arange(height, dtype=np.float32)[:, None, None] / height
        suit = np.broadcast_to(np.clip((down - 0.62) * 10, 0, 1), (height, width, 1))
        write_picture(path, np.repeat(suit, 3, axis=2))
        for name in ("plain", "masked"):
            masks = {"garbage": str(path)} if name == "masked" else {}
            rgba = keyed(plate, Path(folder) / name, masks)
            seen = encode(light)
            if masks:
                seen = seen + (0.5 - seen) * suit
            columns.append(np.concatenate([seen, shown_alpha(rgba)])[:, : width * 2 // 3])
    write_picture(picture, np.concatenate(spaced([halved(one) for one in columns]), axis=1))


def keyed(plate: Path, out: Path, masks: dict[str, Any]) -> Image:
    """Key one frame; returns its RGBA."""
    settings = KeySettings(
        plate=str(plate), output=str(out), model="draft", contact_sheet="none", **masks
    )
    key(settings)
    return read_channels(out / f"astronaut_matte.{SHOWN}.exr", "RGBA")


def comp(rgba: Image) -> Image:
    return encode(rgba[..., :3] + (1 - rgba[..., 3:]) * BEHIND)


def shown_alpha(rgba: Image) -> Image:
    return np.repeat(rgba[..., 3:], 3, axis=2)


def halved(pixels: Image) -> Image:
    """Return a picture of even sides at half its size, (H, W, 3)."""
    height, width = pixels.shape[:2]
    return np.asarray(pixels.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3)))


def spaced(columns: list[Image]) -> list[Image]:
    """Put a white line between pictures."""
    line = np.ones((len(columns[0]), 4, 3), np.float32)
    return [part for column in columns for part in (column, line)][:-1]


def encode(light: Image) -> Image:
    """Return scene-linear light as sRGB codes in [0, 1]."""
    light = np.clip(light, 0, 1)
    codes = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    return np.asarray(codes, np.float32)


def read_channels(path: Path, names: str) -> Image:
    """Read channels by name, (H, W, C)."""
    image = oiio.ImageBuf(str(path))
    pixels = image.get_pixels(oiio.FLOAT)
    if pixels is None:
        raise OSError(image.geterror())
    at = [image.spec().channelnames.index(name) for name in names]
    return np.asarray(pixels[..., at], np.float32)


def write_picture(path: Path, pixels: Image) -> None:
    """Write (H, W, 3) as 8 bits."""
    buffer = oiio.ImageBuf(np.ascontiguousarray(pixels, np.float32))
    buffer.set_write_format("uint8")
    if not buffer.write(str(path)):
        raise OSError(buffer.geterror())


if __name__ == "__main__":
    task, *paths = sys.argv[1:]
    {"shaping": draw_shaping, "masks": draw_masks}[task](*map(Path, paths))
