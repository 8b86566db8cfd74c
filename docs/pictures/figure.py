"""Joins the README's picture from what the demo made, and draws a small plate to try things with.

With the first two lines the picture is made anew; the third is that of docs/getting-started.md:

    robust-matte demo
    python docs/pictures/figure.py join robust_matte_demo docs/pictures/demo.png
    python docs/pictures/figure.py draw plates/figure
"""

import sys
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

__all__ = ["draw_plate", "join_picture"]

Image = NDArray[np.float32]

HEIGHT, WIDTH = 360, 640
FRAMES = range(1001, 1013)
SHOWN = 1030
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
SKIN, HAIR, SHIRT = (0.60, 0.37, 0.27), (0.055, 0.033, 0.021), (0.10, 0.16, 0.36)


def draw_plate(folder: Path) -> None:
    """Write the frames, scene-linear with a window above 1, as half EXR."""
    folder.mkdir(parents=True, exist_ok=True)
    room = draw_room()
    for number in FRAMES:
        figure, cover = draw_figure((number - FRAMES[0]) / 24)
        grain = np.random.default_rng(number).normal(0, 0.004, room.shape)
        light = figure + room * (1 - cover[..., None]) + grain
        write_image(folder / f"figure.{number}.exr", np.maximum(light, 0), "half")


def join_picture(demo: Path, picture: Path) -> None:
    """Put plate, matte and comp of one of the demo's frames beside each other."""
    plate = read_image(demo / "plate" / f"astronaut.{SHOWN}.exr")
    matte = read_image(demo / "matte" / f"astronaut_matte.{SHOWN}.exr")
    rgb, alpha = matte[..., :3], matte[..., 3:4]
    comp = rgb + (1 - alpha) * draw_dusk()
    panels = [encode(plate[..., :3]), np.repeat(alpha, 3, axis=2), encode(comp)]
    write_image(picture, np.concatenate([panel[:, 80:560] for panel in panels], axis=1), "uint8")


# --- what is drawn


def draw_room() -> Image:
    """A wall, a window and books, out of focus; (H, W, 3) scene-linear."""
    right, down = COLUMNS / WIDTH, ROWS / HEIGHT
    room = np.stack([0.24 + 0.05 * right, 0.27 + 0.04 * right, 0.27 - 0.03 * down], axis=2)
    room = paint(room, (520, 120, 90, 90), (2.7, 2.9, 3.3), power=8)
    for bar in ((520, 120, 3, 90), (520, 120, 90, 3)):
        room = paint(room, bar, (0.20, 0.17, 0.13), power=8)
    rng, left = np.random.default_rng(2), 20.0
    while left < 200:
        width, height = rng.uniform(6, 16), rng.uniform(30, 50)
        book = (left + width / 2, 150 - height / 2, width / 2, height / 2)
        room = paint(room, book, tuple(rng.uniform(0.03, 0.4, 3)), power=9)
        left += width + 1
    return blur(paint(room, (110, 155, 110, 5), (0.12, 0.07, 0.04), power=9), 2)


def draw_dusk() -> Image:
    """What the figure is put in front of: hills before a low sun; (H, W, 3) scene-linear."""
    height = 1 - ROWS / HEIGHT
    glow = np.exp(-(((COLUMNS - 170) / 260) ** 2 + ((ROWS - 200) / 110) ** 2))
    sky = np.stack([0.10 + 0.9 * glow, 0.12 + 0.42 * glow, 0.25 + 0.12 * glow], axis=2)
    for level, colour in ((0.38, (0.05, 0.04, 0.07)), (0.25, (0.02, 0.02, 0.035))):
        hills = level + 0.05 * np.sin(COLUMNS / 70 + 9 * level) + 0.03 * np.sin(COLUMNS / 31)
        sky = np.where((height < hills)[..., None], np.asarray(colour), sky)
    return blur(sky.astype(np.float32), 2)


