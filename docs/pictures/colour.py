"""Draws the picture of docs/colour.md: one log frame, read wrongly and rightly, and keyed.

The frame is one of the demo's; what the network sees and the alpha are the program's own:

    robust-matte demo
    python docs/pictures/colour.py robust_matte_demo docs/pictures/colour.png
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from robust_matte.colour.configs import builtin_config
from robust_matte.colour.model_view import ModelView
from robust_matte.colour.transforms import convert
from robust_matte.jobs.key import key
from robust_matte.settings.key_settings import KeySettings

__all__ = ["draw"]

Image = NDArray[np.float32]

SHOWN = "astronaut.1030.exr"
SPACES = ("lin_rec709_scene", "ARRI LogC4")
COLUMNS = slice(260, 716)


def draw(demo: Path, picture: Path) -> None:
    """Key a frame as log twice, and put views and alphas beside each other."""
    light = read_image(demo / "plate" / SHOWN, 3)
    log = convert(light, builtin_config(), SPACES[0], SPACES[1])
    with TemporaryDirectory() as folder:
        plate = Path(folder) / "log.1001.exr"
        write_image(plate, log, "float")
        rows = [keyed(plate, space, log) for space in SPACES]
    write_image(picture, np.concatenate(rows), "uint8")


def keyed(plate: Path, space: str, log: Image) -> Image:
    """Return the model view and the alpha, side by side."""
    out = plate.parent / space
    settings = KeySettings(
        plate=str(plate), output=str(out), model="draft", plate_space=space, contact_sheet="none"
    )
    key(settings)
    alpha = read_image(out / "log_matte.1001.exr", 4)[..., 3:]
    panels = [ModelView(space).view(log), np.repeat(alpha, 3, axis=2)]
    return np.concatenate([halved(panel[:, COLUMNS]) for panel in panels], axis=1)


def halved(image: Image) -> Image:
    """Return the means of two by two pixels."""
    height, width, channels = image.shape
    blocks: Image = image.reshape(height // 2, 2, width // 2, 2, channels).mean(axis=(1, 3))
    return blocks


def read_image(path: Path, channels: int) -> Image:
    """Return R, G, B and, of four channels, A."""
    names = oiio.ImageBuf(str(path)).spec().channelnames
    wanted = [names.index(name) for name in "RGBA"[:channels]]
    pixels = np.asarray(oiio.ImageBuf(str(path)).get_pixels(oiio.FLOAT), np.float32)
    return np.ascontiguousarray(pixels[..., wanted])


def write_image(path: Path, pixels: Image, depth: str) -> None:
    """Write an EXR, or a PNG of codes."""
    image = oiio.ImageBuf(np.ascontiguousarray(pixels, np.float32))
    image.specmod().attribute("png:compressionLevel", 9)
    if not image.write(str(path), depth):
        raise OSError(path)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
