"""Where pixels sit: sizes and windows as values, width first."""

from dataclasses import dataclass
from typing import Self

__all__ = ["Size", "Window"]


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of whole pixels; y grows downwards, as in OpenEXR.

    Example:
        >>> Window(-2, 0, 4, 3).united(Window(0, 1, 5, 5))
        Window(x=-2, y=0, width=7, height=6)
    """

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def from_bounds(cls, x0: int, y0: int, x1: int, y1: int) -> Self:
        """Return the window from its first and last pixel, both inclusive, as OpenEXR stores it."""
        return cls(x0, y0, x1 - x0 + 1, y1 - y0 + 1)

    @property
    def size(self) -> Size:
        """Width and height."""
        return Size(self.width, self.height)

    @property
    def right(self) -> int:
        """The first column past the window."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row past the window."""
        return self.y + self.height

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.width <= 0 or self.height <= 0

    def united(self, other: Self) -> Self:
        """Return the smallest window that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return type(self)(
            x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y
        )

    def intersected(self, other: Self) -> Self:
        """Return what both share; empty where they do not touch."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width, height = min(self.right, other.right) - x, min(self.bottom, other.bottom) - y
        return type(self)(x, y, max(width, 0), max(height, 0))

    def slices_in(self, outer: Self) -> tuple[slice, slice]:
        """Return (rows, columns) of this window in an array that covers `outer`.

        `outer` must hold this window.
        """
        top, left = self.y - outer.y, self.x - outer.x
        return slice(top, top + self.height), slice(left, left + self.width)
