"""From a node's settings and its source to the JSON document that the worker takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .sources import Source

__all__ = ["OUTPUT_SPACE", "job_for", "plate_files", "plate_range", "settings_hash"]

OUTPUT_SPACE = "lin_rec709_scene"  # what Blender takes EXR files for, in every version
# What a bake's bits do not depend on, or what the plate's fingerprint says better.
_NO_SETTINGS = {"plate", "output", "device", "threads", "offline", "repin", "contact_sheet"}


def job_for(settings: Any, source: Source, folder: Path, device: str) -> dict[str, Any]:
    """Return the job of a node: `KeySettings` as JSON, with absolute paths.

    Args:
        settings: What the artist set: `NodeTree.robust_matte`, or anything with its attributes.
        source: What is keyed.
        folder: Where the files go.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
    """
    raise NotImplementedError


def plate_range(
    settings: Any, source: Source, scene_first: int, scene_last: int
) -> tuple[int, int]:
    """Return the first and last frame of the plate that are wanted, in its own numbers.

    Raises:
        HostError: The range lies outside the plate.
    """
    raise NotImplementedError


def plate_files(plate: str, first: int, last: int) -> list[Path]:
    """Return the files that frames of a plate are in: one of a movie, each of a sequence."""
    raise NotImplementedError


def settings_hash(job: Mapping[str, Any], files: Iterable[Path] = ()) -> str:
    """Return 12 digits that change with what a bake is made of, and not with where it lies.

    Args:
        job: The document.
        files: The plate's files: names, sizes and times of change count.
    """
    raise NotImplementedError
