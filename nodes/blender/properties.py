"""What is kept on a node tree: the artist's settings, and what was baked of it."""

from __future__ import annotations

from typing import Any

import bpy

__all__ = [
    "RobustMatteSettings",
    "forget_bake",
    "is_copy",
    "is_robust_matte",
    "own_uid",
    "register",
    "settings_of",
    "tree_of",
    "unregister",
]


class RobustMatteSettings(bpy.types.PropertyGroup):
    """Settings of one Robust Matte group; they travel with its node tree.

    uid, model, cuts, range_mode, first, last, plate_space, gain, warm_up, downsample, despill,
    folder, matte_source; baked_folder, baked_frames, baked_hash, baked_approximate.
    """


def settings_of(tree: Any) -> Any:
    """Return the settings of a node tree; those of one that is no Robust Matte are empty."""
    raise NotImplementedError


def is_robust_matte(tree: Any | None) -> bool:
    """Say whether a node tree is a Robust Matte group."""
    raise NotImplementedError


def own_uid(tree: Any) -> str:
    """Return a uid that no other tree has, making one where it has none or is a copy.

    Call it where a bake begins: a copy of a tree brings the uid of the first along.

    Raises:
        HostError: The tree comes from a library.
    """
    raise NotImplementedError


def is_copy(tree: Any) -> bool:
    """Say whether a tree has its uid and bake from another that is still there."""
    raise NotImplementedError


def tree_of(uid: str) -> Any | None:
    """Return the tree with a uid, the original before copies and linked ones; None without."""
    raise NotImplementedError


def forget_bake(tree: Any) -> None:
    """Empty what the settings say of a bake."""
    raise NotImplementedError


def register() -> None:
    """Add `NodeTree.robust_matte`."""


def unregister() -> None:
    """Take it away."""
