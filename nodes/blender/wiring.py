"""The nodes in the group, between its input, a bake's files and its output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from .frames import FrameMapping
from .properties import settings_of
from .versions import drive_switch, set_option

if TYPE_CHECKING:
    from .result import Baked

__all__ = ["MARK", "clear", "connect", "ends", "new_node", "pass_through", "seen_frames"]

MARK = "robust_matte"  # on our nodes and pictures: all others are the artist's


def seen_frames(baked: Baked) -> FrameMapping | None:
    """Return the mapping of those files that are seen; None where none is."""
    first, last = max(baked.first, baked.frames.first), min(baked.last, baked.frames.last)
    if first > last:
        return None
    return baked.frames if baked.frames.after == "cycle" else baked.frames.trimmed(first, last)


def _condition(baked: Baked) -> str:
    """Return an expression of the scene's `frame`, true where a file is; empty where always."""
    seen = seen_frames(baked) or baked.frames
    if seen.after == "cycle":
        low, high = baked.first - seen.first, baked.last - seen.first
        if low <= 0 and high >= seen.duration - 1:
            return ""
        since = f"(frame - {seen.start})"
        index = f"({since} - {seen.duration} * floor({since} / {seen.duration}))"
        return f"{index} >= {low} and {index} <= {high}"
    terms = []
    if seen != FrameMapping.still(seen.first):
        terms.append(f"frame >= {seen.start}")
    if seen.after == "nothing":
        terms.append(f"frame <= {seen.start + seen.duration - 1}")
    return " and ".join(terms)


def connect(group: Any, files: Any, baked: Baked) -> None:
    """Join input, files and output."""
    into, out = ends(group)
    condition = _condition(baked)
    source = files.outputs["rgba"]
    if settings_of(group).matte_source == "ORIGINAL":
        source = _multiplied(group, into.outputs["Image"], files.outputs["alpha"])
    separate = new_node(group, "CompositorNodeSeparateColor", (-150, -120))
    group.links.new(into.outputs["Image"], separate.inputs[0])
    choices = (
        ("Image", source, into.outputs["Image"]),
        ("Alpha", files.outputs["alpha"], separate.outputs["Alpha"]),
        ("Foreground", files.outputs["foreground"], into.outputs["Image"]),
    )
    for place, (name, baked_socket, passed) in enumerate(choices):
        chosen = baked_socket
        if condition:
            chosen = _switch(group, f"Baked {name}", (100, -150 * place), condition)
            group.links.new(passed, chosen.node.inputs["Off"])
            group.links.new(baked_socket, chosen.node.inputs["On"])
            if name == "Alpha":  # a colour's mean, which Blender would take, is not to the bit
                red = new_node(group, "CompositorNodeSeparateColor", (300, -150 * place))
                group.links.new(chosen, red.inputs[0])
                chosen = red.outputs["Red"]
        group.links.new(chosen, out.inputs[name])


def pass_through(group: Any) -> None:
    """Join input and output."""
    into, out = ends(group)
    separate = new_node(group, "CompositorNodeSeparateColor", (-100, -80))
    group.links.new(into.outputs["Image"], separate.inputs[0])
    group.links.new(into.outputs["Image"], out.inputs["Image"])
    group.links.new(separate.outputs["Alpha"], out.inputs["Alpha"])
    group.links.new(into.outputs["Image"], out.inputs["Foreground"])


def _switch(group: Any, name: str, location: tuple[float, float], condition: str) -> Any:
    """Return the output of a new switch that is on where a condition holds."""
    node = new_node(group, "CompositorNodeSwitch", location)
    node.name = node.label = name
    drive_switch(node, condition)
    return node.outputs[0]


def _multiplied(group: Any, colour: Any, alpha: Any) -> Any:
    """Return colour times alpha, with that alpha: whatever alpha the colour came with."""
    replace = new_node(group, "CompositorNodeSetAlpha", (-150, 150))
    set_option(replace, "mode", "REPLACE_ALPHA", ("Type", "Replace Alpha"))
    group.links.new(colour, replace.inputs["Image"])
    group.links.new(alpha, replace.inputs["Alpha"])
    multiply = new_node(group, "CompositorNodePremulKey", (0, 150))
    set_option(multiply, "mapping", "STRAIGHT_TO_PREMUL", ("Type", "To Premultiplied"))
    group.links.new(replace.outputs[0], multiply.inputs["Image"])
    return multiply.outputs[0]


def ends(group: Any) -> tuple[Any, Any]:
    """Return the nodes at which a group begins and ends, made where there are none."""
    return (
        _end(group, "NodeGroupInput", (-600, 0)),
        _end(group, "NodeGroupOutput", (500, 0)),
    )


def _end(group: Any, kind: str, location: tuple[float, float]) -> Any:
    found = next((node for node in group.nodes if node.bl_idname == kind), None)
    return found or new_node(group, kind, location)


def new_node(group: Any, kind: str, location: tuple[float, float]) -> Any:
    """Return a new node that is ours."""
    node = group.nodes.new(kind)
    node.location = location
    node[MARK] = True
    return node


def clear(group: Any, but: Any | None) -> None:
    """Remove our own nodes except the ends and one, and the pictures that nobody uses then."""
    for node in list(group.nodes):
        is_end = node.bl_idname in ("NodeGroupInput", "NodeGroupOutput")
        if node == but or is_end or MARK not in node:
            continue
        image = node.image if node.bl_idname == "CompositorNodeImage" else None
        group.nodes.remove(node)
        if image is not None and MARK in image and image.users == 0:
            bpy.data.images.remove(image)
