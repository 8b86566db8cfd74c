"""Where bakes are kept: a folder for each hash of settings, with a marker that says whose it is.

Nothing is removed but by the artist's button, no folder without the marker, and in it nothing that
neither the worker nor this extension wrote.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import HostError

__all__ = [
    "MARKER",
    "PLATE_FOLDER",
    "Cleared",
    "clear",
    "disk_error",
    "make_folder",
    "marked_folders",
    "node_folder",
    "owners_of",
    "plain_name",
    "remove_empty",
    "remove_own",
]

MARKER = "robust_matte_bake.json"
PLATE_FOLDER = "plate"  # of a plate that Blender rendered, inside the bake's folder
_BLEND_FOLDER = "robust_matte"
_VERSION = 1
_FRAME = re.compile(r".+_matte\.-?\d+\.exr")
_PREVIEW = "preview.json"  # the worker's own marker of a preview
_PLATE_FRAME = re.compile(r".+\.exr")
_PLATE_PLACE = re.compile(rf"{PLATE_FOLDER}(/\.rendering-[^/]+)?")  # whole, or left by a crash
_LAYER_FRAME = re.compile(r".+_matte_(rgba|alpha|foreground)\.-?\d+\.exr")  # of strips
_LAYERS = ("rgba", "alpha", "foreground")
_TEMPORARY = re.compile(r"\..+\.tmp-\d+-[0-9a-f]{8}(\.[^.]+)?")
_JOB_FOLDER = re.compile(r".+_matte\.robust_matte")
_JOB_FILE = re.compile(r".+\.(json|jsonl|html|png|lock|safetensors)")
_AT_WORK_S = 600.0  # for so long something that is young may be in work
_DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


_FATES = ("removed", "in_use", "busy", "shared", "foreign")  # of folders that are cleared


@dataclass(frozen=True)
class Cleared:
    """What clearing did.

    Attributes:
        removed: Folders that are gone.
        in_use: Folders that nodes or strips of the file show.
        busy: Folders that another Blender, or a worker, is at work in.
        shared: Folders that are bakes of other files, too.
        foreign: Files that were left because neither worker nor extension wrote them.
        size: Bytes that are free again.
    """

    removed: tuple[Path, ...]
    in_use: tuple[Path, ...]
    busy: tuple[Path, ...]
    shared: tuple[Path, ...]
    foreign: tuple[Path, ...]
    size: int


def node_folder(blend: str, chosen: str, cache: Path, uid: str) -> Path:
    """Return the folder that holds all bakes of one node or strip.

    Args:
        blend: The .blend file; empty where it was never saved.
        chosen: The absolute folder that the artist chose; empty is the default.
        cache: Where bakes of unsaved files go.
        uid: Whose bakes they are.
    """
    if chosen:
        return Path(chosen)
    return (Path(blend).parent / _BLEND_FOLDER if blend else cache) / plain_name(uid)


def plain_name(text: str) -> str:
    """Return a text as a name that every file system takes."""
    return re.sub(r"[^\w-]+", "_", text, flags=re.ASCII).strip("_") or "bake"


def make_folder(parent: Path, name: str, uid: str) -> Path:
    """Make a bake's folder with its marker; one that is there belongs to one more from now on.

    Raises:
        HostError: It cannot be written to, or somebody else's files are in it.
    """
    folder = parent / name
    try:
        if folder.is_dir() and not owners_of(folder) and any(folder.iterdir()):
            raise HostError(
                f"The folder {folder} holds files that are no bake of Robust Matte.",
                hint="Choose another folder under Output, or move them away.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        _write_marker(folder, uid)
    except OSError as error:
        raise disk_error(folder, error) from error
    return folder


def owners_of(folder: Path) -> frozenset[str]:
    """Return whose bake a folder is; nobody's where it is none, or a link to one.

    Nodes of several files have one folder where they share a place and make the same bake.
    """
    try:
        marker = json.loads((folder / MARKER).read_text("utf-8"))
        is_ours = not folder.is_symlink() and marker["made_by"] == "robust_matte"
        return frozenset({str(marker["uid"]), *marker.get("others", ())} if is_ours else ())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return frozenset()


def marked_folders(parents: Iterable[Path], uids: Collection[str]) -> list[Path]:
    """Return the bakes of nodes and strips in their folders, which others may share."""
    found = set()
    for parent in parents:
        try:
            found |= {
                one for one in parent.iterdir() if one.is_dir() and owners_of(one) & set(uids)
            }
        except OSError:
            continue  # never made, or not reachable: nothing to clear there
    return sorted(found)


def clear(parents: Iterable[Path], uids: Collection[str], in_use: Collection[Path]) -> Cleared:
    """Remove the bakes that nothing shows, that nobody works in, and that are of this file alone.

    Args:
        parents: Folders of nodes and strips, whose bakes are looked at.
        uids: Nodes and strips of the file; bakes of others are left.
        in_use: Bake folders that nodes and strips of the file show, or that runs write to.

    Raises:
        HostError: The disk refuses; what was removed before stays removed.
    """
    used = {_settled(folder) for folder in in_use}
    told: dict[str, list[Path]] = {name: [] for name in _FATES}
    size = 0
    for folder in marked_folders(parents, uids):
        why = "in_use" if _settled(folder) in used else _why_left(folder, uids)
        if why:
            told[why].append(folder)
            continue
        left, freed = remove_own(folder)
        size += freed
        told["foreign"] += left
        told["removed"] += [] if left else [folder]
    removed, in_use, busy, shared, foreign = (tuple(told[name]) for name in _FATES)
    return Cleared(removed, in_use, busy, shared, foreign, size)


def _why_left(folder: Path, uids: Collection[str]) -> str:
    """Say why the bake of a folder is left that the file does not show; nothing if it is not."""
    if _is_busy(folder):
        return "busy"
    return "shared" if owners_of(folder) - set(uids) else ""


def remove_own(folder: Path) -> tuple[list[Path], int]:
    """Remove what was written into a marked folder, and the folder if nothing else is in it.

    Returns:
        Files of others, which are left, and how many bytes are free again.

    Raises:
        HostError: The disk refuses.
    """
    foreign: list[Path] = []
    size = 0
    try:
        for path, is_own in list(_entries(folder)):
            if not is_own:
                foreign.append(path)
                continue
            size += path.lstat().st_size
            path.unlink()
        if not foreign:
            (folder / MARKER).unlink(missing_ok=True)
        _remove_empty(folder)
    except OSError as error:
        raise disk_error(folder, error) from error
    return foreign, size


def remove_empty(folder: Path) -> None:
    """Remove a bake's folder that holds nothing but its marker: its bake was refused.

    Raises:
        HostError: The disk refuses.
    """
    try:
        if [path.name for path in folder.iterdir()] == [MARKER]:
            (folder / MARKER).unlink()
            folder.rmdir()
    except OSError as error:
        raise disk_error(folder, error) from error


def disk_error(path: Path, error: OSError) -> HostError:
    """Say in words why a folder or file cannot be written or removed."""
    if error.errno in _DISK_FULL:
        return HostError(
            f"The disk of {path} is full.",
            hint="Free some space, or choose another folder under Output, and bake again.",
            code="output",
        )
    return HostError(
        f"{error.filename or path} cannot be written: {error.strerror or error}.",
        hint="Choose another folder under Output, or ask for the right to write there.",
        code="output",
    )


def _is_busy(folder: Path) -> bool:
    """Say whether somebody seems to work in a bake's folder, here or on another machine.

    A worker counts up in its lock every few seconds. Before it has one, the plate or the marker is
    young, and younger than every frame.
    """
    newest: dict[str, float] = {}
    try:
        for path in (folder / MARKER, *(path for path, is_own in _entries(folder) if is_own)):
            kind = _kind(path.relative_to(folder).parts)
            newest[kind] = max(newest.get(kind, 0.0), path.lstat().st_mtime)
    except OSError:  # it is changing at this moment
        return True
    begun, locked = newest.get("begun", 0.0), newest.get("lock", 0.0)
    if begun <= newest.get("frame", 0.0):
        begun = 0.0
    return abs(time.time() - max(begun, locked)) < _AT_WORK_S


def _kind(inside: tuple[str, ...]) -> str:
    """Say what a file's time tells of a bake: that it begins, is at work, or wrote a frame."""
    if inside[0] in (MARKER, PLATE_FOLDER):
        return "begun"
    if inside[-1].endswith(".lock"):
        return "lock"
    is_frame = inside[0] in _LAYERS or (len(inside) == 1 and _FRAME.fullmatch(inside[0]))
    return "frame" if is_frame else "other"


