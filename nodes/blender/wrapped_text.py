"""Sentences in a panel, which cuts long lines off: broken to its width."""

from __future__ import annotations

import textwrap
from typing import Any

__all__ = ["say", "say_line", "spoken_time", "width_of"]

_PIXELS_A_CHARACTER = 6.0  # 5.4 of most sentences
_MARGIN = 60  # pixels that a panel and an icon take
_LEAST = 24


def say(layout: Any, text: str, width: int, icon: str = "NONE") -> None:
    """Draw a text, over as many lines as it takes.

    Args:
        layout: Where to.
        text: One or more sentences; nothing draws nothing.
        width: Characters of a line.
        icon: Of the first line; the others are indented as wide.
    """
    lines = textwrap.wrap(text, width, break_on_hyphens=False)
    if not lines:
        return
    column = layout.column(align=True)
    column.scale_y = 0.8
    for index, line in enumerate(lines):
        blank = "BLANK1" if icon != "NONE" else "NONE"
        column.label(text=line, icon=icon if index == 0 else blank, translate=False)


def say_line(layout: Any, text: str, width: int, icon: str) -> None:
    """Draw a text that changes all the time, on one line: what is below stays where it is."""
    cut = text if len(text) <= width else f"{text[: width - 1].rstrip()}…"
    say(layout, cut or " ", width, icon)


def width_of(region: Any, ui_scale: float) -> int:
    """Return how many characters a line of a region holds."""
    pixels = float(region.width) / (ui_scale or 1.0) - _MARGIN
    return max(_LEAST, int(pixels / _PIXELS_A_CHARACTER))


def spoken_time(seconds: float) -> str:
    """Return a time as people say it.

    Example:
        >>> spoken_time(8.2), spoken_time(75), spoken_time(4000)
        ('9 s', '1 min 15 s', '1 h 7 min')
    """
    whole = max(1, int(seconds) + (seconds > int(seconds)))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
