"""Alpha hints: a grey PNG a frame, for green-screen unmixers that want a rough matte to start from.

They are made of the finished files: a result of last week has them as soon as they are asked for.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from robust_matte.errors import SettingsError, WouldOverwriteError
from robust_matte.jobs.marks import (
    FRAME_ATTRIBUTE,
    LAYER_ATTRIBUTE,
    PINS_ATTRIBUTE,
    is_there,
    read_mark,
)
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.media.atomic import check_writable, remove_leftovers
from robust_matte.media.formats import JOB_ATTRIBUTE
from robust_matte.media.frames import FloatImage
from robust_matte.media.links import real_path
from robust_matte.media.png_write import Codes, write_png
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.sequences import FramePattern
from robust_matte.media.stills import decodes, read_channels, read_frame_header
from robust_matte.media.windows import Window
from robust_matte.settings.choices import HintDepth, ImageFormat
from robust_matte.settings.frame_range import FrameRange

__all__ = ["Hints", "check_hints", "make_hints"]

_WORKERS, _HELD = 2, 4
_KIND = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """The hints of one job.

    Attributes:
        pattern: Where they go.
        depth: Bits of a code.
        outputs: The finished files.
        display: The picture's frame, which a hint covers.
        pixel_aspect: Width of a pixel over its height.
    """

    pattern: FramePattern
    depth: HintDepth
    outputs: Outputs
    display: Window
    pixel_aspect: float

    @classmethod
    def named(
        cls,
        folder: Path,
        plate: FramePattern,
        outputs: Outputs,
        *,
        depth: HintDepth,
        display: Window,
        pixel_aspect: float,
    ) -> "Hints":
        """Name hints as the plate is named and numbered: `plate.####.png`."""
        pattern = FramePattern(folder.absolute(), plate.base, plate.digits, ".png")
        return cls(
            pattern=pattern,
            depth=depth,
            outputs=outputs,
            display=display,
            pixel_aspect=pixel_aspect,
        )

    @property
    def layer(self) -> str:
        """What a hint says that it is."""
        return f"{_KIND} {self.depth} bit"


def check_hints(
    hints: Hints, numbers: FrameRange, taken: Collection[Path], *, overwrite: bool
) -> None:
    """Make sure that hints can be written, and replace nothing but hints.

    Args:
        hints: The hints.
        numbers: Frames to write.
        taken: Files that the job reads or writes otherwise, resolved.
        overwrite: Whether other files may be replaced.

    Raises:
        SettingsError: A hint is such a file.
        WouldOverwriteError: A file in the way is no hint.
        OutputError: The folder cannot be written.
    """
    for number in numbers:
        path = hints.pattern.path(number)
        if real_path(path) in taken:
            raise SettingsError(
                f"The hint {path} is a file that this command reads or writes otherwise.",
                hint="Name another folder with --hint-dir.",
                frame=number,
                path=path,
            )
        if is_there(path) and not overwrite and not _is_hint(path):
            raise WouldOverwriteError(
                f"{path} exists and is no hint of this program.",
                hint="Name another folder with --hint-dir, or replace it with --overwrite.",
                frame=number,
                path=path,
            )
    check_writable(hints.pattern.path(next(iter(numbers))))


def make_hints(hints: Hints, numbers: Collection[int], job: str, listener: Listener) -> None:
    """Make the hints that are not there yet, of finished frames.

    Args:
        hints: Where and how.
        numbers: Frame numbers; all are finished.
        job: The job's hash, by which a hint of another alpha is known.
        listener: Told of progress.

    Raises:
        FrameReadError: A finished file is gone or damaged.
        OutputError: A hint cannot be written.
    """
    remove_leftovers(hints.pattern.folder, [hints.pattern.name(number) for number in numbers])
    tasks = (partial(_make_one, hints, number, job) for number in numbers)
    started, total = time.monotonic(), len(numbers)
    with ReadAhead(tasks, threads=_WORKERS, depth=_HELD) as made:
        for done, _ in enumerate(made, start=1):
            to_go = (time.monotonic() - started) / done * (total - done)
            listener(StageReached("hinting", done, total, "writing alpha hints", to_go))


def _is_hint(path: Path) -> bool:
    return any(text.startswith(_KIND) for text in read_mark(path)[2:])


def _make_one(hints: Hints, number: int, job: str) -> None:
    """Make one hint, unless it is there."""
    path = hints.pattern.path(number)
    _, *pins = read_mark(hints.outputs.files(number)[0], PINS_ATTRIBUTE)[2:] or ("",)
    mark = (job, str(number), hints.layer, *pins)
    if read_mark(path, PINS_ATTRIBUTE) == mark and decodes(path):
        return
    names = (JOB_ATTRIBUTE, FRAME_ATTRIBUTE, LAYER_ATTRIBUTE, PINS_ATTRIBUTE)
    texts = dict(zip(names, mark, strict=False))
    codes = _codes(_alpha(hints, number), hints.depth)
    write_png(path, codes, space=None, pixel_aspect=hints.pixel_aspect, texts=texts)


def _alpha(hints: Hints, number: int) -> FloatImage:
    """Read a finished frame's alpha over the display window, 0 where the file has none."""
    path, display = hints.outputs.files(number)[0], hints.display
    alpha = read_channels(path, ("A",))[..., 0]
    if hints.outputs.format is ImageFormat.PNG:
        return alpha
    window = read_frame_header(path).data_window
    placed = np.zeros((display.height, display.width), np.float32)
    shared = window.intersected(display)
    if not shared.is_empty:
        placed[shared.slices_in(display)] = alpha[shared.slices_in(window)]
    return placed


def _codes(alpha: FloatImage, depth: HintDepth) -> Codes:
    """Round to codes of the full range; (H, W, 1)."""
    white = np.float32(2 ** int(depth) - 1)
    scaled: FloatImage = np.rint(np.clip(np.nan_to_num(alpha), 0.0, 1.0) * white)[..., None]
    return scaled.astype(np.uint8) if depth is HintDepth.EIGHT else scaled.astype(np.uint16)
