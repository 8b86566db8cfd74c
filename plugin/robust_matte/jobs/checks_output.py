"""The check of the output folder: files appear whole, and how fast.

What is written is removed again, and no folder that was not there is left.
"""

import os
import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from time import perf_counter

from robust_matte.errors import OutputError
from robust_matte.jobs.examination import Examination
from robust_matte.jobs.findings import Finding, State
from robust_matte.media.atomic import write_atomically

__all__ = ["check_output"]

_FRAME = 8_700_000  # bytes of a 1080p frame: RGBA, foreground and matte in half, ZIPS; measured
_WRITES = 4
_LEAST_FPS = 2.0  # about what the network makes of 1080p on a few cores
_LEAST_FREE = 100 * _FRAME
_MB, _GIB = 10**6, 2**30


def check_output(examination: Examination) -> Iterator[Finding]:
    """Write frames' worth of noise where results are to go, over one another and durably."""
    asked = examination.output.absolute()
    try:
        place = next((one for one in chain([asked], asked.parents) if one.exists()), asked)
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        yield _problem(f"{asked} cannot be written to: {error.strerror}")
        return
    told = str(place) if place == asked else f"{asked} is not there yet; {place}"
    folder = place / f".robust_matte_doctor-{os.getpid()}"
    try:
        seconds = _write_frames(folder / "frame.bin")
    except OutputError as error:
        reason = getattr(error.__cause__, "strerror", None) or error.what
        yield _problem(f"{told} cannot be written to: {reason}")
        return
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if seconds is None:
        yield _problem(f"{told} gives back other bytes than were written")
        return
    yield _judge(told, _WRITES * _FRAME / seconds, shutil.disk_usage(place).free)


def _write_frames(path: Path) -> float | None:
    """Write one file over and over; return the seconds that took, or None if it came out wrong."""
    noise = [os.urandom(_FRAME) for _ in range(2)]  # a disk that packs must not look fast
    began = perf_counter()
    for turn in range(_WRITES):
        write_atomically(path, noise[turn % 2])
    seconds = perf_counter() - began
    is_right = path.read_bytes() == noise[(_WRITES - 1) % 2]
    return max(seconds, 1e-6) if is_right else None


def _problem(said: str) -> Finding:
    return Finding(
        name="output",
        state=State.PROBLEM,
        said=said,
        todo="Choose another folder with --output, or make room or permission in this one",
        exit_code=OutputError.exit_code,
    )


def _judge(told: str, speed: float, free: int) -> Finding:
    """Judge bytes a second and free bytes."""
    fps = speed / _FRAME
    said = (
        f"{told}: files appear whole, {speed / _MB:.0f} MB/s or {fps:.3g} frames of 1080p a "
        f"second; {free / _GIB:.1f} GiB free"
    )
    if fps < _LEAST_FPS:
        todo = "Write to a faster disk and copy the result, or expect to wait for the disk"
        return Finding(name="output", state=State.WARNING, said=said, todo=todo)
    if free < _LEAST_FREE:
        todo = "Make room: 100 frames of 1080p take about 0.9 GB"
        return Finding(name="output", state=State.WARNING, said=said, todo=todo)
    return Finding(name="output", said=said)
