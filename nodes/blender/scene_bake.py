"""What goes into a Robust Matte node, rendered to files without a touch on the artist's scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .plate_render import PlateRender

__all__ = ["UpstreamBake"]


class UpstreamBake(PlateRender):
    """Renders the socket that is linked to a node's Image; see `PlateRender` for the steps."""

    def __init__(
        self, scene: Any, tree: Any, node: Any, folder: Path, first: int, last: int
    ) -> None:
        """Look at the comp; nothing is rendered yet.

        Args:
            scene: The scene that is composited.
            tree: Its compositor tree.
            node: A Robust Matte node in it.
            folder: Where `plate_####.exr` go: float, RGBA, scene-linear Rec.709.
            first: The scene's first frame.
            last: The scene's last frame.

        Raises:
            HostError: Nothing is connected, the node is inside another group, or what goes into it
                depends on what comes out of it.
        """
        super().__init__(folder, first, last)
