"""Views in separate files: `%V` in a name stands for a view's, as in Nuke."""

import re
from pathlib import Path

from robust_matte.errors import InputError
from robust_matte.media.sequences import FramePattern, find_sequence

__all__ = ["find_views", "has_view_place", "with_view"]

_PLACE = "%V"
_VIEW, _SAME_VIEW = r"(?P<view>[^./\\]+)", "(?P=view)"


def has_view_place(text: str) -> bool:
    """Say whether a name has a place for the view."""
    return _PLACE in text


def with_view(text: str, view: str) -> str:
    """Return a name with a view in its place.

    Example:
        >>> with_view("sh010.%V.####.exr", "left")
        'sh010.left.####.exr'
    """
    return text.replace(_PLACE, view)


def find_views(text: str) -> tuple[str, ...]:
    """Return the views that there are files of, by the alphabet.

    Args:
        text: A pattern, file or folder with `%V` in it.

    Raises:
        InputError: There is none.
    """
    path = Path(text)
    at = next(index for index, part in enumerate(path.parts) if _PLACE in part)
    folder = Path(*path.parts[:at])
    name = _escaped(path.parts[at], is_file=at == len(path.parts) - 1)
    form = re.compile(name.replace(_PLACE, _VIEW, 1).replace(_PLACE, _SAME_VIEW))
    candidates = {match["view"] for entry in _names(folder) if (match := form.fullmatch(entry))}
    found = tuple(view for view in sorted(candidates) if _is_there(with_view(text, view)))
    if not found:
        raise InputError(
            f"There is no view of {path}.",
            hint="Check the name: %V stands for the name of a view, such as left.",
            path=folder,
        )
    return found


def _escaped(name: str, *, is_file: bool) -> str:
    """Return a regular expression for a name, with any number in the place of the frame's."""
    pattern = FramePattern.parse(name)
    if not is_file or not pattern.digits:
        return re.escape(name)
    return re.escape(pattern.base) + "-?[0-9]+" + re.escape(pattern.suffix)


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:  # what it says is told when a view is opened
        return []


def _is_there(text: str) -> bool:
    if Path(text).is_file():
        return True
    try:
        find_sequence(text)
    except InputError:
        return False
    return True
