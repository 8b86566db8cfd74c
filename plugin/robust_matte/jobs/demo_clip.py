"""The demo's plate: a photograph of a person that is here already, and a camera that moves."""

import hashlib
import importlib.util
import math
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import OpenImageIO as oiio

from robust_matte.colour.transforms import transform
from robust_matte.errors import InstallationError, WouldOverwriteError
from robust_matte.jobs.marks import is_there
from robust_matte.jobs.plate_space import REC709_CHROMATICITIES
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.media.exr_write import to_half, write_exr
from robust_matte.media.frames import FloatImage
from robust_matte.media.sequences import FramePattern
from robust_matte.media.stills import decodes, read_frame, text_attribute
from robust_matte.media.windows import Size, Window
from robust_matte.settings.choices import PlateSpace

__all__ = ["FRAMES", "FRAME_SIZE", "CameraView", "draw_view", "find_photograph", "write_clip"]

FRAMES: Final = range(1001, 1049)
FRAME_SIZE: Final = Size(960, 540)

_RATE: Final = Fraction(24)
_FILTER: Final = "catmull-rom"  # it overshoots least of those that stay sharp when enlarging
_MARK: Final = "robust_matte/demo"  # stays behind when the plate is keyed, as all of robust_matte/*
_ATTRIBUTES: Final = {
    "framesPerSecond": _RATE,
    "chromaticities": REC709_CHROMATICITIES,
    "colorInteropID": PlateSpace.LINEAR_REC709.value,
    "owner": "NASA, public domain",
    "comments": "Eileen Collins, photographed by NASA, as scikit-image brings it along; "
    "the motion of the camera is computed.",
}


@dataclass(frozen=True, slots=True)
class CameraView:
    """What the camera sees of the photograph.

    Attributes:
        x: Column of the photograph in the middle of the frame, in pixels.
        y: Row, likewise; downwards.
        width: How many of the photograph's pixels the frame is wide.
        degrees: How far the camera is turned, clockwise.
    """

    x: float
    y: float
    width: float
    degrees: float

    @classmethod
    def at(cls, time: float) -> "CameraView":
        """Return the view at a time from 0, the first frame, to 1, the last one.

        It comes closer, sways and turns, with the whole head in the frame and the photograph's
        border outside; the first frame stands straight.
        """
        moved = 0.5 - 0.5 * math.cos(math.pi * time)
        swayed = math.sin(3.0 * math.pi * time)
        return cls(
            x=256.0 - 30.0 * moved + 6.0 * swayed,
            y=143.5 - 8.7 * moved - swayed,
            width=496.0 - 64.0 * moved,
            degrees=-1.4 * math.sin(math.pi * time),
        )

    def matrix(self) -> tuple[float, ...]:
        """Return the way from the photograph to the frame, nine numbers, for points as rows."""
        scale = FRAME_SIZE.width / self.width
        angle = math.radians(-self.degrees)
        cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
        left = FRAME_SIZE.width / 2 - self.x * cosine + self.y * sine
        top = FRAME_SIZE.height / 2 - self.x * sine - self.y * cosine
        return (cosine, sine, 0.0, -sine, cosine, 0.0, left, top, 1.0)


def find_photograph() -> Path:
    """Return scikit-image's astronaut, a file in the public domain.

    The package is not imported: that would cost a second, and where a distribution has left the
    file out, the package would ask the network for it.

    Raises:
        InstallationError: scikit-image is not installed, or has no such file.
    """
    package = importlib.util.find_spec("skimage")
    for place in (package.submodule_search_locations or ()) if package else ():
        path = Path(place) / "data" / "astronaut.png"
        if path.is_file():
            return path
    raise InstallationError(
        "robust-matte demo needs what is not installed here: scikit-image with its astronaut.png.",
        hint=f'Run: {sys.executable} -m pip install "robust-matte[demo]"',
    )


def write_clip(
    pattern: FramePattern, photograph: Path, listener: Listener, *, overwrite: bool
) -> None:
    """Write the clip as half EXR, scene-linear; frames that are right already are left alone.

    Args:
        pattern: Where each frame goes.
        photograph: What `find_photograph` returned.
        listener: Told of progress.
        overwrite: Whether to replace what is no frame of this clip.

    Raises:
        FrameReadError: The photograph is damaged.
        WouldOverwriteError: Another file has a frame's name.
        OutputError: A frame cannot be written.
    """
    codes = read_frame(photograph, FRAMES[0]).pixels
    light = transform(codes, PlateSpace.SRGB, PlateSpace.LINEAR_REC709)
    content = photograph.read_bytes()
    for done, number in enumerate(FRAMES, start=1):
        view = CameraView.at((number - FRAMES[0]) / (len(FRAMES) - 1))
        mark = _mark(content, view)
        path = pattern.path(number)
        if not _is_done(path, mark, overwrite=overwrite):
            _write(path, draw_view(light, view), mark)
        listener(StageReached("drawing", done, len(FRAMES), "drawing the plate"))


def draw_view(light: FloatImage, view: CameraView) -> FloatImage:
    """Draw what a camera sees of the photograph.

    Args:
        light: The photograph, (H, W, 3) float32, scene-linear, [0, 1].
        view: The camera.

    Returns:
        (540, 960, 3) float32, scene-linear, 0 or more; past its border the photograph goes on with
        its last row or column.
    """
    drawn = oiio.ImageBufAlgo.warp(
        oiio.ImageBuf(np.ascontiguousarray(light)),
        view.matrix(),
        filtername=_FILTER,
        wrap="clamp",
        roi=oiio.ROI(0, FRAME_SIZE.width, 0, FRAME_SIZE.height, 0, 1, 0, 3),
    )
    pixels = np.asarray(drawn.get_pixels(oiio.FLOAT), np.float32)
    return np.maximum(pixels, 0.0, out=pixels)


def _mark(photograph: bytes, view: CameraView) -> str:
    """Return a text that is another one for another picture."""
    made_of = f"{_FILTER} {FRAME_SIZE} {view}".encode()
    return hashlib.sha256(photograph + made_of).hexdigest()


def _is_done(path: Path, mark: str, *, overwrite: bool) -> bool:
    """Tell whether a frame is right already, and make sure that nothing else is lost.

    Raises:
        WouldOverwriteError: It is another file.
    """
    if not is_there(path):
        return False
    if text_attribute(path, _MARK) == mark:
        return decodes(path)
    if not overwrite:
        raise WouldOverwriteError(
            f"{path} exists and is no frame of this demo.",
            hint="Name another folder with -o, or replace it with --overwrite.",
            path=path,
        )
    return False


def _write(path: Path, light: FloatImage, mark: str) -> None:
    window = Window(0, 0, FRAME_SIZE.width, FRAME_SIZE.height)
    half, _ = to_half(light)
    write_exr(
        path,
        {channel: half[..., at] for at, channel in enumerate("RGB")},
        data_window=window,
        display_window=window,
        pixel_aspect=1.0,
        attributes={**_ATTRIBUTES, _MARK: mark},
    )
