"""Shots on disk: pictures, folders of frames, movies, and two of them side by side."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from robust_matte_rvm.errors import DataSetError
from robust_matte_rvm.training.motion import Framing, draw_frame_numbers, draw_path, move
from robust_matte_rvm.training.movies import MOVIE_SUFFIXES, Movie
from robust_matte_rvm.training.pictures import (
    PICTURE_SUFFIXES,
    Mode,
    Pixels,
    list_pictures,
    natural_order,
    read_picture,
)

__all__ = [
    "FrameShot",
    "FrameStore",
    "MovieShot",
    "PairedShot",
    "Shot",
    "film",
    "find_shots",
    "read_run",
]

_KEPT_BYTES = 256 * 2**20  # a small set stays in memory; a large one never fits anyway


class Shot(Protocol):
    """Frames of one size, counted from 0."""

    @property
    def path(self) -> Path:
        """The picture, folder or movie, for messages."""

    def __len__(self) -> int:
        """Return how many frames there are, at least 1."""

    def read(self, numbers: Sequence[int]) -> Pixels:
        """Return frames, (T, H, W, C) uint8.

        Raises:
            DataSetError: A frame cannot be read, or differs in size.
        """


class FrameStore:
    """Decoded frames, of which the latest are kept.

    Args:
        longest: Pixels; larger frames are reduced to this side.
        kept_bytes: How much is kept.
    """

    def __init__(self, longest: int, kept_bytes: int = _KEPT_BYTES) -> None:
        self.longest = longest
        self._kept_bytes = kept_bytes
        self._frames: OrderedDict[tuple[Path, int, Mode], Pixels] = OrderedDict()
        self._bytes = 0

    def collect(
        self,
        path: Path,
        numbers: Iterable[int],
        mode: Mode,
        decode: Callable[[list[int]], Iterable[tuple[int, Pixels]]],
    ) -> dict[int, Pixels]:
        """Return frames of a shot by number, decoding those that are not kept.

        Args:
            path: Which shot.
            numbers: Which frames.
            mode: How they are read.
            decode: Yields (number, pixels) for numbers that rise.
        """
        keys = {number: (path, number, mode) for number in sorted(set(numbers))}
        found = {n: self._frames[key] for n, key in keys.items() if key in self._frames}
        missing = [number for number in keys if number not in found]
        found |= dict(decode(missing)) if missing else {}
        for number, key in keys.items():
            self._keep(key, found[number])
        return found

    def _keep(self, key: tuple[Path, int, Mode], pixels: Pixels) -> None:
        if key not in self._frames:
            self._bytes += pixels.nbytes
        self._frames[key] = pixels
        self._frames.move_to_end(key)
        while self._bytes > self._kept_bytes:
            self._bytes -= self._frames.popitem(last=False)[1].nbytes


class FrameShot:
    """Pictures one after the other; one picture is a shot that stands still.

    Args:
        path: The picture or folder.
        files: The frames in order.
        mode: What is read of them.
        store: What reads and keeps them.
    """

    def __init__(self, path: Path, files: Sequence[Path], mode: Mode, store: FrameStore) -> None:
        self.path, self.files = path, files
        self._mode, self._store = mode, store

    def __len__(self) -> int:
        return len(self.files)

    def read(self, numbers: Sequence[int]) -> Pixels:
        """Return frames; see `Shot`."""
        frames = self._store.collect(self.path, numbers, self._mode, self._decode)
        first = min(frames)
        for number, pixels in frames.items():
            if pixels.shape != frames[first].shape:
                raise _refuse_sizes(self.files[number], pixels, self.files[first], frames[first])
        return np.stack([frames[number] for number in numbers])

    def _decode(self, numbers: list[int]) -> Iterator[tuple[int, Pixels]]:
        for number in numbers:
            yield number, read_picture(self.files[number], self._mode, self._store.longest)


class MovieShot:
    """A movie.

    Args:
        path: Its file.
        mode: What is read of it.
        store: What reads and keeps its frames.
    """

    def __init__(self, path: Path, mode: Mode, store: FrameStore) -> None:
        self.path = path
        self._movie = Movie(path)
        self._mode, self._store = mode, store

    def __len__(self) -> int:
        return len(self._movie.times)

    def read(self, numbers: Sequence[int]) -> Pixels:
        """Return frames; see `Shot`."""
        frames = self._store.collect(
            self.path,
            numbers,
            self._mode,
            lambda missing: self._movie.read(missing, self._mode, self._store.longest),
        )
        return np.stack([frames[number] for number in numbers])


class PairedShot:
    """Colours and their alpha or mask, as four channels.

    Args:
        colours: Three channels.
        mattes: One.

    Raises:
        DataSetError: One has frames that the other lacks.
    """

    def __init__(self, colours: Shot, mattes: Shot) -> None:
        self.path = colours.path
        self._colours, self._mattes = colours, mattes
        if len(colours) != len(mattes):
            raise DataSetError(
                f"{colours.path} has {len(colours)} frames, {mattes.path} has {len(mattes)}.",
                "Give each frame its alpha, or move the clip out of the data set.",
            )
        for file, matte in zip(_files(colours), _files(mattes), strict=False):
            if file.stem != matte.stem:
                raise DataSetError(
                    f"{file} and {matte} have one place in their clips, and two names.",
                    "Name each frame as its alpha is named, and let none be missing.",
                )

    def __len__(self) -> int:
        return len(self._colours)

    def read(self, numbers: Sequence[int]) -> Pixels:
        """Return frames; see `Shot`."""
        colours, mattes = self._colours.read(numbers), self._mattes.read(numbers)
        if colours.shape[:3] != mattes.shape[:3]:
            raise _refuse_sizes(self._mattes.path, mattes[0], self.path, colours[0])
        return np.concatenate([colours, mattes], 3)


def find_shots(folder: Path, mode: Mode, store: FrameStore) -> dict[str, Shot]:
    """Return the shots in a folder by name, in order: pictures, folders of pictures, movies.

    Args:
        folder: Where they lie; folders in folders are not looked into.
        mode: What is read of them.
        store: What reads and keeps their frames.

    Raises:
        DataSetError: There is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise DataSetError(
            f"There is no folder {folder}.", "Correct the path in the configuration."
        )
    shots: dict[str, Shot] = {}
    for path in sorted(folder.iterdir(), key=lambda path: natural_order(path.name)):
        shot = None if path.name.startswith(".") else _open_shot(path, mode, store)
        if shot is not None:
            _add(shots, path.name if path.is_dir() else path.stem, shot)
    if not shots:
        raise DataSetError(
            f"{folder} holds no pictures, folders of pictures or movies.",
            "Name the folder that they lie in.",
        )
    return shots


