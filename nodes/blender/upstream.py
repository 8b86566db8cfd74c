"""Back along the links of a comp: which node's picture goes into an input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import HostError
from .versions import compositor_tree

__all__ = ["feeding_socket"]


def feeding_socket(scene: Any, tree: Any, node: Any) -> tuple[Any, Any] | None:
    """Return what gives a node its Image, behind reroutes, muted nodes and group inputs.

    Args:
        scene: The scene that is composited.
        tree: The node tree that the node is in.
        node: A Robust Matte node.

    Returns:
        A node that is none of those, and its output; None where it is not certain: the group that
        the node is in is used more than once, or a muted node gives nothing.

    Raises:
        HostError: Nothing is connected.
    """
    name, socket = node.name, node.inputs["Image"]
    for _ in range(1000):  # links that go round are no picture
        link = next((one for one in socket.links if one.is_valid and not one.is_muted), None)
        if link is None:
            raise HostError(
                f'Nothing is connected to {socket.name or "Image"} of the node "{name}".',
                hint="Connect a movie, an image sequence, or any other node's picture.",
            )
        giver, output = link.from_node, link.from_socket
        if giver.bl_idname == "NodeReroute":
            socket = giver.inputs[0]
        elif giver.bl_idname == "NodeGroupInput":
            around = list(_uses(compositor_tree(scene), tree, set()))
            if len(around) != 1:
                return None
            tree, parent = around[0]
            name, socket = parent.name, _same(parent.inputs, output)
        elif giver.mute:
            inside = next((one for one in giver.internal_links if one.to_socket == output), None)
            if inside is None:
                return None
            socket = inside.from_socket
        else:
            return giver, output
        if socket is None:
            return None
    return None


def _uses(root: Any, wanted: Any, seen: set[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield each tree below a scene's, and the node in it, in which a group is used."""
    if root is None or root in seen:
        return
    seen.add(root)
    for node in root.nodes:
        group = getattr(node, "node_tree", None)
        if group is None:
            continue
        if group == wanted:
            yield root, node
        yield from _uses(group, wanted, seen)


def _same(sockets: Any, wanted: Any) -> Any | None:
    return next((one for one in sockets if one.identifier == wanted.identifier), None)
