"""The panel beside the compositor: what is keyed, how, and how far it is."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy

from .classes import register_classes, unregister_classes
from .errors import HostError
from .frames import FrameMapping
from .kept_bakes import was_plate_changed
from .node_bakes import wishes_hash
from .node_group import is_shared
from .orders import Phase, Run
from .properties import settings_of, shows_preview
from .result import baked_of
from .running import runs
from .seen_sources import look, source_line
from .spoken import spoken_frame
from .targets import Target, active_target
from .wrapped_text import say, say_line, spoken_time, width_of

__all__ = ["draw_bake", "draw_run", "draw_warnings", "register", "unregister"]

_MOST_WARNINGS = 4
_BUTTON = 8  # characters that the button beside the source takes


def draw_bake(layout: Any, run: Run | None, operator: str) -> None:
    """Draw the button that bakes; while a run goes, its bar in that place, so that nothing moves.

    Args:
        layout: Where to.
        run: The latest run, or None.
        operator: What the button does.
    """
    row = layout.row(align=True)
    row.scale_y = 1.4
    if run is None or run.is_over:
        row.operator(operator, text="Bake", icon="RENDER_ANIMATION")
        return
    left = "" if run.eta_s is None else f", {spoken_time(run.eta_s)} left"
    row.progress(factor=run.factor, text=f"{run.factor:.0%}{left}")
    row.operator("robust_matte.cancel", text="", icon="X").key = run.order.key


def draw_run(layout: Any, run: Run, width: int) -> None:
    """Draw what goes on, or how it ended: for nodes and for strips.

    Args:
        layout: Where to.
        run: The run.
        width: Characters of a line.
    """
    if not run.is_over:
        say_line(layout, run.text, width, icon="TIME")
    elif run.phase is Phase.FAILED:
        say(layout, run.what, width, icon="ERROR")
        say(layout, run.hint, width, icon="FORWARD")
        for line in run.details[-3:]:
            say(layout, line, width)
    elif run.phase is Phase.CANCELLED:
        say(layout, run.what, width, icon="CANCEL")
        say(layout, run.hint, width, icon="FORWARD")
    elif run.order.preview is None:  # that a preview is shown is said below
        say(layout, run.text, width, icon="CHECKMARK")


def draw_warnings(layout: Any, warnings: Any, width: int) -> None:
    """Draw warnings, and how many there are beside them: below all that is pressed."""
    for text in warnings[:_MOST_WARNINGS]:
        say(layout, text, width, icon="INFO")
    more = len(warnings) - _MOST_WARNINGS
    if more > 0:
        say(layout, f"and {more} more warnings", width)


class _InCompositor:
    """A panel of the compositor's sidebar."""

    bl_space_type: ClassVar[Any] = "NODE_EDITOR"
    bl_region_type: ClassVar[Any] = "UI"
    bl_category = "Robust Matte"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Want the compositor."""
        space = context.space_data
        return bool(getattr(space, "tree_type", "") == "CompositorNodeTree")


class _OfNode(_InCompositor):
    """A panel that is there where a Robust Matte node is active."""

    bl_parent_id = "ROBUST_MATTE_PT_node"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Want a Robust Matte node."""
        return active_target(context) is not None


class ROBUST_MATTE_PT_node(_InCompositor, bpy.types.Panel):  # noqa: N801 - as Blender wants it
    """What goes in, what is made of it, and the buttons."""

    bl_idname = "ROBUST_MATTE_PT_node"
    bl_label = "Robust Matte"

    def draw(self, context: Any) -> None:
        """Draw the source, the state and the buttons."""
        layout: Any = self.layout
        width = _width(context)
        target = active_target(context)
        if target is None:
            say(layout, "Select a Robust Matte node, or add one.", width)
            layout.operator("robust_matte.add_node", text="Add Robust Matte", icon="ADD")
            return
        _draw_source(layout, target, width)
        run = runs.of(settings_of(target.group).uid)
        _draw_buttons(layout, run)
        if run is not None:
            draw_run(layout, run, width)
        _draw_result(layout, target, width)


