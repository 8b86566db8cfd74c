"""Where the bakes of the open file lie, and which of them it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from .bake_folders import node_folder, plain_name
from .paths import absolute_path
from .preferences import cache_folder
from .properties import is_robust_matte, kept_bake, settings_of

__all__ = [
    "all_parents",
    "bakes_of",
    "preview_parent",
    "relative",
    "robust_mattes",
    "shown",
    "shown_by_nodes",
]


def bakes_of(uid: str, chosen: str) -> Path:
    """Return the folder of a node's or strip's bakes.

    Args:
        uid: Whose they are.
        chosen: The folder that the artist chose; empty is `robust_matte` beside the .blend, and
            the cache where that was never saved.
    """
    absolute = str(absolute_path(chosen)) if chosen and _is_placed(chosen) else ""
    return node_folder(bpy.data.filepath, absolute, cache_folder() / "bakes", uid)


def preview_parent(uid: str) -> Path:
    """Return the folder of a node's previews."""
    return cache_folder() / "previews" / plain_name(uid)


def all_parents(uid: str, chosen: str) -> list[Path]:
    """Return each folder that bakes of a node may be in: also of the time before it was saved."""
    places = [bakes_of(uid, chosen), bakes_of(uid, ""), cache_folder() / "bakes" / plain_name(uid)]
    return list(dict.fromkeys(places))


def robust_mattes() -> Iterator[Any]:
    """Yield the Robust Matte groups of the open file, not those of libraries."""
    for tree in bpy.data.node_groups:
        if tree.library is None and is_robust_matte(tree):
            yield tree


def shown() -> set[Path]:
    """Return the folders whose files anything in the open file shows, bakes and others."""
    found = {absolute_path(image.filepath, image).parent for image in bpy.data.images}
    found |= shown_by_nodes()
    for scene in bpy.data.scenes:
        editor: Any = scene.sequence_editor
        if editor is not None:
            every = editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all
            folders = {absolute_path(strip.directory, scene) for strip in every if _has(strip)}
            # A strip shows one layer, from a folder in its bake's.
            found |= folders | {folder.parent for folder in folders}
    return found


def shown_by_nodes() -> set[Path]:
    """Return the folders of bakes and previews that nodes of the open file show, or showed."""
    trees = [tree for tree in bpy.data.node_groups if is_robust_matte(tree)]
    found = {
        absolute_path(settings_of(tree).baked_folder, tree) for tree in trees if _is_baked(tree)
    }
    kept = [kept_bake(tree) for tree in trees]  # what previews took the place of
    return found | {Path(one["folder"]) for one in kept if one is not None}


def _is_baked(tree: Any) -> bool:
    return bool(settings_of(tree).baked_folder)


def relative(folder: Path) -> str:
    """Return a folder as it is kept in the file: relative to it, where it is saved beside it."""
    if not bpy.data.filepath:
        return str(folder)
    beside = Path(bpy.data.filepath).parent
    return bpy.path.relpath(str(folder)) if beside in folder.parents else str(folder)


def _has(strip: Any) -> bool:
    return bool(getattr(strip, "directory", ""))


def _is_placed(chosen: str) -> bool:
    """Say whether a folder means something: `//x` does not in a file that was never saved."""
    return bool(bpy.data.filepath) or not chosen.startswith("//")
