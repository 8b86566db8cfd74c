"""All that a .blend holds, as text to compare; runs in Blender's own Python."""

import warnings
from typing import Any

# Blender's own state of a moment, or what is told elsewhere.
PASSING = {
    "rna_type",
    "bl_rna",
    "bindcode",
    "depsgraph",
    "is_updated",
    "is_updated_data",
    "original",
    "pixels",
    "storage_type",  # of a mesh's attributes, settled by the first look at them
    "uv_sculpt",  # crashes 4.2
}
# True of pictures while they are in memory; a render lets go of those that it does not need.
LOADED = {"channels", "depth", "file_format", "has_data", "is_float", "resolution", "size"}
COLLECTIONS_LEFT_OUT = {"all_ids", "screens", "window_managers", "workspaces"}
DEEPEST = 8


def dump_blend() -> dict[str, str]:
    """Return each property of each datablock, by its path, and what is beside them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return read_blend()


def read_blend() -> dict[str, str]:
    import bpy

    window: Any = bpy.context.window
    found = {"window.scene": str(window.scene.name)}
    for kind in bpy.data.bl_rna.properties:
        if kind.type == "COLLECTION" and kind.identifier not in COLLECTIONS_LEFT_OUT:
            for one in getattr(bpy.data, kind.identifier):
                add_properties(found, f"{kind.identifier}/{one.name_full}", one, 0)
    for name in dir(bpy.app.handlers):
        handlers = getattr(bpy.app.handlers, name)
        if isinstance(handlers, list):
            found[f"handlers/{name}"] = str(handlers)
    return found


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return what differs, a line each."""
    import bpy

    paths = sorted(before.keys() | after.keys())
    if bpy.app.version < (4, 3):  # what a copied scene's tree uses, it counts wrong
        paths = [path for path in paths if not path.endswith(".users")]
    return [
        f"{path}: {before.get(path)} -> {after.get(path)}"
        for path in paths
        if before.get(path) != after.get(path)
    ]


def add_properties(found: dict[str, str], path: str, one: Any, depth: int) -> None:
    if depth > DEEPEST:
        return
    for prop in one.bl_rna.properties:
        name = prop.identifier
        if name not in PASSING and not (name in LOADED and one.bl_rna.identifier == "Image"):
            try:
                value = getattr(one, name)
            except (AttributeError, RuntimeError, TypeError, UnicodeDecodeError) as error:
                value = type(error).__name__
            add_value(found, f"{path}.{name}", prop, value, depth)


def add_value(found: dict[str, str], path: str, prop: Any, value: Any, depth: int) -> None:
    import bpy

    if prop.type == "COLLECTION" and not isinstance(value, str):
        for number, one in enumerate(value):
            add_item(found, f"{path}[{number}]", one, depth)
    elif prop.type == "POINTER" and value is not None and not isinstance(value, str):
        if getattr(value, "is_embedded_data", False):
            add_properties(found, path, value, depth + 1)
        else:
            add_item(found, path, value, depth)
    elif isinstance(value, set):
        found[path] = str(sorted(value))
    elif getattr(prop, "is_array", False) and not isinstance(value, str):
        found[path] = str([list(one) if hasattr(one, "__len__") else one for one in value])
    elif not isinstance(value, bpy.types.bpy_struct):
        found[path] = repr(value)


def add_item(found: dict[str, str], path: str, one: Any, depth: int) -> None:
    import bpy

    if isinstance(one, bpy.types.ID):
        found[path] = one.name_full
    elif isinstance(one, bpy.types.Node | bpy.types.NodeSocket) and depth > 2:
        found[path] = one.name  # told where the tree's nodes are
    else:
        add_properties(found, path, one, depth + 1)