def read_run(rng: Generator, shot: Shot, frames: int) -> Tensor:
    """Read some frames that follow each other, at a random speed, backwards or with a pause.

    Args:
        rng: Where the randomness comes from.
        shot: What is read.
        frames: T.

    Returns:
        (T, C, H, W), float32 in [0, 1]; (1, C, H, W) of a shot that stands still.

    Raises:
        DataSetError: A frame cannot be read.
    """
    numbers = draw_frame_numbers(rng, frames, len(shot))
    pixels = shot.read([int(number) for number in numbers] if len(shot) > 1 else [0])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float() / 255


def film(
    rng: Generator, shot: Shot, frames: int, size: tuple[int, int], framing: Framing
) -> Tensor:
    """Read some frames and move the camera over them, (T, C, height, width), as `move` does."""
    run = read_run(rng, shot, frames)
    return move(run, draw_path(rng, frames, framing), size)


def _add(shots: dict[str, Shot], name: str, shot: Shot) -> None:
    if name in shots:
        raise DataSetError(
            f"{shots[name].path} and {shot.path} have one name.",
            "Move one of them out of the data set.",
        )
    shots[name] = shot


def _open_shot(path: Path, mode: Mode, store: FrameStore) -> Shot | None:
    suffix = path.suffix.lower()
    if path.is_dir():
        files = list_pictures(path)
        return FrameShot(path, files, mode, store) if files else None
    if suffix in PICTURE_SUFFIXES:
        return FrameShot(path, [path], mode, store)
    return MovieShot(path, mode, store) if suffix in MOVIE_SUFFIXES else None


def _files(shot: Shot) -> Sequence[Path]:
    """Return the files of a folder of frames; a picture or movie is paired by its own name."""
    return shot.files if isinstance(shot, FrameShot) and len(shot) > 1 else ()


def _refuse_sizes(file: Path, pixels: Pixels, other: Path, others: Pixels) -> DataSetError:
    (height, width), (high, wide) = pixels.shape[:2], others.shape[:2]
    return DataSetError(
        f"{file} is {width}x{height}, {other} is {wide}x{high}, after reducing.",
        "Reformat all frames of a clip, and its alpha, to one size.",
    )
