"""What `bootstrap.py blender` is told, and what it works with."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from blender_search import Disk, program_in
from environments import Environment
from failures import EXIT_HOST, EXIT_USAGE, InstallError
from processes import Runner

__all__ = ["EXTENSION", "BlenderRequest", "Session", "print_line"]

EXTENSION: Final = "robust_matte"
USE: Final = "Use: blender [--blender PATH ...] [--uninstall]"


def print_line(text: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlenderRequest:
    """What `blender` was told.

    Args:
        named: Programs that were named; all that are found, if none.
        is_removal: Whether to uninstall.
    """

    named: tuple[Path, ...] = ()
    is_removal: bool = False

    @classmethod
    def of(cls, words: Sequence[str]) -> "BlenderRequest":
        """Understand the command's words.

        Raises:
            InstallError: One of them is not known, or names nothing that is there.
        """
        named: list[Path] = []
        left = list(words)
        while left:
            flag, has_value, value = left.pop(0).partition("=")
            if flag == "--blender" and (has_value or left):
                path = Path(value if has_value else left.pop(0)).expanduser().absolute()
                named.append(program_in(path))
            elif flag != "--uninstall" or has_value:
                raise _refusal(flag)
        is_removal = "--uninstall" in words
        for path in () if is_removal else named:  # before minutes are spent on installing
            if not path.is_file():
                raise InstallError(
                    f"{path} is no program of Blender.", hint="Check the path after --blender."
                )
        return cls(named=tuple(named), is_removal=is_removal)


def _refusal(flag: str) -> InstallError:
    what = f"{flag} has no value." if flag == "--blender" else f"blender has no use for {flag}."
    return InstallError(what, hint=USE, exit_code=EXIT_USAGE)


@dataclass(slots=True, kw_only=True)
class Session:
    """What both ways need.

    Args:
        environment: The engine's.
        runner: Starts Blenders.
        disk: Where to look.
        tell: Gets every line for the user.
        code: The exit code so far.
    """

    environment: Environment
    runner: Runner
    disk: Disk = field(default_factory=Disk)
    tell: Callable[[str], None] = print_line
    code: int = 0

    def fail(self, error: InstallError) -> None:
        """Tell an error that other Blenders are not to suffer from."""
        sys.stderr.write(f"{error}\n")
        self.code = EXIT_HOST
