"""A few values at hand, of which the one that was not used for longest goes first."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

__all__ = ["RecentlyUsed"]

_T = TypeVar("_T")


class RecentlyUsed(Generic[_T]):
    """A few values by key; what was not used for longest goes first.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, _T] = OrderedDict()

    def get(self, key: Hashable) -> _T | None:
        """Return a value; None where there is none."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: Hashable, value: _T) -> _T | None:
        """Keep a value; returns the one that went for it, if one did."""
        gone = self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._most:
            _, gone = self._values.popitem(last=False)
        return gone

    def drop(self, key: Hashable) -> _T | None:
        """Forget a value; returns it, if there is one."""
        return self._values.pop(key, None)

    def values(self) -> Iterator[_T]:
        """Yield all values."""
        yield from self._values.values()

    def __len__(self) -> int:
        return len(self._values)
