"""Cuts where the reel or the timecode in a plate's headers does not run on."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise

from robust_matte.errors import InputError
from robust_matte.jobs.progress import Listener, Noted, StageReached
from robust_matte.jobs.survey import HEADER_READERS, HEADERS_HELD
from robust_matte.keying.segments import own_step
from robust_matte.media.plates import MoviePlate, Plate
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.sequences import frame_ranges
from robust_matte.media.still_facts import StillFacts, read_still_facts
from robust_matte.media.timecode import Timecode

__all__ = ["check_headers", "cuts_of_headers"]

_RATES = (Fraction(24), Fraction(25), Fraction(30))  # where the files state none
_OTHERS = "Find cuts with --cuts auto, or list the first frame of each shot such as 1050,1120."


def check_headers(plate: Plate, listener: Listener) -> None:
    """Look at the first header before all contents are read, and at all where it says nothing.

    Raises:
        InputError: See `cuts_of_headers`.
    """
    if not isinstance(plate, MoviePlate):
        first = read_still_facts(plate.pattern.path(plate.numbers[0]), plate.choice)
        if first.reel or first.timecode:
            return
    cuts_of_headers(plate, listener)


def cuts_of_headers(plate: Plate, listener: Listener) -> tuple[int, ...]:
    """Return the frames at which the reel is another, or the timecode jumps.

    Args:
        plate: The plate.
        listener: Told of progress, and how many there are.

    Raises:
        InputError: The headers say neither, do so in some frames only, or jump nearly everywhere.
    """
    if isinstance(plate, MoviePlate):
        raise InputError(
            f"{plate.source} is a movie, whose frames have no headers of their own.",
            hint=_OTHERS,
        )
    facts = _read(plate, listener)
    reels = _stated(plate, "reel", {number: one.reel for number, one in facts.items()})
    times = _stated(plate, "timecode", {number: one.timecode for number, one in facts.items()})
    if len(times) > 1 and len(set(times.values())) == 1:
        times = {}  # some programs write 00:00:00:00 everywhere
    if not reels and not times:
        raise InputError(
            f"The frames of {plate.source} state neither a reel nor a timecode that runs.",
            hint=_OTHERS,
        )
    jumps = _jumps(times, plate, next(iter(facts.values())).fps)
    changes = [after for before, after in pairwise(reels) if reels[before] != reels[after]]
    cuts = tuple(sorted({*jumps, *changes}))
    if len(jumps) > 1 and len(jumps) > len(times) // 2:
        raise InputError(
            f"The timecode of {plate.source} does not run on at {len(jumps)} of {len(times)} "
            f"frames, first at {jumps[0]}.",
            hint=_OTHERS,
        )
    of = " and ".join(name for name, found in (("reel", reels), ("timecode", times)) if found)
    listener(Noted(f"{len(cuts)} cut{'' if len(cuts) == 1 else 's'} by the {of} in headers"))
    return cuts


def _read(plate: Plate, listener: Listener) -> dict[int, StillFacts]:
    numbers = plate.numbers
    paths = (plate.pattern.path(number) for number in numbers)
    tasks = (partial(read_still_facts, path, plate.choice) for path in paths)
    facts = {}
    with ReadAhead(tasks, threads=HEADER_READERS, depth=HEADERS_HELD) as read:
        for number, one in zip(numbers, read, strict=True):
            facts[number] = one
            listener(StageReached("planning", len(facts), len(numbers), "reading reels"))
    return facts


def _stated(plate: Plate, name: str, found: Mapping[int, str | None]) -> dict[int, str]:
    """Return what all frames state; nothing where none does.

    Raises:
        InputError: Some do and some do not.
    """
    stated = {number: text for number, text in found.items() if text}
    lacking = [number for number in found if number not in stated]
    if stated and lacking:
        raise InputError(
            f"The frames {frame_ranges(lacking)} of {plate.source} state no {name}, others do.",
            hint=_OTHERS,
            frame=lacking[0],
        )
    return stated


def _jumps(times: Mapping[int, str], plate: Plate, fps: Fraction | None) -> list[int]:
    """Return the frames whose timecode does not follow on that of the frame before.

    Where files state no rate, that is taken at which there are the fewest.
    """
    if not times:
        return []
    readings = [_counted(times, rate) for rate in ([fps] if fps else _RATES)]
    sound = [one for one in readings if one is not None]
    if not sound:
        number, text = next(iter(times.items()))
        raise InputError(
            f"The timecode {text} of frame {number} of {plate.source} is none.",
            hint=_OTHERS,
            frame=number,
        )
    step = own_step(plate.numbers)
    return min((_breaks(one, step) for one in sound), key=len)


def _counted(times: Mapping[int, str], rate: Fraction) -> dict[int, int] | None:
    counted = {}
    for number, text in times.items():
        timecode = Timecode.parse(text, rate)
        if timecode is None:
            return None
        counted[number] = timecode.count
    return counted


def _breaks(counts: Mapping[int, int], step: int) -> list[int]:
    """Return where counts do not go on; a plate on twos may count each frame, or each other."""
    steps: Sequence[int] = (1, step) if step > 1 else (1,)
    found = [
        [
            after
            for before, after in pairwise(counts)
            if (counts[after] - counts[before]) * one != after - before
        ]
        for one in steps
    ]
    return min(found, key=len)
