"""A plate: what is keyed, whether it lies on disk as files or as a movie."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from robust_matte.errors import FrameReadError, InputError, SettingsError
from robust_matte.media.exr_header import ExrHeader, read_header
from robust_matte.media.exr_layers import (
    ANY_LAYER,
    LayerChoice,
    Offers,
    choose_layer,
    offers_of,
)
from robust_matte.media.failures import cannot_open, refuse_other_bytes
from robust_matte.media.formats import MOVIE_SUFFIXES
from robust_matte.media.frames import Frame, FrameHeader
from robust_matte.media.links import is_folder, real_path
from robust_matte.media.movies import Movie
from robust_matte.media.sequences import FramePattern, ImageSequence, find_sequence
from robust_matte.media.stills import is_float_image, read_frame, read_frame_header
from robust_matte.media.views import find_views, has_view_place, with_view
from robust_matte.settings.first_frame import FirstFrame

__all__ = ["MoviePlate", "Plate", "SequencePlate", "open_plate"]


class Plate(Protocol):
    """Frames in timeline order, by number."""

    @property
    def source(self) -> str:
        """The plate as a pattern or file, for messages."""

    @property
    def pattern(self) -> FramePattern:
        """Folder, name and padding that results are named after."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frames that exist, ascending."""

    @property
    def expected(self) -> tuple[int, int]:
        """The first and last frame that should exist."""

    @property
    def step(self) -> int:
        """From one frame that should exist to the next."""

    @property
    def files(self) -> frozenset[Path]:
        """Every file that is read, resolved."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is unusual about the plate, one sentence each."""

    @property
    def choice(self) -> LayerChoice:
        """Which layer and view inside of its files were asked for; for what reads them."""

    @property
    def picture(self) -> LayerChoice:
        """Which layer and view is keyed, by name; files' own names may tell the view."""

    def header(self, number: int) -> FrameHeader:
        """Return windows and attributes of one frame without decoding it."""

    def tasks(self, numbers: Sequence[int]) -> Iterator[Callable[[], Frame]]:
        """Return a task per frame of `numbers`, which ascend; see `readahead`."""

    def fingerprint(self) -> str:
        """Return a hash that changes when a file is replaced: of names, sizes and mtimes."""


class SequencePlate:
    """A plate of still files."""

    warnings: tuple[str, ...] = ()

    def __init__(
        self, sequence: ImageSequence, choice: LayerChoice = ANY_LAYER, view: str | None = None
    ) -> None:
        self._sequence = sequence
        self._choice = choice
        self._view = view  # by the files' names

    @property
    def source(self) -> str:
        """The pattern, or the one file."""
        return str(self._sequence.pattern)

    @property
    def pattern(self) -> FramePattern:
        """Where each frame is."""
        return self._sequence.pattern

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frames on disk."""
        return self._sequence.numbers

    @property
    def expected(self) -> tuple[int, int]:
        """First and last frame, as typed or as found."""
        return self._sequence.expected

    @property
    def step(self) -> int:
        """From one frame to the next, as typed."""
        return self._sequence.step

    @property
    def files(self) -> frozenset[Path]:
        """Every file of the sequence."""
        return frozenset(real_path(self.pattern.path(number)) for number in self.numbers)

    @property
    def is_float(self) -> bool:
        """Whether the first file stores floating-point pixels."""
        first = self.numbers[0]
        with self._telling_the_way_out(first):
            return is_float_image(self.pattern.path(first), self._choice)

    @property
    def choice(self) -> LayerChoice:
        """Which layer and view of each file were asked for."""
        return self._choice

    @property
    def picture(self) -> LayerChoice:
        """What is keyed, by the first file."""
        header = self._exr_header
        if header is None:
            return LayerChoice(view=self._view)
        first = self.numbers[0]
        layer = choose_layer(header, self._choice, self.pattern.path(first), first)
        return LayerChoice(layer.name or None, layer.view or self._view)

    @property
    def offers(self) -> Offers:
        """What the first file has to choose from."""
        header = self._exr_header
        return Offers() if header is None else offers_of(header)

    @property
    def _exr_header(self) -> ExrHeader | None:
        first = self.numbers[0]
        path = self.pattern.path(first)
        if path.suffix.lower() != ".exr":
            return None
        with self._telling_the_way_out(first):
            return read_header(path)

    def header(self, number: int) -> FrameHeader:
        """Read one file's header."""
        with self._telling_the_way_out(number):
            return read_frame_header(self.pattern.path(number), self._choice, number)

    def tasks(self, numbers: Sequence[int]) -> Iterator[Callable[[], Frame]]:
        """Yield a reader per frame."""
        for number in numbers:
            yield partial(self._read, number)

    def _read(self, number: int) -> Frame:
        with self._telling_the_way_out(number):
            return read_frame(self.pattern.path(number), number, self._choice)

    @contextmanager
    def _telling_the_way_out(self, number: int) -> Iterator[None]:
        """Name a bad file's frame and, where there are others, how to go on without it."""
        try:
            yield
        except FrameReadError as error:
            way_out = error.hint.removesuffix(".")
            if len(self.numbers) > 1:
                way_out += "; without it, --missing hold keys the others"
            raise FrameReadError(
                error.what, hint=f"{way_out}.", frame=number, path=error.path
            ) from error

    def fingerprint(self) -> str:
        """Hash names, sizes and mtimes."""
        return _fingerprint([self.pattern.path(number) for number in self.numbers])


