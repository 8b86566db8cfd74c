"""The node: a plain group with its sockets, which renders without this extension too."""

from __future__ import annotations

from typing import Any

import bpy

from .properties import forget_bake, is_copy, new_uid, refuse_linked
from .result import unwire
from .versions import all_trees

__all__ = ["GROUP_NAME", "add_node", "is_shared", "make_group", "make_single_user"]

GROUP_NAME = "Robust Matte"
_WIDTH = 180.0  # of the node, so that its name can be read


def make_group() -> Any:
    """Return a new Robust Matte group: in Image; out Image, Alpha, Foreground; it passes through.

    Before a bake Image and Foreground are the input, and Alpha is the input's alpha (1 for a plate
    without one).
    """
    group: Any = bpy.data.node_groups.new(GROUP_NAME, "CompositorNodeTree")
    for name, in_out, kind in (
        ("Image", "INPUT", "NodeSocketColor"),
        ("Image", "OUTPUT", "NodeSocketColor"),
        ("Alpha", "OUTPUT", "NodeSocketFloat"),
        ("Foreground", "OUTPUT", "NodeSocketColor"),
    ):
        group.interface.new_socket(name, in_out=in_out, socket_type=kind)
    new_uid(group)
    unwire(group)
    return group


def add_node(tree: Any, location: tuple[float, float]) -> Any:
    """Add a node with a new group of its own to a compositor tree, and return the node.

    Raises:
        HostError: The tree comes from a library.
    """
    refuse_linked(tree)
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = make_group()
    node.label = node.name = GROUP_NAME
    node.location, node.width = location, _WIDTH
    return node


def is_shared(node: Any) -> bool:
    """Say whether a change of a node's group would show elsewhere, or its bake is another's."""
    group = node.node_tree
    return _count(group) > 1 or is_copy(group)


def make_single_user(node: Any) -> Any:
    """Give a node a group of its own, with the same settings and nothing baked; return the group.

    A group that no other node has, but that was copied with the uid of another, is made new as it
    stands. Files stay where they are.

    Raises:
        HostError: The tree that the node is in comes from a library.
    """
    refuse_linked(node.id_data)
    group = node.node_tree
    if _count(group) > 1 or group.library is not None:
        group = node.node_tree = group.copy()
    refuse_linked(group)
    new_uid(group)
    forget_bake(group)
    unwire(group)
    return group


def _count(group: Any) -> int:
    """Return how many nodes of this file have a group; its own count of users is not that."""
    nodes = (node for tree in all_trees() for node in tree.nodes)
    return sum(getattr(node, "node_tree", None) == group for node in nodes)
