"""A picture of the result: plate, alpha, foreground and comp of chosen frames, to look at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from robust_matte.colour.model_view import ModelView
from robust_matte.errors import WouldOverwriteError
from robust_matte.jobs.finished import read_finished, read_foreground
from robust_matte.jobs.framing import sound_aspect
from robust_matte.jobs.marks import is_there
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.own_file import check_own_file
from robust_matte.jobs.showing import backdrop_light, composite, display_codes, placed
from robust_matte.keying.segments import Reset
from robust_matte.media.atomic import check_writable
from robust_matte.media.frames import FloatImage
from robust_matte.media.plates import Plate
from robust_matte.media.png_write import write_png
from robust_matte.media.stills import text_attribute
from robust_matte.media.windows import Size
from robust_matte.settings.backdrop import Backdrop
from robust_matte.settings.choices import PlateSpace

__all__ = ["ShownFrame", "check_sheet", "choose_frames", "draw_contact_sheet"]

_MARK = "Robust Matte contact sheet"

_SPREAD, _AFTER_RESET, _MOST = 6, 2, 24
_TILE, _GAP, _LINE = 320, 8, 26  # pixels: a tile's longer side, between tiles, a line of text
_PAPER, _INK = 0.08, 0.85  # display values
_SQUARE = 20  # pixels


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """A frame on the sheet and what is written on it."""

    number: int
    label: str


def choose_frames(numbers: Sequence[int], resets: Mapping[int, Reset]) -> list[ShownFrame]:
    """Choose evenly spaced frames and the first ones after each cut, ascending.

    Args:
        numbers: Frames that were keyed, ascending.
        resets: The first frame of each segment, and why it is one.
    """
    if not numbers:
        return []
    spread = np.linspace(0, len(numbers) - 1, min(_SPREAD, len(numbers))).round().astype(int)
    chosen = {numbers[index] for index in spread}
    after = [
        number
        for first, reset in resets.items()
        for number in range(first, first + _AFTER_RESET)
        if reset is not Reset.FIRST
    ]
    present = set(numbers)
    chosen |= set([number for number in after if number in present][: _MOST - len(chosen)])
    return [_labelled(number, resets.get(number)) for number in sorted(chosen)]


def check_sheet(path: Path, taken: Collection[Path], *, overwrite: bool) -> None:
    """Make sure that drawing a sheet replaces nothing but a sheet.

    Args:
        path: The PNG to be written.
        taken: Files that are read or written by the job, resolved.
        overwrite: Whether other files may be replaced.

    Raises:
        SettingsError: It is no PNG, a folder, or a file that the job reads or writes otherwise.
        WouldOverwriteError: It is there and no contact sheet.
        WriteError: It cannot be written there.
    """
    check_own_file(path, "contact sheet", (".png",), taken)
    check_writable(path)
    if is_there(path) and not overwrite and text_attribute(path, "ImageDescription") != _MARK:
        raise WouldOverwriteError(
            f"{path} exists and is no contact sheet.",
            hint="Name another file with --contact-sheet, or replace it with --overwrite.",
            path=path,
        )


def draw_contact_sheet(
    path: Path, plate: Plate, seen: ModelView, outputs: Outputs, frames: Sequence[ShownFrame]
) -> None:
    """Draw a sheet from the finished files and the plate, in square pixels.

    Tiles show the display window, wherever a file's own pixels sit.

    Args:
        path: The PNG to write.
        plate: The plate.
        seen: Its model view.
        outputs: The finished files.
        frames: What to show, ascending.

    Raises:
        InputError: A frame of the plate cannot be decoded.
        OutputError: The picture cannot be written.
    """
    tasks = plate.tasks([frame.number for frame in frames])
    rows = [_heading()]
    for shown, task in zip(frames, tasks, strict=True):
        frame = task()
        header = frame.header
        display, aspect = header.display_window, sound_aspect(header.pixel_aspect)
        light = seen.shown(seen.delivered(seen.working(frame.pixels)))
        finished = read_finished(outputs, shown.number, seen, display)
        foreground = read_foreground(outputs, shown.number, seen)
        windows = header.data_window, *[finished.window] * 3
        images = display_codes(light), finished.alpha, display_codes(foreground), finished.rgb
        tiles = [
            _tile(placed(image, window, display), aspect)
            for image, window in zip(images, windows, strict=True)
        ]
        rows.append(_row(_as_shown(*tiles), shown.label))
    _save(path, np.concatenate(rows))


def _labelled(number: int, reset: Reset | None) -> ShownFrame:
    return ShownFrame(number, f"{number}  {reset}" if reset else f"{number}")


def _as_shown(
    plate: FloatImage, alpha: FloatImage, foreground: FloatImage, rgb: FloatImage
) -> list[FloatImage]:
    """Return a row's tiles: three as they are, and the comp over a checker."""
    size = Size(rgb.shape[1], rgb.shape[0])
    checker = backdrop_light(Backdrop(None), size, square=_SQUARE, encoding=PlateSpace.SRGB)
    comp = display_codes(composite(rgb, alpha, checker))
    return [plate, np.repeat(alpha, 3, axis=2), foreground, comp]


def _tile(image: FloatImage, aspect: float) -> FloatImage:
    """Shrink an image to a tile of square pixels; its longer side is `_TILE`.

    Args:
        image: (H, W, C) float32.
        aspect: Width of its pixels over their height.
    """
    height, width, channels = image.shape
    scale = _TILE / max(height, width * aspect)
    size = max(1, round(width * aspect * scale)), max(1, round(height * scale))
    bounded = np.nan_to_num(image, nan=0.0, posinf=65504.0, neginf=-65504.0)
    small = oiio.ImageBufAlgo.resize(
        oiio.ImageBuf(np.ascontiguousarray(bounded)),
        roi=oiio.ROI(0, size[0], 0, size[1], 0, 1, 0, channels),
        filtername="triangle",
    )
    tile = np.asarray(small.get_pixels(oiio.FLOAT), np.float32)
    return tile.reshape(size[1], size[0], channels)


def _row(tiles: Sequence[FloatImage], label: str) -> FloatImage:
    """Put a line of text over tiles in a row."""
    height = max(tile.shape[0] for tile in tiles)
    row = _paper(height + _LINE + _GAP)
    for index, tile in enumerate(tiles):
        left = _GAP + index * (_TILE + _GAP)
        row[_LINE : _LINE + tile.shape[0], left : left + tile.shape[1]] = tile
    return _written(row, {_GAP: label})


def _heading() -> FloatImage:
    words = ("plate", "alpha", "foreground", "over checker")
    places = {_GAP + index * (_TILE + _GAP): word for index, word in enumerate(words)}
    return _written(_paper(_LINE + _GAP), places)


def _paper(height: int) -> FloatImage:
    return np.full((height, 4 * _TILE + 5 * _GAP, 3), _PAPER, np.float32)


def _written(image: FloatImage, words: Mapping[int, str]) -> FloatImage:
    """Write words on an image's first line, each at its own column."""
    canvas = oiio.ImageBuf(image)
    for left, word in words.items():
        oiio.ImageBufAlgo.render_text(canvas, left, _LINE - 8, word, 16, textcolor=(_INK,) * 3)
    return np.asarray(canvas.get_pixels(oiio.FLOAT), np.float32)


def _save(path: Path, image: FloatImage) -> None:
    codes = np.rint(image.clip(0.0, 1.0) * 255.0).astype(np.uint8)
    write_png(path, codes, space=PlateSpace.SRGB, texts={"Description": _MARK})
