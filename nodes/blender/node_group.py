"""The node: a plain group with its sockets, which renders without this extension too."""

from __future__ import annotations

from typing import Any

__all__ = ["GROUP_NAME", "add_node", "make_group", "make_single_user", "refuse_linked"]

GROUP_NAME = "Robust Matte"


def make_group() -> Any:
    """Return a new Robust Matte group: in Image; out Image, Alpha, Foreground; it passes through.

    Before a bake Image and Foreground are the input, and Alpha is the input's alpha (1 for a plate
    without one).
    """
    raise NotImplementedError


def add_node(tree: Any, location: tuple[float, float]) -> Any:
    """Add a node with a new group of its own to a compositor tree, and return the node."""
    raise NotImplementedError


def make_single_user(node: Any) -> Any:
    """Give a node a group of its own, with the same settings and nothing baked; return the group.

    Raises:
        HostError: Node or group come from a library.
    """
    raise NotImplementedError


def refuse_linked(tree: Any) -> None:
    """Refuse to change a group of another file.

    Raises:
        HostError: The tree comes from a library, or overrides one.
    """
    raise NotImplementedError
