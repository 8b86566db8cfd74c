"""Telling weights files apart: by what was published, or by what came first."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from robust_matte.errors import WeightsDamagedError, WeightsMissingError
from robust_matte.media.atomic import write_atomically
from robust_matte.weights.known import KNOWN, KnownWeights

__all__ = [
    "Fingerprint",
    "Standing",
    "StoredWeights",
    "check_identity",
    "identify_weights",
    "pin",
    "take_fingerprint",
]

_BLOCK = 1 << 20


class Standing(StrEnum):
    """How sure it is that a file is what its name says."""

    PUBLISHED = "published"  # the published file, byte by byte
    PINNED = "pinned"  # the file that was fetched or imported first
    PACKAGED = "packaged"  # part of this program, as its code is
    UNKNOWN = "unknown"  # there is nothing to compare with


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What identifies a file's content.

    Attributes:
        size: Its bytes.
        sha256: Hash of the bytes.
        git_blob: The id that git gives the content.
    """

    size: int
    sha256: str
    git_blob: str


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """A weights file that was looked at.

    Attributes:
        path: The file.
        content: What is in it.
        standing: How sure it is that this is what the name says.
    """

    path: Path
    content: Fingerprint
    standing: Standing


def identify_weights(known: KnownWeights | None, path: Path) -> StoredWeights:
    """Read a weights file and say what it is; see `take_fingerprint` and `check_identity`."""
    content = take_fingerprint(path)
    standing = Standing.UNKNOWN if known is None else check_identity(known, content, path)
    return StoredWeights(path, content, standing)


def take_fingerprint(path: Path) -> Fingerprint:
    """Read a file and identify its content.

    Raises:
        WeightsMissingError: It is not there or may not be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            # SHA-1 because git's ids are made of it; a file with the same one cannot be made today.
            blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
            sha256 = hashlib.sha256()
            while block := file.read(_BLOCK):
                blob.update(block)
                sha256.update(block)
    except OSError as error:
        raise WeightsMissingError(
            f"The weights {path} cannot be read: {error.strerror}.",
            hint=f"Check the path, or take weights with a name: {' or '.join(KNOWN)}.",
            path=path,
        ) from error
    return Fingerprint(size, sha256.hexdigest(), blob.hexdigest())


def check_identity(
    known: KnownWeights,
    found: Fingerprint,
    place: Path,
    *,
    source: str = "",
    is_own: bool = False,
) -> Standing:
    """Compare a file with the published one or, where none is known, with the one that came first.

    Args:
        known: What the file should be.
        found: What it is.
        place: Where it is, or is to be, kept; the pin is beside it.
        source: Where it comes from, if that is to be named in place of `place`.
        is_own: `source` is a file of the user's, which stays and can be used by its path.

    Raises:
        WeightsDamagedError: It is another file.
    """
    if known.is_packaged:
        return Standing.PACKAGED
    shown = source or str(place)
    way_out = f"Use it by its path, --model {shown}; or run" if is_own else "Run"
    if known.git_blob is not None:
        if found.git_blob != known.git_blob:
            raise WeightsDamagedError(
                f"{shown} is not the {known.file} that RVM published: its git id is "
                f"{found.git_blob}, not {known.git_blob}.",
                hint=f"{way_out} robust-matte weights fetch {known.name}, past any proxy or mirror "
                "that may change files"
                f"{'' if is_own else '; weights of your own go by their path, --model FILE'}.",
                path=place,
            )
        return Standing.PUBLISHED
    return _check_pin(known, found, place, shown, way_out)


def _check_pin(
    known: KnownWeights, found: Fingerprint, place: Path, shown: str, way_out: str
) -> Standing:
    """Compare a file with the one that came first; `way_out` begins the hint."""
    pinned = _read_pin(place)
    if pinned is None:
        return Standing.UNKNOWN
    if found.sha256 != pinned:
        raise WeightsDamagedError(
            f"{shown} is not the {known.file} that came first: its sha256 is {found.sha256}, not "
            f"{pinned}.",
            hint=f"{way_out} robust-matte weights fetch {known.name} to get the first one again; "
            f"or, if the change is meant, remove {_pin_path(place)}.",
            path=place,
        )
    return Standing.PINNED


def pin(place: Path, found: Fingerprint) -> None:
    """Record beside a file what it is, in the form that `sha256sum -c` reads.

    Raises:
        OutputError: It cannot be written.
    """
    write_atomically(_pin_path(place), f"{found.sha256}  {place.name}\n".encode())


def _pin_path(place: Path) -> Path:
    return place.with_name(f"{place.name}.sha256")


def _read_pin(place: Path) -> str | None:
    """Return the recorded hash; what is no hash fits no file."""
    try:
        return _pin_path(place).read_text("utf-8", errors="replace").partition(" ")[0].strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WeightsDamagedError(
            f"{_pin_path(place)} cannot be read: {error.strerror}.",
            hint="Make it readable, or remove it.",
            path=place,
        ) from error
