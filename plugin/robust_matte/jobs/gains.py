"""The gain of each segment: as it was typed, or found from how bright its frames are."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from robust_matte.jobs.opening import OpenedJob
from robust_matte.jobs.progress import Listener, Noted, StageReached
from robust_matte.keying.exposure import (
    Exposure,
    choose_gain,
    measure_exposure,
    sampled_frames,
)
from robust_matte.keying.memory import naming_out_of_memory
from robust_matte.keying.prepared import Preparation
from robust_matte.keying.segments import Segment
from robust_matte.media.frames import Frame
from robust_matte.media.readahead import ReadAhead
from robust_matte.settings.gain import parse_gain

__all__ = ["frame_exposure", "segment_gains"]

_DECODERS, _HELD = 2, 4


def segment_gains(
    opened: OpenedJob,
    segments: Sequence[Segment],
    measured: Mapping[int, Exposure],
    listener: Listener,
) -> list[float]:
    """Return the gain of each segment, in stops.

    Args:
        opened: The job.
        segments: In timeline order.
        measured: What is known of frames already; the others are read.
        listener: Told of progress, and of gains that were found.

    Raises:
        InputError: A frame cannot be decoded.
    """
    asked = parse_gain(opened.settings.gain)
    if asked is not None:
        return [asked] * len(segments)
    numbers = opened.plate.numbers
    sampled = [
        sampled_frames(numbers[bisect_left(numbers, one.first) : bisect_right(numbers, one.last)])
        for one in segments
    ]
    unknown = [number for some in sampled for number in some if number not in measured]
    known = {**measured, **_measure(opened, unknown, listener)}
    gains = [choose_gain([known[number] for number in some]) for some in sampled]
    for one, gain in zip(segments, gains, strict=True):
        if gain:
            listener(Noted(f"Frames {one} are seen {abs(gain):g} stops {_word(gain)}."))
    return gains


def frame_exposure(preparation: Preparation, frame: Frame) -> Exposure:
    """Measure what the network works on of a frame."""
    pixels = preparation.placed(frame)
    if preparation.region is not None:
        pixels = pixels[preparation.region.slices_in(preparation.area)]
    seen = preparation.seen
    return measure_exposure(pixels, seen.exposed)


def _measure(opened: OpenedJob, numbers: Sequence[int], listener: Listener) -> dict[int, Exposure]:
    preparation = opened.preparation

    def measure(number: int, task: Callable[[], Frame]) -> Exposure:
        with naming_out_of_memory(number):
            return frame_exposure(preparation, task())

    numbered = zip(numbers, opened.plate.tasks(numbers), strict=True)
    tasks = (partial(measure, *one) for one in numbered)
    found: dict[int, Exposure] = {}
    with ReadAhead(tasks, threads=_DECODERS, depth=_HELD) as exposures:
        for number, exposure in zip(numbers, exposures, strict=True):
            found[number] = exposure
            listener(StageReached("planning", len(found), len(numbers), "measuring exposure"))
    return found


def _word(gain: float) -> str:
    return "brighter" if gain > 0 else "darker"
