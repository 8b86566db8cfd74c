"""The count of a movie's frames, kept from planning for those who key parts of it.

Counting decodes the whole movie: a minute for some thousand frames, which each task of a farm would
spend again.
"""

import logging
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from robust_matte.errors import OutputError
from robust_matte.media.atomic import write_atomically
from robust_matte.media.movies import MovieCount
from robust_matte.media.plates import MoviePlate

__all__ = ["keep_count", "recall_count"]

log = logging.getLogger(__name__)

_NAME = "movie.json"


class _Record(BaseModel):
    """A movie as it was when it was counted, and what came of that."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: Literal[1] = 1
    size: int
    mtime_ns: int
    first: int
    count: int
    damaged: tuple[int, ...]
    warnings: tuple[str, ...]


def keep_count(plate: MoviePlate, folder: Path) -> None:
    """Write the count of a movie to a job's folder; without it tasks count for themselves."""
    movie, found = plate.movie, plate.movie.counted()
    try:
        record = _Record(
            **_looks(movie.path),
            first=movie.numbers[0],
            count=found.count,
            damaged=found.damaged,
            warnings=found.warnings,
        )
        if record != _load(folder):
            write_atomically(folder / _NAME, record.model_dump_json(indent=1).encode())
    except (OSError, OutputError) as error:
        log.info("the frames of %s are counted again by each task: %s", movie.path, error)


def recall_count(plate: MoviePlate, folder: Path) -> bool:
    """Give a movie the count that was kept, if it is the file that was counted.

    Returns:
        Whether it was; else it is still to be counted.
    """
    record = _load(folder)
    if record is None:
        return False
    try:
        looks = _looks(plate.movie.path)
    except OSError:
        return False
    if {"size": record.size, "mtime_ns": record.mtime_ns} != looks:
        return False
    plate.movie.recall(MovieCount(record.count, record.damaged, record.warnings))
    return record.count > 0 and plate.movie.numbers[0] == record.first


def _load(folder: Path) -> _Record | None:
    try:
        return _Record.model_validate_json((folder / _NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def _looks(path: Path) -> dict[str, int]:
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
