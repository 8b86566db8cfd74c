"""Cutting a shot's segments into pieces."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from robust_matte.farm.farm_plan import Piece
from robust_matte.jobs.pieces import reach_of
from robust_matte.jobs.plan import SegmentRecord

__all__ = ["cut_pieces"]


def cut_pieces(
    shot: str,
    segments: Sequence[SegmentRecord],
    present: Sequence[int],
    wanted: Sequence[int],
    split: int | None,
) -> list[Piece]:
    """Cut segments into pieces, each frame in one of them; those without frames are left out.

    Args:
        shot: The shot's name.
        segments: Its segments, in timeline order.
        present: The plate's frames, ascending.
        wanted: The frames that are written, ascending.
        split: The most frames of a piece, counted from the segment's first; None keeps segments
            whole.
    """
    pieces = []
    for index, segment in enumerate(segments):
        inside = present[bisect_left(present, segment.first) : bisect_right(present, segment.last)]
        starts = inside[:: split or len(inside)]
        ends = [*(start - 1 for start in starts[1:]), segment.last]
        for first, last in zip(starts, ends, strict=True):
            reach = reach_of((first, last), segments)
            count = bisect_right(wanted, reach[1]) - bisect_left(wanted, reach[0])
            if count:
                pieces.append(Piece(shot=shot, segment=index, first=first, last=last, frames=count))
    return pieces
