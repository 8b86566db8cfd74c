"""A temporary copy of a compositor tree, cut down to what goes into one socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from .errors import HostError

__all__ = [
    "add_output",
    "check_upstream",
    "image_link",
    "lies_in_frame",
    "prune",
    "rendered_scenes",
    "take_groups",
    "upstream",
]

# Nodes that write files or pictures of their own, wherever they are.
_OUTPUTS = {
    "CompositorNodeComposite",
    "CompositorNodeOutputFile",
    "CompositorNodeSplitViewer",
    "CompositorNodeViewer",
    "NodeGroupOutput",
}
_INNER_OUTPUTS = _OUTPUTS - {"NodeGroupOutput"}
# Nodes that leave a picture elsewhere than a file of its own size would lie, if only by half a
# pixel (measured, 4.2 to 5.2).
_MOVERS = {
    "CompositorNodeRotate",
    "CompositorNodeScale",
    "CompositorNodeStabilize",
    "CompositorNodeTransform",
    "CompositorNodeTranslate",
}


def image_link(tree: Any, node: Any) -> Any:
    """Return the link into a node's first input.

    Raises:
        HostError: Nothing is connected.
    """
    for link in tree.links:
        if link.to_node == node and link.to_socket == node.inputs[0] and not link.is_muted:
            return link
    raise HostError(
        f'Nothing is connected to Image of the node "{node.name}".',
        hint="Connect the plate to it, and bake again.",
    )


def upstream(tree: Any, node: Any) -> list[Any]:
    """Return a node and all before it, each once, even where links go in a circle."""
    feeding: dict[str, list[Any]] = {}
    for link in tree.links:
        if not link.is_muted:
            feeding.setdefault(link.to_node.name, []).append(link.from_node)
    found = {node.name: node}
    waiting = [node]
    while waiting:
        for one in feeding.get(waiting.pop().name, []):
            if one.name not in found:
                found[one.name] = one
                waiting.append(one)
    return list(found.values())


def check_upstream(scene: Any, tree: Any, composited: Any, node: Any) -> None:
    """Raise HostError where what goes into a node cannot be rendered from its scene.

    Args:
        scene: The scene that is composited.
        tree: The tree that the node is in.
        composited: The scene's compositor tree, or None.
        node: A Robust Matte node.
    """
    if composited is None or tree != composited:
        raise HostError(
            f'The node "{node.name}" is in "{tree.name}", which is not the compositor of the scene'
            f' "{scene.name}" but a group in it, or that of another scene.',
            hint="Move the node out of the group, to the top level of the compositor.",
        )
    before = upstream(tree, image_link(tree, node).from_node)
    if node in before:
        raise HostError(
            f'What comes out of the node "{node.name}" goes back into its Image.',
            hint="Take one of the links of the circle away.",
        )
    for one in before:
        if node.node_tree is not None and getattr(one, "node_tree", None) == node.node_tree:
            raise HostError(
                f'The node "{one.name}" before "{node.name}" is the same group, with one bake for'
                " both.",
                hint="Make one of them single user, and bake it again.",
            )


def lies_in_frame(tree: Any, node: Any) -> bool:
    """Say whether something before a node moves, scales or turns the picture in the frame."""
    before = upstream(tree, image_link(tree, node).from_node)
    return any(one.bl_idname in _MOVERS for one in _all_nodes(before))


def _all_nodes(nodes: list[Any]) -> Iterator[Any]:
    """Yield nodes, and those inside groups at any depth."""
    for node in nodes:
        yield node
        inner = getattr(node, "node_tree", None)
        if inner is not None:
            yield from _all_nodes(list(inner.nodes))


def prune(tree: Any, node: Any) -> Any:
    """Remove from a copied tree all but what goes into a node; return the socket that did."""
    socket = image_link(tree, node).from_socket
    kept = {one.name for one in upstream(tree, socket.node)}
    for one in list(tree.nodes):
        if one.name not in kept:
            tree.nodes.remove(one)
    return socket


def add_output(tree: Any) -> Any:
    """Give a copied tree an output of one picture, in place of those it has; return its input."""
    if bpy.app.version < (5, 0):
        return tree.nodes.new("CompositorNodeComposite").inputs[0]
    for item in list(tree.interface.items_tree):
        if item.item_type == "SOCKET" and item.in_out == "OUTPUT":
            tree.interface.remove(item)
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    return tree.nodes.new("NodeGroupOutput").inputs[0]


def take_groups(tree: Any, scene: Any, copied: Any, made: list[Any]) -> None:
    """Have a copied tree render a copied scene, and write nothing but what is added to it.

    Groups in it that render the scene or write files are copied as well.

    Args:
        tree: A copied tree.
        scene: The artist's scene.
        copied: Its copy.
        made: Copies of groups are added to it; the caller removes them.
    """
    for node in list(tree.nodes):
        if getattr(node, "scene", None) == scene:
            _set_scene(node, copied)
        inner = getattr(node, "node_tree", None)
        if inner is None or not _is_involved(inner, scene):
            continue
        copy = inner.copy()
        made.append(copy)
        for one in [one for one in copy.nodes if one.bl_idname in _INNER_OUTPUTS]:
            copy.nodes.remove(one)
        node.node_tree = copy
        take_groups(copy, scene, copied, made)


def _is_involved(tree: Any, scene: Any) -> bool:
    return any(
        node.bl_idname in _INNER_OUTPUTS or getattr(node, "scene", None) == scene
        for node in _all_nodes(list(tree.nodes))
    )


def _set_scene(node: Any, scene: Any) -> None:
    layer = getattr(node, "layer", None)
    node.scene = scene
    if layer:
        node.layer = layer  # a new scene begins at its first view layer


def rendered_scenes(tree: Any) -> list[bpy.types.Scene]:
    """Return the scenes that nodes of a tree render or look at, at any depth."""
    scenes = []
    for node in _all_nodes(list(tree.nodes)):
        scene = getattr(node, "scene", None)
        if scene is not None and scene not in scenes:
            scenes.append(scene)
    return scenes
