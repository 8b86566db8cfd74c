"""What panels say of a node's source: found once, and again when the comp changes.

Finding it reads a folder, which is too slow for each draw; what the comp looks like is compared
instead, which is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .errors import HostError
from .properties import settings_of
from .sources import Source, find_source
from .targets import Place, Target

__all__ = ["Seen", "forget_seen", "look", "register", "source_line", "unregister"]

_WORDS = {
    "sequence": "directly",
    "movie": "movie, directly",
    "clip": "movie clip, directly",
    "upstream": "rendered by Blender first",
}
_SOON_S = 0.05


@dataclass
class Seen:
    """What was found for a node.

    Attributes:
        signature: What the comp looked like then.
        source: The source, or None.
        error: Why there is none.
    """

    signature: tuple[Any, ...]
    source: Source | None = None
    error: HostError | None = None


@dataclass
class _Memory:
    seen: dict[str, Seen] = field(default_factory=dict)
    wanted: list[Place] = field(default_factory=list)


_memory = _Memory()


def look(target: Target) -> Seen | None:
    """Return what is known of a node's source; None where it is just being looked for."""
    key = settings_of(target.group).uid
    signature = _signature(target)
    seen = _memory.seen.get(key)
    if seen is not None and seen.signature == signature:
        return seen
    if bpy.app.background:
        return _find(target)
    _memory.wanted.append(Place.of(target))
    if not bpy.app.timers.is_registered(_find_wanted):
        bpy.app.timers.register(_find_wanted, first_interval=_SOON_S)
    return seen  # what it was, until then


def forget_seen() -> None:
    """Have all sources found anew."""
    _memory.seen.clear()


def source_line(source: Source) -> str:
    """Return in words what is keyed, and how it comes to the worker.

    Example: `plate.####.exr 1001-1100, directly`.
    """
    how = _WORDS.get(source.kind, source.kind)
    name = source.plate.replace("\\", "/").rpartition("/")[2] or "Frames"
    return f"{name} {source.first}-{source.last}, {how}"


def _find(target: Target) -> Seen:
    seen = Seen(_signature(target))
    try:
        space = settings_of(target.group).plate_space
        seen.source = find_source(target.scene, target.tree, target.node, space)
    except HostError as error:
        seen.error = error
    _memory.seen[settings_of(target.group).uid] = seen
    return seen


def _find_wanted() -> None:
    """Find what panels wanted since; runs outside of drawing."""
    wanted, _memory.wanted = _memory.wanted, []
    for place in {one.uid: one for one in wanted}.values():
        target = place.find()
        if target is not None:
            _find(target)
    manager: Any = bpy.context.window_manager
    for window in manager.windows:
        for area in window.screen.areas:
            if area.type == "NODE_EDITOR":
                area.tag_redraw()


def _signature(target: Target) -> tuple[Any, ...]:
    """Return what a source may depend on: links, pictures and the scene's range."""
    scene, tree = target.scene, target.tree
    links = tuple(
        (link.from_node.name, link.from_socket.identifier, link.to_node.name, link.is_muted)
        for link in tree.links
    )
    nodes = tuple(_shown_by(node) for node in tree.nodes if hasattr(node, "mute"))
    space = settings_of(target.group).plate_space
    return (target.node.name, scene.name, scene.frame_start, scene.frame_end, space, links, nodes)


def _shown_by(node: Any) -> tuple[Any, ...]:
    picture = getattr(node, "image", None) or getattr(node, "clip", None)
    if picture is None:
        return (node.name, node.mute)
    names = ["frame_start", "frame_offset", "frame_duration", "use_cyclic"]
    if getattr(node, "has_layers", False):  # without any, Blender complains of the question
        names.append("layer")
    frames = tuple(getattr(node, name, None) or getattr(picture, name, None) for name in names)
    space = picture.colorspace_settings.name
    return (node.name, node.mute, picture.filepath, picture.source, space, *frames)


@persistent  # type: ignore[untyped-decorator]
def _forget_before_load(*_: object) -> None:
    _forget_all()


def _forget_all() -> None:
    forget_seen()
    _memory.wanted.clear()
    if bpy.app.timers.is_registered(_find_wanted):
        bpy.app.timers.unregister(_find_wanted)


def register() -> None:
    """Have what was seen forgotten with the file that it is of."""
    bpy.app.handlers.load_pre.append(_forget_before_load)


def unregister() -> None:
    """Forget everything, and look for nothing any more."""
    _forget_all()
    if _forget_before_load in bpy.app.handlers.load_pre:
        bpy.app.handlers.load_pre.remove(_forget_before_load)
