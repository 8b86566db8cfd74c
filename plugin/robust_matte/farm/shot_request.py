"""A shot that is to be planned."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from robust_matte.errors import SettingsError

__all__ = ["ShotRequest", "check_name", "refuse_same_names"]

_BARRED = re.compile(r"[/\\\x00-\x1f]|^\.{0,2}$|^\s|\s$")


@dataclass(frozen=True, slots=True)
class ShotRequest:
    """One shot as it was named.

    Attributes:
        name: What it is called; its results go into a folder of this name.
        plate: The plate, in full.
        own: Settings of its own, as `KeySettings` takes them.
        place: Where it is written, as `shots.csv, line 3`; empty where it was found on disk.
        is_alone: It was named by itself: its results go where `key` puts them.
    """

    name: str
    plate: str
    own: dict[str, Any] = field(default_factory=dict)
    place: str = ""
    is_alone: bool = False


def check_name(name: str) -> str:
    """Return a shot's name if it can be that of a folder.

    Raises:
        SettingsError: It cannot.
    """
    if _BARRED.search(name):
        raise SettingsError(
            f'A shot cannot be called "{name}".',
            hint="Take a name that a folder can have, without slashes, such as sh010.",
        )
    return name


def refuse_same_names(shots: Sequence[ShotRequest]) -> None:
    """Make sure that no two shots are called alike; capitals do not tell folders apart everywhere.

    Raises:
        SettingsError: Two are.
    """
    called = defaultdict(list)
    for shot in shots:
        called[shot.name.casefold()].append(shot)
    for same in called.values():
        if len(same) > 1:
            raise SettingsError(
                f"Two shots are called {same[0].name}: {same[0].plate} and {same[1].plate}.",
                hint="Give them names of their own in a list, a CSV file with the columns name and "
                "plate.",
            )
