"""Packing pieces of work into bins that take about equally long."""

import heapq
from collections.abc import Sequence

__all__ = ["LARGEST_DEFAULT", "default_bins", "pack"]

LARGEST_DEFAULT = 64  # a farm's job of more tasks costs more in starts than it gains


def default_bins(pieces: int) -> int:
    """Return how many bins there are where nobody says: one a piece, at most 64."""
    return max(1, min(pieces, LARGEST_DEFAULT))


def pack(loads: Sequence[int], bins: int) -> list[list[int]]:
    """Give each piece to the bin with the least load so far, the longest piece first.

    The longest bin is at most 4/3 - 1/(3 * bins) times as long as in the best packing there is
    (Graham 1969). The same loads give the same bins.

    Args:
        loads: Of each piece, in any unit, 0 or more.
        bins: At least 1.

    Returns:
        The indices of the pieces in each bin, ascending.

    Example:
        >>> pack([3, 3, 2, 2, 2], 2)
        [[0, 2, 4], [1, 3]]
    """
    heap = [(0, number) for number in range(bins)]
    found: list[list[int]] = [[] for _ in range(bins)]
    for index in sorted(range(len(loads)), key=lambda at: (-loads[at], at)):
        load, number = heapq.heappop(heap)
        found[number].append(index)
        heapq.heappush(heap, (load + loads[index], number))
    return [sorted(indices) for indices in found]
