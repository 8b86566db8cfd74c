"""Where Blender may be on a disk, by the habits of each system; nothing is started here."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

__all__ = ["Disk", "find_programs", "find_used_versions", "program_in"]

PROGRAM: Final = re.compile(r"blender(-?\d+\.\d+(\.\d+)?)?(\.exe)?", re.IGNORECASE)
VERSION: Final = re.compile(r"\d+\.\d+")
FLATPAK: Final = "org.blender.Blender"
STEAM: Final = "steamapps/common/Blender"
# Patterns of programs: below the home folder, and below the root.
LINUX_HOME: Final = (
    *("[Bb]lender*/blender", "[Bb]lender*/*/blender", "[Bb]lender*/*/*/blender"),
    *(f"{folder}/[Bb]lender*/blender" for folder in ("Downloads", "Applications", "apps", "bin")),
    *("Apps/[Bb]lender*/blender", "software/[Bb]lender*/blender", "opt/[Bb]lender*/blender"),
    *(f".local/share/Steam/{STEAM}/blender", f".steam/steam/{STEAM}/blender"),
    f".var/app/com.valvesoftware.Steam/.local/share/Steam/{STEAM}/blender",
    f"snap/steam/common/.local/share/Steam/{STEAM}/blender",
    f".local/share/flatpak/exports/bin/{FLATPAK}",
)
LINUX_ROOT: Final = (
    *("opt/[Bb]lender*/blender", "opt/[Bb]lender*/*/blender", "usr/local/[Bb]lender*/blender"),
    *("usr/bin/blender", "usr/local/bin/blender", "snap/bin/blender"),
    f"var/lib/flatpak/exports/bin/{FLATPAK}",
)
MAC_APP: Final = "[Bb]lender*.app/Contents/MacOS/[Bb]lender"
MAC_HOME: Final = (
    *(f"Applications/{MAC_APP}", f"Applications/[Bb]lender*/{MAC_APP}", f"Downloads/{MAC_APP}"),
    f"Library/Application Support/Steam/{STEAM}/{MAC_APP}",
)
MAC_ROOT: Final = (
    *(f"Applications/{MAC_APP}", f"Applications/[Bb]lender*/{MAC_APP}"),
    "opt/homebrew/bin/blender",
)
# Patterns below the folders that Windows names by variables.
WINDOWS: Final = {
    "ProgramFiles": ("Blender Foundation/Blender*/blender.exe", f"Steam/{STEAM}/blender.exe"),
    "ProgramFiles(x86)": ("Blender Foundation/Blender*/blender.exe", f"Steam/{STEAM}/blender.exe"),
    "LOCALAPPDATA": ("Programs/Blender*/**/blender.exe", "Microsoft/WindowsApps/blender.exe"),
    "USERPROFILE": ("scoop/apps/blender/*/blender.exe", "Downloads/blender*/**/blender.exe"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The machine that is looked at; tests give a tree of their own.

    Args:
        system: As `sys.platform`: `win32`, `darwin`, or else Linux.
        home: The user's folder.
        root: What the patterns from the top start at.
        variables: The environment's.
    """

    system: str = sys.platform
    home: Path = field(default_factory=Path.home)
    root: Path = Path("/")
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


def find_programs(disk: Disk) -> list[Path]:
    """Return the programs that look like Blender, those of PATH first, each once."""
    found: dict[Path, Path] = {}
    for path in (*_on_path(disk), *_in_usual_places(disk)):
        target = path.resolve()
        # what snap and flatpak offer are links to or scripts for a program of another name
        key = target if PROGRAM.fullmatch(target.name) else path
        if path.is_file() and os.access(path, os.X_OK):
            found.setdefault(key, path)
    return list(found.values())


def _on_path(disk: Disk) -> Iterator[Path]:
    for name in disk.variables.get("PATH", "").split(os.pathsep):
        folder = Path(name)
        if name and folder.is_dir():
            try:
                paths = sorted(folder.iterdir())
            except OSError:  # a folder of another user
                continue
            yield from (path for path in paths if PROGRAM.fullmatch(path.name))


def _in_usual_places(disk: Disk) -> Iterator[Path]:
    if disk.system == "win32":
        for variable, patterns in WINDOWS.items():
            if disk.variables.get(variable):
                yield from _matches(Path(disk.variables[variable]), patterns)
        return
    is_mac = disk.system == "darwin"
    yield from _matches(disk.home, MAC_HOME if is_mac else LINUX_HOME)
    yield from _matches(disk.root, MAC_ROOT if is_mac else LINUX_ROOT)


def _matches(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        try:
            yield from sorted(folder.glob(pattern))
        except OSError:
            continue


def find_used_versions(disk: Disk) -> dict[str, Path]:
    """Return the versions that this user ran, `4.5`, with the folders that tell so."""
    if disk.system == "win32":
        places = [Path(disk.variables.get("APPDATA", ""), "Blender Foundation", "Blender")]
    elif disk.system == "darwin":
        places = [disk.home / "Library" / "Application Support" / "Blender"]
    else:
        named = Path(disk.variables.get("XDG_CONFIG_HOME", ""))
        base = named if named.is_absolute() else disk.home / ".config"
        places = [base / "blender", disk.home / ".var" / "app" / FLATPAK / "config" / "blender"]
    found = {}
    for place in places:
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if VERSION.fullmatch(path.name) and path.is_dir():
                found[path.name] = path
    return found


def program_in(path: Path) -> Path:
    """Return the program of what a user names: itself, or what is in its folder or app."""
    inside = (
        "blender",
        "blender.exe",
        "Contents/MacOS/Blender",
        "Blender.app/Contents/MacOS/Blender",
    )
    found = [path / name for name in inside if (path / name).is_file()]
    return found[0] if path.is_dir() and found else path
