"""Draw what a straight movie stores where nothing is to be seen, and what that does to an edge.

Usage: python docs/pictures/movie.py OUT.png

A drawn disc is made a movie by `robust-matte assemble` and by hand with black around it; both are
decoded, scaled to a quarter as an editor scales them, colour and alpha apart, and put over white.
"""

import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from unittest.mock import patch

import av
import numpy as np
import OpenEXR
import OpenImageIO as oiio
from numpy.typing import NDArray

from robust_matte.jobs import movie_pictures
from robust_matte.jobs.assemble import assemble
from robust_matte.media.edge_fill import carry_outwards
from robust_matte.settings.assemble_settings import AssembleSettings

Image = NDArray[np.float32]

_SIZE, _PART, _ZOOM = 256, slice(6, 32), 10
_GAP = 8


def write_result(folder: Path) -> None:
    """Write one finished frame: an orange disc with a soft edge."""
    y, x = np.mgrid[0:_SIZE, 0:_SIZE].astype(np.float32) / _SIZE
    alpha = np.clip((0.36 - np.hypot(x - 0.5, y - 0.5)) * 200 + 0.5, 0, 1)
    colour = np.stack([0.8 - 0.2 * y, 0.35 + 0.1 * x, 0.08 + 0.1 * y], axis=-1)
    channels = {
        letter: np.ascontiguousarray((colour[..., at] * alpha).astype(np.float16))
        for at, letter in enumerate("RGB")
    } | {"A": alpha.astype(np.float16)}
    OpenEXR.File({"framesPerSecond": Fraction(24)}, channels).write(str(folder / "disc.0001.exr"))


def decoded(path: Path) -> tuple[Image, Image]:
    """Return R'G'B' (H, W, 3) and alpha (H, W, 1) of a movie's first frame."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    planes = [
        np.frombuffer(memoryview(plane), "<u2").reshape(plane.height, -1)[:, : plane.width] / 16
        for plane in frame.planes
    ]
    luma, cb, cr = (planes[0] - 16) / 219, (planes[1] - 128) / 224, (planes[2] - 128) / 224
    red, blue = luma + 1.5748 * cr, luma + 1.8556 * cb
    green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152
    rgb = np.stack([red, green, blue], axis=-1).clip(0, 1).astype(np.float32)
    return rgb, (planes[3] / 255.94)[..., None].astype(np.float32)


def quartered(image: Image) -> Image:
    """Scale to a quarter, as a program does that does not multiply first."""
    quarter: Image = image.reshape(_SIZE // 4, 4, _SIZE // 4, 4, -1).mean(axis=(1, 3))
    return quarter


def shown(path: Path) -> list[Image]:
    """Return the stored colour, and the scaled movie over white; the corner, enlarged."""
    rgb, alpha = decoded(path)
    over = quartered(rgb) * quartered(alpha) + 1 - quartered(alpha)
    whole = [rgb[::4, ::4], over]
    return [one[_PART, _PART].repeat(_ZOOM, 0).repeat(_ZOOM, 1) for one in whole]


def _black(codes: Image, is_kept: NDArray[np.bool_]) -> Image:
    return codes * is_kept[..., None]


def draw(out: Path) -> None:
    """Join the four views: stored and scaled, with black and as `assemble` does it."""
    parts: list[Image] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "disc").mkdir()
        write_result(folder / "disc")
        for name, fill in (("black", _black), ("carried", carry_outwards)):
            movie = folder / f"{name}.mov"
            with patch.object(movie_pictures, "carry_outwards", fill):
                assemble(AssembleSettings(result=str(folder / "disc"), output=movie))
            parts += shown(movie)
    gap = np.ones((parts[0].shape[0], _GAP, 3), np.float32)
    row = np.concatenate([part for one in parts for part in (one, gap)][:-1], axis=1)
    buffer = oiio.ImageBuf(np.ascontiguousarray(row))
    buffer.write(str(out), oiio.UINT8)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
