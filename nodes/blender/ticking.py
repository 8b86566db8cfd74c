"""The ticks that move runs on in Blender's window, and the end of all runs with Blender."""

from __future__ import annotations

import atexit
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .running import runs

__all__ = ["register", "unregister"]

_BUSY_S = 0.1
_IDLE_S = 1.0  # between runs, while a warm worker waits
_AREAS = ("NODE_EDITOR", "SEQUENCE_EDITOR", "PREFERENCES")


def register() -> None:
    """Have runs wake the ticks, and end with the file, the extension and Blender."""
    runs.wake = _wake
    bpy.app.handlers.load_pre.append(_close_before_load)
    atexit.register(runs.close)


def unregister() -> None:
    """End all runs, and stop ticking."""
    runs.close()
    runs.wake = _nothing
    atexit.unregister(runs.close)
    if _close_before_load in bpy.app.handlers.load_pre:
        bpy.app.handlers.load_pre.remove(_close_before_load)
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


def _wake() -> None:
    if not bpy.app.background and not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_BUSY_S, persistent=True)


def _tick() -> float | None:
    """Do one step; return the seconds until the next, or None for no more."""
    was_busy = bool(runs.unfinished())
    has_more = runs.pump()
    if was_busy:
        _redraw()
    if not has_more:
        return None
    return _BUSY_S if runs.unfinished() else _IDLE_S


def _redraw() -> None:
    manager: Any = bpy.context.window_manager
    for window in manager.windows:
        for area in window.screen.areas:
            if area.type in _AREAS:
                area.tag_redraw()


@persistent  # type: ignore[untyped-decorator]
def _close_before_load(*_: object) -> None:
    runs.close()


def _nothing() -> None:
    """Do nothing."""
