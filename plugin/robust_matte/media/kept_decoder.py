"""A decoder that stays open between calls, for those who look at one frame after the other."""

import threading
from collections import deque
from collections.abc import Callable, Generator

import av
from av.error import FFmpegError

__all__ = ["KeptDecoder"]

_Slot = av.VideoFrame | FFmpegError

_MOST_BYTES = 96 * 2**20  # of pictures that were decoded last: 32 of 1080p in 4:2:0 and 8 bit


class KeptDecoder:
    """Goes on where it is, and has the last pictures at hand; a step further back starts anew.

    Who asks takes the `lock` for as long as it asks, and reads for itself where it is taken.

    Args:
        start: Begins to decode a movie: an entry for every picture, an error where one is lost.
        first: Number of the first picture.

    Attributes:
        lock: Held by who reads.
        starts: How often the movie was decoded from its beginning.
    """

    def __init__(self, start: Callable[[], Generator[_Slot, None, None]], first: int) -> None:
        self._start = start
        self._first = first
        self._slots: Generator[_Slot, None, None] | None = None
        self._recent: deque[_Slot] = deque()  # the last one is that at `_last`
        self._last = first - 1
        self._bytes = 0
        self.lock = threading.Lock()
        self.starts = 0

    def slot(self, number: int) -> tuple[_Slot | None, int]:
        """Return what was decoded at a number, and up to where the movie was decoded.

        Returns:
            None past the end; the number is the movie's last one then.
        """
        if self._slots is None or number <= self._last - len(self._recent):
            self.close()
            self._slots = self._start()
            self.starts += 1
        try:
            while self._last < number and (slot := next(self._slots, None)) is not None:
                self._take(slot)
        except BaseException:  # what has raised yields nothing more, as if the movie ended here
            self.close()
            raise
        if number > self._last or number < self._first:
            return None, self._last
        return self._recent[number - self._last - 1], self._last

    def close(self) -> None:
        """Close the movie and forget its pictures."""
        if self._slots is not None:
            self._slots.close()
        self._slots, self._last, self._bytes = None, self._first - 1, 0
        self._recent.clear()

    def _take(self, slot: _Slot) -> None:
        self._last += 1
        self._recent.append(slot)
        self._bytes += _size(slot)
        while self._bytes > _MOST_BYTES and len(self._recent) > 1:
            self._bytes -= _size(self._recent.popleft())


def _size(slot: _Slot) -> int:
    if isinstance(slot, av.VideoFrame):
        return sum(plane.buffer_size for plane in slot.planes)
    return 0
