"""Lines of bounded length from a stream that may be anything."""

from collections.abc import Callable, Iterator

from robust_matte.settings.strict_json import LONGEST

__all__ = ["READ_AT_ONCE", "bounded_lines"]

READ_AT_ONCE = 1 << 16
"""Bytes that are asked for at a time."""


def bounded_lines(read: Callable[[int], bytes], longest: int = LONGEST) -> Iterator[bytes | None]:
    r"""Yield lines without their ends, at once when they are whole; empty ones are passed over.

    In place of a line that is too long, which is not kept, comes None.

    What is held never exceeds the longest line and one reading, however long a line goes on.

    Args:
        read: Gives up to so many bytes as soon as there are any, and none at the end.
        longest: Bytes of the longest line that is kept.

    Example:
        >>> parts = iter([b'{"a"', b': 1}\n\r\n{', b"}"])
        >>> list(bounded_lines(lambda count: next(parts, b"")))
        [b'{"a": 1}', b'{}']
    """
    held, is_skipping = bytearray(), False
    while chunk := read(READ_AT_ONCE):
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            held += part
            if is_skipping or len(held) > longest:
                yield None
            elif line := bytes(held).strip():
                yield line
            held, is_skipping = bytearray(), False
        held += rest
        if len(held) > longest:
            held, is_skipping = bytearray(), True
    if is_skipping:
        yield None
    elif line := bytes(held).strip():
        yield line
