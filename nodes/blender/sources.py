"""Where the picture that goes into a node comes from: files, or the comp before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .frames import FrameMapping

__all__ = ["Source", "find_source"]


@dataclass(frozen=True)
class Source:
    """What is keyed.

    Attributes:
        kind: `sequence`, `movie` or `clip`: files that the worker reads itself. `upstream`: what
            the comp makes, to be rendered first. `strip` or `timeline`: likewise of the sequencer.
        plate: Absolute path of a movie, or of a sequence with a `#` for each digit; empty where it
            has yet to be rendered.
        first: The plate's first frame that is used and on disk.
        last: The plate's last frame that is used and on disk.
        frames: How the plate's frames lie under the scene's.
        space: How it is encoded, a name that the worker knows; empty leaves it to the worker.
        fps: Frames a second of the media, or 0 where it has none or they are not known.
        warnings: What the artist should know, whole sentences.
    """

    kind: str
    plate: str
    first: int
    last: int
    frames: FrameMapping
    space: str = ""
    fps: float = 0.0
    warnings: tuple[str, ...] = ()


def find_source(scene: Any, tree: Any, node: Any) -> Source:
    """Follow what goes into a node's Image back to its files.

    Reads the folder of a sequence, so it is too slow for drawing a panel.

    Args:
        scene: The scene that is composited.
        tree: The node tree that the node is in.
        node: A Robust Matte node.

    Raises:
        HostError: Nothing is connected, or files are not there.
    """
    raise NotImplementedError
