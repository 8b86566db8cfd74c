"""Strips of the video sequencer: where their frames come from, and where a bake goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .plate_render import PlateRender
from .result import Baked
from .sources import Source

__all__ = ["TimelineBake", "add_result", "strip_source"]


def strip_source(scene: Any, strip: Any) -> Source:
    """Say what a strip shows: `strip`, files that the worker reads, or `timeline`, to be rendered.

    Raises:
        HostError: It is neither a movie nor an image strip, or files are not there.
    """
    raise NotImplementedError


def add_result(scene: Any, strip: Any, baked: Baked) -> Any:
    """Put a bake above its strip, under the same frames; return the new strip.

    One that was put there before for the same strip goes.

    Raises:
        HostError: The scene comes from a library, or a file is not there.
    """
    raise NotImplementedError


class TimelineBake(PlateRender):
    """Renders what is seen of one strip, by the sequencer; see `PlateRender` for the steps."""

    def __init__(self, scene: Any, strip: Any, folder: Path, first: int, last: int) -> None:
        """Look at the strip; nothing is rendered yet.

        Args:
            scene: The scene that it is in.
            strip: A movie or image strip.
            folder: Where `plate_####.exr` go: float, RGBA, scene-linear Rec.709.
            first: The scene's first frame.
            last: The scene's last frame.
        """
        super().__init__(folder, first, last)
