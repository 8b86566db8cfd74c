"""What the artist presses, and what scripts call: `bpy.ops.robust_matte.bake(node="...")`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import bpy

from .bake_folders import clear
from .bake_places import all_parents, robust_mattes, shown
from .classes import register_classes, unregister_classes
from .errors import HostError
from .kept_bakes import put_back
from .node_bakes import order_bake, order_preview
from .node_group import add_node, is_shared, make_single_user
from .orders import Order, Run
from .preferences import order_test
from .properties import settings_of, shows_preview
from .running import runs
from .seen_sources import forget_seen
from .strip_settings import all_strips
from .targets import Target, active_target, find_target
from .versions import make_compositor_tree

__all__ = ["register", "run_order", "unregister"]

Reply = set[str]
_NO_NODE = "Select a Robust Matte node"


def reply_to(operator: Any, call: Callable[[], Any]) -> Any:
    """Call what an operator does; what goes wrong is reported, which raises in a script.

    Args:
        operator: The operator.
        call: What it does; returns the operator's reply, or None for FINISHED.
    """
    try:
        return call() or {"FINISHED"}
    except HostError as error:
        operator.report({"ERROR"}, f"{error.what}\n{error.hint}")
        return {"CANCELLED"}


def run_order(order: Order, *, wait: bool) -> Run:
    """Start an order; in background, or if told to, wait until it is over.

    Raises:
        HostError: It was refused; or, where it is waited for, it failed or was cancelled.
    """
    run = runs.start(order)
    if wait or bpy.app.background:
        runs.finish(run)
    return run


class _OfNode:
    """An operator on one Robust Matte node: the one that is named, or the active one."""

    bl_options: ClassVar[Any] = {"REGISTER"}

    node: bpy.props.StringProperty(
        name="Node",
        description="Name of the node, of its group, or its uid; empty is the active or only one",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Let a script name a node anywhere; in the compositor one has to be active."""
        if getattr(context.space_data, "type", "") != "NODE_EDITOR":
            return True
        target = active_target(context)
        why = _NO_NODE if target is None else cls.why_not(target)
        if why:
            cls.poll_message_set(why)  # type: ignore[attr-defined]
        return not why

    @classmethod
    def why_not(cls, _target: Target) -> str:
        """Say why it cannot be pressed for this node now; nothing if it can."""
        return ""

    def target(self, context: Any) -> Target:
        """Return the node that is meant.

        Raises:
            HostError: None is, or more than one.
        """
        active = active_target(context)
        return active if active is not None and not self.node else find_target(self.node)


def _why_busy(target: Target) -> str:
    if target.group.library is not None:
        return "The node's group belongs to another file; make it local, or bake it there"
    run = runs.of(settings_of(target.group).uid)
    if run is not None and not run.is_over:
        return "The node is being worked on: wait, or cancel that first"
    if not target.node.inputs["Image"].is_linked:
        return "Connect a plate to Image"
    return ""


