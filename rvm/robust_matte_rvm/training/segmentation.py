"""Clips with masks: what they teach is where people are, not how their edges run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator

from robust_matte_rvm.errors import DataSetError
from robust_matte_rvm.training.annotations import AnnotatedFrame
from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.masks import paint_regions
from robust_matte_rvm.training.motion import Framing
from robust_matte_rvm.training.photometry import finish
from robust_matte_rvm.training.pictures import Pixels, read_size
from robust_matte_rvm.training.shots import FrameShot, FrameStore, Shot, film

__all__ = ["AnnotatedShot", "SegmentedClips"]


class AnnotatedShot:
    """Frames with the silhouettes that annotations mark in them, as four channels; a `Shot`.

    Args:
        path: The picture or folder.
        frames: The frames in order.
        store: What reads and keeps them.
    """

    def __init__(self, path: Path, frames: Sequence[AnnotatedFrame], store: FrameStore) -> None:
        self.path = path
        self._frames, self._store = frames, store
        self._colours = FrameShot(path, [frame.file for frame in frames], "RGB", store)

    def __len__(self) -> int:
        return len(self._frames)

    def read(self, numbers: Sequence[int]) -> Pixels:
        """Return frames; see `Shot`."""
        colours = self._colours.read(numbers)
        size = (colours.shape[1], colours.shape[2])

        def paint(missing: list[int]) -> Iterator[tuple[int, Pixels]]:
            for number in missing:
                yield number, _paint(self._frames[number], size)

        masks = self._store.collect(self.path, numbers, "mask", paint)
        return np.concatenate([colours, np.stack([masks[number] for number in numbers])], 3)


class SegmentedClips:
    """Pictures or videos with masks as an endless source of clips; a `ClipSource`.

    The mask stands for alpha, and the source for the foreground.

    Args:
        shots: Colour and mask, four channels.
        framing: How close the camera comes.
    """

    def __init__(self, shots: Sequence[Shot], framing: Framing) -> None:
        self._shots, self._framing = shots, framing

    def draw(self, rng: Generator, frames: int, size: tuple[int, int]) -> Clip:
        """Draw a clip; see `ClipSource`."""
        shot = self._shots[int(rng.integers(len(self._shots)))]
        planes = film(rng, shot, frames, size, self._framing)
        src = planes[:, :3]
        clip = finish(rng, Clip(src=src, fgr=src, pha=planes[:, 3:]))
        return clip._replace(fgr=clip.src)


def _paint(frame: AnnotatedFrame, size: tuple[int, int]) -> Pixels:
    width, height = read_size(frame.file)
    if (height, width) != frame.size:
        raise DataSetError(
            f"{frame.file} is {width}x{height}, its annotations are for "
            f"{frame.size[1]}x{frame.size[0]}.",
            "Take the pictures that the annotations were made for.",
        )
    return paint_regions(frame.regions, frame.size, size)
