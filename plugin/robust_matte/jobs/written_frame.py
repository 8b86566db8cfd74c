"""One finished frame as it lies on disk: whether it is right, and what is to be seen of it.

Every file of the frame is read whole and once: what cannot be decoded is found, and the pixels are
there to measure and to show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from robust_matte.colour.transforms import transform
from robust_matte.errors import FrameReadError
from robust_matte.jobs.layer_files import SEPARATE_LAYERS
from robust_matte.jobs.marks import (
    FRAME_ATTRIBUTE,
    LAYER_ATTRIBUTE,
    PINS_ATTRIBUTE,
    is_there,
    read_texts,
)
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.showing import placed
from robust_matte.jobs.thumbnails import Codes, fitted, shown_alpha, shown_comp, shown_light
from robust_matte.media.formats import JOB_ATTRIBUTE
from robust_matte.media.frames import FloatImage
from robust_matte.media.stills import WholePart, read_parts
from robust_matte.settings.choices import ImageFormat, Layers, PlateSpace

__all__ = [
    "MEASURED_SIDE",
    "SHOWN_SIDE",
    "Fault",
    "FaultKind",
    "Pictures",
    "WrittenFrame",
    "examine_frame",
]

MEASURED_SIDE, SHOWN_SIDE = 512, 256  # pixels
_BRIGHTEST = 4.0  # what light is bounded to before it is averaged, so that a glint stays one


class FaultKind(StrEnum):
    """What is wrong with a file."""

    ABSENT = "absent"
    DAMAGED = "damaged"
    FOREIGN = "of another job"
    SWAPPED = "of another frame"
    LAYER = "of another layer"
    PINS = "of other pins"


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not as the plan says.

    Attributes:
        number: The frame.
        path: The file.
        kind: What is wrong.
        what: The same about the file, with values: `is not there`.
    """

    number: int
    path: Path
    kind: FaultKind
    what: str


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Thumbnails of one frame, (h, w, 3) codes each.

    Attributes:
        comp: The result over a checker.
        alpha: Its alpha.
        picture: The foreground, which is the plate where alpha is 0.
    """

    comp: Codes
    alpha: Codes
    picture: Codes


@dataclass(frozen=True, slots=True, eq=False)
class WrittenFrame:
    """What there is of a frame.

    Attributes:
        number: Frame number.
        fault: What is wrong with it first, or None.
        coverage: Mean of alpha over the picture; None where it cannot be read.
        alpha: (h, w, 1) float32, shrunk to measure flicker; None likewise.
        pictures: Thumbnails, where they were asked for.
    """

    number: int
    fault: Fault | None = None
    coverage: float | None = None
    alpha: FloatImage | None = None
    pictures: Pictures | None = None


def examine_frame(
    outputs: Outputs,
    number: int,
    *,
    job: str,
    pins: str,
    primaries: Sequence[float],
    is_shown: bool,
) -> WrittenFrame:
    """Read all files of a frame and compare them with what the plan says.

    Args:
        outputs: Where they are.
        number: Frame number.
        job: The plan's hash.
        pins: The hash of its segment's pins; empty where none are on record.
        primaries: Chromaticities of the result.
        is_shown: Whether thumbnails are wanted.

    Returns:
        The frame; measured, too, where a file is of another job but can be read.
    """
    wanted = {JOB_ATTRIBUTE: job, FRAME_ATTRIBUTE: str(number), PINS_ATTRIBUTE: pins}
    fault: Fault | None = None
    read: dict[str, list[WholePart]] = {}
    for layer, pattern in outputs.patterns.items():
        path = pattern.path(number)
        found, read[layer] = _checked(path, number, wanted | {LAYER_ATTRIBUTE: layer})
        fault = fault or found
    if not read["rgba"]:
        return WrittenFrame(number, fault)
    try:
        return _measured(number, fault, outputs, read, primaries if is_shown else None)
    except LookupError as error:
        path = outputs.files(number)[0]
        lacking = Fault(number, path, FaultKind.DAMAGED, f"lacks the channels {error}")
        return WrittenFrame(number, fault or lacking)


def _checked(
    path: Path, number: int, wanted: Mapping[str, str]
) -> tuple[Fault | None, list[WholePart]]:
    """Read one file; say what is wrong with it and what could be read."""
    if not is_there(path):
        what = "is empty" if path.exists() else "is not there"
        return Fault(number, path, FaultKind.ABSENT, what), []
    try:
        said = read_texts(path, wanted)
        parts = read_parts(path)
    except FrameReadError:
        return Fault(number, path, FaultKind.DAMAGED, "is cut off or damaged"), []
    return _differing(path, number, said, wanted), parts


def _differing(
    path: Path, number: int, said: Mapping[str, str], wanted: Mapping[str, str]
) -> Fault | None:
    """Compare what a file says of itself, the most telling difference first."""
    if JOB_ATTRIBUTE not in said:
        return Fault(number, path, FaultKind.FOREIGN, "was not written by key")
    if said[JOB_ATTRIBUTE] != wanted[JOB_ATTRIBUTE]:
        return Fault(number, path, FaultKind.FOREIGN, "was written by another job")
    for name, kind, told in (
        (FRAME_ATTRIBUTE, FaultKind.SWAPPED, "says that it is frame"),
        (LAYER_ATTRIBUTE, FaultKind.LAYER, "says that it is the layer"),
        (
            PINS_ATTRIBUTE,
            FaultKind.PINS,
            "is not of its segment's pins, but of",
        ),
    ):
        if said.get(name) != wanted[name]:
            return Fault(number, path, kind, f"{told} {said.get(name, 'none')}")
    return None


def _measured(
    number: int,
    fault: Fault | None,
    outputs: Outputs,
    read: Mapping[str, Sequence[WholePart]],
    primaries: Sequence[float] | None,
) -> WrittenFrame:
    """Measure a frame's alpha, and make thumbnails where primaries are given.

    Raises:
        LookupError: A channel is lacking.
    """
    main = read["rgba"][0]
    alpha = np.nan_to_num(main.planes("A"), nan=0.0).clip(0.0, 1.0)
    alpha = placed(alpha, main.data_window, main.display_window)
    return WrittenFrame(
        number,
        fault,
        float(alpha.mean(dtype=np.float64)),
        fitted(alpha, MEASURED_SIDE, main.pixel_aspect),
        None if primaries is None else _pictures(outputs, read, alpha, primaries),
    )


def _pictures(
    outputs: Outputs,
    read: Mapping[str, Sequence[WholePart]],
    alpha: FloatImage,
    primaries: Sequence[float],
) -> Pictures:
    """Make the thumbnails of one frame, in light."""
    main = read["rgba"][0]
    rgb, foreground = main.planes("RGB"), _foreground(outputs, read)
    if outputs.format is ImageFormat.PNG:
        straight, primaries = _light(rgb), ()
        rgb, foreground = straight * main.planes("A"), _light(foreground)
    small_rgb, small_foreground = (
        fitted(
            placed(_bounded(image), main.data_window, main.display_window),
            SHOWN_SIDE,
            main.pixel_aspect,
        )
        for image in (rgb, foreground)
    )
    small_alpha = fitted(alpha, SHOWN_SIDE, main.pixel_aspect)
    return Pictures(
        comp=shown_comp(small_rgb, small_alpha, primaries),
        alpha=shown_alpha(small_alpha),
        picture=shown_light(small_foreground, primaries),
    )


def _foreground(outputs: Outputs, read: Mapping[str, Sequence[WholePart]]) -> FloatImage:
    """Return the straight colour; the premultiplied one where its file cannot be read."""
    main = read["rgba"]
    if outputs.layers is Layers.MULTIPART:
        return main[SEPARATE_LAYERS.index("foreground")].planes("RGB")
    if outputs.layers is Layers.SEPARATE:
        return (read["foreground"] or main)[0].planes("RGB")
    prefix = "" if outputs.format is ImageFormat.PNG else "foreground."
    return main[0].planes([f"{prefix}{name}" for name in "RGB"])


def _bounded(image: FloatImage) -> FloatImage:
    bounded = np.nan_to_num(image, nan=0.0, posinf=_BRIGHTEST, neginf=0.0)
    return bounded.clip(0.0, _BRIGHTEST)


def _light(codes: FloatImage) -> FloatImage:
    """Return light of display codes, whatever display: thumbnails show the codes again."""
    return transform(codes, PlateSpace.SRGB, PlateSpace.LINEAR_REC709)
