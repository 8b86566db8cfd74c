"""What to say of a file that is not there, or that the system does not hand out."""

import difflib
import errno
import logging
import re
from collections.abc import Iterable
from pathlib import Path

from robust_matte.errors import FrameReadError
from robust_matte.media.formats import IMAGE_SUFFIXES
from robust_matte.media.links import is_folder
from robust_matte.settings.spelling import is_utf8, legible

__all__ = ["cannot_open", "damaged_pixels", "meant", "refuse_barred", "refuse_other_bytes"]

log = logging.getLogger(__name__)

_ALIKE = 0.6  # of 1: a swapped pair of letters in `shot` leaves 0.75
_TOLD = 2
_NUMBER = re.compile(r"(?<![0-9vV])[0-9]+(?=[^0-9]*$)")  # the last one of a name; v002 is none


def cannot_open(path: Path, error: OSError, *, is_typed: bool = False) -> FrameReadError:
    """Build the error for a file that cannot be opened, with the way out that fits the reason.

    Args:
        path: The file.
        error: What the system said.
        is_typed: Whether the user named this very file, and may have misspelt it.
    """
    if is_folder(path):
        reason = "it is a folder"
        hint = "Move the folder away, or give it another name."
    elif isinstance(error, FileNotFoundError):
        reason = "there is no such file"
        hint = "Check that nothing moves or deletes it, and that what links point to is there."
        if is_typed:
            hint = meant(path.absolute())
    elif isinstance(error, PermissionError):
        reason = "you may not read it"
        hint = "Get the right to read it, or copy it."
    elif error.errno == errno.ENAMETOOLONG:
        reason = "its name is too long"
        hint = "Check the name; most systems allow 255 bytes."
    else:
        reason = error.strerror or str(error)
        hint = "Check that it opens in a viewer and that its disk is there."
    return FrameReadError(f"{path.absolute()} cannot be opened: {reason}.", hint=hint, path=path)


def damaged_pixels(path: Path, reason: str, number: int | None = None) -> FrameReadError:
    """Build the error for pixels that do not decode; what a library says of it helps no artist."""
    log.debug("decoding %s: %s", path, " ".join(reason.split()))
    return FrameReadError(
        f"{path} cannot be read: its pixels are damaged or cut off.",
        hint="Render or copy it again.",
        frame=number,
        path=path,
    )


def refuse_barred(path: Path) -> None:
    """Make sure that the system lets one see whether anything has this name.

    Raises:
        FrameReadError: It does not: the way there is barred, its server is away, or the name is
            too long.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise cannot_open(path, error) from error


def refuse_other_bytes(path: Path) -> None:
    """Make sure that a name is UTF-8; neither image library nor movie library opens others.

    Raises:
        FrameReadError: It is not.
    """
    if not is_utf8(str(path)):
        raise FrameReadError(
            f"{legible(str(path))} cannot be opened: its name is not valid UTF-8.",
            hint="Rename it, or its folder.",
        )


def meant(path: Path) -> str:
    """Return the way out for a name that leads nowhere: what is there and looks like it.

    Args:
        path: The name in full; it may have a place for the frame number.
    """
    try:
        return _meant_name(path) if is_folder(path.parent) else _meant_folder(path.parent)
    except OSError:
        return "Check the name, and that its folder may be listed."


def _meant_name(path: Path) -> str:
    place = path.parent
    here: dict[str, list[str]] = {}
    for entry in place.iterdir():
        if entry.name[0] != ".":
            here.setdefault(_generic(entry.name), []).append(entry.name)
    nearest = _nearest(_generic(path.name), here)
    alike = [one if len(here[one]) > 1 else here[one][0] for one in nearest]
    verb = "is" if len(alike) == 1 else "are"
    told = f"{' and '.join(alike)} {verb} there" if alike else f"nothing in {place} looks alike"
    digits = " and its number of digits" if "#" in path.name else ""
    return f"Check the name{digits}: {told}."


def _meant_folder(place: Path) -> str:
    while not is_folder(place.parent):
        place = place.parent
    folders = [entry.name for entry in place.parent.iterdir() if is_folder(entry)]
    alike = _nearest(place.name, folders)
    told = f"{place.parent / alike[0]} is" if alike else f"{place} is not"
    return f"Check the folder: {told} there."


def _generic(name: str) -> str:
    """Write a `#` for each digit of an image's frame number, so that all frames have one name."""
    if "#" in name or Path(name).suffix.lower() not in IMAGE_SUFFIXES:
        return name
    return _NUMBER.sub(lambda match: "#" * len(match[0]), name)


def _nearest(wanted: str, names: Iterable[str]) -> list[str]:
    """Return the names that look most like the wanted one, best first; none if none does."""
    said: dict[str, list[str]] = {}
    for name in sorted(names):
        said.setdefault(_spoken(name), []).append(name)
    alike = difflib.get_close_matches(_spoken(wanted), said, n=_TOLD, cutoff=_ALIKE)
    return [name for word in alike for name in said[word]][:_TOLD]


def _spoken(name: str) -> str:
    """Leave out of a name what all files share: `sh010` of `sh010.####.exr`."""
    return re.sub(r"[._ -]*#*\.\w+$", "", name).lower() or name
