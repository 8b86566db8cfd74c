"""A picture or movie that is made beside the frames: a file of its own, of a kind it can be."""

from collections.abc import Collection
from pathlib import Path

from robust_matte.errors import SettingsError
from robust_matte.media.links import is_folder, real_path

__all__ = ["check_own_file"]


def check_own_file(
    path: Path, kind: str, suffixes: tuple[str, ...], taken: Collection[Path]
) -> None:
    """Make sure that a name is that of a file, of the right ending, and of nothing the job needs.

    Args:
        path: The file to be written.
        kind: What it is to be, such as `review`.
        suffixes: Endings it may have, in lower case.
        taken: Files that the job reads or writes otherwise, resolved.

    Raises:
        SettingsError: It is a folder, such a file, or ends in something else.
    """
    endings = " or ".join(suffixes)
    if is_folder(path):
        raise SettingsError(
            f"The {kind} {path} is a folder.",
            hint=f"Name a file that ends in {endings}, in that folder or another.",
            path=path,
        )
    if real_path(path) in taken:
        raise SettingsError(
            f"The {kind} {path} is a file that this command reads or writes otherwise.",
            hint=f"Name another file that ends in {endings}.",
            path=path,
        )
    if path.suffix.lower() not in suffixes:
        raise SettingsError(
            f"The {kind} {path} does not end in {endings}.",
            hint=f"Name a file that ends in {endings}, such as {path.stem}{suffixes[0]}.",
            path=path,
        )
