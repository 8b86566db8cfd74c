"""Registering classes of Blender so that whatever was added can be taken away again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy

__all__ = ["register_classes", "unregister_classes"]


def register_classes(classes: Sequence[Any]) -> None:
    """Register classes in order."""
    for one in classes:
        bpy.utils.register_class(one)


def unregister_classes(classes: Sequence[Any]) -> None:
    """Unregister those of the classes that are registered, the last first."""
    for one in reversed(classes):
        if one.is_registered:
            bpy.utils.unregister_class(one)
