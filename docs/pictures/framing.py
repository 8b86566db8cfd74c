"""Draws docs/pictures/framing.png: a small person in a wide frame, keyed in three ways by `draft`.

    python docs/pictures/framing.py WORK docs/pictures/framing.png [MODEL]

The person is the demo's, Eileen Collins photographed by NASA, in the public domain; cut out with
the matte that tests/data holds and put into the room that figure.py draws, so that the true alpha
is known. Prints how far each way is from it.
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from robust_matte.colour.transforms import transform
from robust_matte.jobs.demo_clip import CameraView, draw_view, find_photograph
from robust_matte.jobs.key import key
from robust_matte.media.stills import read_frame
from robust_matte.settings.choices import PlateSpace
from robust_matte.settings.key_settings import KeySettings

__all__ = ["draw_plate", "join_picture"]

Image = NDArray[np.float32]

figure = import_module("figure")  # beside this script, which is what Python's path starts with

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 1920, 1080
SMALL = (288, 162)  # of the person's frame
LEFT, TOP = 1180, HEIGHT - SMALL[1]
FRAMES = range(1001, 1009)
REGION = (1110, 868, 432, 212)
WAYS: dict[str, dict[str, str]] = {
    "--framing portrait, the default": {},
    "--framing full-body": {"framing": "full-body"},
    "--roi 1110,868,432,212": {"roi": ",".join(map(str, REGION))},
}
SHOWN = (1128, 878, 396, 202)  # what the alphas are shown of
COLUMNS, GAP, LINE = 3, 6, 20
TILE = (300, 153)


def draw_plate(folder: Path) -> Image:
    """Write the frames, scene-linear half EXR, and return the last one's true alpha, (H, W)."""
    folder.mkdir(parents=True, exist_ok=True)
    codes = read_frame(find_photograph(), FRAMES[0]).pixels
    light = transform(codes, PlateSpace.SRGB, PlateSpace.LINEAR_REC709)
    view = draw_view(light, CameraView.at(0.0))
    cover = pixels_of(oiio.ImageBuf(str(ROOT / "tests" / "data" / "astronaut_frame0.png")))[..., :1]
    person = resized(np.concatenate([view * cover, cover], axis=2), *SMALL)
    room = resized(figure.draw_room(), WIDTH, HEIGHT)
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    for number in FRAMES:
        left = LEFT + 3 * (number - FRAMES[0])
        place = slice(TOP, TOP + SMALL[1]), slice(left, left + SMALL[0])
        frame = room.copy()
        frame[place] = person[..., :3] + room[place] * (1 - person[..., 3:])
        figure.write_image(folder / f"wide.{number}.exr", np.maximum(frame, 0), "half")
        alpha[:] = 0
        alpha[place] = person[..., 3]
    return alpha


def join_picture(work: Path, picture: Path, model: str) -> None:
    """Key the plate in each way and put plate and alphas on one picture."""
    truth = draw_plate(work / "plate")
    plate = pixels_of(oiio.ImageBuf(str(work / "plate" / f"wide.{FRAMES[-1]}.exr")))
    tiles = []
    for index, (label, more) in enumerate(WAYS.items()):
        alpha = keyed(work, index, model, more)
        off = np.abs(alpha - truth)
        both = (alpha > 0.5) & (truth > 0.5)
        overlap = both.sum() / ((alpha > 0.5) | (truth > 0.5)).sum()
        sys.stdout.write(f"{label}: off by {off.mean():.6f}, overlap {overlap:.3f}\n")
        x, y, width, height = SHOWN
        tiles.append(resized(alpha[y : y + height, x : x + width, None], *TILE))
    wide = COLUMNS * TILE[0] + (COLUMNS - 1) * GAP
    shown = resized(figure.encode(outlined(plate)), wide, wide * HEIGHT // WIDTH)
    sheet = np.full((len(shown) + LINE + TILE[1], wide, 3), 0.08, np.float32)
    sheet[: len(shown)] = shown
    for index, tile in enumerate(tiles):
        left = index * (TILE[0] + GAP)
        sheet[-TILE[1] :, left : left + TILE[0]] = tile
    figure.write_image(picture, labelled(sheet, len(shown)), "uint8")


def keyed(work: Path, index: int, model: str, more: dict[str, str]) -> Image:
    """Key the plate and return the last frame's alpha, (H, W)."""
    place = work / f"way {index}"
    asked = KeySettings(
        plate=str(work / "plate"), output=str(place), model=model, cuts="off",
        frames=str(FRAMES[-1]), contact_sheet="none", overwrite=True, **more,
    )  # fmt: skip
    key(asked)
    written = oiio.ImageBuf(str(place / f"wide_matte.{FRAMES[-1]}.exr"))
    alpha: Image = pixels_of(written)[..., list(written.spec().channelnames).index("A")]
    return alpha


def outlined(light: Image) -> Image:
    """Return the plate with the region's border on it."""
    x, y, width, height = REGION
    drawn, inner = light.copy(), light[y + 4 : y + height - 4, x + 4 : x + width - 4]
    drawn[y : y + height, x : x + width] = (0.9, 0.5, 0.05)
    drawn[y + 4 : y + height - 4, x + 4 : x + width - 4] = inner
    return drawn


def labelled(sheet: Image, top: int) -> Image:
    """Write what each alpha is over it."""
    canvas = oiio.ImageBuf(sheet)
    for index, label in enumerate(WAYS):
        at = index * (TILE[0] + GAP)
        oiio.ImageBufAlgo.render_text(canvas, at + 2, top + 15, label, 13, textcolor=(0.85,) * 3)
    return pixels_of(canvas)


def resized(image: Image, width: int, height: int) -> Image:
    """Return an image at another size, (height, width, C), 0 or more."""
    buffer = oiio.ImageBuf(np.ascontiguousarray(image, np.float32))
    roi = oiio.ROI(0, width, 0, height, 0, 1, 0, image.shape[2])
    return np.maximum(pixels_of(oiio.ImageBufAlgo.resize(buffer, roi=roi)), 0)


def pixels_of(buffer: oiio.ImageBuf) -> Image:
    """Return all of an image, (H, W, C)."""
    pixels = buffer.get_pixels(oiio.FLOAT)
    if pixels is None:
        raise OSError(buffer.geterror())
    spec = buffer.spec()
    return np.asarray(pixels, np.float32).reshape(spec.height, spec.width, spec.nchannels)


if __name__ == "__main__":
    join_picture(Path(sys.argv[1]), Path(sys.argv[2]), *(sys.argv[3:] or ["draft"]))
