"""Frames of movies, any of them at any time."""

from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from robust_matte_rvm.errors import DataSetError
from robust_matte_rvm.training.pictures import Mode, Pixels

__all__ = ["MOVIE_SUFFIXES", "Movie"]

MOVIE_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mxf", ".webm"})
_HD_LINES = 720  # from here on, a movie that does not name its matrix is BT.709
_UNSPECIFIED = 2  # ITU-T H.273, matrix coefficients
_ANOTHER_COPY = "Copy it again, or put its frames into a folder of pictures."


class Movie:
    """A movie whose frames are counted from 0, as they are shown.

    It is opened anew for each read, so that a data set of hundreds of movies keeps none open.

    Args:
        file: Any movie that FFmpeg reads.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    @cached_property
    def times(self) -> list[int]:
        """When each frame is shown, in the stream's own units.

        Raises:
            DataSetError: The file is damaged, or does not say when its frames are shown.
        """
        times = [packet.pts for packet in self._packets()]
        if not times or None in times:
            raise DataSetError(
                f"{self.file} does not say when its frames are shown.",
                "Write it as MP4 or MOV, or put its frames into a folder of pictures.",
            )
        return sorted({time for time in times if time is not None})

    def read(
        self, numbers: Collection[int], mode: Mode, longest: int
    ) -> Iterator[tuple[int, Pixels]]:
        """Yield frames with their numbers, in the order in which they are shown.

        Args:
            numbers: Of the frames, each once.
            mode: As for `read_picture`.
            longest: As there.

        Raises:
            DataSetError: The file is damaged, or has no alpha that is asked for.
        """
        wanted = {self.times[number]: number for number in numbers}
        try:
            for frame in self._decode(min(wanted)):
                if frame.pts in wanted:
                    yield wanted.pop(frame.pts), self._convert(frame, mode, longest)
                if not wanted:
                    return
        except av.error.FFmpegError as error:
            raise self._damaged(min(wanted.values())) from error
        raise self._damaged(min(wanted.values()))

    def _damaged(self, number: int) -> DataSetError:
        return DataSetError(
            f"Frame {number} of {self.file}, counted from 0, cannot be decoded.", _ANOTHER_COPY
        )

    def _packets(self) -> list[Any]:
        try:
            with av.open(str(self.file)) as container:
                packets = container.demux(container.streams.video[0])
                return [packet for packet in packets if packet.size and not packet.is_discard]
        except (av.error.FFmpegError, IndexError) as error:
            raise DataSetError(
                f"{self.file} cannot be read: it is damaged, cut off or no movie.", _ANOTHER_COPY
            ) from error

    def _decode(self, first: int) -> Iterator[av.VideoFrame]:
        """Yield frames from the last one before `first` that stands alone."""
        with av.open(str(self.file)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            container.seek(first, stream=stream)
            yield from container.decode(stream)

    def _convert(self, frame: av.VideoFrame, mode: Mode, longest: int) -> Pixels:
        if mode == "RGBA" and not any(one.is_alpha for one in frame.format.components):
            raise DataSetError(
                f"{self.file} has no alpha.",
                "Put foregrounds into a folder fgr and their alphas into a folder pha, under the "
                "same names.",
            )
        picture = Image.fromarray(_to_array(frame, alpha=mode == "RGBA"))
        picture = picture if mode in ("RGB", "RGBA") else picture.convert("L")
        picture.thumbnail((longest, longest), Image.Resampling.BICUBIC)
        pixels = np.asarray(picture)
        return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _to_array(frame: av.VideoFrame, *, alpha: bool) -> Pixels:
    matrix: Any = None
    if frame.colorspace == _UNSPECIFIED and frame.height >= _HD_LINES:
        matrix = "ITU709"
    pixels: Any = frame.to_ndarray(format="rgba" if alpha else "rgb24", src_colorspace=matrix)
    return np.asarray(pixels, np.uint8)
