"""What `bootstrap.py blender --uninstall` does: what was put into Blenders, out again."""

import contextlib
import itertools
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from blender_programs import Blender
from blender_record import Entry, Record, Traces, list_places, read_record, remove_traces
from blender_request import EXTENSION, BlenderRequest, Session
from blender_zip import MANIFEST
from failures import InstallError
from worker_file import config_folder, digest, worker_file

__all__ = ["uninstall"]

OURS: Final = re.compile(rf'^id = "{EXTENSION}"$', re.MULTILINE)


def uninstall(request: BlenderRequest, session: Session) -> int:
    """Remove what was installed, and nothing else.

    Returns:
        0, or 7 if something could not be removed; that stays on record.

    Raises:
        InstallError: The record cannot be understood, or lacks a program that was named.
    """
    record = read_record(config_folder(session.disk))
    if not record.entries and not record.worker:
        session.tell("Nothing of Robust Matte is on record here: there is nothing to remove.")
        return 0
    named = {str(path) for path in request.named}
    _check_named(named, record)
    folders: list[Path] = []
    for entry in record.entries:
        if named and entry.program not in named:
            continue
        try:
            _remove_from(entry, session)
        except InstallError as error:
            session.fail(error)
            continue
        record = record.without(entry)
        record.save()
        folders += entry.traces.folders()
        session.tell(f"Blender {entry.version} ({entry.program}): removed")
    remove_traces([], folders)  # those that several versions share
    if not record.entries:
        _remove_worker_file(record, session)
    return session.code


def _check_named(named: Iterable[str], record: Record) -> None:
    known = [entry.program for entry in record.entries]
    for program in named:
        if program not in known:
            raise InstallError(
                f"Nothing of Robust Matte is on record for {program}.",
                hint=f"On record: {', '.join(known) or 'no Blender'}. Name one of them, or none "
                "to remove all.",
            )


def _remove_from(entry: Entry, session: Session) -> None:
    """Remove the extension from one Blender, with what came into being on the way."""
    user, folder = Path(entry.user), Path(entry.folder)
    untouched, before = entry.traces.untouched(), list(list_places(user))
    with _kept_aside(user / "extensions" / ".user" / folder.parent.name / folder.name):
        if not _remove_by_blender(entry, session):
            _remove_by_hand(folder)
    left = Traces.since(before, user)  # Blender makes a folder for what it removes
    remove_traces([*untouched, *left.untouched()], left.folders())
    remove_traces([], entry.traces.folders())


def _remove_by_blender(entry: Entry, session: Session) -> bool:
    """Let Blender remove the extension; return False if that version is gone."""
    if not Path(entry.program).exists():
        return False
    blender = Blender(
        program=Path(entry.program),
        is_module=entry.is_module,
        version=tuple(map(int, entry.version.split("."))),
        user=Path(entry.user),
    )
    return blender.remove(entry.module, EXTENSION, session.runner)


@contextlib.contextmanager
def _kept_aside(folder: Path) -> Iterator[None]:
    """Save an extension's folder of the user's own files: Blender removes it along.

    Bakes of files that were never saved are in there. What a removal that was killed has left
    aside comes back, too, if nothing is in its way.
    """
    aside = folder.with_name(f"{folder.name}.kept")
    has_files = folder.is_dir() and any(folder.iterdir())
    if has_files:
        aside = next(path for path in _numbered(aside) if not path.exists())
        folder.rename(aside)
    try:
        yield
    finally:
        if has_files or aside.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            aside.rename(folder)


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.name}{number}")


def _remove_by_hand(folder: Path) -> None:
    """Remove the extension's files where their Blender is gone."""
    manifest = folder / MANIFEST
    if manifest.is_file() and OURS.search(manifest.read_text("utf-8")):
        shutil.rmtree(folder)


def _remove_worker_file(record: Record, session: Session) -> None:
    path = worker_file(session.disk)
    if record.worker and digest(path) == record.worker:
        path.unlink()
        session.tell(f"Worker: {path} removed")
    elif path.exists():
        session.tell(f"Worker: {path} was changed by hand and is kept")
    replace(record, worker="").save()
