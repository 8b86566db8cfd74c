"""What can be seen to be wrong in a `key` command before minutes are spent on installing."""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from failures import EXIT_INPUT, EXIT_MODEL, EXIT_USAGE, InstallError

__all__ = ["check_key_arguments"]

# Where the part of a pattern begins that stands for frame numbers: ####, %04d, $F4, 1001-1100#
NUMBERS: Final = re.compile(r"[#%@$]|-?\d+-\d")
WEIGHTS: Final = (".pth", ".pt", ".safetensors")


def check_key_arguments(arguments: Sequence[str]) -> None:
    """Refuse a plate or weights that are not there; the engine looks closer when it is installed.

    Only what is certain is refused: a plate that comes first, as in the documents, and weights
    that are named by a path.

    Raises:
        InstallError: No plate is named, or one of the two is not there.
    """
    if not arguments:
        raise InstallError(
            "key names no plate.",
            hint="Add a movie, a still, a folder or a pattern: key plate.####.exr",
            exit_code=EXIT_USAGE,
        )
    if not arguments[0].startswith("-"):
        _check_plate(arguments[0])
    for path in _weights(arguments):
        if not path.exists():
            raise InstallError(
                f"The weights {path.absolute()} cannot be read: {os.strerror(errno.ENOENT)}.",
                hint="Check the path after --model.",
                exit_code=EXIT_MODEL,
            )


def _check_plate(plate: str) -> None:
    path = Path(plate).absolute()
    if path.exists():
        return
    numbers = NUMBERS.search(path.name)
    if numbers is None or not path.parent.is_dir():
        raise InstallError(
            f"There is no file or folder {path if numbers is None else path.parent}.",
            hint="Check the spelling of the plate, the first word after key.",
            exit_code=EXIT_INPUT,
        )
    start = path.name[: numbers.start()]
    if not any(one.name.startswith(start) for one in path.parent.iterdir()):
        raise InstallError(
            f"No file matches {path}.",
            hint=f"No name in {path.parent} starts with {start}: look at what is there.",
            exit_code=EXIT_INPUT,
        )


def _weights(arguments: Sequence[str]) -> Iterator[Path]:
    """Yield the weights that are named by a path, as models that are known are not."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name = following if word == "--model" else word.removeprefix("--model=")
        is_named = word == "--model" or word.startswith("--model=")
        if is_named and ("/" in name or "\\" in name or name.endswith(WEIGHTS)):
            yield Path(name)
