"""Which pieces of a plan a task is to do: those of a bin, or of a segment."""

import difflib
import re
import shlex

from robust_matte.errors import SettingsError
from robust_matte.farm.farm_plan import FarmPlan, Piece

__all__ = ["pieces_of_bin", "pieces_of_segment", "read_bin"]


def read_bin(plan: FarmPlan, text: str) -> int:
    """Return the index of a bin.

    Args:
        plan: The plan.
        text: Its index, or `3/16` for the third of 16, as engines number their tasks: no job form
            of theirs can subtract one, and a plan of another number of bins is found out.

    Raises:
        SettingsError: It is neither, there is no such bin, or the plan has another number of them.
    """
    found = re.fullmatch(r"(\d{1,6})(?:/(\d{1,6}))?", text.strip())
    if found is None or (found[2] is not None and not 1 <= int(found[1]) <= int(found[2])):
        raise SettingsError(
            f'The bin "{text}" cannot be understood.',
            hint="Write its number, which counts from 0, or 3/16 for the third of 16.",
        )
    if found[2] is None:
        _check_bin(plan, int(found[1]))
        return int(found[1])
    if int(found[2]) != len(plan.bins):
        raise SettingsError(
            f"The bin is one of {int(found[2])}, and the plan has {len(plan.bins)}.",
            hint="Give the job as many tasks as the plan has bins, or plan again with --bins.",
        )
    return int(found[1]) - 1


def pieces_of_bin(plan: FarmPlan, number: int) -> list[Piece]:
    """Return the pieces of a bin, shot after shot.

    Raises:
        SettingsError: There is no such bin.
    """
    _check_bin(plan, number)
    return list(plan.bins[number])


def _check_bin(plan: FarmPlan, number: int) -> None:
    count = len(plan.bins)
    if 0 <= number < count:
        return
    written = "write --bin 0" if count == 1 else f"write --bin from 0 to {count - 1}"
    raise SettingsError(
        f"The plan has no bin {number}.",
        hint=f"It has {count}, which count from 0: {written}.",
    )


def pieces_of_segment(plan: FarmPlan, text: str) -> list[Piece]:
    """Return the pieces of a segment, whatever bins they are in.

    Args:
        plan: The plan.
        text: `SHOT:N`, of which N is the segment's index in its shot, from 0; N alone where there
            is one shot.

    Raises:
        SettingsError: There is no such segment.
    """
    name, colon, index = text.rpartition(":")
    if not colon and len(plan.shots) == 1:
        name = plan.shots[0].name
    counts = {shot.name: len(shot.segments) for shot in plan.shots}
    if name not in counts:
        alike = difflib.get_close_matches(name or text, counts, n=1)
        example = _word(alike[0] if alike else plan.shots[0].name, 0)
        usual = f"SHOT:N, such as {example}."
        raise SettingsError(
            f'The plan has no segment "{text}".',
            hint=f"{alike[0]} looks like it; write {usual}" if alike else f"Write {usual}",
        )
    if not index.isdecimal() or int(index) >= counts[name]:
        last = counts[name] - 1
        upto = f" to {_word(name, last)}" if last else ""
        raise SettingsError(
            f'The plan has no segment "{text}".',
            hint=f"{name} has {counts[name]}, which count from 0: write {_word(name, 0)}{upto}.",
        )
    found = [one for one in plan.pieces if one.shot == name and one.segment == int(index)]
    return sorted(found, key=lambda piece: piece.first)


def _word(name: str, index: object) -> str:
    """Return a segment as it is typed, in quotes where a shell needs them."""
    return shlex.quote(f"{name}:{index}")
