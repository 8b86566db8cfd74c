"""What a file says of what was done to its alpha after the network."""

from collections.abc import Mapping
from typing import Any

from robust_matte.errors import InputError
from robust_matte.jobs.plan import Request
from robust_matte.media.windows import Window
from robust_matte.settings.choices import SourceAlpha
from robust_matte.settings.shaping import Shaping

__all__ = [
    "LAID_ATTRIBUTES",
    "SHAPING_ATTRIBUTE",
    "UNCROPPED_ATTRIBUTE",
    "matte_attributes",
    "spoken_mask",
    "window_of",
    "window_text",
]

SHAPING_ATTRIBUTE = "robust_matte/shaping"
LAID_ATTRIBUTES = ("robust_matte/garbage", "robust_matte/core", "robust_matte/source_alpha")

UNCROPPED_ATTRIBUTE = "robust_matte/uncropped"

_FIELDS = ("black", "white", "gamma", "grow", "soften")


def matte_attributes(request: Request) -> dict[str, object]:
    """Return the attributes of what a job does to the alpha; none where it does nothing."""
    attributes: dict[str, object] = {}
    for kind, mask in request.masks.items():
        is_inverted = kind == "garbage" and bool(request.settings.get("invert_garbage"))
        attributes[f"robust_matte/{kind}"] = spoken_mask(mask.path, is_inverted=is_inverted)
    if request.settings.get("source_alpha") == SourceAlpha.GARBAGE:
        attributes["robust_matte/source_alpha"] = SourceAlpha.GARBAGE.value
    shaping = _shaping(request.settings)
    if not shaping.is_off:
        attributes[SHAPING_ATTRIBUTE] = str(shaping)
    return attributes


def spoken_mask(name: str, *, is_inverted: bool) -> str:
    """Return what files say of a mask, by its file name or pattern."""
    return f"{name} (inverted)" if is_inverted else name


def window_text(window: Window) -> str:
    """Write a window as `X,Y,W,H`."""
    return f"{window.x},{window.y},{window.width},{window.height}"


def window_of(text: str) -> Window:
    """Read what `window_text` wrote.

    Raises:
        InputError: It is something else.
    """
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(
            f'The window "{text}" of a finished file cannot be understood.',
            hint="Another program has changed the file; key it again.",
        ) from error
    return Window(x, y, width, height)


def _shaping(settings: Mapping[str, Any]) -> Shaping:
    """Return what a plan's settings say; what they lack is off."""
    told = {name: settings[f"matte_{name}"] for name in _FIELDS if f"matte_{name}" in settings}
    return Shaping(**told)