class ROBUST_MATTE_PT_matte(_OfNode, bpy.types.Panel):  # noqa: N801
    """What an artist changes from shot to shot."""

    bl_idname = "ROBUST_MATTE_PT_matte"
    bl_label = "Matte"

    def draw(self, context: Any) -> None:
        """Draw range, model, cuts and what Image gives."""
        target = active_target(context)
        if target is None:
            return
        layout, settings = _properties(self.layout, target)
        layout.prop(settings, "range_mode")
        if settings.range_mode == "CUSTOM":
            column = layout.column(align=True)
            column.prop(settings, "first")
            column.prop(settings, "last")
        layout.prop(settings, "model")
        layout.prop(settings, "cuts")
        layout.prop(settings, "matte_source", text="Image")


class ROBUST_MATTE_PT_colour(_OfNode, bpy.types.Panel):  # noqa: N801
    """How the plate is read, and whose colour is taken out."""

    bl_idname = "ROBUST_MATTE_PT_colour"
    bl_label = "Colour"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender reads a set

    def draw(self, context: Any) -> None:
        """Draw plate space and despill."""
        target = active_target(context)
        if target is None:
            return
        layout, settings = _properties(self.layout, target)
        layout.prop(settings, "plate_space")
        layout.prop(settings, "despill")
        seen = look(target)
        if seen is None or seen.source is None:
            return
        if seen.source.is_rendered:
            say(layout, "Blender renders this plate, as linear Rec.709.", _width(context))
        elif not settings.plate_space:
            space = seen.source.space or "as the files say"
            say(layout, f"Read as: {space}", _width(context))


class ROBUST_MATTE_PT_advanced(_OfNode, bpy.types.Panel):  # noqa: N801
    """What seldom has to be changed."""

    bl_idname = "ROBUST_MATTE_PT_advanced"
    bl_label = "Advanced"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender reads a set

    def draw(self, context: Any) -> None:
        """Draw gain, warm-up and the size of the network's view."""
        target = active_target(context)
        if target is None:
            return
        layout, settings = _properties(self.layout, target)
        layout.prop(settings, "gain")
        layout.prop(settings, "warm_up")
        layout.prop(settings, "downsample")


class ROBUST_MATTE_PT_output(_OfNode, bpy.types.Panel):  # noqa: N801
    """Where files go, and what is done about old ones."""

    bl_idname = "ROBUST_MATTE_PT_output"
    bl_label = "Output"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender reads a set

    def draw(self, context: Any) -> None:
        """Draw the folder and its buttons."""
        target = active_target(context)
        if target is None:
            return
        layout, settings = _properties(self.layout, target)
        layout.prop(settings, "folder")
        if not settings.folder:
            place = "robust_matte beside the .blend" if bpy.data.filepath else "the cache folder"
            say(layout, f"Empty: {place}", _width(context))
        layout.operator("robust_matte.reveal", icon="FILE_FOLDER")
        layout.operator("robust_matte.clear_bakes", icon="TRASH")


