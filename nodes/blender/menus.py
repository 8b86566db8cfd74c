"""Where the node is found in Blender's own menus."""

from __future__ import annotations

from typing import Any

import bpy

__all__ = ["register", "unregister"]

_KEYING = "NODE_MT_category_compositor_keying"
_ADD = "NODE_MT_add"  # the way out in a version that has no Keying menu


def draw_entry(menu: Any, _context: Any) -> None:
    """Draw the entry of the Keying menu."""
    menu.layout.operator("robust_matte.add_node", text="Robust Matte")


def draw_in_add(menu: Any, context: Any) -> None:
    """Draw the entry at the end of the Add menu of compositors."""
    if getattr(context.space_data, "tree_type", "") == "CompositorNodeTree":
        menu.layout.separator()
        draw_entry(menu, context)


def register() -> None:
    """Add the entry."""
    if hasattr(bpy.types, _KEYING):
        getattr(bpy.types, _KEYING).append(draw_entry)
    else:
        getattr(bpy.types, _ADD).append(draw_in_add)


def unregister() -> None:
    """Take it away."""
    if hasattr(bpy.types, _KEYING):
        getattr(bpy.types, _KEYING).remove(draw_entry)
    getattr(bpy.types, _ADD).remove(draw_in_add)
