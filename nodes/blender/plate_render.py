"""Frames that Blender renders for the worker to read: one a step, each file whole or not there."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from .errors import HostError
from .exr_files import is_whole
from .frames import FrameMapping
from .versions import set_exr

__all__ = [
    "NAME",
    "SCRATCH",
    "PlateRender",
    "plate_in",
    "render_frame",
    "set_plain_render",
    "write_plates",
]

NAME = "plate_"  # what stands before the frame's number
SCRATCH = ".rendering-"  # what the name of a folder begins with, for a frame in work
# Handlers of other extensions that take every render for the artist's own: they count, upload or
# write files. Those of frame changes stay, because pictures may depend on them.
_SILENCED = (
    "render_init",
    "render_pre",
    "render_post",
    "render_write",
    "render_stats",
    "render_complete",
    "render_cancel",
    "composite_pre",
    "composite_post",
    "composite_cancel",
)


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
        HostError: At once: it begins before frame 0. In a step: the frame cannot be rendered or
            written.
    """

    def __init__(self, folder: Path, first: int, last: int) -> None:
        if first < 0:  # it would render frame 0 in place of each
            raise HostError(
                f"Blender renders no frames before 0, and the range begins at {first}.",
                hint="Move what is keyed to frame 0 or later, or set a range that begins there.",
            )
        self.folder = Path(folder)
        self.first = first
        self.last = last
        self._next = first

    @property
    def plate(self) -> str:
        """The files' absolute path, with a `#` for each digit: numbers are the scene's."""
        return plate_in(self.folder)

    @property
    def frames(self) -> FrameMapping:
        """How the files lie under the scene's frames."""
        return FrameMapping.scene_frames(self.first, self.last)

    def __iter__(self) -> PlateRender:
        return self

    def __next__(self) -> int:
        if self._next > self.last:
            raise StopIteration
        frame = self._next
        if _artist_renders():
            return frame
        try:
            with _in_window():
                self._step(frame)
        except BaseException:
            self.close()
            raise
        self._next = frame + 1
        return frame

    def close(self) -> None:
        """Give up. Does nothing once all is rendered."""
        self._next = self.last + 1

    def _step(self, frame: int) -> None:
        name = f"{NAME}{frame:04d}.exr"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=self.folder))
        except OSError as error:
            raise _cannot_write(self.folder / name, error) from error
        try:
            self._render(frame, scratch)
            self._keep(scratch, name, frame)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _keep(self, scratch: Path, name: str, frame: int) -> None:
        """Give what was rendered its name, now that it is whole."""
        kept = self.folder / name
        rendered = sorted(scratch.glob("*.exr"))
        if not rendered:
            raise self._nothing_rendered(frame, kept)
        try:
            if not is_whole(rendered[0]):
                raise _cannot_write(kept, None)
            rendered[0].replace(kept)
        except OSError as error:
            raise _cannot_write(kept, error) from error

    def _render(self, frame: int, folder: Path) -> None:
        """Render a frame to `plate_<number>.exr` in a folder, leaving the .blend as it was."""
        raise NotImplementedError

    def _nothing_rendered(self, frame: int, path: Path) -> HostError:  # noqa: ARG002 (for subclasses)
        return _cannot_write(path, None)


def plate_in(folder: Path) -> str:
    """Return the path of the plates in a folder, with a `#` for each digit."""
    return str(folder / f"{NAME}####.exr")


def set_plain_render(scene: Any) -> None:
    """Have a copied scene render the whole frame at full size, once, and nothing over it."""
    render = scene.render
    render.resolution_percentage = 100
    render.use_border = render.use_crop_to_border = False
    render.use_multiview = False
    render.use_overwrite, render.use_placeholder = True, False
    render.use_file_extension, render.use_stamp = True, False
    for name in dir(render):  # no times in files: the same picture is the same file
        if name.startswith("use_stamp_"):
            setattr(render, name, False)
    scene.frame_step = 1


def write_plates(image_settings: Any) -> None:
    """Have files written as the worker is told that they are: float EXR, linear Rec.709.

    Raises:
        HostError: Blender's colour config has no such space.
    """
    if not set_exr(image_settings):
        raise HostError(
            "Blender's colour config has no scene-linear Rec.709, which rendered plates are in.",
            hint="Connect the plate's files to the node directly, or add that space to the config.",
        )


def render_frame(scene: Any, frame: int) -> None:
    """Render one frame of a temporary scene, which the window need not show.

    Raises:
        HostError: Blender says what is missing, such as a camera.
    """
    scene.frame_start = scene.frame_end = frame
    had_result = "Render Result" in bpy.data.images
    had_viewer = "Viewer Node" in bpy.data.images
    with _silenced_handlers():
        try:
            # An animation of one frame: a still of a scene that no window shows writes no files.
            bpy.ops.render.render(animation=True, scene=scene.name)
        except RuntimeError as error:
            said = " ".join(str(error).replace("Error:", " ").split())
            raise HostError(
                f"Blender could not render frame {frame}: {said}",
                hint="Render the frame yourself, see what Blender reports, and bake again.",
            ) from error
        finally:
            if not had_result:
                _remove_image("Render Result")
            if not had_viewer:
                _remove_image("Viewer Node")


def _remove_image(name: str) -> None:
    image: Any = bpy.data.images.get(name)
    if image is not None:
        bpy.data.images.remove(image)


def _artist_renders() -> bool:
    return bool(not bpy.app.background and bpy.app.is_job_running("RENDER"))


def _in_window() -> Any:
    """Return a context with a window: ticks have none, and 4.2 crashes when a scene goes there."""
    windows: Any = bpy.context.window_manager
    if bpy.context.window is not None or not len(windows.windows):
        return contextlib.nullcontext()
    return bpy.context.temp_override(window=windows.windows[0])


@contextlib.contextmanager
def _silenced_handlers() -> Iterator[None]:
    lists: list[Any] = [getattr(bpy.app.handlers, name, None) for name in _SILENCED]
    kept = [(one, list(one)) for one in lists if one is not None]
    for handlers, _ in kept:
        handlers.clear()
    try:
        yield
    finally:
        for handlers, functions in kept:
            handlers[:] = functions


def _cannot_write(path: Path, error: OSError | None) -> HostError:
    reason = error.strerror if error is not None and error.strerror else "it was not written whole"
    return HostError(
        f"{path} cannot be written: {reason}.",
        hint="Make room on the disk, or choose another folder under Output, and bake again.",
        code="output",
    )
