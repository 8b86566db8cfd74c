"""The two folders that a plan's paths are relative to, wherever they are mounted."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from robust_matte.errors import InputError, SettingsError
from robust_matte.media.links import is_folder

__all__ = ["Roots", "check_root", "parse_roots", "relative_text"]

_NAMES = ("plates", "out")
_OF_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


@dataclass(frozen=True, slots=True)
class Roots:
    """Where the plates are, and where results go; both absolute."""

    plates: Path
    out: Path

    @classmethod
    def of_plan(cls, path: Path, plates: str, moved: dict[str, Path]) -> "Roots":
        """Return the roots of a plan on disk.

        Args:
            path: The plan's file; its folder is `out` unless that is moved.
            plates: The root `plates` as the plan has it, relative to that folder.
            moved: Roots that are elsewhere now, by name.

        Raises:
            InputError: There is no such folder.
        """
        folder = path.absolute().parent
        found = {"plates": Path(os.path.normpath(folder / plates)), "out": folder} | moved
        for name, root in found.items():
            check_root(name, root)
        return cls(**found)

    def plate(self, text: str) -> str:
        """Return a plate or another file of a shot in full."""
        return os.path.normpath(self.plates / PurePosixPath(text))

    def output(self, text: str) -> str:
        """Return a pattern of results in full."""
        return os.path.normpath(self.out / PurePosixPath(text))


def check_root(name: str, root: Path) -> None:
    """Make sure that a root is there.

    Raises:
        InputError: There is no such folder.
    """
    if not is_folder(root):
        raise InputError(
            f"The root {name} is to be {root}, where there is no folder.",
            hint=f"Mount it, or say where it is with --root {name}=PATH.",
            path=root,
        )


def parse_roots(texts: Sequence[str]) -> dict[str, Path]:
    """Read what `--root` says, as `plates=/mnt/show`.

    Raises:
        SettingsError: It says something else, or the same root twice.
    """
    found: dict[str, Path] = {}
    for text in texts:
        name, is_there, place = text.partition("=")
        if not is_there or name not in _NAMES or not place:
            raise SettingsError(
                f'The root "{text}" cannot be understood.',
                hint="Write plates=PATH for where the plates are now, or out=PATH for the results.",
            )
        if name in found:
            raise SettingsError(
                f"The root {name} is said twice.", hint="Write one --root for each name."
            )
        if os.name != "nt" and _OF_WINDOWS.match(place):
            raise SettingsError(
                f"The root {name} is to be {place}, which is a path of Windows.",
                hint="Write where that folder is mounted on this machine.",
            )
        found[name] = Path(place).absolute()
    return found


def relative_text(path: str | Path, root: Path) -> str:
    """Return a path relative to a root, with slashes; in full where no way leads there.

    That is the case on Windows alone, from one drive to another.

    Example:
        >>> relative_text("/show/plates/sh010/a.####.exr", Path("/show/plates"))
        'sh010/a.####.exr'
    """
    whole = Path(path).absolute()
    try:
        return Path(os.path.relpath(whole, root)).as_posix()
    except ValueError:
        return whole.as_posix()
