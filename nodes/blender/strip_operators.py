"""Robust Matte in the video sequencer: its operator, its menu entry and its panel."""

from __future__ import annotations

from typing import Any

import bpy

from . import strip_settings
from .classes import register_classes, unregister_classes
from .errors import HostError
from .node_bakes import wishes_hash
from .operators import reply_to, run_order
from .panel import draw_bake, draw_run, draw_warnings
from .properties import settings_of
from .running import runs
from .strip_bakes import order_strip_bake
from .strips import strip_named
from .wrapped_text import say, width_of

__all__ = ["register", "unregister"]

_KINDS = ("MOVIE", "IMAGE")
_MENU = "SEQUENCER_MT_strip"


def shown_scene(context: Any) -> Any:
    """Return the scene whose strips are shown: from Blender 5 on, another than the window's."""
    return getattr(context, "sequencer_scene", None) or context.scene


def active_strip(context: Any) -> Any | None:
    """Return the active strip of the sequencer."""
    scene = shown_scene(context)
    editor = None if scene is None else scene.sequence_editor
    return None if editor is None else editor.active_strip


class ROBUST_MATTE_OT_bake_strip(bpy.types.Operator):  # noqa: N801 - as Blender wants it
    """Key people in a movie or image strip, and put the result above it, with alpha."""

    bl_idname = "robust_matte.bake_strip"
    bl_label = "Robust Matte"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender reads a set

    strip: bpy.props.StringProperty(
        name="Strip",
        description="Name of a strip of the scene; empty is the active one",
        options={"SKIP_SAVE"},
    )
    wait: bpy.props.BoolProperty(
        name="Wait",
        description="Return when the bake is over; always so without a window",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Let a script name a strip anywhere; in the sequencer one has to be active."""
        if getattr(context.space_data, "type", "") != "SEQUENCE_EDITOR":
            return True
        strip = active_strip(context)
        if strip is None or strip.type not in _KINDS:
            cls.poll_message_set("Select a movie or image strip")
            return False
        run = runs.of(settings_of(strip).uid)
        if run is not None and not run.is_over:
            cls.poll_message_set("The strip is being worked on: wait, or cancel that first")
            return False
        return True

    def execute(self, context: Any) -> Any:
        """Start the bake."""
        return reply_to(self, lambda: self._bake(context))

    def _bake(self, context: Any) -> None:
        scene = shown_scene(context)
        strip = strip_named(scene, self.strip) if self.strip else active_strip(context)
        if strip is None:
            wanted = f'no strip "{self.strip}"' if self.strip else "no active strip"
            raise HostError(
                f'The sequencer of the scene "{scene.name}" has {wanted}.',
                hint="Select a movie or image strip, or name one.",
            )
        run_order(order_strip_bake(scene, strip), wait=self.wait)


class ROBUST_MATTE_PT_strip(bpy.types.Panel):  # noqa: N801
    """What is made of the active strip, and how far it is."""

    bl_idname = "ROBUST_MATTE_PT_strip"
    bl_label = "Robust Matte"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Robust Matte"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Want a movie or image strip."""
        strip = active_strip(context)
        return strip is not None and strip.type in _KINDS

    def draw(self, context: Any) -> None:
        """Draw settings, button, progress and what was baked."""
        strip = active_strip(context)
        if strip is None:
            return
        layout: Any = self.layout
        settings = settings_of(strip)
        width = width_of(context.region, context.preferences.system.ui_scale)
        say(layout, strip.name, width, icon="SEQUENCE")
        run = runs.of(settings.uid)
        draw_bake(layout, run, "robust_matte.bake_strip")
        if run is not None:
            draw_run(layout, run, width)
        if settings.baked_frames:
            say(layout, f"The strip above shows {settings.baked_frames}.", width)
            if settings.baked_hash != wishes_hash(strip, shown_scene(context)):
                say(layout, "Settings were changed since: bake again.", width, icon="INFO")
        column = layout.column()
        column.use_property_split, column.use_property_decorate = True, False
        _draw_settings(column, settings)
        if run is not None:
            draw_warnings(layout, run.warnings, width)


def _draw_settings(layout: Any, settings: Any) -> None:
    layout.prop(settings, "range_mode")
    if settings.range_mode == "CUSTOM":
        layout.prop(settings, "first")
        layout.prop(settings, "last")
    for name in ("model", "cuts", "despill", "folder"):
        layout.prop(settings, name)


def draw_entry(menu: Any, _context: Any) -> None:
    """Draw the entry of the sequencer's Strip menu."""
    menu.layout.separator()
    menu.layout.operator("robust_matte.bake_strip", text="Robust Matte")


_CLASSES = (ROBUST_MATTE_OT_bake_strip, ROBUST_MATTE_PT_strip)


def register() -> None:
    """Add the settings of strips, the operator, the menu entry and the panel."""
    strip_settings.register()
    register_classes(_CLASSES)
    getattr(bpy.types, _MENU).append(draw_entry)


def unregister() -> None:
    """Take them away."""
    getattr(bpy.types, _MENU).remove(draw_entry)
    unregister_classes(_CLASSES)
    strip_settings.unregister()