def _write_marker(folder: Path, uid: str) -> None:
    """Write whose a folder is; of one that has a marker, that it is used anew."""
    owners = owners_of(folder)
    if uid in owners:
        (folder / MARKER).touch()
        return
    first, *others = [*sorted(owners), uid]
    marker = {"made_by": "robust_matte", "version": _VERSION, "uid": first, "others": others}
    temporary = folder / f".{MARKER}.tmp-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        temporary.write_text(json.dumps(marker) + "\n", "utf-8")
        temporary.replace(folder / MARKER)
    finally:
        temporary.unlink(missing_ok=True)


def _entries(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield every file below a bake's folder, and whether it is one of ours."""
    for place, folders, names in os.walk(folder):  # links to folders are not followed
        inside = Path(place).relative_to(folder).parts
        for name in names:
            path = Path(place, name)
            if path == folder / MARKER:
                continue  # the last to go
            yield path, not path.is_symlink() and _is_own(inside, name)
        for name in folders:
            if Path(place, name).is_symlink():
                yield Path(place, name), False


def _is_own(inside: tuple[str, ...], name: str) -> bool:
    if _TEMPORARY.fullmatch(name):
        return True
    if not inside:
        return name == _PREVIEW or bool(_FRAME.fullmatch(name))
    if inside[0] in _LAYERS and len(inside) == 1:
        return bool(_LAYER_FRAME.fullmatch(name))
    if _PLATE_PLACE.fullmatch("/".join(inside)):
        return bool(_PLATE_FRAME.fullmatch(name))
    return bool(_JOB_FOLDER.fullmatch(inside[0]) and _JOB_FILE.fullmatch(name))


def _remove_empty(folder: Path) -> None:
    for place, _, _ in os.walk(folder, topdown=False):
        try:
            Path(place).rmdir()
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


def _settled(folder: Path) -> str:
    return os.path.normcase(os.path.realpath(folder))
