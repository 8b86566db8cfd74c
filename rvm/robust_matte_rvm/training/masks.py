"""Silhouettes as annotations spell them: polygons, and runs of pixels.

COCO's own decoder (pycocotools 2.0.11) is not used: it hands out whatever lay in memory where the
runs of a mask end early, and brings a compiled library for what is a page of code.

Source:
    COCO's data format, https://cocodataset.org/#format-data, and the comments of its maskApi.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from robust_matte_rvm.errors import DataSetError
from robust_matte_rvm.training.pictures import Pixels

__all__ = ["Polygons", "Region", "Runs", "paint_regions", "read_polygons", "read_runs"]

_FINER = 4  # polygons are drawn larger and reduced, so that their edges are not stairs
_FIRST_CHARACTER, _LAST_CHARACTER = 48, 111
_PAYLOAD, _SIGN, _GOES_ON = 0x1F, 0x10, 0x20  # of a character's six bits
_LEAST_NUMBERS = 6  # three corners


class Polygons(NamedTuple):
    """Outlines whose union is a silhouette, each (N, 2) float32: x, y in pixels from the corner."""

    outlines: tuple[NDArray[np.float32], ...]


class Runs(NamedTuple):
    """How many pixels are without and within, in turns, down the columns from the left.

    Attributes:
        size: Height and width of the mask.
        lengths: (N,) int32, the first is without; they sum up to all pixels.
    """

    size: tuple[int, int]
    lengths: NDArray[np.int32]


Region = Polygons | Runs


def read_polygons(outlines: Sequence[Sequence[float]], place: str) -> Polygons:
    """Return polygons of COCO, each x, y, x, y...

    Args:
        outlines: As the file says them.
        place: Words for where they stand, for the message.

    Raises:
        DataSetError: One has half a corner, or less than three.
    """
    for outline in outlines:
        if len(outline) < _LEAST_NUMBERS or len(outline) % 2:
            raise DataSetError(
                f"{place} has an outline of {len(outline)} numbers.",
                "An outline is x, y, x, y and so on, of three corners at least; correct it, or "
                "leave the annotation out.",
            )
    return Polygons(tuple(np.array(one, np.float32).reshape(-1, 2) for one in outlines))


def read_runs(counts: Sequence[int] | str, size: tuple[int, int], place: str) -> Runs:
    """Return runs of COCO, as a list or in its packed spelling.

    Args:
        counts: As the file says them.
        size: Height and width.
        place: Words for where they stand, for the message.

    Raises:
        DataSetError: They do not make up a mask of this size.
    """
    lengths = _unpack(counts) if isinstance(counts, str) else list(counts)
    pixels = size[0] * size[1]
    if lengths is None or min(lengths, default=0) < 0 or sum(lengths) != pixels:
        raise DataSetError(
            f"{place} cannot be decoded: it is no mask of {size[1]}x{size[0]} pixels.",
            "Export the annotations again, or leave this one out.",
        )
    return Runs(size, np.array(lengths, np.int32))


def paint_regions(
    regions: Sequence[Region], annotated: tuple[int, int], size: tuple[int, int]
) -> Pixels:
    """Return the union of silhouettes, (H, W, 1) uint8; between 0 and 255 along edges.

    Args:
        regions: The silhouettes.
        annotated: Height and width that they were drawn at.
        size: Height and width of the result.
    """
    painted = np.zeros(size, np.uint8)
    for region in regions:
        if isinstance(region, Runs):
            one = _paint_runs(region, size)
        else:
            one = _paint_polygons(region.outlines, annotated, size)
        np.maximum(painted, one, out=painted)
    return painted[:, :, None]


def _unpack(text: str) -> list[int] | None:
    """Return the runs of a packed text: five bits a character, from the fourth on differences."""
    lengths: list[int] = []
    value, shift = 0, 0
    for character in text:
        if not _FIRST_CHARACTER <= ord(character) <= _LAST_CHARACTER:
            return None
        bits = ord(character) - _FIRST_CHARACTER
        value |= (bits & _PAYLOAD) << shift
        shift += 5
        if bits & _GOES_ON:
            continue
        if bits & _SIGN:
            value -= 1 << shift
        lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
        value, shift = 0, 0
    return None if shift else lengths


def _paint_runs(runs: Runs, size: tuple[int, int]) -> Pixels:
    height, width = runs.size
    within = np.arange(len(runs.lengths)) % 2 == 1
    columns = np.repeat(within, runs.lengths).reshape(width, height)
    picture = Image.fromarray(columns.T.astype(np.uint8) * np.uint8(255))
    return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BOX))


def _paint_polygons(
    outlines: Sequence[NDArray[np.float32]], annotated: tuple[int, int], size: tuple[int, int]
) -> Pixels:
    (height, width), (high, wide) = annotated, size
    scale = np.array([wide / width, high / height]) * _FINER
    picture = Image.new("L", (wide * _FINER, high * _FINER))
    canvas = ImageDraw.Draw(picture)
    for outline in outlines:
        # Pillow counts to the middles of pixels, COCO to their corners.
        canvas.polygon([(float(x), float(y)) for x, y in outline * scale - 0.5], fill=255)
    return np.asarray(picture.reduce(_FINER))
