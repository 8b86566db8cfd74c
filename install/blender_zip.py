"""The Blender extension as one zip: `nodes/blender`, with the client inside it."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from failures import InstallError

__all__ = ["MANIFEST", "extension_files", "read_version", "write_zip"]

MANIFEST: Final = "blender_manifest.toml"
CLIENT: Final = "robust_matte_client"
LEFT_OUT: Final = frozenset({"__pycache__"})
TYPES_ONLY: Final = frozenset({".pyi", ".pyc", ".typed"})
FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can tell: the same bytes every time
VERSION_LINE: Final = re.compile(r'^version = ".*"$', re.MULTILINE)


def read_version(engine: Path) -> str:
    """Return the project's version.

    Args:
        engine: The folder of the package `robust_matte`.

    Raises:
        InstallError: It has none.
    """
    init = engine / "__init__.py"
    found = re.search(r'^__version__ = "(.+)"$', init.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise InstallError(f"{init} names no version.", hint="Get the repository anew.")
    return found[1]


def extension_files(nodes: Path, version: str) -> dict[str, bytes]:
    """Return what the extension consists of: names inside the zip, sorted, with contents.

    Args:
        nodes: The repository's `nodes`, or the wheel's `_nodes`.
        version: For the manifest.

    Raises:
        InstallError: The folder holds no extension.
    """
    extension, client = nodes / "blender", nodes / "client" / CLIENT
    for path in (extension / MANIFEST, client / "__init__.py"):
        if not path.is_file():
            raise InstallError(f"{path} is missing.", hint="Get the repository anew.")
    found = {name: path.read_bytes() for name, path in _files(extension)}
    found |= {f"{CLIENT}/{name}": path.read_bytes() for name, path in _files(client)}
    manifest = found[MANIFEST].decode()
    found[MANIFEST] = VERSION_LINE.sub(f'version = "{version}"', manifest, count=1).encode()
    return dict(sorted(found.items()))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files that Blender needs, by their names in the folder."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") or part in LEFT_OUT for part in name.parts)
        if path.is_file() and not hidden and path.suffix not in TYPES_ONLY:
            yield name.as_posix(), path


def write_zip(files: dict[str, bytes], path: Path) -> None:
    """Write files as a zip, whole or not at all, with the same bytes every time.

    Args:
        files: As `extension_files` returns them.
        path: The zip; its folder exists.
    """
    fresh = path.with_name(f"{path.name}.part")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    fresh.replace(path)
