"""Garbage and core of a job: found, paired with the plate by frame number, and checked."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from pathlib import Path
from threading import Lock

import numpy as np

from robust_matte.errors import FrameSizeError, InputError, MissingFramesError
from robust_matte.jobs.framing import Windows
from robust_matte.jobs.matte_attributes import spoken_mask
from robust_matte.jobs.plan import MaskRecord
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.jobs.survey import HEADER_READERS, HEADERS_HELD
from robust_matte.jobs.targets import targets_for
from robust_matte.media.coverage import Coverage, bounded, grey, read_alpha, read_coverage
from robust_matte.media.formats import MOVIE_SUFFIXES
from robust_matte.media.frames import FloatImage, Frame, FrameHeader
from robust_matte.media.links import is_folder
from robust_matte.media.plates import MoviePlate, Plate, open_plate
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.sequences import frame_ranges, is_pattern
from robust_matte.media.stills import read_frame_header
from robust_matte.media.views import with_view
from robust_matte.media.windows import Window
from robust_matte.settings.choices import SourceAlpha
from robust_matte.settings.frame_range import FrameRange
from robust_matte.settings.key_settings import KeySettings

__all__ = ["Mask", "MaskedPlate", "Masks", "PlacedMask", "open_mask", "open_masks"]

_SOURCE_ALPHA = "source alpha"

_Reader = Callable[[], Coverage]
# Called with an area of the plate and its display window, it reads coverage: (H, W) float32.
PlacedMask = Callable[[Window, Window], FloatImage]


class Mask:
    """Coverage by frame number: a sequence, a movie, or one still for all frames.

    Args:
        kind: `garbage` or `core`, for messages.
        plate: Where the pictures are.
        read: What reads one still file.
        is_still: Whether its one picture is for all frames.
        is_inverted: Whether white and black change places.
    """

    def __init__(
        self,
        kind: str,
        plate: Plate,
        read: Callable[[Path], Coverage] = read_coverage,
        *,
        is_still: bool = False,
        is_inverted: bool = False,
    ) -> None:
        self.kind = kind
        self.plate = plate
        self._read = read
        self._is_still = is_still
        self._is_inverted = is_inverted
        self._lock = Lock()
        self._kept: Coverage | None = None

    @property
    def spoken(self) -> str:
        """What finished files say of it."""
        return spoken_mask(Path(self.plate.source).name, is_inverted=self._is_inverted)

    @property
    def record(self) -> MaskRecord:
        """What a plan says of it."""
        return MaskRecord(path=Path(self.plate.source).name, fingerprint=self.plate.fingerprint())

    def check(self, needed: Sequence[int], windows: Windows, listener: Listener) -> None:
        """Make sure that it has every frame that is needed, each of the plate's size.

        Raises:
            MissingFramesError: A frame is missing.
            FrameSizeError: A frame has another size.
            FrameReadError: A header cannot be read.
        """
        numbers = self.plate.numbers
        if not self._is_still:
            missing = sorted(set(needed).difference(numbers))
            if missing:
                raise self._lacks(missing)
            numbers = tuple(needed)
        if isinstance(self.plate, MoviePlate):
            numbers = numbers[:1]
        tasks = (partial(self._header, number) for number in numbers)
        text = f"reading headers of the {self.kind}"
        with ReadAhead(tasks, threads=HEADER_READERS, depth=HEADERS_HELD) as headers:
            for done, (number, header) in enumerate(zip(numbers, headers, strict=True), start=1):
                if header.display_window.size != windows.display.size:
                    raise self._other_size(number, header.display_window, windows.display)
                listener(StageReached("planning", done, len(numbers), text))

    def tasks(self, numbers: Sequence[int]) -> Generator[PlacedMask]:
        """Yield, per frame of `numbers`, what reads its coverage over an area of the plate."""
        with closing(self._readers(numbers)) as readers:
            for reader in readers:
                yield partial(self._placed, reader)

    def _readers(self, numbers: Sequence[int]) -> Generator[_Reader]:
        if self._is_still:
            yield from repeat(self._still, len(numbers))
        elif isinstance(self.plate, MoviePlate) and self.plate.movie.info.has_alpha:
            with closing(self.plate.movie.alpha_tasks(numbers)) as alphas:
                for alpha in alphas:
                    yield partial(_of_alpha, alpha, self.plate.movie.header.display_window)
        elif isinstance(self.plate, MoviePlate):
            for task in self.plate.tasks(numbers):
                yield partial(_of_movie, task)
        else:
            for number in numbers:
                yield partial(self._read, self.plate.pattern.path(number))

    def _placed(self, reader: _Reader, area: Window, display: Window) -> FloatImage:
        placed = reader().placed(area, display)
        return np.float32(1.0) - placed if self._is_inverted else placed

    def _still(self) -> Coverage:
        with self._lock:
            if self._kept is None:
                self._kept = self._read(self.plate.pattern.path(self.plate.numbers[0]))
            return self._kept

    def _header(self, number: int) -> FrameHeader:
        if isinstance(self.plate, MoviePlate):
            return self.plate.header(number)
        return read_frame_header(self.plate.pattern.path(number))

    def _lacks(self, missing: Sequence[int]) -> MissingFramesError:
        return MissingFramesError(
            f"The {self.kind} {self.plate.source} lacks the frames {frame_ranges(missing)} of the "
            "plate.",
            hint="Render them, or name one still for all frames.",
            frame=missing[0],
        )

    def _other_size(self, number: int, window: Window, wanted: Window) -> FrameSizeError:
        return FrameSizeError(
            f"Frame {number} of the {self.kind} {self.plate.source} is {window.size}, the plate is "
            f"{wanted.size}.",
            hint="Reformat it to the plate's size; its display window is what counts.",
            frame=number,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """The masks of a job.

    Attributes:
        garbage: What is kept out: all of these together.
        core: What is solid, or None.
        core_frames: The frames of the plate that a result is made of: others need no core.
    """

    garbage: tuple[Mask, ...] = ()
    core: Mask | None = None
    core_frames: frozenset[int] = frozenset()

    @property
    def named(self) -> tuple[Mask, ...]:
        """Those that have files of their own."""
        every = (*self.garbage, *((self.core,) if self.core else ()))
        return tuple(one for one in every if one.kind != _SOURCE_ALPHA)

    @property
    def files(self) -> frozenset[Path]:
        """All files of theirs, resolved."""
        return frozenset().union(*(one.plate.files for one in self.named))

    @property
    def records(self) -> dict[str, MaskRecord]:
        """What a plan says of them, by kind."""
        return {one.kind: one.record for one in self.named}


@dataclass(frozen=True, slots=True, eq=False)
class MaskedPlate:
    """A plate whose frames come with their garbage and core, over the work area.

    Attributes:
        plate: The plate.
        masks: Its masks.
        windows: The plate's windows.
    """

    plate: Plate
    masks: Masks
    windows: Windows

    def tasks(self, numbers: Sequence[int]) -> Iterator[Callable[[], Frame]]:
        """Return a task per frame of `numbers`, which ascend; see `Plate.tasks`."""
        masks = self.masks
        with_core = [number for number in numbers if number in masks.core_frames]
        frames = self.plate.tasks(numbers)
        garbages = [one.tasks(numbers) for one in masks.garbage]
        cores = masks.core.tasks(with_core) if masks.core else iter(())
        with ExitStack() as stack:
            for opened in (frames, *garbages, cores):
                stack.callback(getattr(opened, "close", _nothing))
            for number, frame in zip(numbers, frames, strict=True):
                garbage = [next(one) for one in garbages]
                core = next(cores) if masks.core and number in masks.core_frames else None
                yield partial(_masked, frame, garbage, core, self.windows)


def open_masks(
    settings: KeySettings, plate: Plate, frames: FrameRange, windows: Windows, listener: Listener
) -> Masks:
    """Find the masks of a job and look over their headers.

    Garbage is needed for every frame of the plate, because the network sees those before the frames
    that are written, too; core for the frames that a result is made of.

    Raises:
        InputError: A mask is absent, unreadable, incomplete or of another size.
        SettingsError: A pattern cannot be understood.
    """
    first, view = plate.numbers[0], plate.picture.view
    garbage = []
    if settings.garbage is not None:
        text = _of_view(settings.garbage, view)
        named = open_mask("garbage", text, first, is_inverted=settings.invert_garbage)
        named.check(plate.numbers, windows, listener)
        garbage.append(named)
    if settings.source_alpha is SourceAlpha.GARBAGE:
        garbage.append(_source_alpha(plate))
    targets = targets_for(frames, plate.numbers, settings.missing)
    shown = frozenset(one.source for one in targets if one.source is not None)
    core = None
    if settings.core is not None:
        core = open_mask("core", _of_view(settings.core, view), first)
        core.check(sorted(shown), windows, listener)
    return Masks(tuple(garbage), core, shown)


def open_mask(kind: str, text: str, first_frame: int, *, is_inverted: bool = False) -> Mask:
    """Find the mask that `text` names.

    Args:
        kind: `garbage` or `core`.
        text: A pattern, a folder, a movie, or one still for all frames.
        first_frame: The plate's first frame, which a movie's first frame is paired with.
        is_inverted: Whether white and black change places.

    Raises:
        InputError: There is no such thing, or it cannot be read.
        SettingsError: The pattern cannot be understood.
    """
    path = Path(text)
    is_movie = path.suffix.lower() in MOVIE_SUFFIXES and not is_folder(path)
    plate = open_plate(text, first_frame=first_frame if is_movie else 1)
    is_still = not is_movie and not is_pattern(path.name) and len(plate.numbers) == 1
    return Mask(kind, plate, is_still=is_still, is_inverted=is_inverted)


def _of_view(text: str, view: str | None) -> str:
    """Return a mask's name with the plate's view for `%V`."""
    return with_view(text, view) if view is not None else text


def _source_alpha(plate: Plate) -> Mask:
    """Return the garbage that a plate's own alpha leaves outside.

    Raises:
        InputError: The plate has no alpha.
    """
    if isinstance(plate, MoviePlate):
        if not plate.movie.info.has_alpha:
            raise InputError(
                f"{plate.source} has no alpha that is read.",
                hint="Leave --source-alpha out, or key the movie's frames as an image sequence.",
                path=plate.movie.path,
            )
        return Mask(_SOURCE_ALPHA, plate, is_inverted=True)
    read = partial(read_alpha, choice=plate.picture)
    read(plate.pattern.path(plate.numbers[0]))
    return Mask(_SOURCE_ALPHA, plate, read, is_inverted=True)


def _nothing() -> None:
    """Do nothing, where there is nothing to close."""


def _of_alpha(task: Callable[[], FloatImage], window: Window) -> Coverage:
    return Coverage(pixels=task(), data_window=window, display_window=window)


def _of_movie(task: Callable[[], Frame]) -> Coverage:
    frame = task()
    return Coverage(
        pixels=bounded(grey(frame.pixels)),
        data_window=frame.header.data_window,
        display_window=frame.header.display_window,
    )


def _masked(
    task: Callable[[], Frame],
    garbage: Sequence[PlacedMask],
    core: PlacedMask | None,
    windows: Windows,
) -> Frame:
    """Read a frame and its masks."""
    frame, place = task(), (windows.area, windows.display)
    held = None
    for one in garbage:
        read = one(*place)
        held = read if held is None else np.maximum(held, read)
    return replace(frame, garbage=held, core=core(*place) if core is not None else None)
