"""What `bootstrap.py blender` does: the extension as a zip, and into every Blender."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from blender_programs import Blender, open_blender
from blender_record import Entry, Record, Traces, list_places, read_record
from blender_request import EXTENSION, BlenderRequest, Session
from blender_search import Disk, find_programs, find_used_versions
from blender_zip import build_zip, extension_files, read_version
from environments import Environment, lock
from failures import InstallError
from steps import announce
from worker_file import config_folder, digest, worker_file, worker_text, write_whole

__all__ = ["install", "list_plan"]


def find_blenders(request: BlenderRequest, session: Session) -> list[Blender]:
    """Return the Blenders to install into, and tell of those that are left alone.

    Raises:
        InstallError: One that was named is none, or is too old.
    """
    found: dict[Path, Blender] = {}
    programs = request.named or find_programs(session.disk)
    for program in programs:
        try:
            blender = open_blender(program, session.runner)
            _check_age(blender)
        except InstallError as error:
            if request.named:
                raise
            session.tell(f"{error.what} It is left alone.")
            continue
        first = found.setdefault(blender.user, blender)
        if first is not blender:
            announce(f"{program} shares its extensions with {first.program}")
    if not request.named:
        _tell_of_unfound(list(found.values()), session)
    return sorted(found.values(), key=lambda one: one.version)


def _check_age(blender: Blender) -> None:
    if blender.is_too_old:
        raise InstallError(
            f"Blender {blender.name} ({blender.program}) is too old: extensions came with 4.2.",
            hint="Use Blender 4.2 LTS or newer.",
        )


def _tell_of_unfound(blenders: Sequence[Blender], session: Session) -> None:
    """Tell of versions that were run here and whose program is in none of the usual places."""
    known = {one.name for one in blenders}
    for version, folder in find_used_versions(session.disk).items():
        if version not in known and tuple(map(int, version.split("."))) >= (4, 2):
            session.tell(
                f"Blender {version} was run here ({folder}), but is in no usual place: "
                "name its program with --blender to install into it."
            )


def archive_path(environment: Environment) -> Path:
    """Return where the zip is built."""
    version = read_version(environment.root / "plugin" / "robust_matte")
    return environment.root / "build" / "blender" / f"{EXTENSION}-{version}.zip"


def install(request: BlenderRequest, session: Session) -> int:
    """Build the zip, install it, and tell hosts where the worker is.

    The environment is up to date.

    Returns:
        0, or 7 if a Blender did not take it.

    Raises:
        InstallError: The zip cannot be built, or a named Blender is none.
    """
    with lock(session.environment):
        blenders = find_blenders(request, session)
        record = read_record(config_folder(session.disk))
        archive = _build(blenders, session)
        for blender in blenders:
            try:
                record = _install_into(blender, archive, record, session)
            except InstallError as error:
                session.fail(error)
        _write_worker_file(record, session)
    if not blenders:
        session.tell(
            f"No Blender was found: drag {archive} into Blender's window, or name the "
            "program with --blender."
        )
    return session.code


def _build(blenders: Sequence[Blender], session: Session) -> Path:
    root, path = session.environment.root, archive_path(session.environment)
    files = extension_files(root / "nodes", read_version(root / "plugin" / "robust_matte"))
    able = [one for one in blenders if one.builder is not None]
    build_zip(files, path, able[-1].builder if able else None, session.runner)
    checked = (
        f"validated by Blender {able[-1].name}" if able else "not validated: no Blender to ask"
    )
    session.tell(f"Extension: {path} ({checked})")
    return path


def _install_into(blender: Blender, archive: Path, record: Record, session: Session) -> Record:
    """Install into one Blender, and put that on record."""
    older = record.entry(blender.user)
    before = list(list_places(blender.user))
    ours = older.traces.untouched() if older is not None else []
    module, folder = blender.install(archive, EXTENSION, session.runner)
    traces = Traces.since(before, blender.user)
    entry = Entry(
        program=str(blender.program),
        is_module=blender.is_module,
        version=blender.name,
        user=str(blender.user),
        module=module,
        folder=str(folder),
        traces=traces.with_older(older.traces, ours) if older is not None else traces,
    )
    record = record.with_entry(entry)
    record.save()
    how = "scripts enable it" if blender.is_module else "enabled"
    session.tell(f"Blender {blender.name} ({blender.program}): installed, {how}")
    return record


def _write_worker_file(record: Record, session: Session) -> None:
    """Write the worker's place, unless somebody wrote another into the file."""
    path, text = worker_file(session.disk), worker_text(session.environment.python)
    if path.exists() and digest(path) != record.worker and _is_other(path, text):
        session.tell(f"Worker: {path} was changed by hand and is kept; delete it to have it anew")
        return
    write_whole(path, text)
    replace(record, worker=digest(path)).save()
    session.tell(f"Worker: {path} names {session.environment.python}")


def _is_other(path: Path, text: str) -> bool:
    """Say whether a file holds anything but a text; it may be no UTF-8."""
    return path.read_text("utf-8", errors="replace") != text


def list_plan(request: BlenderRequest, environment: Environment, disk: Disk) -> Iterator[str]:
    """Yield what would be done, as comments of a shell; no Blender is started."""
    if request.is_removal:
        yield f"# removes what {config_folder(disk)} has on record"
        return
    yield f"# builds {archive_path(environment)}"
    for program in request.named or find_programs(disk):
        yield f"# installs it into {program}, if that is Blender 4.2 or newer"
    yield f"# writes {worker_file(disk)}"
