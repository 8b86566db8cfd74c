"""From a node to the order of its bake or preview, and from what was made back to the node."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy

from .bake_folders import (
    PLATE_FOLDER,
    disk_error,
    make_folder,
    marked_folders,
    remove_empty,
    remove_own,
)
from .bake_places import bakes_of, preview_parent, relative, shown_by_nodes
from .errors import HostError
from .frames import FrameMapping
from .job_document import all_plate_files, job_for, plate_files, plate_range, settings_hash
from .kept_bakes import keep_bake, plate_of
from .makers import makers_of
from .orders import Order, Phase, Run
from .paths import absolute_path
from .plate_render import PlateRender, plate_in
from .plate_spaces import LINEAR_REC709
from .preferences import device
from .properties import PREVIEW, own_uid, settings_of, tree_of
from .result import Baked, wire
from .scene_bake import UpstreamBake
from .sequences import pattern_of
from .sources import Source, find_source
from .targets import Place, Target
from .typed_settings import refuse_unusable

__all__ = [
    "Bake",
    "keep_for_undo",
    "order_bake",
    "order_preview",
    "wishes_hash",
    "wishes_of",
]

_WISHES = (
    *("model", "cuts", "range_mode", "first", "last", "plate_space", "gain", "warm_up"),
    *("downsample", "despill"),
)
_AHEAD = 3  # frames that the search for cuts looks ahead


def wishes_of(group: Any) -> SimpleNamespace:
    """Return a copy of a group's settings, with absolute paths: later changes are another bake's.

    Raises:
        HostError: A path is relative to a file that was never saved, or a setting is none that
            the worker takes.
    """
    settings = settings_of(group)
    wishes = SimpleNamespace(**{name: getattr(settings, name) for name in _WISHES})
    for name in ("model", "cuts"):
        value = getattr(wishes, name).strip()
        if value.startswith("//") and not bpy.data.filepath:
            raise HostError(
                f"The path {value} starts at the .blend file, which was never saved.",
                hint="Save the file, or write the whole path.",
            )
        if value.startswith("//"):
            value = str(absolute_path(value))
        setattr(wishes, name, value)
    refuse_unusable(wishes)
    return wishes


def wishes_hash(group: Any, scene: Any) -> str:
    """Return digits that change with the settings of a bake; cheap enough for a panel."""
    settings = settings_of(group)
    told = [getattr(settings, name) for name in _WISHES]
    if settings.range_mode == "SCENE":
        told += [scene.frame_start, scene.frame_end]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]


def order_bake(target: Target) -> Order:
    """Return the order of a node's bake.

    Raises:
        HostError: Nothing that can be keyed goes into the node, or it is of a library.
    """
    return NodeBake(target).order()


def order_preview(target: Target, *, quick: bool) -> Order:
    """Return the order of one frame, that under the scene's current one.

    Raises:
        HostError: As for a bake, or the plate has no frame there.
    """
    return _NodePreview(target, quick).order()


class Bake:
    """What is known of a bake from its start to its end; datablocks are found again by uid."""

    def __init__(
        self, owner: Any, scene: Any, uid: str, label: str, find: Callable[[str], Source]
    ) -> None:
        """Look at what is keyed.

        Args:
            owner: The group or the strip, whose settings count.
            scene: The scene that it is seen in.
            uid: The owner's own.
            label: What the artist knows it by.
            find: Returns what is keyed, given the plate's space.
        """
        self.uid = uid
        self.label = label
        self.wishes = wishes_of(owner)
        self.digest = wishes_hash(owner, scene)
        self.source = find(self.wishes.plate_space)
        self.range = plate_range(self.wishes, self.source, scene.frame_start, scene.frame_end)
        self.parent = bakes_of(self.uid, settings_of(owner).folder)
        self.device = device()
        self.folder: Path | None = None
        self.rendered: Path | None = None  # where an upstream plate is rendered to
        self.contents: dict[int, str] = {}  # of rendered frames
        self.name = ""  # of its folder
        self.turn = 1  # how many folders of that name were tried
        self.is_new = False  # whether the folder was not there before

    def order(self) -> Order:
        """Return the order."""
        first, last = self.range
        return Order(
            key=self.uid,
            label=self.label,
            job=self.job,
            finish=self.finish,
            render=self.render if self.source.is_rendered else None,
            frames=last - first + 1,
            again=self.again,
            ended=self.ended,
        )

    def render(self) -> Iterator[object]:
        """Render the plate, a frame a step, into a folder that gets its name when it is known."""
        self.rendered = make_folder(self.parent, f"rendering_{secrets.token_hex(4)}", self.uid)
        bake = self.plate_render(self.rendered / PLATE_FOLDER)
        try:
            for number in bake:
                # Read here, a frame a step: all at the end would hold up Blender.
                self.contents.update(_contents(bake.plate, number))
                yield number
            self.source = _keyed(self.source, bake.plate, self.range)
        finally:
            bake.close()

    def job(self, run: Run) -> dict[str, Any]:
        """Return the job, whose folder is there with its marker."""
        self.folder = self._place(run)
        return self.job_in(self.folder)

    def job_in(self, folder: Path) -> dict[str, Any]:
        """Return the job as it is where its files go to a folder."""
        return job_for(self.wishes, self.source, folder, self.device, self.range)

    def plate_render(self, folder: Path) -> PlateRender:
        """Return what renders the plate into a folder."""
        raise NotImplementedError

    def finish(self, run: Run) -> None:
        """Show what was made."""
        raise NotImplementedError

    def record(self, owner: Any, folder: Path, frames: str, run: Run) -> None:
        """Write down what a group or a strip gives now."""
        settings = settings_of(owner)
        settings.baked_folder = relative(folder)
        settings.baked_frames = frames
        settings.baked_hash = self.digest
        settings.baked_approximate = bool(run.manifest.get("approximate"))
        settings.baked_plate = plate_of(self.source)

    def ended(self, run: Run) -> None:
        """Remove a plate that was rendered in part, or for nothing, and a folder left empty."""
        if self.rendered is not None:
            remove_own(self.rendered)
        elif self.folder is not None and run.phase is not Phase.DONE:
            remove_empty(self.folder)

    def again(self) -> bool:
        """Take the next folder of the name, where somebody else's frames are in this one."""
        self.turn += 1
        return not self.is_new

    def _place(self, run: Run) -> Path:
        self.name = self.name or self._name(run)
        name = self.name if self.turn == 1 else f"{self.name}_{self.turn}"
        self.is_new = not (self.parent / name).is_dir()
        folder = make_folder(self.parent, name, self.uid)
        if self.rendered is not None:
            self.source = _keyed(self.source, _moved(self.rendered, folder), self.range)
            self.rendered = None
        return folder

    def _name(self, run: Run) -> str:
        draft = self.job_in(self.parent)
        makers = makers_of(draft, run.worker)
        if self.rendered is None:
            files = all_plate_files(self.source.plate, self.range[0])
            return settings_hash(draft, files, makers)
        # By what the plate holds, not by its times: the same plate goes on where it stopped. Of
        # other frames it is another plate, which the worker would refuse in the same folder.
        contents = [f"{number} {told}" for number, told in sorted(self.contents.items())]
        return settings_hash(draft, contents=[*contents, *makers])


