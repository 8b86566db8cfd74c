"""A mask: coverage by frame number, from a sequence, a movie, or one still for all frames."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from itertools import repeat
from pathlib import Path
from threading import Lock

import numpy as np

from robust_matte.errors import FrameSizeError, InputError, MissingFramesError
from robust_matte.jobs.matte_attributes import spoken_mask
from robust_matte.jobs.progress import Listener, Noted, StageReached, Warned
from robust_matte.jobs.survey import HEADER_READERS, HEADERS_HELD
from robust_matte.media.coverage import Coverage, bounded, grey, has_idle_alpha, read_coverage
from robust_matte.media.formats import MOVIE_SUFFIXES
from robust_matte.media.frames import FloatImage, Frame, FrameHeader
from robust_matte.media.links import is_folder
from robust_matte.media.plates import MoviePlate, Plate, open_plate
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.sequences import frame_ranges, is_pattern
from robust_matte.media.stills import read_frame_header
from robust_matte.media.windows import Window

__all__ = ["SOURCE_ALPHA", "Mask", "PlacedMask", "open_mask"]

SOURCE_ALPHA = "source alpha"  # the kind of a mask that is the plate itself

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
    def meaning(self) -> str:
        """What becomes of what is white in it, or black, for people."""
        colour = "black" if self._is_inverted else "white"
        becomes = "solid" if self.kind == "core" else "kept out"
        return f"{self.plate.source}: {colour} is {becomes}"

    def tell(self, listener: Listener, number: int) -> None:
        """Tell what it does, and of an alpha that does nothing.

        Args:
            listener: Told of it.
            number: The first frame that is needed.

        Raises:
            FrameReadError: That frame is damaged.
        """
        listener(Noted(f"{self.kind} {self.meaning}"))
        if isinstance(self.plate, MoviePlate):
            return
        path = self.plate.pattern.path(self.plate.numbers[0] if self._is_still else number)
        if has_idle_alpha(path):
            listener(
                Warned(
                    f"The alpha of {path} is 1 in every pixel, and it is what counts; write the "
                    f"{self.kind} without an alpha if its colour is meant."
                )
            )

    @property
    def spoken(self) -> str:
        """What finished files say of it."""
        return spoken_mask(Path(self.plate.source).name, is_inverted=self._is_inverted)

    def check(self, needed: Sequence[int], display: Window, listener: Listener) -> None:
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
                if header.display_window.size != display.size:
                    raise self._other_size(number, header.display_window, display)
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
        frames = "frame" if len(missing) == 1 else "frames"
        return MissingFramesError(
            f"The {self.kind} {self.plate.source} lacks the {frames} {frame_ranges(missing)} of "
            "the plate.",
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
    try:
        plate = open_plate(text, first_frame=first_frame if is_movie else 1)
    except InputError as error:
        error.hint = f"--{kind} names it. {error.hint}".strip()
        raise
    is_still = not is_movie and not is_pattern(path.name) and len(plate.numbers) == 1
    return Mask(kind, plate, is_still=is_still, is_inverted=is_inverted)


def _of_alpha(task: Callable[[], FloatImage], window: Window) -> Coverage:
    return Coverage(pixels=task(), data_window=window, display_window=window)


def _of_movie(task: Callable[[], Frame]) -> Coverage:
    frame = task()
    return Coverage(
        pixels=bounded(grey(frame.pixels)),
        data_window=frame.header.data_window,
        display_window=frame.header.display_window,
    )
