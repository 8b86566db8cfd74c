"""What is kept on a node tree: the artist's settings, and what was baked of it."""

from __future__ import annotations

import json
import uuid
from typing import Any, cast

import bpy

from .errors import HostError
from .typed_settings import (
    suggest_cuts,
    suggest_downsample,
    suggest_gain,
    suggest_model,
    suggest_plate_space,
)

__all__ = [
    "PREVIEW",
    "RobustMatteSettings",
    "forget_bake",
    "is_copy",
    "is_robust_matte",
    "kept_bake",
    "new_uid",
    "own_uid",
    "refuse_linked",
    "register",
    "settings_of",
    "shows_preview",
    "tree_of",
    "unregister",
]

PREVIEW = "preview"  # what `baked_frames` begins with where one frame is shown
_RANGES = [
    ("PLATE", "Plate", "All frames of the plate that the Image node or clip shows"),
    ("SCENE", "Scene", "The plate's frames under the scene's start to end"),
    ("CUSTOM", "Custom", "What lies under the scene's frames from First to Last"),
]
_SOURCES = [
    ("PREDICTED", "Predicted Colour", "The colour that the network found, light kept"),
    ("ORIGINAL", "Original × Alpha", "What comes in, in Blender's own decoding, times the alpha"),
]
_DESPILL = [
    ("none", "None", "Leave the foreground's colour"),
    ("green", "Green", "Take green out of the soft edge"),
    ("blue", "Blue", "Take blue out of the soft edge"),
    ("background", "Background", "Take the colour of the background out of the soft edge"),
]


def _show_matte_source(settings: Any, _context: Any) -> None:
    """Rewire the group whose choice was changed."""
    from .result import set_matte_source  # result needs this module

    set_matte_source(settings.id_data, settings.matte_source)


class RobustMatteSettings(bpy.types.PropertyGroup):
    """Settings of one Robust Matte group; they travel with its node tree."""

    uid: bpy.props.StringProperty(options={"HIDDEN"})
    # The tree's name when it got its uid: a copy has another, and the uid of the first.
    owner: bpy.props.StringProperty(options={"HIDDEN"})

    model: bpy.props.StringProperty(
        name="Model",
        description="auto, draft, mobilenetv3, resnet50, or a weights file",
        default="auto",
        search=suggest_model,
    )
    cuts: bpy.props.StringProperty(
        name="Cuts",
        description="Where shots begin: auto, off, headers, the plate's first frames of shots such "
        "as 1050,1120, or an edit list's file",
        default="auto",
        search=suggest_cuts,
    )
    range_mode: bpy.props.EnumProperty(
        name="Range", description="Which frames are baked", items=_RANGES, default="PLATE"
    )
    first: bpy.props.IntProperty(
        name="First",
        description="First frame of the scene under which the plate is baked",
        default=1,
    )
    last: bpy.props.IntProperty(
        name="Last",
        description="Last frame of the scene under which the plate is baked",
        default=250,
    )
    plate_space: bpy.props.StringProperty(
        name="Plate Space",
        description="How the plate is encoded; empty is what Blender takes it for",
        search=suggest_plate_space,
    )
    gain: bpy.props.StringProperty(
        name="Gain",
        description="Stops by which the network sees the plate brighter, or auto; light is kept",
        default="0",
        search=suggest_gain,
    )
    warm_up: bpy.props.IntProperty(
        name="Warm-up",
        description="Frames fed backwards before the first frame of a segment",
        default=16,
        min=0,
        max=256,
    )
    downsample: bpy.props.StringProperty(
        name="Downsample",
        description="Size at which the network looks: auto, a ratio, or a longest side as 512px",
        default="auto",
        search=suggest_downsample,
    )
    despill: bpy.props.EnumProperty(
        name="Despill",
        description="Whose colour is taken out of the soft edge",
        items=_DESPILL,
        default="none",
    )
    folder: bpy.props.StringProperty(
        name="Folder",
        description="Where bakes go; empty is robust_matte beside the .blend",
        subtype="DIR_PATH",
    )
    matte_source: bpy.props.EnumProperty(
        name="Matte Source",
        description="What the Image socket gives",
        items=_SOURCES,
        default="PREDICTED",
        update=_show_matte_source,
    )

    baked_folder: bpy.props.StringProperty(options={"HIDDEN"})
    baked_frames: bpy.props.StringProperty(options={"HIDDEN"})
    baked_hash: bpy.props.StringProperty(options={"HIDDEN"})
    baked_approximate: bpy.props.BoolProperty(options={"HIDDEN"})
    baked_plate: bpy.props.StringProperty(options={"HIDDEN"})
    # The bake that a preview took the place of, as JSON, with all that is said of it above.
    kept_bake: bpy.props.StringProperty(options={"HIDDEN"})