class NodeBake(Bake):
    """A bake of a node, shown in its group."""

    def __init__(self, target: Target) -> None:
        uid = own_uid(target.group)
        find = partial(find_source, target.scene, target.tree, target.node)
        super().__init__(target.group, target.scene, uid, target.label, find)
        self.place = Place.of(target)  # after the uid is its own

    def plate_render(self, folder: Path) -> PlateRender:
        """Return what renders the comp before the node."""
        at = self.place.find()
        if at is None:
            raise _gone(self.label)
        return UpstreamBake(at.scene, at.tree, at.node, folder, *self.range)

    def finish(self, run: Run) -> None:
        """Show the bake in the node's group."""
        group = _group(self.uid, run)
        pattern = _pattern(run.manifest.get("outputs", {}))
        frames = self.source.frames
        for warning in wire(group, Baked(pattern, *self.range, frames)):
            run.warn(warning)
        first, last = self.range
        self.record(group, Path(pattern).parent, f"{first}-{last}", run)
        settings_of(group).kept_bake = ""
        _remove_previews(self.uid)
        keep_for_undo("Bake Robust Matte")


class _NodePreview(NodeBake):
    """One frame: its files go to the cache, and nothing to the folder of bakes."""

    def __init__(self, target: Target, quick: bool) -> None:
        super().__init__(target)
        self.quick = quick
        self.scene_frame = int(target.scene.frame_current)
        number = self.source.frames.media(self.scene_frame)
        first, last = self.range
        if number is None or not first <= number <= last:
            where = "no frame of the plate" if number is None else f"the plate's frame {number}"
            raise HostError(
                f"Under the scene's frame {self.scene_frame} lies {where}, and "
                f"{first}-{last} are baked.",
                hint="Go to a frame that is baked, or change the range.",
            )
        self.number = number
        self.parent = preview_parent(self.uid)
        if self.source.is_rendered:
            self.range = self._needed()

    def _needed(self) -> tuple[int, int]:
        """Return the frames that have to be rendered for this one.

        Where its shot begins, the network is warmed up on the frames after that, and where cuts
        are looked for, it may begin at the frame itself. An automatic gain measures whole shots.
        """
        first, last = self.range
        warm = int(self.wishes.warm_up)
        if self.quick:
            return self.number, min(last, self.number + warm)
        if self.wishes.gain.strip().lower() == "auto":
            return first, last
        return first, min(last, self.number + warm + _AHEAD)

    def order(self) -> Order:
        """Return the order."""
        order = super().order()
        changed = {
            "preview": self.number,
            "quick": self.quick,
            "folder": self.files_folder,
            "again": None,
        }
        return Order(**{**vars(order), **changed, "scene_frame": self.scene_frame})

    def job(self, run: Run) -> dict[str, Any]:
        """Return the job, the same for each frame: the worker goes on from the states it has."""
        self.folder = self._place(run)
        nowhere = self.parent / "bake"  # only a bake writes there
        return job_for(self.wishes, self.source, nowhere, self.device, self.range)

    def _place(self, _run: Run) -> Path:
        name = f"{self.number}_{secrets.token_hex(4)}"  # Blender reads files of new names anew
        return self.rendered or make_folder(self.parent, name, self.uid)

    def files_folder(self) -> str:
        """Return where the worker writes the frame."""
        return str(self.folder)

    def finish(self, run: Run) -> None:
        """Show the frame under the scene's frame that it was made for."""
        group = _group(self.uid, run)
        pattern = pattern_of(Path(_pattern(run.manifest.get("files", {}))), self.number)
        frames = FrameMapping(self.scene_frame, self.number - 1, 1, "nothing")
        keep_bake(group)
        wire(group, Baked(str(pattern), self.number, self.number, frames))
        self.record(group, pattern.parent, f"{PREVIEW} {self.number}", run)
        self.rendered = None
        _remove_previews(self.uid)
        keep_for_undo("Preview Robust Matte")

    def ended(self, run: Run) -> None:
        """Remove what a preview that failed left in the cache."""
        if run.phase is not Phase.DONE and self.folder is not None:
            self.rendered = self.folder
        super().ended(run)


