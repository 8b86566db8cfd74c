"""Where the files of a preview go, and which of them the next preview removes.

A preview's files are those of the bake, byte for byte. What tells them apart is their folder, and a
list in it of what previews have written there: nothing else is ever replaced or removed.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from robust_matte.errors import SettingsError, WouldOverwriteError
from robust_matte.jobs.marks import is_there
from robust_matte.jobs.opening import OpenedJob
from robust_matte.jobs.outputs import Outputs
from robust_matte.media.atomic import remove_leftovers, write_atomically
from robust_matte.media.links import real_path

__all__ = ["PREVIEW_FOLDER", "PreviewFolder"]

log = logging.getLogger(__name__)

PREVIEW_FOLDER = "preview"  # in the job's folder

_LIST = "preview.json"


class _Written(BaseModel):
    """What previews have written to a folder, relative to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: Literal[1] = 1
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviewFolder:
    """A folder that previews are written to, one frame at a time.

    Attributes:
        folder: The folder; need not exist.
    """

    folder: Path

    def outputs(self, opened: OpenedJob, number: int) -> Outputs:
        """Return the files of a job as they are named here, after making sure that none is lost.

        Raises:
            SettingsError: The job's own frames, or a file that it reads, would be replaced.
            WouldOverwriteError: A file would be that no preview has written.
        """
        own = opened.outputs
        here = replace(own, pattern=replace(own.pattern, folder=self.folder))
        folders = {real_path(one.folder) for one in own.patterns.values()}
        if any(real_path(one.folder) in folders for one in here.patterns.values()):
            raise SettingsError(
                f"The folder {self.folder} of the preview is where the job's own frames go.",
                hint="Choose another folder for previews, or none for one in the job's folder.",
                path=self.folder,
            )
        here.refuse_inputs([number], opened.plate.files)
        here.refuse_inputs([number], opened.masks.files, "a mask")
        known = set(self._known())
        for path in () if opened.settings.overwrite else here.files(number):
            if path not in known and is_there(path):
                raise WouldOverwriteError(
                    f"{path} exists and was not written by a preview.",
                    hint="Choose another folder for previews, or replace it with --overwrite.",
                    frame=number,
                    path=path,
                )
        return here

    def begin(self, files: Iterable[Path]) -> None:
        """Put down what is about to be written.

        Raises:
            OutputError: The folder cannot be written.
        """
        names = {path.relative_to(self.folder).as_posix() for path in (*self._known(), *files)}
        content = _Written(files=tuple(sorted(names)))
        write_atomically(self.folder / _LIST, content.model_dump_json(indent=1).encode())

    def remove_others(self, files: Iterable[Path]) -> None:
        """Remove what earlier previews left, and killed ones under temporary names."""
        kept = set(files)
        for path in self._known():
            if path not in kept:
                with suppress(OSError):  # a host may be reading it; the next preview removes it
                    path.unlink()
        for folder in {path.parent for path in kept}:
            remove_leftovers(folder, [path.name for path in kept])

    def _known(self) -> list[Path]:
        """Return those files of earlier previews that are still there."""
        try:
            names = _Written.model_validate_json((self.folder / _LIST).read_bytes()).files
        except (OSError, ValidationError) as error:
            if not isinstance(error, FileNotFoundError):
                log.debug("%s tells nothing of previews: %s", self.folder / _LIST, error)
            return []
        places = [self.folder / name for name in names if ".." not in Path(name).parts]
        return [path for path in places if path.is_relative_to(self.folder) and path.is_file()]
