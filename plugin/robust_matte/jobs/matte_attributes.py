"""What a file says of what was done to its alpha after the network."""

from collections.abc import Mapping

from robust_matte.settings.shaping import Shaping

__all__ = ["SHAPING_ATTRIBUTE", "matte_attributes"]

SHAPING_ATTRIBUTE = "robust_matte/shaping"

_FIELDS = ("black", "white", "gamma", "grow", "soften")


def matte_attributes(settings: Mapping[str, object]) -> dict[str, object]:
    """Return the attributes of what a plan's settings do to the alpha; none where nothing is done.

    Args:
        settings: The plan's settings; what it lacks is off.
    """
    values = {name: settings.get(f"matte_{name}") for name in _FIELDS}
    shaping = Shaping(**{name: float(str(v)) for name, v in values.items() if v is not None})
    return {} if shaping.is_off else {SHAPING_ATTRIBUTE: str(shaping)}
