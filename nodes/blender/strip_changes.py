"""What the sequencer does to a strip that a plate's files do not have."""

from __future__ import annotations

from typing import Any

from .versions import curves_of, strips

__all__ = ["changes_of", "effects_on"]

# Values of a strip that changes nothing, and what is said where it does.
_UNCHANGED = (
    ("use_reverse_frames", False, "it plays backwards"),
    ("use_deinterlace", False, "it is deinterlaced"),
    ("use_multiview", False, "it has two views"),
    ("stream_index", 0, "another stream of its movie is shown"),
    ("color_saturation", 1.0, "its saturation is changed"),
    ("color_multiply", 1.0, "its colour is multiplied"),
    ("multiply_alpha", False, "its colour is multiplied by its alpha"),
)


def changes_of(scene: Any, strip: Any) -> list[str]:
    """Return why the files of a movie or image strip are not what is seen of it.

    Where it lies in the frame counts only if that is animated.

    Args:
        scene: The scene whose sequencer it is in.
        strip: The strip.
    """
    why = [text for name, value, text in _UNCHANGED if getattr(strip, name, value) != value]
    if getattr(strip, "strobe", 1.0) > 1.0:  # 0 as well is every frame
        why.append("strobe repeats its frames")
    if len(getattr(strip, "retiming_keys", ())) > 0:
        why.append("it is retimed")
    if any(not one.mute for one in strip.modifiers):
        why.append("it has modifiers")
    if _is_animated(scene, strip):
        why.append("it is animated")
    effects = effects_on(scene, strip)
    if effects:
        names = " and ".join(f'"{one.name}"' for one in effects)
        why.append(f"{names} changes it")
    return why


def effects_on(scene: Any, strip: Any) -> list[Any]:
    """Return the effects with no other input that are put on a strip, and on those, in order."""
    found: list[Any] = []
    current = strip
    everything = list(strips(scene.sequence_editor))
    while True:
        after = [one for one in everything if _inputs(one) == [current] and not one.mute]
        if not after or after[0] in found:
            return found
        current = after[0]
        found.append(current)


def _inputs(strip: Any) -> list[Any]:
    found = [getattr(strip, name, None) for name in ("input_1", "input_2")]
    return [one for one in found if one is not None]


def _is_animated(scene: Any, strip: Any) -> bool:
    """Say whether one of a strip's picture's properties is animated, opacity aside."""
    data = scene.animation_data
    if data is None:
        return False
    curves = list(data.drivers)
    if data.action is not None:
        curves += curves_of(data.action)
    own = f'strips_all["{strip.name}"].', f'sequences_all["{strip.name}"].'
    for curve in curves:
        _, found, name = curve.data_path.partition(own[0])
        if not found:
            _, found, name = curve.data_path.partition(own[1])
        if found and name != "blend_alpha":
            return True
    return False
