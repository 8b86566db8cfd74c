"""What is kept on a strip of the sequencer: the same settings as on a node's group."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import bpy

from .properties import RobustMatteSettings, settings_of
from .strips import content_places
from .versions import strips

__all__ = ["all_strips", "own_strip_uid", "register", "strip_of", "unregister"]


def all_strips() -> Iterator[tuple[Any, Any]]:
    """Yield every strip of the file with its scene, also those inside meta strips."""
    for scene in bpy.data.scenes:
        if scene.sequence_editor is not None:
            for place in content_places(strips(scene.sequence_editor)):
                for strip in place:
                    yield scene, strip


def own_strip_uid(strip: Any) -> str:
    """Return a uid that no other strip has, making one where it has none or is a copy.

    A copy brings the uid of the first along.
    """
    settings = settings_of(strip)
    first = strip_of(settings.uid)
    if first is None or first[1] != strip:
        settings.uid = uuid.uuid4().hex
    settings.owner = strip.name
    return str(settings.uid)


def strip_of(uid: str) -> tuple[Any, Any] | None:
    """Return the scene and the strip with a uid; of copies, the one that it was made for.

    Renamed, it is told from a copy by the copy's name, which is the former one with a number.
    """

    def rank(pair: tuple[Any, Any]) -> tuple[bool, bool, int]:
        scene, strip = pair
        owner = settings_of(strip).owner
        is_copy = re.fullmatch(re.escape(owner) + r"\.\d{3,}", strip.name) is not None
        return strip.name != owner, is_copy, scene.session_uid

    found = [(scene, one) for scene, one in all_strips() if uid and settings_of(one).uid == uid]
    return min(found, key=rank, default=None)


def _strip_type() -> Any:
    """Return the class of all strips: it had another name before Blender 4.4."""
    types: Any = bpy.types
    return types.Strip if bpy.app.version >= (4, 4) else types.Sequence


def register() -> None:
    """Add `Strip.robust_matte`."""
    _strip_type().robust_matte = bpy.props.PointerProperty(type=RobustMatteSettings)


def unregister() -> None:
    """Take it away; what is stored in strips stays there."""
    del _strip_type().robust_matte
