"""Bytes as they come, cut into lines of bounded length."""

from __future__ import annotations

__all__ = ["Lines"]


class Lines:
    """Joins chunks and cuts them at line feeds, in bounded memory.

    Attributes:
        skipped: Bytes that were dropped since the last line that came whole.
    """

    def __init__(self, limit: int) -> None:
        """Keep how many bytes a line may have."""
        self.skipped = 0
        self._limit = limit
        self._begun = bytearray()
        self._is_skipping = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that a chunk ends, without their line feeds.

        One that is too long comes at once, cut to a byte more than the limit; the rest of it is
        dropped.
        """
        found = []
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            found += self._grow(part)
            found += self._end()
        return found + self._grow(rest)

    def rest(self) -> bytes:
        """Return the line that was begun and never ended."""
        return b"" if self._is_skipping else bytes(self._begun)

    def _grow(self, part: bytes) -> list[bytes]:
        if self._is_skipping:
            self.skipped += len(part)
            return []
        self._begun += part
        if len(self._begun) <= self._limit:
            return []
        too_long = bytes(self._begun[: self._limit + 1])
        self.skipped += len(self._begun) - len(too_long)
        self._begun.clear()
        self._is_skipping = True
        return [too_long]

    def _end(self) -> list[bytes]:
        if self._is_skipping:
            self._is_skipping = False
            return []
        line = bytes(self._begun)
        self._begun.clear()
        self.skipped = 0
        return [line]
