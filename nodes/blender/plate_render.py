"""Frames that Blender renders for the worker to read: one a step, each file whole or not there."""

from __future__ import annotations

from pathlib import Path

from .frames import FrameMapping

__all__ = ["NAME", "PlateRender"]

NAME = "plate_"  # what stands before the frame's number


class PlateRender:
    """An iterator that renders one frame of the scene a step; a step gives the frame's number.

    Where the artist renders meanwhile, a step does nothing and gives the number of the frame that
    waits. Between two steps nothing of it is in the .blend, so that saving and undo know nothing
    of it. Given up half-way (`close()`) or failed, the frames that are whole stay.

    Attributes:
        folder: Where the files go; made where it is not there.
        first: The scene's first frame.
        last: The scene's last frame.

    Raises:
        HostError: In a step: the frame cannot be rendered or written.
    """

    def __init__(self, folder: Path, first: int, last: int) -> None:
        self.folder = Path(folder)
        self.first = first
        self.last = last

    @property
    def plate(self) -> str:
        """The files' absolute path, with a `#` for each digit: numbers are the scene's."""
        return str(self.folder / f"{NAME}####.exr")

    @property
    def frames(self) -> FrameMapping:
        """How the files lie under the scene's frames."""
        return FrameMapping.scene_frames(self.first, self.last)

    def __iter__(self) -> PlateRender:
        return self

    def __next__(self) -> int:
        raise NotImplementedError

    def close(self) -> None:
        """Give up; files that are not whole are removed. Does nothing once all is rendered."""
        raise NotImplementedError
