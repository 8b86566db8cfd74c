"""Draws a stereo plate from a plain one, and joins the picture of its result.

robust-matte demo
python docs/pictures/stereo.py draw robust_matte_demo/plate stereo
robust-matte key stereo --view all --layers multipart --model draft -o stereo_matte
python docs/pictures/stereo.py join stereo stereo_matte docs/pictures/stereo.png
"""

import sys
from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO as oiio
from numpy.typing import NDArray

__all__ = ["draw_plate", "join_picture"]

Image = NDArray[np.float32]

EYES = ("left", "right")
APART = 24  # how far the eyes are, in parts of the picture's width
FRAMES = 16
SHOWN = 12  # of the frames drawn
TILE = 168  # pixels across


def draw_plate(plain: Path, folder: Path) -> None:
    """Write frames with the parts rgba.left, depth.left and rgba.right."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(plain.glob("*.exr"))[:FRAMES]:
        light = read_part(path, 0)[..., :3]
        height, width = light.shape[:2]
        apart = max(1, width // APART)
        depth = np.linspace(9, 1, height, dtype=np.float32)[:, None].repeat(width - apart, axis=1)
        parts = []
        for eye, start in zip(EYES, (apart, 0), strict=True):
            seen = light[:, start : start + width - apart].astype(np.float16)
            planes = {name: seen[..., at].copy() for at, name in enumerate("RGB")}
            parts.append(part(f"rgba.{eye}", eye, planes))
        parts.insert(1, part("depth.left", "left", {"depth.Z": depth}))
        number = path.name.rsplit(".", 2)[-2]
        OpenEXR.File(parts).write(str(folder / f"stereo.{number}.exr"))


def part(name: str, eye: str, planes: dict[str, NDArray[np.floating]]) -> OpenEXR.Part:
    return OpenEXR.Part({"type": OpenEXR.scanlineimage, "view": eye}, planes, name)


def join_picture(plate: Path, result: Path, picture: Path) -> None:
    """Put each eye's plate beside the parts of its result: rgba, alpha, foreground."""
    source = sorted(plate.glob("*.exr"))[SHOWN]
    rows = []
    for eye, at in zip(EYES, (0, 2), strict=True):
        file = result / eye / source.name.replace("stereo.", "stereo_matte.")
        alpha = read_part(file, 1).repeat(3, axis=2)
        shown = [read_part(source, at), read_part(file, 0)[..., :3], read_part(file, 2)]
        panels = [encode(shown[0]), encode(shown[1]), alpha, encode(shown[2])]
        rows.append(np.concatenate([shrink(panel) for panel in panels], axis=1))
    sheet = np.concatenate(rows)
    spec = oiio.ImageSpec(sheet.shape[1], sheet.shape[0], 3, "uint8")
    image = oiio.ImageBuf(spec)
    image.set_pixels(oiio.ROI(), np.ascontiguousarray(sheet))
    image.write(str(picture))


def read_part(path: Path, at: int) -> Image:
    image = oiio.ImageInput.open(str(path))
    if image is None:
        raise SystemExit(oiio.geterror())
    pixels = image.read_image(at, 0, 0, image.spec(at, 0).nchannels, oiio.FLOAT)
    image.close()
    return np.asarray(pixels, np.float32)


def encode(light: Image) -> Image:
    """Return sRGB's codes, IEC 61966-2-1."""
    held = light.clip(0, 1)
    codes = np.where(held <= 0.0031308, held * 12.92, 1.055 * held ** (1 / 2.4) - 0.055)
    return codes.astype(np.float32)


def shrink(panel: Image) -> Image:
    height = round(panel.shape[0] * TILE / panel.shape[1])
    small = oiio.ImageBufAlgo.resize(
        oiio.ImageBuf(np.ascontiguousarray(panel)), roi=oiio.ROI(0, TILE, 0, height, 0, 1, 0, 3)
    )
    return np.asarray(small.get_pixels(oiio.FLOAT), np.float32)


if __name__ == "__main__":
    words = [Path(word) for word in sys.argv[2:]]
    if sys.argv[1] == "draw":
        draw_plate(*words)
    else:
        join_picture(*words)