def draw_figure(seconds: float) -> tuple[Image, Image]:
    """A head that sways on its shoulders.

    Returns:
        Premultiplied colour, (H, W, 3) scene-linear, and coverage, (H, W).
    """
    sway = float(np.sin(2 * seconds))
    x, y, chest = 300 + 14 * sway, 140 + 2 * float(np.sin(3.4 * seconds)), 300 + 7 * sway
    skin, shade = tuple(0.72 * value for value in SKIN), tuple(0.2 * value for value in SKIN)
    parts: list[tuple[tuple[float, float, float, float], tuple[float, ...], float]] = [
        ((x, y - 6, 62, 78), HAIR, 2.3),
        ((chest, 350, 150, 118), SHIRT, 2.7),
        ((0.6 * x + 0.4 * chest, 215, 27, 52), skin, 3),
        ((chest, 249, 44, 22), skin, 2.2),
        ((x - 49, y + 4, 8, 15), skin, 2),
        ((x + 49, y + 4, 8, 15), skin, 2),
        ((x, y, 48, 62), SKIN, 2.25),
    ]
    for side in (-20, 20):
        parts += [
            ((x + side, y, 9, 3.6), (0.7, 0.66, 0.63), 2),
            ((x + side + 2 * sway, y, 3.8, 3.8), (0.03, 0.02, 0.015), 2),
            ((x + side, y - 11, 13, 2), HAIR, 2.5),
            ((x + side / 4, y + 25, 2.6, 1.6), shade, 2),
        ]
    parts += [((x, y + 39, 16, 3.6), (0.38, 0.14, 0.12), 2), ((x, y + 38, 14, 0.8), shade, 2)]
    figure, cover = np.zeros((HEIGHT, WIDTH, 3), np.float32), np.zeros((HEIGHT, WIDTH), np.float32)
    for oval, colour, power in parts:
        figure = paint(figure, oval, lit(colour, oval), power=power)
        cover = np.maximum(cover, covered(oval, power))
    fringe = np.clip((y - 22 - ROWS + 6 * np.sin((COLUMNS - x) / 16)) / 4 + 0.5, 0, 1)
    fringe = (fringe * covered((x, y - 16, 56, 62), 2.3))[..., None]
    figure = figure * (1 - fringe) + lit(HAIR, (x, y - 40, 80, 60)) * fringe
    return blur(figure, 1), blur(np.maximum(cover, fringe[..., 0])[..., None], 1)[..., 0]


# --- how it is drawn


def covered(oval: tuple[float, float, float, float], power: float) -> Image:
    """Return how much of each pixel lies in a superellipse of centre and radii in pixels."""
    x, y, wide, high = oval
    far = np.abs((COLUMNS - x) / wide) ** power + np.abs((ROWS - y) / high) ** power
    inside: Image = np.clip((1 - far ** (1 / power)) * min(wide, high) + 0.5, 0, 1)
    return inside.astype(np.float32)


def paint(
    image: Image,
    oval: tuple[float, float, float, float],
    colour: tuple[float, ...] | Image,
    *,
    power: float,
) -> Image:
    """Return the image with a superellipse on it."""
    cover = covered(oval, power)[..., None]
    return (image * (1 - cover) + np.asarray(colour, np.float32) * cover).astype(np.float32)


def lit(colour: tuple[float, ...], oval: tuple[float, float, float, float]) -> Image:
    """Return a colour as a round thing has it that is lit from the right, (H, W, 3)."""
    x, y, wide, high = oval
    across = np.clip((COLUMNS - x) / (1.25 * wide), -1, 1)
    round_ = np.sqrt(np.clip(1 - across**2 - ((ROWS - y) / (1.4 * high)) ** 2, 0, 1))
    light = 0.5 + 0.45 * round_ * (0.75 + 0.35 * across)
    painted: Image = np.asarray(colour, np.float32) * light[..., None]
    return painted.astype(np.float32)


def blur(image: Image, sigma: int) -> Image:
    """Return an image, (H, W, C), blurred by a Gaussian of `sigma` pixels."""
    weights = np.exp(-0.5 * (np.arange(-3 * sigma, 3 * sigma + 1) / sigma) ** 2)
    for axis in (0, 1):
        size, padding = image.shape[axis], [(0, 0)] * 3
        padding[axis] = (3 * sigma, 3 * sigma)
        wide = np.pad(image, padding, mode="edge")
        shifted = [np.take(wide, range(i, i + size), axis) for i in range(len(weights))]
        image = np.tensordot(weights / weights.sum(), np.stack(shifted), axes=1).astype(np.float32)
    return image


def encode(light: Image) -> Image:
    """Return scene-linear light as sRGB codes in [0, 1]."""
    light = np.clip(light, 0, 1)
    codes: Image = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    return codes.astype(np.float32)


def read_image(path: Path) -> Image:
    """Return all channels of a file at this picture's size, (H, W, C)."""
    whole = oiio.ImageBuf(str(path))
    buffer = oiio.ImageBufAlgo.fit(whole, roi=oiio.ROI(0, WIDTH, 0, HEIGHT))
    pixels = buffer.get_pixels(oiio.FLOAT)
    if pixels is None:
        raise OSError(buffer.geterror())
    return pixels


def write_image(path: Path, pixels: Image, kind: str) -> None:
    """Write (H, W, 3) as a file of `half` or `uint8`."""
    buffer = oiio.ImageBuf(np.ascontiguousarray(pixels, np.float32))
    buffer.set_write_format(kind)
    if not buffer.write(str(path)):
        raise OSError(buffer.geterror())


if __name__ == "__main__":
    task, *paths = sys.argv[1:]
    if task == "draw":
        draw_plate(Path(paths[0]))
    else:
        join_picture(*map(Path, paths))
