"""Keeping freed memory for the next frame."""

import ctypes
import sys

__all__ = ["keep_heap"]

# glibc's mallopt(3)
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_BLOCK = 1 << 30
_LARGEST_BEFORE_2_35 = 1 << 25  # glibc refused more: mallopt(3), DEFAULT_MMAP_THRESHOLD_MAX


def keep_heap() -> bool:
    """Let this process keep the memory of one frame for the next, where the C library can.

    By default glibc gives every image back to the system and asks for it anew: each page of it is
    then zeroed and mapped again at the first touch, which took a third of a plain network's time
    at 1080p. One arena serves all threads, because only the first can keep large blocks.

    What is kept does not grow with the length of a clip. It changes the whole process, so it is
    for programs of our own, not for a library to do.

    Returns:
        Whether it was done: on Linux with glibc only.

    Source:
        mallopt(3) of the Linux manual.
    """
    if sys.platform != "linux":
        return False
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:  # musl
        return False
    has_one_arena: bool = set_option(_ARENA_MAX, 1) == 1
    largest = (_LARGEST_BLOCK, _LARGEST_BEFORE_2_35)
    keeps_blocks = any(set_option(_MMAP_THRESHOLD, size) == 1 for size in largest)
    keeps_top: bool = set_option(_TRIM_THRESHOLD, _LARGEST_BLOCK) == 1
    return has_one_arena and keeps_blocks and keeps_top
