"""Pieces of a job that are keyed by themselves, perhaps each on another machine."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from robust_matte.errors import SettingsError
from robust_matte.jobs.plan import SegmentRecord
from robust_matte.jobs.progress import Listener, Noted
from robust_matte.jobs.targets import Target
from robust_matte.keying.rolling import Run

__all__ = ["reach_of", "targets_in", "tell_of_lacking_states"]


def targets_in(
    pieces: Iterable[tuple[int, int]],
    segments: Sequence[SegmentRecord],
    targets: Iterable[Target],
) -> list[Target]:
    """Return the frames to write that belong to some pieces.

    Of frames in a hole between two segments the piece with the end of the one before it takes
    care, and of those before the first segment the piece with its start: so each frame that a
    job writes belongs to exactly one piece, if each frame of its segments does.

    Args:
        pieces: First and last frame of each, both in one segment.
        segments: The job's segments, in timeline order.
        targets: All frames that the job writes.

    Raises:
        SettingsError: A piece is not inside of one segment.
    """
    reached = [reach_of(piece, segments) for piece in sorted(pieces)]
    froms = [first for first, _ in reached]

    def is_mine(number: int) -> bool:
        at = bisect_right(froms, number) - 1
        return at >= 0 and number <= reached[at][1]

    return [target for target in targets if is_mine(target.number)]


def reach_of(piece: tuple[int, int], segments: Sequence[SegmentRecord]) -> tuple[float, float]:
    """Return the first and last number that a piece takes care of; see `targets_in`."""
    at = bisect_right(segments, piece[0], key=lambda segment: segment.first) - 1
    if at < 0 or not segments[at].first <= piece[0] <= piece[1] <= segments[at].last:
        raise SettingsError(
            f"The frames {piece[0]}-{piece[1]} are not inside of one segment.",
            hint="Key the pieces of the plan as robust-matte plan made it.",
        )
    first: float = piece[0]
    last: float = piece[1]
    if at == 0 and piece[0] == segments[0].first:
        first = float("-inf")
    if piece[1] == segments[at].last:
        last = segments[at + 1].first - 1 if at + 1 < len(segments) else float("inf")
    return first, last


def tell_of_lacking_states(
    runs: Iterable[Run], pieces: Iterable[tuple[int, int]], listener: Listener
) -> None:
    """Name the pieces that are rolled to from afar, where a state before them would be nearer."""
    starts = sorted(first for first, _ in pieces)
    for run in runs if starts else ():
        first = starts[max(0, bisect_right(starts, min(run.wanted)) - 1)]
        if run.fed[0] < first:
            listener(
                Noted(
                    f"there is no state before frame {first}, so it is rolled to from frame "
                    f"{run.fed[0]}; robust-matte states makes it"
                )
            )