def settings_of(tree: Any) -> RobustMatteSettings:
    """Return the settings of a node tree; those of one that is no Robust Matte are empty."""
    return cast(RobustMatteSettings, tree.robust_matte)


def is_robust_matte(tree: Any | None) -> bool:
    """Say whether a node tree is a Robust Matte group."""
    return tree is not None and bool(settings_of(tree).uid)


def new_uid(tree: Any) -> str:
    """Give a tree a new uid and return it."""
    settings = settings_of(tree)
    uid = uuid.uuid4().hex
    settings.uid, settings.owner = uid, tree.name
    return uid


def own_uid(tree: Any) -> str:
    """Return a uid that no other tree has, making one where it has none or is a copy.

    Call it where a bake begins: a copy of a tree brings the uid of the first along.

    Raises:
        HostError: The tree comes from a library.
    """
    refuse_linked(tree)
    settings = settings_of(tree)
    if not settings.uid or is_copy(tree):
        return new_uid(tree)
    settings.owner = tree.name  # renamed, or the first is gone
    return str(settings.uid)


def is_copy(tree: Any) -> bool:
    """Say whether a tree has its uid and bake from another that is still there."""
    return is_robust_matte(tree) and tree_of(settings_of(tree).uid) != tree


def tree_of(uid: str) -> Any | None:
    """Return the tree with a uid, the original before copies and linked ones; None without."""

    def rank(tree: Any) -> tuple[bool, bool, int]:
        # A copy is younger, which a saved file does not tell: then its name does.
        is_renamed = tree.name != settings_of(tree).owner
        return tree.library is not None, is_renamed, tree.session_uid

    found = [tree for tree in bpy.data.node_groups if uid and settings_of(tree).uid == uid]
    return min(found, key=rank, default=None)


def refuse_linked(tree: Any) -> None:
    """Refuse to change a group of another file.

    Raises:
        HostError: The tree comes from a library, or overrides one.
    """
    library = tree.library or (tree.override_library and tree.override_library.reference.library)
    if library:
        raise HostError(
            f'The node group "{tree.name}" belongs to the library {library.filepath}.',
            hint="Bake it in that file, or press Make Single User, which makes it local.",
        )


def shows_preview(tree: Any) -> bool:
    """Say whether a group gives a preview, and no bake."""
    return str(settings_of(tree).baked_frames).startswith(PREVIEW)


def kept_bake(tree: Any) -> dict[str, Any] | None:
    """Return what is known of the bake that a preview took the place of; None without one."""
    kept = settings_of(tree).kept_bake
    return cast("dict[str, Any]", json.loads(kept)) if kept else None


def forget_bake(tree: Any) -> None:
    """Empty what the settings say of a bake."""
    settings = settings_of(tree)
    settings.baked_folder = settings.baked_frames = settings.baked_hash = ""
    settings.baked_plate = settings.kept_bake = ""
    settings.baked_approximate = False


def register() -> None:
    """Add `NodeTree.robust_matte`."""
    bpy.utils.register_class(RobustMatteSettings)
    pointer = bpy.props.PointerProperty(type=RobustMatteSettings)
    bpy.types.NodeTree.robust_matte = pointer  # type: ignore[attr-defined, unused-ignore]


def unregister() -> None:
    """Take it away; what is stored in trees stays there."""
    del bpy.types.NodeTree.robust_matte  # type: ignore[attr-defined, unused-ignore]
    bpy.utils.unregister_class(RobustMatteSettings)
