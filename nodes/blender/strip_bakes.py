"""From a strip to the order of its bake, and from what was made to a strip above it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import bpy

from .bake_places import relative
from .errors import HostError
from .node_bakes import Bake, keep_for_undo
from .orders import Order, Run
from .plate_render import PlateRender
from .result import Baked
from .sequences import pattern_of
from .strip_results import add_result
from .strip_settings import own_strip_uid, strip_of
from .strips import strip_source
from .timeline_bake import TimelineBake

__all__ = ["order_strip_bake"]


def order_strip_bake(scene: Any, strip: Any) -> Order:
    """Return the order of a strip's bake.

    Raises:
        HostError: It is no strip that can be keyed, its files are not there, or the scene is of a
            library.
    """
    return _StripBake(scene, strip).order()


class _StripBake(Bake):
    """What is known of a strip's bake; the strip is found again by its uid."""

    def __init__(self, scene: Any, strip: Any) -> None:
        if scene.library is not None:
            raise HostError(
                f'The scene "{scene.name}" belongs to the library {scene.library.filepath}.',
                hint="Bake the strip in that file.",
            )
        find = partial(strip_source, scene, strip)
        label = f'strip "{strip.name}"'
        super().__init__(strip, scene, own_strip_uid(strip), label, find)

    def job_in(self, folder: Path) -> dict[str, Any]:
        """Return the job: a file of each layer, since Blender 4.2 shows others black in strips."""
        return {**super().job_in(folder), "layers": "separate"}

    def plate_render(self, folder: Path) -> PlateRender:
        """Return what renders the strip."""
        scene, strip = self._found()
        return TimelineBake(scene, strip, folder, *self.range)

    def finish(self, run: Run) -> None:
        """Put the result above its strip."""
        scene, strip = self._found()
        pattern = _pattern(run, self.range[0])
        baked = Baked(str(pattern), *self.range, self.source.frames)
        is_rendered = self.source.is_rendered
        result, warnings = add_result(scene, strip, baked, self.uid, is_rendered=is_rendered)
        for warning in warnings:
            run.warn(warning)
        folder = pattern.parent
        if bpy.data.filepath:
            result.directory = relative(folder)
        first, last = self.range
        self.record(strip, folder.parent, f"{first}-{last}", run)
        keep_for_undo("Bake Robust Matte")

    def _found(self) -> tuple[Any, Any]:
        found = strip_of(self.uid)
        if found is None:
            raise HostError(
                f"The {self.label} was removed while it was worked on.",
                hint="What was made is kept in its folder; undo, and start it again.",
            )
        return found


def _pattern(run: Run, number: int) -> Path:
    """Return the files that a strip shows, with their `#` also where they are those of one frame.

    Args:
        run: The run of a bake that is done.
        number: Its first frame.

    Raises:
        HostError: The worker did not tell of them.
    """
    told = str(run.manifest.get("outputs", {}).get("rgba", ""))
    if not told:
        raise HostError(
            "The worker told of no RGBA files.",
            hint="Press Test Worker in the preferences: its version may not fit the extension's.",
        )
    return pattern_of(Path(told), number)
