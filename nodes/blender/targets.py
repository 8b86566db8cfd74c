"""Which node is meant: the one that is active in the compositor, or one that a script names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from .errors import HostError
from .properties import is_robust_matte, settings_of
from .versions import compositor_tree

__all__ = ["Place", "Target", "active_target", "all_targets", "find_target"]


@dataclass(frozen=True)
class Target:
    """A Robust Matte node and where it is.

    Attributes:
        scene: The scene that is composited.
        tree: The node tree that the node is in.
        node: The node.
    """

    scene: Any
    tree: Any
    node: Any

    @property
    def group(self) -> Any:
        """The node's group, which holds its settings."""
        return self.node.node_tree

    @property
    def label(self) -> str:
        """The node's name, for messages."""
        return f'node "{self.node.label or self.node.name}"'


@dataclass(frozen=True)
class Place:
    """Where a node is, by names: what Python holds of Blender's data is void after an undo.

    Attributes:
        scene: The scene's name.
        tree: The name of the group that the node is in; None is the scene's own tree.
        node: The node's name.
        uid: Of its group.
    """

    scene: str
    tree: str | None
    node: str
    uid: str

    @classmethod
    def of(cls, target: Target) -> Place:
        """Return where a node is now."""
        is_top = target.tree == compositor_tree(target.scene)
        return cls(
            target.scene.name,
            None if is_top else target.tree.name,
            target.node.name,
            settings_of(target.group).uid,
        )

    def find(self) -> Target | None:
        """Return the node; one that was renamed by its uid, if no other has it; None if it went."""
        scene: Any = bpy.data.scenes.get(self.scene)
        if scene is not None:
            groups: Any = bpy.data.node_groups
            tree = compositor_tree(scene) if self.tree is None else groups.get(self.tree)
            node = None if tree is None else tree.nodes.get(self.node)
            if node is not None and self._is_of(node):
                return Target(scene, tree, node)
        others = [target for target in all_targets() if self._is_of(target.node)]
        return others[0] if len(others) == 1 else None

    def _is_of(self, node: Any) -> bool:
        group = getattr(node, "node_tree", None)
        return is_robust_matte(group) and settings_of(group).uid == self.uid


def active_target(context: Any) -> Target | None:
    """Return the active node of the compositor, if it is a Robust Matte."""
    space = context.space_data
    tree = getattr(space, "edit_tree", None)
    if tree is None or getattr(space, "tree_type", "") != "CompositorNodeTree":
        return None
    node = tree.nodes.active
    if node is None or not is_robust_matte(getattr(node, "node_tree", None)):
        return None
    return Target(context.scene, tree, node)


def all_targets() -> list[Target]:
    """Return every Robust Matte node of the file's comps, once, the open scene's first."""
    found: dict[Any, Target] = {}
    scenes = sorted(bpy.data.scenes, key=lambda scene: scene != bpy.context.scene)
    for scene in scenes:
        tree = compositor_tree(scene)
        for inside, node in _nodes(tree, set()) if tree is not None else ():
            if is_robust_matte(node.node_tree):
                found.setdefault((inside, node.name), Target(scene, inside, node))
    return list(found.values())


def find_target(name: str) -> Target:
    """Return the node with a name, label, group or uid; an empty name means the only one.

    Raises:
        HostError: There is none, or more than one.
    """
    targets = all_targets()
    if not targets:
        raise HostError(
            "The file has no Robust Matte node in a comp.",
            hint="Add one in the compositor: Add > Keying > Robust Matte.",
        )
    known = ", ".join(sorted(f'"{target.node.name}"' for target in targets))
    fitting = [target for target in targets if not name or name in _names(target)]
    if not fitting:
        raise HostError(
            f'The file has no Robust Matte node "{name}".', hint=f"Name one of these: {known}."
        )
    if len({target.group for target in fitting}) > 1:
        raise HostError(
            f'The name "{name}" stands for {len(fitting)} Robust Matte nodes.',
            hint=f"Name one of these, or the name of its group: {known}.",
        )
    return fitting[0]


def _names(target: Target) -> set[str]:
    return {
        target.node.name,
        target.node.label,
        target.group.name,
        settings_of(target.group).uid,
    }


def _nodes(tree: Any, seen: set[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield the group nodes of a tree and of the groups in it, with the tree that they are in."""
    seen.add(tree)
    for node in tree.nodes:
        inner = getattr(node, "node_tree", None)
        if inner is None:
            continue
        yield tree, node
        if inner not in seen and not is_robust_matte(inner):
            yield from _nodes(inner, seen)
