"""Shaping the alpha of finished files again, without the network."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from robust_matte.errors import InputError, SettingsError, WouldOverwriteError
from robust_matte.jobs.keyed_file import SHAPED_FROM_ATTRIBUTE, KeyedFile
from robust_matte.jobs.laid_masks import OWN_ALPHA, check_laid_masks, open_laid_masks
from robust_matte.jobs.layer_files import write_exr_layers
from robust_matte.jobs.marks import LAYER_ATTRIBUTE, PINS_ATTRIBUTE, is_there, read_mark
from robust_matte.jobs.mask import Mask, PlacedMask
from robust_matte.jobs.matte_attributes import SHAPING_ATTRIBUTE, UNCROPPED_ATTRIBUTE, window_text
from robust_matte.jobs.movie_source import find_result
from robust_matte.jobs.output_names import is_file_name, name_files
from robust_matte.jobs.progress import Listener, StageReached, silent
from robust_matte.keying.extent import crop_matte
from robust_matte.keying.foreground import premultiply
from robust_matte.keying.masking import laid_alpha
from robust_matte.keying.matte import Matte
from robust_matte.keying.shaping import shape_alpha
from robust_matte.media.atomic import check_writable, remove_leftovers
from robust_matte.media.formats import JOB_ATTRIBUTE
from robust_matte.media.frames import FloatImage
from robust_matte.media.links import real_path
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.sequences import FramePattern, ImageSequence, find_sequence
from robust_matte.media.stills import decodes
from robust_matte.media.windows import Window
from robust_matte.settings.choices import ImageFormat
from robust_matte.settings.shape_settings import ShapeSettings
from robust_matte.settings.shaping import Shaping

__all__ = ["ShapeResult", "shape"]

_WORKERS, _HELD = 2, 4  # frames read, shaped and written at once; each is 60 MB at 1080p


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeResult:
    """What was done.

    Attributes:
        output: The pattern of the files.
        shaping: What was done to the alpha.
        written: Frames written in this run.
        kept: Frames that were right already.
        seconds: From start to end.
    """

    output: str
    shaping: Shaping
    written: int
    kept: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Job:
    """What is done to each file.

    Attributes:
        source: Where the finished files are.
        target: Where the shaped ones go.
        numbers: Frame numbers.
        shaping: What is done.
        masks: Garbage and core to lay on the network's alpha again, by kind.
    """

    source: FramePattern
    target: FramePattern
    numbers: tuple[int, ...]
    shaping: Shaping
    masks: dict[str, Mask]

    def mark(self, file: KeyedFile) -> str:
        """Return what a shaped file says its job is; the same however it came to be shaped so."""
        masks = (f"{kind} {one.plate.fingerprint()}" for kind, one in sorted(self.masks.items()))
        pins = file.text(PINS_ATTRIBUTE)  # under others the same frame may differ
        text = "\0".join((file.origin, *([pins] if pins else []), str(self.shaping), *masks))
        return hashlib.sha256(text.encode()).hexdigest()


def shape(settings: ShapeSettings, listener: Listener = silent) -> ShapeResult:
    """Shape finished files; those that are right already are left alone.

    All is as `key` writes it with the same flags, to the bit, because that shapes what its files
    hold. But for one thing: where alpha is raised above 0.95, `key` turns to the plate's colour,
    which is not in the files; here the foreground keeps its own.

    Args:
        settings: What is asked.
        listener: Called with what happens, on the calling thread.

    Raises:
        RobustMatteError: See the classes; no incomplete file is left under its final name.
    """
    started = time.monotonic()
    job = _open(settings, listener)
    remove_leftovers(job.target.folder, [job.target.name(number) for number in job.numbers])
    written, total, began = 0, len(job.numbers), time.monotonic()
    with ReadAhead(_tasks(job), threads=_WORKERS, depth=_HELD) as done_frames:
        for done, was_written in enumerate(done_frames, start=1):
            written += was_written
            to_go = (time.monotonic() - began) / done * (total - done)
            listener(StageReached("shaping", done, total, f"{job.shaping}", to_go))
    return ShapeResult(
        output=str(job.target),
        shaping=job.shaping,
        written=written,
        kept=total - written,
        seconds=time.monotonic() - started,
    )


def _open(settings: ShapeSettings, listener: Listener) -> _Job:
    """Find the files and look over their headers."""
    sequence = _find(settings.result)
    source, numbers = sequence.pattern, sequence.numbers
    first = KeyedFile.read(source.path(numbers[0]))
    target = _target(settings, sequence, first)
    masks = open_laid_masks(settings, source, first, numbers, listener)
    job = _Job(source=source, target=target, numbers=numbers, shaping=settings.shaping, masks=masks)
    for done, number in enumerate(numbers, start=1):
        file = KeyedFile.read(source.path(number))
        if not _is_done_in_place(file, number, job):
            _check(file, job)
        if not settings.overwrite:
            _refuse_foreign(file, number, job)
        listener(StageReached("planning", done, len(numbers), "reading headers"))
    check_writable(target.path(numbers[0]))
    return job


def _find(text: str) -> ImageSequence:
    """Find the files of a result."""
    path = str(Path(text).absolute())
    try:
        return find_sequence(path)
    except InputError:
        return find_result(path)  # of --layers separate, say, which is told apart by its files


def _target(settings: ShapeSettings, sequence: ImageSequence, first: KeyedFile) -> FramePattern:
    """Return where the shaped files go.

    Raises:
        SettingsError: That is the result itself, and it is not to be replaced; or no EXR.
    """
    source = sequence.pattern
    target = source
    if settings.output is not None:
        target = _named_target(settings.output, sequence)
    number = sequence.numbers[0]
    if not settings.overwrite and real_path(target.path(number)) == real_path(source.path(number)):
        can_be_undone = first.has_network_alpha and OWN_ALPHA not in first.masks
        raise SettingsError(
            f"Shaping {source} in place replaces its alpha and colour.",
            hint="Name another place with -o, or replace them with --overwrite; "
            + (
                "matte.A and the foreground stay, so that it can be shaped again."
                if can_be_undone
                else "but then it cannot be shaped again: these files do not keep what is needed."
            ),
        )
    return target


def _named_target(name: str, sequence: ImageSequence) -> FramePattern:
    """Return the pattern that `-o` names.

    Raises:
        SettingsError: It is none of EXR files.
    """
    source, text = sequence.pattern, str(Path(name).absolute())
    if is_file_name(text) and Path(text).suffix.lower() != ".exr":
        raise SettingsError(
            f"The output {name} is no EXR, which alone is shaped.",
            hint="Name a folder, or a pattern that ends in .exr.",
            path=Path(text),
        )
    is_still = len(sequence.numbers) == 1
    target = name_files(text, source, asked=ImageFormat.EXR, is_still=is_still)
    if target.folder == Path(text):  # a folder: the files keep their names
        return replace(source, folder=target.folder)
    return target


def _is_done_in_place(file: KeyedFile, number: int, job: _Job) -> bool:
    """Say whether a file is what a run that was stopped has made of itself already."""
    is_in_place = real_path(job.target.path(number)) == real_path(file.path)
    return is_in_place and file.text(JOB_ATTRIBUTE) == job.mark(file)


def _check(file: KeyedFile, job: _Job) -> None:
    """Make sure that the alpha before shaping is known, and all of the pixels that are needed.

    Raises:
        InputError: It is not in the file, or cut off.
        SettingsError: Masks are needed, or differ from what it was keyed with.
    """
    check_laid_masks(file, job.masks)
    if (file.is_shaped or job.masks) and not file.has_network_alpha:
        raise InputError(
            f"{file.path} was shaped already, and does not hold the network's alpha.",
            hint="Shape files that were keyed without shaping, or with --layers combined.",
            path=file.path,
        )
    if file.uncropped != file.part.data_window and job.shaping.reach:
        raise InputError(
            f"{file.path} was cropped to its alpha: there is no colour for what grows out of it.",
            hint="Key it again with these flags, or without --crop.",
            path=file.path,
        )


def _refuse_foreign(file: KeyedFile, number: int, job: _Job) -> None:
    """Make sure that a file in the way is this job's own.

    Raises:
        WouldOverwriteError: It is not.
    """
    path = job.target.path(number)
    if is_there(path) and read_mark(path)[:1] != (job.mark(file),):
        raise WouldOverwriteError(
            f"{path} exists and was not shaped like this from {job.source}.",
            hint="Choose another output, or replace it with --overwrite.",
            frame=number,
            path=path,
        )


def _tasks(job: _Job) -> Iterator[Callable[[], bool]]:
    masks = {kind: one.tasks(job.numbers) for kind, one in job.masks.items()}
    with ExitStack() as stack:
        for one in masks.values():
            stack.callback(one.close)
        for number in job.numbers:
            placed = {kind: next(one) for kind, one in masks.items()}
            yield partial(_shape_one, job, number, placed)


def _shape_one(job: _Job, number: int, masks: dict[str, PlacedMask]) -> bool:
    """Shape one file, unless it is shaped like this already; say whether it was written."""
    file = KeyedFile.read(job.source.path(number))
    path, mark = job.target.path(number), job.mark(file)
    if read_mark(path) == (mark, file.number, file.text(LAYER_ATTRIBUTE)) and decodes(path):
        return False
    _check(file, job)  # one that was done in place is here only if its pixels are damaged
    attributes = dict(file.attributes)
    attributes |= {JOB_ATTRIBUTE: mark, SHAPED_FROM_ATTRIBUTE: file.origin}
    attributes.pop(SHAPING_ATTRIBUTE, None)
    if not job.shaping.is_off:
        attributes[SHAPING_ATTRIBUTE] = str(job.shaping)
    matte = _shaped(file, job.shaping, masks)
    if UNCROPPED_ATTRIBUTE in attributes:
        attributes[UNCROPPED_ATTRIBUTE] = window_text(matte.window)
        matte = crop_matte(matte)
    write_exr_layers(
        {"rgba": path},
        matte,
        file.header,
        attributes,
        layers=file.layers,
        depth=file.depth,
        compression=file.compression,
    )
    return True


def _shaped(file: KeyedFile, shaping: Shaping, masks: dict[str, PlacedMask]) -> Matte:
    """Return a file's layers, shaped, over its data window as it was before any crop."""
    window, keyed, display = file.uncropped, file.keyed, file.part.display_window
    data = file.part.data_window
    final, own = file.alphas()
    network = final if own is None else own
    base = network if file.is_shaped or masks else final
    foreground = _spread(file.foreground(), data, window)
    base, network = (_spread(one, data, window) for one in (base, network))
    if masks:
        laid = {kind: one(window, display) for kind, one in masks.items()}
        base = laid_alpha(base, laid.get("garbage"), laid.get("core"))
    inside = keyed.slices_in(window)
    rgb = np.zeros((3, window.height, window.width), np.float32).transpose(1, 2, 0)
    alpha = np.zeros((window.height, window.width), np.float32)
    if not keyed.is_empty:
        alpha[inside] = shape_alpha(base[inside], shaping)  # rounded already, as the file holds it
        rgb[inside] = premultiply(foreground[inside], alpha[inside])
    return Matte(rgb=rgb, alpha=alpha, foreground=foreground, network_alpha=network, window=window)


def _spread(image: FloatImage, data: Window, window: Window) -> FloatImage:
    """Return what a file holds over its data window on a larger one, 0 around it."""
    if data == window:
        return image
    wide = np.zeros((window.height, window.width, *image.shape[2:]), np.float32)
    wide[data.slices_in(window)] = image
    return wide
