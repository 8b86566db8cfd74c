"""The bake that a node gave before a preview: kept in its settings, and put back.

No saved file depends on the cache, where previews are: before a file is saved, bakes are put back.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .errors import HostError
from .frames import FrameMapping
from .properties import (
    forget_bake,
    is_robust_matte,
    kept_bake,
    settings_of,
    shows_preview,
)
from .result import Baked, baked_of, unwire, wire
from .sources import Source

__all__ = ["keep_bake", "plate_of", "put_back", "register", "unregister", "was_plate_changed"]

_SHOWN = ("baked_folder", "baked_frames", "baked_hash", "baked_approximate", "baked_plate")


def keep_bake(group: Any) -> None:
    """Write down the bake that a group gives, before a preview takes its place."""
    settings, baked = settings_of(group), baked_of(group)
    if baked is None or shows_preview(group):
        return  # nothing, or what an earlier preview kept
    kept: dict[str, Any] = {name: getattr(settings, name) for name in _SHOWN}
    folder = Path(baked.pattern).parent
    kept["folder"], kept["name"] = str(folder), Path(baked.pattern).name
    kept["numbers"] = [baked.first, baked.last]
    kept["frames"] = _told(baked.frames)
    settings.kept_bake = json.dumps(kept)


def put_back(group: Any) -> list[str]:
    """Have a group give its bake again in place of a preview; without a bake, what comes in.

    Returns:
        Warnings.

    Raises:
        HostError: A file of the bake is not there; the group is as it was.
    """
    kept, settings = kept_bake(group), settings_of(group)
    warnings: list[str] = []
    if kept is None:
        unwire(group)
        forget_bake(group)
        return warnings
    pattern = str(Path(kept["folder"]) / kept["name"])
    first, last = kept["numbers"]
    warnings += wire(group, Baked(pattern, first, last, FrameMapping(*kept["frames"])))
    for name in _SHOWN:
        setattr(settings, name, kept[name])
    settings.kept_bake = ""
    return warnings


def plate_of(source: Source) -> str:
    """Return which plate is keyed and how it lies under the scene, as text for the settings."""
    told: dict[str, Any] = {"kind": source.kind}
    if not source.is_rendered:  # what Blender renders has the scene's frames
        told["frames"] = _told(source.frames)
        told["places"] = [source.plate]
        if bpy.data.filepath:
            with suppress(ValueError):  # another drive of Windows
                told["places"].append(bpy.path.relpath(source.plate))
    return json.dumps(told)


def was_plate_changed(group: Any, source: Source) -> bool:
    """Say whether a node shows a result of another plate, or of one that lay elsewhere.

    A comp before the node is not looked into: what is rendered first is the same as long as it is
    rendered.
    """
    told = settings_of(group).baked_plate
    if not told:
        return False
    before, now = json.loads(told), json.loads(plate_of(source))
    if (before["kind"], before.get("frames")) != (now["kind"], now.get("frames")):
        return True
    if source.is_rendered:
        return False
    # The .blend may have moved with its plate, or without it.
    return not set(map(_plain, before["places"])) & set(map(_plain, now["places"]))


def _plain(path: str) -> str:
    return path.replace(os.sep, "/")


def _told(frames: FrameMapping) -> list[Any]:
    return [frames.start, frames.offset, frames.duration, frames.after]


@persistent  # type: ignore[untyped-decorator]
def _before_save(*_: object) -> None:
    """Put all bakes back; one whose files are away stays kept, and its node passes through."""
    for group in bpy.data.node_groups:
        if group.library is not None or not is_robust_matte(group) or not shows_preview(group):
            continue
        try:
            put_back(group)
        except HostError:
            with suppress(HostError):  # of a library: nothing of it is saved here
                kept = settings_of(group).kept_bake
                unwire(group)
                forget_bake(group)
                settings_of(group).kept_bake = kept


def register() -> None:
    """Have bakes put back before a file is saved."""
    bpy.app.handlers.save_pre.append(_before_save)


def unregister() -> None:
    """Take it away."""
    if _before_save in bpy.app.handlers.save_pre:
        bpy.app.handlers.save_pre.remove(_before_save)
