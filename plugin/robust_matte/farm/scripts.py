"""Scripts for other programs' Pythons: a template of this package with the job's values in it."""

import pprint
from importlib.resources import files
from typing import Any

from robust_matte import __version__

__all__ = ["script"]

_VALUES = "JOB = {}"


def script(template: str, values: dict[str, Any]) -> str:
    """Return a script with its values as a Python literal where the template has an empty one.

    Args:
        template: Name of a file in `templates`.
        values: Texts, numbers, lists and dictionaries.
    """
    text = files(__package__).joinpath("templates", template).read_text("utf-8")
    literal = pprint.pformat(values, width=96, compact=True, sort_dicts=False)
    before, _, after = text.partition(_VALUES)
    return f"{before}JOB = {literal}{after}".replace("@VERSION@", __version__)
