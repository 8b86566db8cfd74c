"""The plan of a farm's job: shots, and the bins that their pieces are packed into."""

import json
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from robust_matte.errors import InputError
from robust_matte.jobs.plan import SegmentRecord
from robust_matte.media.atomic import write_atomically
from robust_matte.media.links import is_folder

__all__ = ["PLAN_NAME", "PLAN_VERSION", "FarmPlan", "Piece", "PlannedWeights", "Shot", "plan_file"]

PLAN_NAME = "plan.json"
PLAN_VERSION = 1

_STRICT = ConfigDict(frozen=True, extra="forbid")
_MADE_BY = "Name the plan.json that robust-matte plan wrote in its output folder."
_AGAIN = "Make it again: robust-matte plan with --overwrite; finished frames are kept."


class PlannedWeights(BaseModel):
    """The weights of all shots.

    Attributes:
        name: What they are called: `draft`, `mobilenetv3`, or a file's name without its folder.
        sha256: Hash of the file.
    """

    model_config = _STRICT
    name: str
    sha256: str


class Shot(BaseModel):
    """One plate, or one view of it.

    Attributes:
        name: What it is called, such as `sh010`; no other shot is called so.
        plate: The plate as it was named, relative to the root `plates`, with slashes.
        output: The pattern of its files, relative to the root `out`, with slashes.
        settings: Its `KeySettings` as JSON, without plate and output and those that say how it is
            run; files in them are relative to the root `plates`.
        job: `Plan.job` of the plan beside its output.
        segments: Its segments, in timeline order.
        pixels: Of its work area.
        frames: How many frames it writes.
    """

    model_config = _STRICT
    name: str = Field(min_length=1)
    plate: str = Field(min_length=1)
    output: str = Field(min_length=1)
    settings: dict[str, Any]
    job: str
    segments: tuple[SegmentRecord, ...] = Field(min_length=1)
    pixels: int = Field(gt=0)
    frames: int = Field(ge=0)


class Piece(BaseModel):
    """What is keyed without a break: a segment, or a part of one where it is split.

    Attributes:
        shot: The shot's name.
        segment: Index of the segment in the shot's.
        first: Its first frame.
        last: Its last frame.
        frames: How many frames it writes.
    """

    model_config = _STRICT
    shot: str
    segment: int = Field(ge=0)
    first: int
    last: int
    frames: int = Field(ge=0)


class FarmPlan(BaseModel):
    """Shots and bins; no path in it is absolute, so that it can be moved with what it is about.

    Attributes:
        version: Version of this document's form.
        plates: The root `plates` as it was at planning, relative to the folder of this document,
            which is the root `out`.
        weights: The weights.
        split: The longest piece in frames, or None where segments stay whole.
        shots: What is keyed.
        bins: The pieces of each bin, in the order they are keyed in; a bin may be empty.
    """

    model_config = _STRICT
    version: Literal[1] = 1
    plates: str
    weights: PlannedWeights
    split: int | None = Field(None, ge=1)
    shots: tuple[Shot, ...] = Field(min_length=1)
    bins: tuple[tuple[Piece, ...], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        counts = Counter(shot.name for shot in self.shots)
        twice = [name for name, count in counts.items() if count > 1]
        if twice:
            raise ValueError(f"two shots are called {twice[0]}")
        known = {shot.name: shot for shot in self.shots}
        for piece in self.pieces:
            shot = known.get(piece.shot)
            if shot is None or piece.segment >= len(shot.segments):
                raise ValueError(f"a bin names segment {piece.segment} of {piece.shot}")
            segment = shot.segments[piece.segment]
            if not segment.first <= piece.first <= piece.last <= segment.last:
                raise ValueError(f"{piece.first}-{piece.last} is not in segment {piece.segment}")
        return self

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All pieces, bin after bin."""
        return tuple(piece for pieces in self.bins for piece in pieces)

    def shot(self, name: str) -> Shot:
        """Return a shot that a piece names."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Shot]:
        return {shot.name: shot for shot in self.shots}

    def save(self, path: Path) -> None:
        """Write the plan, durably and in one step.

        Raises:
            WriteError: The folder cannot be written.
        """
        write_atomically(path, self.model_dump_json(indent=1).encode())

    @classmethod
    def load(cls, path: Path) -> "FarmPlan":
        """Read a plan.

        Raises:
            InputError: There is none, it cannot be read, or it is no plan of this version.
        """
        document = _read(path)
        version = document.get("version")
        if "request" in document:
            raise InputError(
                f"{path} is the plan of one plate alone, not that of a farm's job.",
                hint=_MADE_BY,
                path=path,
            )
        if isinstance(version, int) and version > PLAN_VERSION:
            raise InputError(
                f"{path} is a plan of version {version}; this program reads version "
                f"{PLAN_VERSION}.",
                hint="Take the robust-matte that made it, or plan again with this one.",
                path=path,
            )
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise _damaged(path, _complaint(error)) from error


def plan_file(path: Path) -> Path:
    """Return the file of a plan that is named by itself, or by the folder that it is in."""
    return path / PLAN_NAME if is_folder(path) else path


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"There is no plan {path}.", hint=_MADE_BY, path=path) from error
    except OSError as error:
        raise InputError(
            f"The plan {path} cannot be read: {error.strerror}.", hint=_MADE_BY, path=path
        ) from error
    except ValueError as error:
        raise _damaged(path, "it is no JSON, or breaks off") from error
    if not isinstance(document, dict):
        raise _damaged(path, "it holds no object")
    return document


def _complaint(error: ValidationError) -> str:
    """Return what is wrong first, as `bins.0.1.first: Field required`."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"].removeprefix("Value error, ")


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(f"The plan {path} is damaged: {reason}.", hint=_AGAIN, path=path)
