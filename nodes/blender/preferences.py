"""The extension's preferences: which worker, which device, where previews and first bakes go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from .classes import register_classes, unregister_classes
from .orders import Order, Phase, Run
from .running import runs
from .wrapped_text import say

__all__ = [
    "RobustMattePreferences",
    "cache_folder",
    "device",
    "order_test",
    "preferences",
    "register",
    "unregister",
]

_PACKAGE = __package__
_TEST = "test of the worker"
_WARM_MIN = 10
_WIDTH = 100  # characters of a line of the preferences
_DEVICES = [
    ("auto", "Automatic", "The GPU where there is one that the worker can use, else the CPU"),
    ("cpu", "CPU", "The processor"),
    ("cuda", "CUDA", "The first NVIDIA GPU; a bake fails where there is none"),
    ("mps", "Apple GPU", "The GPU of an Apple computer; a bake fails where there is none"),
]


class RobustMattePreferences(bpy.types.AddonPreferences):
    """What is the same for all files of one artist."""

    bl_idname = _PACKAGE

    worker: bpy.props.StringProperty(
        name="Worker",
        description="The program robust-matte, or a Python that has it; empty finds what the "
        "installer wrote down",
        subtype="FILE_PATH",
    )
    cache: bpy.props.StringProperty(
        name="Cache Folder",
        description="Where previews go, and bakes of files that were never saved; empty is "
        "Blender's folder for this extension",
        subtype="DIR_PATH",
    )
    device: bpy.props.EnumProperty(
        name="Device", description="What mattes are computed on", items=_DEVICES, default="auto"
    )
    keep_warm_min: bpy.props.IntProperty(
        name="Keep Worker Warm",
        description="Minutes for which the worker, with its model, is kept after the last bake",
        default=_WARM_MIN,
        min=0,
        max=24 * 60,
        subtype="UNSIGNED",
    )

    def draw(self, _context: Any) -> None:
        """Draw the preferences, and how the last test of the worker went."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "worker")
        layout.prop(self, "device")
        layout.prop(self, "cache")
        layout.prop(self, "keep_warm_min", text="Keep Worker Warm (min)")
        layout.operator("robust_matte.test_worker", icon="FILE_REFRESH")
        run = runs.of(_TEST)
        if run is not None:
            draw_test(layout, run)


def draw_test(layout: Any, run: Run) -> None:
    """Draw how a test of the worker goes, or went."""
    if run.phase is Phase.DONE:
        say(layout, f"Worker {run.manifest['version']} works.", _WIDTH, icon="CHECKMARK")
        devices = [one.get("label") or one.get("name") for one in run.manifest["devices"]]
        say(layout, f"Devices: {', '.join(map(str, devices)) or 'none'}", _WIDTH)
        models = [
            f"{one.get('name')}{'' if one.get('present') else ' (not fetched)'}"
            for one in run.manifest["models"]
        ]
        say(layout, f"Models: {', '.join(models) or 'none'}", _WIDTH)
    elif run.phase is Phase.FAILED:
        say(layout, run.what, _WIDTH, icon="ERROR")
        say(layout, run.hint, _WIDTH)
        for line in run.details[-5:]:
            say(layout, line, _WIDTH)
    else:
        say(layout, run.text, _WIDTH, icon="TIME")


def preferences() -> Any | None:
    """Return the preferences; None while the extension is being enabled."""
    of_user: Any = bpy.context.preferences
    addon = of_user.addons.get(_PACKAGE)
    return addon.preferences if addon else None


def device() -> str:
    """Return the device that the artist chose."""
    found = preferences()
    return str(found.device) if found else "auto"


def cache_folder() -> Path:
    """Return the folder of previews, and of bakes of files that were never saved."""
    found = preferences()
    if found and found.cache:
        return Path(bpy.path.abspath(found.cache))
    return Path(bpy.utils.extension_path_user(_PACKAGE, path="cache"))


def order_test() -> Order:
    """Return the order that asks the worker who it is."""
    return Order(key=_TEST, label=_TEST, job=None, finish=_nothing)


def register() -> None:
    """Add the preferences, and have runs heed them."""
    register_classes((RobustMattePreferences,))
    runs.chosen = _chosen_worker
    runs.keep_warm_s = _keep_warm_s


def unregister() -> None:
    """Take them away."""
    unregister_classes((RobustMattePreferences,))


def _chosen_worker() -> str:
    found = preferences()
    return str(bpy.path.abspath(found.worker)) if found and found.worker else ""


def _keep_warm_s() -> float:
    found = preferences()
    return 60.0 * (found.keep_warm_min if found else _WARM_MIN)


def _nothing(_run: Run) -> None:
    """Do nothing: what the worker said is kept."""
