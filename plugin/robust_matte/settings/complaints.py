"""What pydantic refused of a user's settings, in our words."""

import re
from typing import TYPE_CHECKING

from robust_matte.errors import SettingsError
from robust_matte.settings.spelling import legible

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["refused"]

_WAYS_OUT = {
    "bool_parsing": "Write true or false.",
    "bool_type": "Write true or false.",
    "float_parsing": "Write a number.",
    "float_type": "Write a number.",
    "int_from_float": "Write a whole number.",
    "int_parsing": "Write a whole number.",
    "int_type": "Write a whole number.",
    "string_unicode": "Rename it, or its folder: the name is not valid UTF-8.",
    "string_too_short": "Write something in place of the empty text.",
}
_HELP = "robust-matte key --help lists the settings and what they take."


def refused(error: "ValidationError", name: str = "") -> SettingsError:
    """Build the error for the first of pydantic's complaints.

    Args:
        error: What pydantic raised.
        name: The setting as the user knows it, such as `--warm-up`; by default as pydantic does.
    """
    first = error.errors()[0]
    name = name or ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return SettingsError(f"The setting {name} is missing.", hint="Name at least a plate.")
    if first["type"] == "extra_forbidden":
        return SettingsError(f"There is no setting {name}.", hint=_HELP)
    value = first["input"]
    spelt = f'"{legible(value)}"' if isinstance(value, str) else repr(value)
    return SettingsError(f"The setting {name} cannot be {spelt}.", hint=_way_out(first))


def _way_out(complaint: "ErrorDetails") -> str:
    """Say what may be written instead."""
    bounds = complaint.get("ctx", {})
    if "ge" in bounds:
        return f"Write a number from {bounds['ge']} up."
    if "le" in bounds:
        return f"Write a number up to {bounds['le']}."
    listed = re.search(r"(?:not one of|should be) (?=')(?P<words>.*)", complaint["msg"])
    words = re.findall(r"'([^']*)'", listed["words"]) if listed else []
    if len(words) > 1:
        return f"Write {', '.join(words[:-1])} or {words[-1]}."
    return _WAYS_OUT.get(complaint["type"], _HELP)
