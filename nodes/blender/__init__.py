"""Robust Matte for Blender's compositor and video sequencer.

Nothing here computes mattes: a worker process does, and its files are wired into a plain node
group, which renders without this extension as well.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__all__ = ["register", "unregister"]

# Each has `register()` and `unregister()`; those below may use what those above registered.
_PARTS = (
    *("properties", "ticking", "preferences", "operators", "panel", "menus"),
    *("seen_sources", "kept_bakes", "commands", "strip_operators"),
)


def register() -> None:
    """Register all parts, or none of them."""
    done: list[ModuleType] = []
    try:
        for name in _PARTS:
            part = import_module(f".{name}", __name__)
            done.append(part)
            part.register()
    except BaseException:
        _unregister(done)
        raise


def unregister() -> None:
    """Take everything away again, whatever state it is in."""
    _unregister([import_module(f".{name}", __name__) for name in _PARTS])


def _unregister(parts: list[ModuleType]) -> None:
    failed: BaseException | None = None
    for part in reversed(parts):
        try:
            part.unregister()
        except Exception as error:  # noqa: BLE001 - the others have to go all the same
            failed = error
    if failed is not None:
        raise failed
