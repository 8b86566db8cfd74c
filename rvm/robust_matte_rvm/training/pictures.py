"""Pictures as training reads them: 8 bits a channel, reduced to a longest side.

More bits would be lost on networks that see pictures through grain, and frames of 8 bits are a
quarter of what float32 would hold in memory.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robust_matte_rvm.errors import DataSetError

__all__ = [
    "PICTURE_SUFFIXES",
    "Mode",
    "Pixels",
    "list_pictures",
    "natural_order",
    "read_picture",
    "read_size",
]

Mode = Literal["RGB", "RGBA", "L", "mask"]
Pixels = NDArray[np.uint8]

PICTURE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B")
_UNREADABLE_MODES = ("F", "I")  # light or depth: nobody says what white is


def list_pictures(folder: Path) -> list[Path]:
    """Return the pictures in a folder, in the order in which people count."""
    files = (file for file in folder.iterdir() if not file.name.startswith("."))
    pictures = [file for file in files if file.suffix.lower() in PICTURE_SUFFIXES]
    return sorted(pictures, key=lambda file: natural_order(file.name))


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return what names are sorted by: `frame 9` before `frame 10`, words as they are."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(p), p) if p[0] in "0123456789" else (1, 0, p) for p in parts)


def read_picture(file: Path, mode: Mode, longest: int) -> Pixels:
    """Read a picture.

    Args:
        file: A picture that Pillow reads, display-encoded.
        mode: `RGB`; `RGBA`, straight colour and its alpha; `L`, one channel; or `mask`, one
            channel that is 255 within and 0 without, however the file says it.
        longest: Pixels; a larger picture is reduced to this side.

    Returns:
        (H, W, C), uint8.

    Raises:
        DataSetError: The file is missing, damaged, or not of this mode.
    """
    with _opened(file) as opened:
        picture = _convert(opened, file, mode)
    picture.thumbnail((longest, longest), Image.Resampling.BICUBIC)
    pixels = np.asarray(picture)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def read_size(file: Path) -> tuple[int, int]:
    """Return width and height of a picture, from its header.

    Raises:
        DataSetError: The file is missing or damaged.
    """
    with _opened(file) as picture:
        return picture.size


@contextmanager
def _opened(file: Path) -> Iterator[Image.Image]:
    """Open a picture; what goes wrong with its file meanwhile is said in our words."""
    try:
        with Image.open(file) as picture:
            yield picture
    except FileNotFoundError as error:
        raise DataSetError(
            f"{file} is gone.", "Put it back, or begin again with the files that are left."
        ) from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataSetError(
            f"{file} cannot be read: it is damaged, cut off or no picture.",
            "Copy it again, or move it out of the data set.",
        ) from error


def _convert(picture: Image.Image, file: Path, mode: Mode) -> Image.Image:
    if picture.mode in _UNREADABLE_MODES:
        raise DataSetError(
            f"{file} holds floating point or 32-bit pixels.",
            "Write it with 8 or 16 bits, display-encoded as a PNG.",
        )
    if mode == "mask":
        return _read_mask(picture)
    if mode == "RGBA" and not picture.has_transparency_data:
        raise DataSetError(
            f"{file} has no alpha.",
            "Put foregrounds into a folder fgr and their alphas into a folder pha, under the same "
            "names.",
        )
    if picture.mode in _SIXTEEN_BITS:
        codes = np.asarray(picture).astype(np.float32) / 257
        picture = Image.fromarray(np.rint(codes).astype(np.uint8))
    return picture.convert(mode)


def _read_mask(picture: Image.Image) -> Image.Image:
    """Return 255 within and 0 without; palettes and files of 0 and 1 count what is not 0."""
    is_index = picture.mode in ("P", "1")
    values = np.asarray(
        picture if is_index or picture.mode in _SIXTEEN_BITS else picture.convert("L")
    )
    counts = is_index or values.max() <= 1
    within = values > (0 if counts else np.iinfo(values.dtype).max // 2)
    return Image.fromarray(within.astype(np.uint8) * np.uint8(255))