class ROBUST_MATTE_PT_warnings(_OfNode, bpy.types.Panel):  # noqa: N801
    """What a run warned of: the last panel, so that no other moves when a warning comes."""

    bl_idname = "ROBUST_MATTE_PT_warnings"
    bl_label = "Warnings"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Want warnings."""
        target = active_target(context)
        run = None if target is None else runs.of(settings_of(target.group).uid)
        return run is not None and bool(run.warnings)

    def draw(self, context: Any) -> None:
        """Draw them."""
        target = active_target(context)
        run = None if target is None else runs.of(settings_of(target.group).uid)
        if run is not None:
            draw_warnings(self.layout, run.warnings, _width(context))


def _draw_source(layout: Any, target: Target, width: int) -> None:
    """Draw what is keyed, or why nothing is."""
    row = layout.row(align=True)
    column = row.column()
    width -= _BUTTON
    row.operator("robust_matte.look_again", text="", icon="FILE_REFRESH", emboss=False)
    if not target.node.inputs["Image"].is_linked:
        say(column, "Connect a plate to Image.", width, icon="ERROR")
        return
    try:
        seen = look(target)
    except HostError as error:
        say(column, f"{error.what} {error.hint}", width, icon="ERROR")
        return
    if seen is None:
        say(column, "Looks for the plate", width, icon="TIME")
    elif seen.source is not None:
        say(column, source_line(seen.source), width, icon="IMAGE_DATA")
        draw_warnings(layout, seen.source.warnings, width)
    elif seen.error is not None:
        say(column, seen.error.what, width, icon="ERROR")
        say(column, seen.error.hint, width, icon="FORWARD")


def _draw_buttons(layout: Any, run: Run | None) -> None:
    draw_bake(layout, run, "robust_matte.bake")
    row = layout.row(align=True)
    row.operator("robust_matte.preview", icon="RENDER_STILL").quick = False
    row.operator("robust_matte.preview", text="Quick Preview").quick = True


def _draw_result(layout: Any, target: Target, width: int) -> None:
    """Draw what the node gives now, and what stands against it."""
    settings = settings_of(target.group)
    if is_shared(target.node):
        say(layout, "Another node shares these settings and this bake.", width, icon="LINKED")
        layout.operator("robust_matte.single_user", icon="DUPLICATE")
    if settings.baked_frames:
        say(layout, _shown(target), width, icon="HIDE_OFF")
    else:
        say(layout, "Not baked: the node passes its input through.", width)
    if settings.kept_bake:
        layout.operator("robust_matte.show_bake", icon="LOOP_BACK")
    if not settings.baked_frames:
        return
    if settings.baked_hash != wishes_hash(target.group, target.scene):
        say(layout, "Settings were changed since: bake again.", width, icon="INFO")
    if _was_plate_changed(target):
        text = "The plate was changed or moved since: bake again."
        say(layout, text, width, icon="INFO")


def _was_plate_changed(target: Target) -> bool:
    if not target.node.inputs["Image"].is_linked:
        return False
    try:
        seen = look(target)
    except HostError:
        return False  # said above
    if seen is None or seen.source is None:
        return False
    return was_plate_changed(target.group, seen.source)


def _shown(target: Target) -> str:
    """Say which frames a node shows, and where they lie in the scene if it counts otherwise."""
    settings = settings_of(target.group)
    rough = ", approximate" if settings.baked_approximate else ""
    baked = baked_of(target.group)
    if shows_preview(target.group):
        number = int(settings.baked_frames.rpartition(" ")[2])
        scene = None if baked is None else baked.frames.scene(number)
        return f"Shows a preview of {spoken_frame(number, scene)}{rough}"
    shown = f"Shows the bake of {settings.baked_frames}"
    if baked is not None and baked.frames != FrameMapping.still(baked.frames.first):
        first, last = baked.frames.scene(baked.first), baked.frames.scene(baked.last)
        if first is not None and last is not None and first != baked.first:
            shown += f" (scene frames {first}-{last})"
    return f"{shown}{rough}"


def _properties(panel_layout: Any, target: Target) -> tuple[Any, Any]:
    """Return the layout of settings, which is grey while they are in use, and the settings."""
    layout: Any = panel_layout.column()
    layout.use_property_split = True
    layout.use_property_decorate = False
    layout.enabled = target.group.library is None
    return layout, settings_of(target.group)


def _width(context: Any) -> int:
    return width_of(context.region, context.preferences.system.ui_scale)


_CLASSES = (
    ROBUST_MATTE_PT_node,
    ROBUST_MATTE_PT_matte,
    ROBUST_MATTE_PT_colour,
    ROBUST_MATTE_PT_advanced,
    ROBUST_MATTE_PT_output,
    ROBUST_MATTE_PT_warnings,
)


def register() -> None:
    """Add the panels."""
    register_classes(_CLASSES)


def unregister() -> None:
    """Take them away."""
    unregister_classes(_CLASSES)
