"""Robust Matte for Blender's compositor and video sequencer.

Nothing here computes mattes: a worker process does, and its files are wired into a plain node
group, which renders without this extension as well.
"""

from __future__ import annotations

from types import ModuleType

__all__ = ["register", "unregister"]

# Each has `register()` and `unregister()`; those below may use what those above registered.
_MODULES: tuple[ModuleType, ...] = ()


def register() -> None:
    """Register all parts, or none of them."""
    done: list[ModuleType] = []
    try:
        for module in _MODULES:
            done.append(module)
            module.register()
    except BaseException:
        _unregister(done)
        raise


def unregister() -> None:
    """Take everything away again, whatever state it is in."""
    _unregister(list(_MODULES))


def _unregister(modules: list[ModuleType]) -> None:
    for module in reversed(modules):
        module.unregister()
