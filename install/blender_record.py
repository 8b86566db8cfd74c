"""What was installed into Blender, kept beside the worker's file, so that just that is removed."""

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from failures import InstallError
from worker_file import digest, write_whole

__all__ = ["Entry", "Record", "Traces", "list_places", "read_record", "remove_traces"]

VERSION: Final = 1  # of the file's form
FOLDER: Final = ""  # stands for a hash where a path is a folder
NAME: Final = "blender.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Files and folders that came into being in a Blender's folder of a user.

    Args:
        made: Paths with a hash of their content, or nothing for folders.
    """

    made: dict[str, str] = field(default_factory=dict)

    @classmethod
    def since(cls, before: Iterable[Path], user: Path) -> "Traces":
        """Return what is there now and was not before."""
        fresh = sorted(set(list_places(user)) - set(before))
        return cls(made={str(path): digest(path) for path in fresh})

    def with_older(self, older: "Traces", ours: Iterable[Path]) -> "Traces":
        """Return both.

        Args:
            older: Of an earlier installation.
            ours: Files of it that nobody else had changed when this one began.
        """
        folders = dict.fromkeys(map(str, older.folders()), FOLDER)
        files = {str(path): digest(path) for path in ours}
        return Traces(made={**folders, **files, **self.made})

    def untouched(self) -> list[Path]:
        """Return the files that are still as they were."""
        return [Path(path) for path, was in self.made.items() if was and digest(Path(path)) == was]

    def folders(self) -> list[Path]:
        """Return the folders, the inner before the outer."""
        found = [Path(path) for path, was in self.made.items() if was == FOLDER]
        return sorted(found, key=lambda path: len(path.parts), reverse=True)


def list_places(user: Path) -> Iterator[Path]:
    """Yield what Blender makes in its folder of a user when it gets its first extension."""
    patterns = ("config", "config/userpref.blend", "extensions", "extensions/*")
    deeper = ("extensions/.cache/*", "extensions/*/.blender_ext", "extensions/*/.blender_ext/*")
    yield from (path for path in (user.parent, user) if path.exists())
    for pattern in (*patterns, *deeper):
        yield from user.glob(pattern)


def remove_traces(files: Iterable[Path], folders: Iterable[Path]) -> None:
    """Remove files, and those of the folders that are empty then."""
    for path in files:
        path.unlink(missing_ok=True)
    for path in folders:
        with contextlib.suppress(OSError):  # it is gone, or holds what is not ours
            path.rmdir()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One Blender that has the extension from us.

    Args:
        program: What started it.
        is_module: Whether that is a Python with `bpy`.
        version: As it is spoken of, `4.5`.
        user: Blender's folder of the user.
        module: The extension's module in Blender.
        folder: The extension's files.
        traces: What else came into being.
    """

    program: str
    is_module: bool
    version: str
    user: str
    module: str
    folder: str
    traces: Traces = field(default_factory=Traces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that was written.

    Args:
        path: The record's own file.
        worker: A hash of the worker's file as it was written, or nothing.
        entries: One a folder of Blender.
    """

    path: Path
    worker: str = ""
    entries: tuple[Entry, ...] = ()

    def entry(self, user: Path) -> Entry | None:
        """Return the entry for a folder of Blender, if there is one."""
        return next((one for one in self.entries if one.user == str(user)), None)

    def with_entry(self, entry: Entry) -> "Record":
        """Return the record with an entry in place of an older one for the same folder."""
        return replace(self, entries=(*self.without(entry).entries, entry))

    def without(self, entry: Entry) -> "Record":
        """Return the record without the entry of a folder."""
        left = tuple(one for one in self.entries if one.user != entry.user)
        return replace(self, entries=left)

    def save(self) -> None:
        """Write the record, or remove its file if there is nothing to tell."""
        if not self.entries and not self.worker:
            remove_traces([self.path], [self.path.parent])
            return
        content = asdict(self) | {"version": VERSION}
        del content["path"]
        write_whole(self.path, json.dumps(content, indent=2) + "\n")


def read_record(folder: Path) -> Record:
    """Return the record in a folder, an empty one if there is none.

    Raises:
        InstallError: It cannot be understood.
    """
    path = folder / NAME
    if not path.exists():
        return Record(path=path)
    try:
        content = json.loads(path.read_text("utf-8"))
        entries = [Entry(**one | {"traces": Traces(**one["traces"])}) for one in content["entries"]]
        return Record(path=path, worker=str(content["worker"]), entries=tuple(entries))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InstallError(
            f"{path}, the record of what was installed, cannot be understood: {error}.",
            hint="Delete it; what it named is then removed in Blender's preferences by hand.",
        ) from error
