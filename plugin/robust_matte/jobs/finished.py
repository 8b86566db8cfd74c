"""Reading finished files back, as light, whatever they were written as."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robust_matte.colour.model_view import ModelView
from robust_matte.colour.transforms import transform
from robust_matte.jobs.layer_files import SEPARATE_LAYERS
from robust_matte.jobs.outputs import Outputs
from robust_matte.media.frames import FloatImage
from robust_matte.media.stills import read_channels, read_frame_header
from robust_matte.media.windows import Window
from robust_matte.settings.choices import ImageFormat, Layers, PlateSpace

__all__ = ["FinishedFrame", "read_finished", "read_foreground"]


@dataclass(frozen=True, slots=True, eq=False)
class FinishedFrame:
    """What `over` takes of a finished frame.

    Attributes:
        rgb: Premultiplied, (H, W, 3) float32, scene-linear Rec.709, any range.
        alpha: (H, W, 1) float32, [0, 1].
        window: Where the pixels sit.
    """

    rgb: FloatImage
    alpha: FloatImage
    window: Window


def read_finished(outputs: Outputs, number: int, seen: ModelView, display: Window) -> FinishedFrame:
    """Read a frame's colour and alpha.

    Args:
        outputs: The finished files.
        number: Frame number.
        seen: The plate's model view, which knows the output space, and the display encoding of
            formats that do not hold light.
        display: The display window, which is all that a format without windows covers.

    Raises:
        FrameReadError: The file is gone or damaged.
    """
    path = outputs.files(number)[0]
    whole = read_channels(path, tuple("RGBA"))
    rgb, alpha = whole[..., :3], whole[..., 3:]
    if outputs.format is ImageFormat.PNG:
        return FinishedFrame(_light(rgb, seen.encoding) * alpha, alpha, display)
    return FinishedFrame(seen.shown(rgb), alpha, read_frame_header(path).data_window)


def read_foreground(outputs: Outputs, number: int, seen: ModelView) -> FloatImage:
    """Read a frame's straight foreground: (H, W, 3) float32, scene-linear Rec.709.

    Args:
        outputs: The finished files.
        number: Frame number.
        seen: As in `read_finished`.

    Raises:
        FrameReadError: The file is gone or damaged.
    """
    path, part, names = _foreground_place(outputs, number)
    colour = read_channels(path, names, part=part)
    is_png = outputs.format is ImageFormat.PNG
    return _light(colour, seen.encoding) if is_png else seen.shown(colour)


def _foreground_place(outputs: Outputs, number: int) -> tuple[Path, int, Sequence[str]]:
    """Return the file, the part of it and the channels."""
    files = outputs.files(number)
    if outputs.layers is Layers.SEPARATE:
        return files[2], 0, tuple("RGB")
    if outputs.layers is Layers.MULTIPART:
        return files[0], SEPARATE_LAYERS.index("foreground"), tuple("RGB")
    prefix = "" if outputs.format is ImageFormat.PNG else "foreground."
    return files[0], 0, tuple(f"{prefix}{name}" for name in "RGB")


def _light(codes: FloatImage, encoding: PlateSpace) -> FloatImage:
    return transform(np.ascontiguousarray(codes), encoding, PlateSpace.LINEAR_REC709)
