"""What goes into a Robust Matte node, rendered to files without a touch on the artist's scene."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from . import upstream_tree, versions
from .comp_state import state_of
from .errors import HostError
from .plate_render import NAME, PlateRender, render_frame, set_plain_render, write_plates

__all__ = ["UpstreamBake"]


class UpstreamBake(PlateRender):
    """Renders the socket that is linked to a node's Image; see `PlateRender` for the steps.

    Each step copies the scene, renders one frame of the copy and removes it: 2 to 10 ms. A copy
    kept from step to step would be in every file that is saved meanwhile, and in the undo history.
    """

    def __init__(
        self, scene: Any, tree: Any, node: Any, folder: Path, first: int, last: int
    ) -> None:
        """Look at the comp; nothing is rendered yet.

        Args:
            scene: The scene that is composited.
            tree: Its compositor tree.
            node: A Robust Matte node in it.
            folder: Where `plate_####.exr` go: float, RGBA, linear Rec.709.
            first: The scene's first frame.
            last: The scene's last frame.

        Raises:
            HostError: Nothing is connected, the node is inside another group, or what goes into it
                depends on what comes out of it.
        """
        super().__init__(folder, first, last)
        composited = versions.compositor_tree(scene)
        upstream_tree.check_upstream(scene, tree, composited, node)
        # Names, because undo makes Python's references void.
        self._scene = scene.name
        self._node = node.name
        self._state = state_of(scene, tree, node)

    def _render(self, frame: int, folder: Path) -> None:
        scene: Any = bpy.data.scenes.get(self._scene)
        tree = None if scene is None else versions.compositor_tree(scene)
        node = None if tree is None else tree.nodes.get(self._node)
        if tree is None or node is None:
            raise HostError(
                f'The node "{self._node}" of the scene "{self._scene}" went while it was rendered.',
                hint="Leave it where it is until the bake is done, and bake again.",
            )
        if state_of(scene, tree, node) != self._state:
            raise HostError(
                f'What goes into the node "{self._node}" was changed while it was rendered.',
                hint="Leave the comp before it as it is until the plate is rendered; bake again.",
            )
        with _copied_scene(scene, tree) as (copy, copied_tree):
            _write_socket(copy, copied_tree, copied_tree.nodes[node.name], folder)
            with _same_frames(upstream_tree.rendered_scenes(copied_tree)):
                render_frame(copy, frame)

    def _nothing_rendered(self, frame: int, path: Path) -> HostError:
        return HostError(
            f'What goes into Image of the node "{self._node}" has no size in frame {frame}: it is'
            f" one colour, or nothing; {path} was not written.",
            hint="Connect a plate to it, and bake again.",
        )


@contextlib.contextmanager
def _copied_scene(scene: Any, tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield a copy of a scene and of its compositor tree, and remove both.

    Blender 4.2 counts what a copied scene's tree uses twice, and takes it away once: until the
    file is opened again, pictures and groups have a user too many, as after any copy of a scene.
    """
    copy = scene.copy()
    made: list[Any] = []
    try:
        if versions.compositor_tree(copy) == tree:  # Blender 5: the copy shares the tree
            made.append(tree.copy())
            versions.set_compositor_tree(copy, made[0])
        copied_tree = versions.compositor_tree(copy)
        upstream_tree.take_groups(copied_tree, scene, copy, made)
        _set_render(copy)
        yield copy, copied_tree
    finally:
        bpy.data.scenes.remove(copy)
        for group in reversed(made):
            bpy.data.node_groups.remove(group)


def _set_render(scene: Any) -> None:
    """Have a scene render the whole frame, once, as its compositor makes it."""
    set_plain_render(scene)
    render = scene.render
    render.use_compositing, render.use_sequencer = True, False
    render.compositor_precision = "FULL"
    render.compositor_device = "CPU"  # the same in a farm; without a display the other one aborts


def _write_socket(scene: Any, tree: Any, node: Any, folder: Path) -> None:
    """Have a copied scene write what goes into a node, and compute nothing else."""
    in_frame = upstream_tree.lies_in_frame(tree, node)
    socket = upstream_tree.prune(tree, node)
    scene.render.filepath = str(folder / f"{NAME}####")
    if in_frame:
        # As the render itself: a File Output writes a picture's own size, without its place.
        write_plates(scene.render.image_settings)
        written = upstream_tree.add_output(tree)
    else:
        scene.render.filepath = str(folder / "unused_####")
        output, written = versions.add_file_output(tree, folder, NAME)
        write_plates(output.format)
    if socket.type != "RGBA":
        # A node that changes nothing: given one channel, 4.2 writes one.
        as_colour = tree.nodes.new("CompositorNodeExposure")
        tree.links.new(socket, as_colour.inputs[0])
        socket = as_colour.outputs[0]
    tree.links.new(socket, written)


@contextlib.contextmanager
def _same_frames(scenes: list[Any]) -> Iterator[None]:
    """Give scenes back their frame and camera: rendered by a node, they stay at its frame."""
    kept = [(one, one.frame_current, one.frame_subframe, one.camera) for one in scenes]
    try:
        yield
    finally:
        for scene, frame, subframe, camera in kept:
            if scene.frame_current != frame:
                scene.frame_current = frame
            if scene.frame_subframe != subframe:
                scene.frame_subframe = subframe
            if scene.camera != camera:
                scene.camera = camera
