"""Sharing the machine's cores with decoding, encoding and other programs."""

import os

__all__ = ["available_cores", "share_cores"]


def share_cores() -> None:
    """Let the network's idle threads sleep instead of spin; call it before torch is imported.

    Torch's OpenMP threads wait for each other by spinning, and where a decoding thread or another
    program has one of their cores, all of them spin until it is done: on two cores with one of them
    busy, 100 small frames took 58 s with spinning and 3 s without. A policy that the user has set
    stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def available_cores() -> int:
    """Return how many cores this process may use, which a farm may keep below the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
