"""A bake's files inside the group: an Image node that reads them, wired by the names of layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .frames import FrameMapping

__all__ = ["Baked", "baked_of", "make_relative", "set_matte_source", "unwire", "wire"]


@dataclass(frozen=True)
class Baked:
    """Files of the shape `multipart`: parts rgba, alpha and foreground, scene-linear Rec.709.

    Attributes:
        pattern: Their absolute path, with a `#` for each digit of the frame's number.
        first: The first number that is there.
        last: The last number that is there; all between are, too.
        frames: How the plate's frames, and with them these, lie under the scene's.
    """

    pattern: str
    first: int
    last: int
    frames: FrameMapping

    def path(self, number: int) -> str:
        """Return the file of one frame."""
        digits = self.pattern.count("#")
        return self.pattern.replace("#" * digits, f"{number:0{digits}d}")


def wire(group: Any, baked: Baked) -> list[str]:
    """Have the group give the files of a bake, and what comes in where there is no file.

    The group's `matte_source` says what Image is. Files are read when this returns; nothing else in
    the .blend changes but the picture of a former bake, which goes when nobody uses it.

    Returns:
        Warnings.

    Raises:
        HostError: The group is from a library, a file is not there, or it lacks a layer; the group
            is as it was.
    """
    raise NotImplementedError


def unwire(group: Any) -> None:
    """Have the group pass its input through again."""
    raise NotImplementedError


def set_matte_source(group: Any, source: str) -> None:
    """Choose what Image is: `ORIGINAL` (the input times the alpha) or `PREDICTED` (the file's)."""
    raise NotImplementedError


def baked_of(group: Any) -> Baked | None:
    """Return what a group gives, read from its nodes; None where it passes through."""
    raise NotImplementedError


def make_relative(group: Any) -> None:
    """Have the paths of a bake start at the .blend, where it is saved; call before saving."""
    raise NotImplementedError
