"""Cuts of an edit list, in the plate's own frame numbers."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path

from robust_matte.errors import InputError, SettingsError
from robust_matte.jobs.progress import Listener, Noted, Warned
from robust_matte.media.edits import EditList
from robust_matte.media.edl import read_edl
from robust_matte.media.otio_edits import read_otio_edits
from robust_matte.media.plates import MoviePlate, Plate
from robust_matte.media.sequences import frame_ranges
from robust_matte.media.still_facts import read_still_facts
from robust_matte.media.timecode import Timecode
from robust_matte.settings.cut_list import CutList
from robust_matte.settings.edit_rate import EditRate
from robust_matte.settings.key_settings import KeySettings

__all__ = ["PlateClock", "cuts_in_plate", "plate_clock", "read_edits", "with_cuts"]


def read_edits(settings: KeySettings) -> EditList | None:
    """Read the edit list that settings name; None where they name none.

    Raises:
        SettingsError: Its rate is not stated, or is stated where the file states its own.
        InputError: It cannot be read.
        InstallationError: What reads it is not installed.
    """
    name = CutList.parse(settings.cuts).file
    if name is None:
        return None
    path = Path(name).absolute()
    if path.suffix.lower() != ".edl":
        return read_otio_edits(path)
    if settings.cuts_rate is None:
        raise SettingsError(
            f"The edit list {path} does not tell its rate.",
            hint="State it, such as --cuts-rate 24, 25 or 29.97df.",
        )
    return read_edl(path, EditRate.parse(settings.cuts_rate))


def with_cuts(
    settings: KeySettings, edits: EditList | None, plate: Plate, listener: Listener
) -> KeySettings:
    """Return settings whose cuts are the edit's, as a list: that decides the job, not its file."""
    if edits is None:
        return settings
    cuts = CutList.spelt(cuts_in_plate(edits, plate, settings.cuts_at, listener))
    return settings.model_copy(update={"cuts": cuts, "cuts_rate": None, "cuts_at": None})


@dataclass(frozen=True, slots=True)
class PlateClock:
    """What a plate says of its time.

    Attributes:
        timecode: Of its first frame, as text, or None.
        fps: Frames a second, or None.
    """

    timecode: str | None
    fps: Fraction | None


def plate_clock(plate: Plate) -> PlateClock:
    """Read the timecode of a plate's first frame, and its rate."""
    if isinstance(plate, MoviePlate):
        return PlateClock(plate.movie.info.timecode, plate.movie.info.fps)
    facts = read_still_facts(plate.pattern.path(plate.numbers[0]), plate.choice)
    return PlateClock(facts.timecode, facts.fps)


def cuts_in_plate(
    edits: EditList, plate: Plate, at: int | None, listener: Listener
) -> tuple[int, ...]:
    """Return the first frame of each new shot, in the plate's numbers.

    Args:
        edits: The edit.
        plate: The plate.
        at: The plate's frame at which the edit begins; None takes the timecodes, or, where one of
            both has none, the plate's first frame.
        listener: Told what was assumed, and what lies outside of the plate.

    Raises:
        SettingsError: The rates differ.
        InputError: The edit is nowhere in the plate.
    """
    numbers = plate.numbers
    offset, said = _offset(edits, plate, at)
    if edits.last + offset < numbers[0] or edits.first + offset > numbers[-1]:
        raise _elsewhere(edits, plate, offset, is_timed=at is None)
    cuts = [cut + offset for cut in edits.cuts]
    inside = tuple(cut for cut in cuts if numbers[0] < cut <= numbers[-1])
    for text in edits.notes:
        listener(Noted(text))
    listener(Noted(f"{_counted(len(inside))} from {edits.path.name}, {said}"))
    if len(inside) < len(cuts):
        outside = _counted(len(cuts) - len(inside))
        listener(Warned(f"{edits.path.name} has {outside} outside of the plate."))
    return inside


def _elsewhere(edits: EditList, plate: Plate, offset: int, *, is_timed: bool) -> InputError:
    """Build the error for an edit that is nowhere in the plate, with the ranges of both."""
    of_edit, of_plate = _ranges(edits, plate, offset, is_timed=is_timed)
    numbers = plate.numbers
    where = "" if is_timed else f"; the plate runs from {numbers[0]} to {numbers[-1]}"
    return InputError(
        f"The edit {edits.path} covers {of_edit}, and {plate.source} holds {of_plate}.",
        hint=f"Name the plate's frame at which the edit begins with --cuts-at{where}.",
        path=edits.path,
    )


def _ranges(edits: EditList, plate: Plate, offset: int, *, is_timed: bool) -> tuple[str, str]:
    """Say what an edit covers and what a plate holds: in timecode, or in the plate's frames."""
    numbers = plate.numbers
    held = f"the frames {frame_ranges(numbers)}"
    if not is_timed:
        return f"the frames {edits.first + offset}-{edits.last + offset}", held
    ends = (edits.time(numbers[at] - offset) for at in (0, -1))
    covered = " to ".join(edits.time(frame) for frame in (edits.first, edits.last))
    return covered, f"{held}, from {' to '.join(ends)}"


def _offset(edits: EditList, plate: Plate, at: int | None) -> tuple[int, str]:
    """Return what makes a plate's frame number of a frame of the edit, and where that is from."""
    first = plate.numbers[0]
    if at is not None:
        return at - edits.first, f"which begins at frame {at}"
    clock = plate_clock(plate)
    _check_rates(edits, plate, clock.fps)
    if not edits.is_timed or clock.timecode is None:
        which = "plate" if edits.is_timed else "edit"
        return (
            first - edits.first,
            f"which begins at frame {first}, since the {which} has no timecode",
        )
    timecode = _timecode(clock.timecode, edits, plate)
    return first - timecode.count, f"by the timecode {timecode} of frame {first}"


def _timecode(text: str, edits: EditList, plate: Plate) -> Timecode:
    """Read the plate's timecode at the edit's rate.

    One without the mark of dropped frame numbers is taken to drop them as the edit does: programs
    lose it. What loses none is told otherwise by the edit.
    """
    is_drop = text[8:9] != ":"
    if is_drop and edits.is_drop is False:
        raise SettingsError(
            f"The timecodes of the edit {edits.path} drop no frame numbers, that of "
            f"{plate.source} does, {text}.",
            hint="Where those of the edit do as well, state it with --cuts-rate 29.97df.",
        )
    spelt = f"{text[:8]};{text[9:]}" if edits.is_drop else text
    timecode = Timecode.parse(spelt, edits.fps)
    if timecode is None:
        raise SettingsError(
            f"The timecode {text} of {plate.source} is none at the edit's "
            f"{float(edits.fps):.5g} frames a second.",
            hint="Name the plate's frame at which the edit begins with --cuts-at.",
        )
    return timecode


def _check_rates(edits: EditList, plate: Plate, fps: Fraction | None) -> None:
    """Make sure that a frame of the edit is a frame of the plate; 23.976 and 24 count alike."""
    if fps is not None and floor(fps + Fraction(1, 2)) != floor(edits.fps + Fraction(1, 2)):
        raise SettingsError(
            f"The edit {edits.path} runs at {float(edits.fps):.5g} frames a second, "
            f"{plate.source} at {float(fps):.5g}.",
            hint="Export the edit at the plate's rate; for an EDL, state it with --cuts-rate.",
        )


def _counted(cuts: int) -> str:
    return "1 cut" if cuts == 1 else f"{cuts} cuts"