class MoviePlate:
    """A plate that is one movie; frames count from `first_frame`."""

    step = 1

    def __init__(self, path: Path, *, first_frame: FirstFrame = 1, view: str | None = None) -> None:
        self.movie = Movie(path, first_frame=first_frame)
        self._view = view

    @property
    def source(self) -> str:
        """The movie file."""
        return str(self.movie.path)

    @property
    def choice(self) -> LayerChoice:
        """A movie has neither layers nor views."""
        return ANY_LAYER

    @property
    def picture(self) -> LayerChoice:
        """A movie has neither layers nor views; its name may be that of one."""
        return LayerChoice(view=self._view)

    @property
    def pattern(self) -> FramePattern:
        """The movie's name, with four digits for the frame number."""
        path = self.movie.path
        return FramePattern(path.parent, f"{path.stem}.", 4, path.suffix)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Every frame that decodes; the first call decodes the movie once, to count."""
        return tuple(self.movie.numbers)

    @property
    def expected(self) -> tuple[int, int]:
        """First and last frame that decode."""
        return self.numbers[0], self.numbers[-1]

    @property
    def files(self) -> frozenset[Path]:
        """The movie."""
        return frozenset({real_path(self.movie.path)})

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed or odd about the movie."""
        return (*self.movie.info.assumed, *self.movie.warnings)

    def header(self, number: int) -> FrameHeader:
        """Return the movie's picture size and rate, and the frame's timecode."""
        return self.movie.header_of(number)

    def tasks(self, numbers: Sequence[int]) -> Iterator[Callable[[], Frame]]:
        """Demux in order; converting each frame is its task."""
        return self.movie.tasks(numbers)

    def fingerprint(self) -> str:
        """Hash name, size and mtime."""
        return _fingerprint([self.movie.path])


def open_plate(text: str, *, first_frame: FirstFrame = 1, choice: LayerChoice = ANY_LAYER) -> Plate:
    """Find and probe the plate that `text` names.

    Args:
        text: A movie, a still, a folder with one sequence, or a frame pattern; `%V` in it stands
            for the view.
        first_frame: Number of a movie's first frame, or `timecode`.
        choice: Which layer and view are meant.

    Raises:
        InputError: There is no such plate or view, or it cannot be read.
        SettingsError: The pattern cannot be understood, or a sequence is given a first frame, or
            what has no layers a layer.
    """
    named = _named_view(text, choice.view)
    path = Path(text if named is None else with_view(text, named)).absolute()  # told in full
    refuse_other_bytes(path)
    inside = choice if named is None else LayerChoice(choice.layer)
    if path.suffix.lower() in MOVIE_SUFFIXES and not is_folder(path):
        _refuse_choice(path, inside)
        return MoviePlate(path, first_frame=first_frame, view=named)
    if first_frame != 1:
        raise SettingsError(
            f"{path} is no movie, and its frames have numbers already: --first-frame "
            f"{first_frame} cannot be used.",
            hint="Leave --first-frame out, or rename the files.",
            path=path,
        )
    sequence = find_sequence(str(path))
    refuse_other_bytes(Path(str(sequence.pattern)))  # a folder's files may have such names too
    if Path(str(sequence.pattern)).suffix.lower() != ".exr":
        _refuse_choice(path, inside)
    plate = SequencePlate(sequence, inside, named)
    if named is not None and named in plate.offers.views:  # files of a view may hold both
        plate = SequencePlate(sequence, choice, named)
    return plate


def _named_view(text: str, wanted: str | None) -> str | None:
    """Return the view that stands for `%V` in a plate's name, or None where there is no `%V`."""
    if not has_view_place(text):
        return None
    views = find_views(str(Path(text).absolute()))
    if wanted is None and len(views) == 1:
        return views[0]
    if wanted in views:
        return wanted
    told = ", ".join(views)
    if wanted is None:
        raise SettingsError(
            f"{text} has the views {told}, and none is chosen.",
            hint=f"Choose one, such as --view {views[0]}, or key each with --view all.",
        )
    raise InputError(
        f"{text} has no view {wanted}; it has {told}.",
        hint=f"Choose one that it has, such as --view {views[0]}.",
    )


def _refuse_choice(path: Path, choice: LayerChoice) -> None:
    """Refuse a layer or view of a format that has none."""
    if choice != ANY_LAYER:
        flag = "--layer" if choice.layer is not None else "--view"
        raise SettingsError(
            f"{path} is no EXR, and has no layers or views to choose from.",
            hint=f"Leave {flag} out.",
            path=path,
        )


def _fingerprint(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        try:
            stat = path.stat()
        except OSError as error:
            raise cannot_open(path, error) from error
        digest.update(f"{path.name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
