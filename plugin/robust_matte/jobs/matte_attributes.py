"""What a file says of what was done to its alpha after the network."""

from collections.abc import Mapping
from typing import Any

from robust_matte.jobs.plan import Request
from robust_matte.settings.choices import SourceAlpha
from robust_matte.settings.shaping import Shaping

__all__ = ["LAID_ATTRIBUTES", "SHAPING_ATTRIBUTE", "matte_attributes"]

SHAPING_ATTRIBUTE = "robust_matte/shaping"
LAID_ATTRIBUTES = ("robust_matte/garbage", "robust_matte/core", "robust_matte/source_alpha")

_FIELDS = ("black", "white", "gamma", "grow", "soften")


def matte_attributes(request: Request) -> dict[str, object]:
    """Return the attributes of what a job does to the alpha; none where it does nothing."""
    attributes: dict[str, object] = {}
    for kind, mask in request.masks.items():
        is_inverted = kind == "garbage" and request.settings.get("invert_garbage")
        attributes[f"robust_matte/{kind}"] = mask.path + (" (inverted)" if is_inverted else "")
    if request.settings.get("source_alpha") == SourceAlpha.GARBAGE:
        attributes["robust_matte/source_alpha"] = SourceAlpha.GARBAGE.value
    shaping = _shaping(request.settings)
    if not shaping.is_off:
        attributes[SHAPING_ATTRIBUTE] = str(shaping)
    return attributes


def _shaping(settings: Mapping[str, Any]) -> Shaping:
    """Return what a plan's settings say; what they lack is off."""
    told = {name: settings[f"matte_{name}"] for name in _FIELDS if f"matte_{name}" in settings}
    return Shaping(**told)
