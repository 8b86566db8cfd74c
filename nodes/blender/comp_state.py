"""What a comp before a node is made of, as text: whether it was changed between two frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .upstream_tree import image_link, upstream
from .versions import curves_of

__all__ = ["state_of"]

_SIMPLE = {"BOOLEAN", "INT", "FLOAT", "STRING", "ENUM"}
# How a node looks, and where it stands.
_LOOKS = {
    *("color", "height", "hide", "label", "location", "location_absolute", "name", "select"),
    *("show_options", "show_preview", "show_texture", "use_custom_color", "warning_propagation"),
    *("width", "width_hidden", "is_active_output", "dimensions", "color_tag", "parent"),
    *("inputs", "outputs", "internal_links"),  # told otherwise
}
_DEEPEST = 4  # a curve's points are the fourth


def state_of(scene: Any, tree: Any, node: Any) -> list[str]:
    """Return what the picture that goes into a node depends on in the comp, animation aside.

    Args:
        scene: The scene that is composited.
        tree: Its compositor tree.
        node: A Robust Matte node in it.

    Raises:
        HostError: Nothing is connected.
    """
    link = image_link(tree, node)
    size = scene.render.resolution_x, scene.render.resolution_y
    told = [f"size {size}", f"socket {link.from_node.name}.{link.from_socket.identifier}"]
    return told + list(_tree(tree, upstream(tree, link.from_node), set()))


def _tree(tree: Any, nodes: list[Any], seen: set[str]) -> Iterator[str]:
    """Yield what nodes of a tree, and of groups in it, are set to."""
    seen.add(tree.name_full)
    animated = [curve.data_path for curve in _curves(tree)]
    names = {node.name for node in nodes}
    for link in tree.links:
        if link.to_node.name in names:
            ends = link.from_node.name, link.from_socket.identifier, link.to_node.name
            yield f"link {ends} {link.to_socket.identifier} {link.is_muted}"
    for node in nodes:
        place = f'nodes["{node.name}"]'
        if not any(path.startswith(place) for path in animated):
            yield from _values(f"{tree.name}.{node.name}", node, 0)
            for socket in node.inputs:
                value: Any = getattr(socket, "default_value", None)
                is_list = hasattr(value, "__iter__") and not isinstance(value, str)
                told = list(value) if is_list else value
                yield f"{tree.name}.{node.name}.{socket.identifier} {told}"
        inner = getattr(node, "node_tree", None)
        if inner is not None and inner.name_full not in seen:
            yield from _tree(inner, list(inner.nodes), seen)


def _values(path: str, one: Any, depth: int) -> Iterator[str]:
    absent = _absent(one)
    for prop in one.bl_rna.properties:
        name = prop.identifier
        if name == "rna_type" or name in absent:
            continue
        if depth == 0 and (name in _LOOKS or name.startswith("bl_")):
            continue
        value: Any = getattr(one, name, None)
        if prop.type in _SIMPLE:
            is_list = getattr(prop, "is_array", False) and value is not None
            yield f"{path}.{name} {list(value) if is_list else value}"
        elif prop.type == "POINTER" and hasattr(value, "name_full"):
            picture = getattr(value, "filepath", ""), getattr(value, "alpha_mode", "")
            space = getattr(getattr(value, "colorspace_settings", None), "name", "")
            yield f"{path}.{name} {value.name_full} {picture} {space}"
        elif prop.type == "POINTER" and value is not None and depth < _DEEPEST:
            yield from _values(f"{path}.{name}", value, depth + 1)
        elif prop.type == "COLLECTION" and value is not None and depth < _DEEPEST:
            for index, item in enumerate(value):
                yield from _values(f"{path}.{name}[{index}]", item, depth + 1)


def _absent(one: Any) -> set[str]:
    """Return choices that an Image node has none for: asked for, Blender fills the console."""
    absent = set()
    if not getattr(one, "has_layers", True):
        absent.add("layer")
    if not getattr(one, "has_views", True):
        absent.add("view")
    return absent


def _curves(tree: Any) -> list[Any]:
    """Return what animates a tree: its values in the file follow the frame that is shown."""
    data = tree.animation_data
    if data is None:
        return []
    return list(data.drivers) + (curves_of(data.action) if data.action is not None else [])
