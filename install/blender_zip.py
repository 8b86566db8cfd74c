"""The Blender extension as one zip: `nodes/blender`, with the client inside it.

Blender's own builder says which files belong to it and holds the manifest against Blender's rules;
the zip is then written anew, because the builder's order of files is the disk's. So its bytes are
the same every time, also where no Blender is there to ask.
"""

import os
import re
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from failures import InstallError
from processes import Answer, Runner

__all__ = ["MANIFEST", "Builder", "build_zip", "extension_files", "read_version", "write_zip"]

MANIFEST: Final = "blender_manifest.toml"
CLIENT: Final = "robust_matte_client"
CACHES: Final = "__pycache__"
NOT_SHIPPED: Final = frozenset({".pyi", ".pyc", ".typed"})  # for mypy, and caches
FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can tell
NEXT_DAY: Final = (1980, 1, 2, 12, 0, 0, 0, 0, -1)  # after it, wherever on Earth
VERSION_LINE: Final = re.compile(r'^version = ".*"$', re.MULTILINE)
ANEW: Final = "The repository was copied in part: get it anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Blender's own program that builds and validates extensions; any Python from 3.11 runs it.

    Args:
        program: Its `blender_ext.py`.
        tags: The list of tags that are known, `tags.py`; without it they are not checked.
    """

    program: Path
    tags: Path

    def run(self, runner: Runner, verb: str, *arguments: str) -> Answer:
        """Run one of its verbs."""
        command = [sys.executable, "-I", str(self.program), verb, *arguments]
        return runner.capture([*command, "--valid-tags", str(self.tags)])


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
        raise InstallError(f"{init} names no version.", hint=ANEW)
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
            raise InstallError(f"{path} is missing.", hint=ANEW)
    found = {name: path.read_bytes() for name, path in _files(extension)}
    found |= {f"{CLIENT}/{name}": path.read_bytes() for name, path in _files(client)}
    manifest = found[MANIFEST].decode()
    found[MANIFEST] = VERSION_LINE.sub(f'version = "{version}"', manifest, count=1).encode()
    return dict(sorted(found.items()))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files that Blender needs, by their names in the folder."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        is_hidden = any(part.startswith(".") or part == CACHES for part in name.parts)
        if path.is_file() and not is_hidden and path.suffix not in NOT_SHIPPED:
            yield name.as_posix(), path


def build_zip(
    files: Mapping[str, bytes], path: Path, builder: Builder | None, runner: Runner
) -> None:
    """Write the extension's zip, by Blender's rules where there is a builder.

    Args:
        files: As `extension_files` returns them.
        path: The zip; its folder is made.
        builder: Blender's, if one is there.
        runner: Starts it.

    Raises:
        InstallError: Blender refuses the extension.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if builder is None:
        write_zip(files, path)
        return
    with tempfile.TemporaryDirectory(prefix="robust_matte_") as name:
        built, again = Path(name, "built.zip"), Path(name, path.name)
        _stage(files, Path(name, "source"))
        source = ("--source-dir", str(Path(name, "source")))
        _insist(builder.run(runner, "build", *source, "--output-filepath", str(built)), builder)
        write_zip(_contents(built), again)
        _insist(builder.run(runner, "validate", str(again)), builder)
        write_zip(_contents(again), path)


def _insist(answer: Answer, builder: Builder) -> None:
    if answer.code != 0:
        said = " / ".join(answer.text.strip().splitlines()[-3:])
        raise InstallError(
            f"Blender's own check, {builder.program}, refuses the extension: {said}.",
            hint="The repository was changed: undo that in nodes/blender, or get it anew.",
        )


def _stage(files: Mapping[str, bytes], folder: Path) -> None:
    """Put the files where the builder reads them."""
    day = time.mktime(NEXT_DAY)  # a zip holds no earlier one, and today is of no interest
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (day, day))


def _contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in sorted(archive.namelist())}


def write_zip(files: Mapping[str, bytes], path: Path) -> None:
    """Write files as a zip, whole or not at all, with the same bytes every time.

    Args:
        files: Contents by name, in the order of the zip.
        path: The zip; its folder exists.
    """
    fresh = path.with_name(f"{path.name}.part")
    with zipfile.ZipFile(fresh, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    fresh.replace(path)