class ROBUST_MATTE_OT_add_node(bpy.types.Operator):  # noqa: N801 - as Blender wants it
    """Add a node that keys people: its worker bakes premultiplied RGBA, alpha and foreground."""

    bl_idname = "robust_matte.add_node"
    bl_label = "Robust Matte"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads a set

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Want a compositor, or a script."""
        kind = getattr(context.space_data, "tree_type", "CompositorNodeTree")
        if kind != "CompositorNodeTree":
            cls.poll_message_set("Open the compositor")
        return bool(kind == "CompositorNodeTree")

    def execute(self, context: Any) -> Any:
        """Add the node under the cursor, selected and active."""
        return reply_to(self, lambda: self._add(context))

    def invoke(self, context: Any, event: Any) -> Any:
        """Add the node and let the mouse carry it, as other nodes are."""
        space = context.space_data
        if getattr(space, "type", "") == "NODE_EDITOR":
            space.cursor_location_from_region(event.mouse_region_x, event.mouse_region_y)
        reply = self.execute(context)
        if reply == {"FINISHED"}:
            try:
                bpy.ops.node.translate_attach_remove_on_cancel("INVOKE_DEFAULT")
            except RuntimeError:  # the mouse is over another editor: the node stays where it is
                return reply
        return reply

    def _add(self, context: Any) -> None:
        space = context.space_data
        tree = getattr(space, "edit_tree", None) or make_compositor_tree(context.scene)
        cursor = getattr(space, "cursor_location", (0.0, 0.0))
        node = add_node(tree, (float(cursor[0]), float(cursor[1])))
        for other in tree.nodes:
            other.select = other == node
        tree.nodes.active = node


class ROBUST_MATTE_OT_bake(_OfNode, bpy.types.Operator):  # noqa: N801
    """Key all frames of the range and connect the result; frames that are baked already stay."""

    bl_idname = "robust_matte.bake"
    bl_label = "Bake"

    wait: bpy.props.BoolProperty(
        name="Wait",
        description="Return when the bake is over; always so without a window",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def why_not(cls, target: Target) -> str:
        """Say what is missing."""
        return _why_busy(target)

    def execute(self, context: Any) -> Any:
        """Start the bake."""
        return reply_to(self, lambda: self._bake(context))

    def _bake(self, context: Any) -> None:
        run_order(order_bake(self.target(context)), wait=self.wait)


class ROBUST_MATTE_OT_preview(_OfNode, bpy.types.Operator):  # noqa: N801
    """Key the frame under the scene's current one, and show it there alone, until a bake."""

    bl_idname = "robust_matte.preview"
    bl_label = "Preview"

    quick: bpy.props.BoolProperty(
        name="Quick",
        description="Start at the frame itself: soon there, and only approximately what a bake "
        "would give",
        options={"SKIP_SAVE"},
    )
    wait: bpy.props.BoolProperty(
        name="Wait",
        description="Return when the preview is there; always so without a window",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def why_not(cls, target: Target) -> str:
        """Say what is missing."""
        return _why_busy(target)

    @classmethod
    def description(cls, _context: Any, properties: Any) -> str:
        """Say which of the two it is."""
        if properties.quick:
            return (
                "Key the current frame from itself alone: soon there, and only approximately "
                "what a bake gives"
            )
        return (
            "Key the current frame with all that came before it in its shot, bit for bit as a "
            "bake does, and show it there alone"
        )

    def execute(self, context: Any) -> Any:
        """Start the preview."""
        return reply_to(self, lambda: self._preview(context))

    def _preview(self, context: Any) -> None:
        run_order(order_preview(self.target(context), quick=self.quick), wait=self.wait)


class ROBUST_MATTE_OT_show_bake(_OfNode, bpy.types.Operator):  # noqa: N801
    """Show the bake again, in place of the preview."""

    bl_idname = "robust_matte.show_bake"
    bl_label = "Show Bake"
    bl_options: ClassVar[Any] = {"REGISTER", "UNDO"}  # type: ignore[misc] # as Blender has it

    @classmethod
    def why_not(cls, target: Target) -> str:
        """Say what is missing."""
        return "" if settings_of(target.group).kept_bake else "The node has no bake beside that"

    def execute(self, context: Any) -> Any:
        """Connect the bake's files."""
        return reply_to(self, lambda: self._show(context))

    def _show(self, context: Any) -> None:
        group = self.target(context).group
        if settings_of(group).kept_bake or shows_preview(group):
            for warning in put_back(group):
                self.report({"WARNING"}, warning)


class ROBUST_MATTE_OT_cancel(bpy.types.Operator):  # noqa: N801
    """Stop after the frame in work; what is finished is kept, and Bake goes on there."""

    bl_idname = "robust_matte.cancel"
    bl_label = "Cancel"

    key: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def execute(self, _context: Any) -> Any:
        """Ask the run to stop; without a key, the one that runs."""
        unfinished = [run.order.key for run in runs.unfinished()]
        for key in [self.key] if self.key else unfinished[:1]:
            runs.cancel(key)
        return {"FINISHED"}


class ROBUST_MATTE_OT_reveal(_OfNode, bpy.types.Operator):  # noqa: N801
    """Open the folder that holds the files of this bake."""

    bl_idname = "robust_matte.reveal"
    bl_label = "Reveal Files"

    @classmethod
    def why_not(cls, target: Target) -> str:
        """Say what is missing."""
        return "" if settings_of(target.group).baked_folder else "Nothing is baked yet"

    def execute(self, context: Any) -> Any:
        """Open it in the system's browser of files."""
        return reply_to(self, lambda: self._reveal(context))

    def _reveal(self, context: Any) -> None:
        group = self.target(context).group
        kept = settings_of(group).baked_folder
        folder = Path(bpy.path.abspath(kept, library=group.library))
        if not kept or not folder.is_dir():
            raise HostError(
                f"The folder {folder} of the bake is not there." if kept else "Nothing is baked.",
                hint="Bake again, or bring the folder back to its place.",
            )
        if not bpy.app.background:
            bpy.ops.wm.path_open(filepath=str(folder))


class ROBUST_MATTE_OT_single_user(_OfNode, bpy.types.Operator):  # noqa: N801
    """Give this node settings and a bake of its own: a copied node shares those of the first."""

    bl_idname = "robust_matte.single_user"
    bl_label = "Make Single User"
    bl_options: ClassVar[Any] = {"REGISTER", "UNDO"}  # type: ignore[misc] # as Blender has it

    @classmethod
    def why_not(cls, target: Target) -> str:
        """Say what is missing."""
        return "" if is_shared(target.node) else "No other node shares its settings"

    def execute(self, context: Any) -> Any:
        """Copy the group."""
        return reply_to(self, lambda: self._copy(context))

    def _copy(self, context: Any) -> None:
        make_single_user(self.target(context).node)


class ROBUST_MATTE_OT_clear_bakes(bpy.types.Operator):  # noqa: N801
    """Delete bakes of this file's nodes and strips that nothing in the file shows."""

    bl_idname = "robust_matte.clear_bakes"
    bl_label = "Clear Old Bakes"

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Want quiet: what is being baked is shown by nothing yet."""
        if runs.unfinished():
            cls.poll_message_set("Wait until nothing is baked")
        return not runs.unfinished()

    def invoke(self, context: Any, event: Any) -> Any:
        """Ask first."""
        return context.window_manager.invoke_confirm(
            self,
            event,
            title="Delete bakes that this file does not show?",
            message="Other versions of the file lose those that only they show.",
            confirm_text="Delete",
        )

    def execute(self, _context: Any) -> Any:
        """Delete them, and say what was left and why."""
        return reply_to(self, self._clear)

    def _clear(self) -> None:
        strips = [strip for _, strip in all_strips()]
        owners = [settings_of(one) for one in (*robust_mattes(), *strips)]
        owned = [(one.uid, one.folder) for one in owners if one.uid]
        uids = [uid for uid, _ in owned]
        parents = [parent for uid, folder in owned for parent in all_parents(uid, folder)]
        done = clear(dict.fromkeys(parents), uids, shown())
        for path in done.foreign[:3]:
            self.report({"WARNING"}, f"{path} was not written by Robust Matte and is kept.")
        others = f", {len(done.shared)} belong to other files, too" if done.shared else ""
        busy = f", {len(done.busy)} are being made" if done.busy else ""
        self.report(
            {"INFO"},
            f"Old bakes deleted: {len(done.removed)}, {done.size / 2**20:.0f} MB are free again; "
            f"{len(done.in_use)} are in use{others}{busy}.",
        )


class ROBUST_MATTE_OT_look_again(bpy.types.Operator):  # noqa: N801
    """Look again for what is connected and which frames are on disk."""

    bl_idname = "robust_matte.look_again"
    bl_label = "Look Again"

    def execute(self, _context: Any) -> Any:
        """Forget what was seen."""
        forget_seen()
        return {"FINISHED"}


class ROBUST_MATTE_OT_test_worker(bpy.types.Operator):  # noqa: N801
    """Start the worker, and say its version, devices and models, or why it does not start."""

    bl_idname = "robust_matte.test_worker"
    bl_label = "Test Worker"

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Want quiet: a worker that bakes works."""
        if runs.unfinished():
            cls.poll_message_set("The worker is at work")
        return not runs.unfinished()

    def execute(self, _context: Any) -> Any:
        """Start it."""
        return reply_to(self, self._test)

    def _test(self) -> None:
        run = run_order(order_test(), wait=False)
        if run.is_over:
            self.report({"INFO"}, run.text)


_CLASSES = (
    ROBUST_MATTE_OT_add_node,
    ROBUST_MATTE_OT_bake,
    ROBUST_MATTE_OT_preview,
    ROBUST_MATTE_OT_show_bake,
    ROBUST_MATTE_OT_cancel,
    ROBUST_MATTE_OT_reveal,
    ROBUST_MATTE_OT_single_user,
    ROBUST_MATTE_OT_clear_bakes,
    ROBUST_MATTE_OT_look_again,
    ROBUST_MATTE_OT_test_worker,
)


def register() -> None:
    """Add the operators."""
    register_classes(_CLASSES)


def unregister() -> None:
    """Take them away."""
    unregister_classes(_CLASSES)