def _keyed(source: Source, plate: str, numbers: tuple[int, int]) -> Source:
    """Return a source whose plate is rendered: scene-linear, with the scene's own numbers."""
    return Source(
        kind=source.kind,
        plate=plate,
        first=numbers[0],
        last=numbers[1],
        frames=FrameMapping.scene_frames(*numbers),
        space=LINEAR_REC709,
        fps=source.fps,
        warnings=source.warnings,
    )


def _contents(plate: str, number: int) -> dict[int, str]:
    """Return the digest of a rendered frame; of one that is not there yet, nothing."""
    (path,) = plate_files(plate, number, number)
    try:
        return {number: hashlib.sha256(path.read_bytes()).hexdigest()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise disk_error(path, error) from error


def _moved(rendered: Path, folder: Path) -> str:
    """Move a rendered plate into its bake's folder and return its pattern there."""
    target = folder / PLATE_FOLDER
    try:
        target.mkdir(exist_ok=True)
        for path in sorted((rendered / PLATE_FOLDER).iterdir()):
            path.replace(target / path.name)
    except OSError as error:
        raise disk_error(folder, error) from error
    remove_own(rendered)
    return plate_in(target)


def _group(uid: str, run: Run) -> Any:
    group = tree_of(uid)
    if group is None:
        raise _gone(run.order.label)
    return group


def _gone(label: str) -> HostError:
    return HostError(
        f"The {label} was removed while it was worked on.",
        hint="What was made is kept in its folder; undo, and start it again.",
    )


def _pattern(layers: Any) -> str:
    """Return the one file, or the one pattern, that holds all layers."""
    found = {str(path) for path in layers.values()}
    if len(found) != 1:
        raise HostError(
            f"The worker wrote {len(found)} files a frame in place of one with all layers.",
            hint="Press Test Worker in the preferences: its version may not fit the extension's.",
        )
    return found.pop()


def _remove_previews(uid: str) -> None:
    """Remove the previews that nothing shows: a copy of the node may still show one."""
    used = {os.path.realpath(folder) for folder in shown_by_nodes()}
    for folder in marked_folders([preview_parent(uid)], [uid]):
        if os.path.realpath(folder) not in used:
            with suppress(HostError):  # the result is connected; the next one tries again
                remove_own(folder)


def keep_for_undo(message: str) -> None:
    """Make a step of its own, so that the next undo does not take the result away unseen."""
    if not bpy.app.background:
        try:
            bpy.ops.ed.undo_push(message=message)
        except RuntimeError:  # no window to do it in
            return
