"""From a shot's settings to what the plan keeps of them, and back on another machine."""

from pathlib import Path
from typing import Any

from robust_matte.farm.farm_plan import Shot
from robust_matte.farm.roots import Roots, relative_text
from robust_matte.settings.key_settings import KeySettings

__all__ = ["NOT_A_SHOTS", "kept_settings", "settings_of_shot"]

NOT_A_SHOTS = frozenset(
    {
        "contact_sheet",
        "device",
        "hint_depth",
        "hint_dir",
        "model",
        "offline",
        "output",
        "overwrite",
        "plate",
        "repin",
        "review",
        "review_over",
        "threads",
    }
)
"""Settings that say how, where or with what a whole farm's job is run, or what is shown of it."""

_FILES = ("garbage", "core", "config")


def kept_settings(settings: KeySettings, plates: Path) -> dict[str, Any]:
    """Return what a plan keeps of a shot's settings: those that are not the default.

    Args:
        settings: The shot's settings.
        plates: The root that files in them become relative to.
    """
    kept = settings.model_dump(mode="json", exclude=set(NOT_A_SHOTS), exclude_defaults=True)
    for name in _FILES:
        if name in kept and _is_file(name, kept[name]):
            kept[name] = relative_text(kept[name], plates)
    return kept | ({"overwrite": True} if settings.overwrite else {})


def settings_of_shot(shot: Shot, roots: Roots, **run: Any) -> KeySettings:
    """Return a shot's settings on this machine.

    Args:
        shot: The shot.
        roots: Where plates and results are here.
        run: How it is run: `model`, `device`, `threads` and the like.

    Raises:
        SettingsError: A setting is unknown to this version, or cannot be what it is.
    """
    kept = dict(shot.settings)
    for name in _FILES:
        if name in kept and _is_file(name, roots.plate(kept[name])):
            kept[name] = roots.plate(kept[name])
    plate, output = roots.plate(shot.plate), roots.output(shot.output)
    return KeySettings(**(kept | run), plate=plate, output=output)


def _is_file(name: str, text: str) -> bool:
    """Say whether a setting names a file: masks always do, a config may be a built-in one."""
    return name != "config" or Path(text).is_file()
