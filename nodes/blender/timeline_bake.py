"""What is seen of one strip, rendered by the sequencer of a temporary copy of its scene."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from .errors import HostError
from .plate_render import NAME, PlateRender, render_frame, set_plain_render, write_plates
from .strip_changes import effects_on
from .strips import strip_named
from .versions import strips

__all__ = ["TimelineBake"]


class TimelineBake(PlateRender):
    """Renders one strip alone, with its effects, at the scene's size; see `PlateRender`."""

    def __init__(self, scene: Any, strip: Any, folder: Path, first: int, last: int) -> None:
        """Look at the strip; nothing is rendered yet.

        Args:
            scene: The scene whose sequencer it is in.
            strip: A movie or image strip.
            folder: Where `plate_####.exr` go: float, RGBA, linear Rec.709.
            first: The scene's first frame.
            last: The scene's last frame.

        Raises:
            HostError: It lies inside a meta strip, which shows more than this one strip, or before
                frame 0.
        """
        super().__init__(folder, first, last)
        self._scene = scene.name
        self._strip = strip.name
        if not any(one == strip for one in strips(scene.sequence_editor)):
            raise HostError(
                f'The strip "{strip.name}" lies inside a meta strip, and has to be rendered before'
                " it is keyed.",
                hint="Take it out of the meta strip, or remove what changes it.",
            )

    def _render(self, frame: int, folder: Path) -> None:
        scene: Any = bpy.data.scenes.get(self._scene)
        if strip_named(scene, self._strip) is None:
            raise HostError(
                f'The strip "{self._strip}" of the scene "{self._scene}" went while it was'
                " rendered.",
                hint="Leave it where it is until the bake is done, and bake again.",
            )
        with _copied_scene(scene) as copy:
            _leave_alone(copy, strip_named(copy, self._strip))
            copy.render.filepath = str(folder / f"{NAME}####")
            render_frame(copy, frame)


@contextlib.contextmanager
def _copied_scene(scene: Any) -> Iterator[Any]:
    """Yield a copy of a scene that renders its sequencer, and remove it."""
    copy = scene.copy()
    try:
        set_plain_render(copy)
        copy.render.use_compositing, copy.render.use_sequencer = False, True
        write_plates(copy.render.image_settings)
        yield copy
    finally:
        bpy.data.scenes.remove(copy)


def _leave_alone(scene: Any, strip: Any) -> None:
    """Remove all strips but one and its effects, and have those seen in full."""
    kept = [strip, *effects_on(scene, strip)]
    names = {one.name for one in kept}
    place = strips(scene.sequence_editor)
    # Effects first: none loses its input while it is there.
    others = [one for one in place if one.name not in names]
    for one in sorted(others, key=lambda one: not hasattr(one, "input_1")):
        place.remove(one)
    for one in kept:
        one.mute = False
    kept[-1].blend_type, kept[-1].blend_alpha = "REPLACE", 1.0
    for channel in scene.sequence_editor.channels:
        channel.mute = False
