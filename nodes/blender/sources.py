"""Where the picture that goes into a node comes from: files, or the comp before it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from .errors import HostError
from .frames import FrameMapping
from .paths import absolute_path
from .plate_spaces import LINEAR_REC709, plate_space_of
from .sequences import frame_numbers, missing, split_name, still_number
from .upstream import feeding_socket
from .versions import working_space

__all__ = ["Source", "find_source", "rate_warnings", "space_of"]

_WITH_ALPHA = (32, 64, 128)  # bits of a pixel with four channels
_FPS_DIFFERS = 0.005  # 23.976 and 24 differ by 0.024


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

    @property
    def is_rendered(self) -> bool:
        """Whether Blender renders the plate, in a space of its own choice."""
        return self.kind in ("upstream", "timeline")


def find_source(scene: Any, tree: Any, node: Any, space: str = "") -> Source:
    """Follow what goes into a node's Image back to its files.

    Reads the folder of a sequence and opens a movie, so it is too slow for drawing a panel.

    Args:
        scene: The scene that is composited.
        tree: The node tree that the node is in.
        node: A Robust Matte node.
        space: How the artist says that files are encoded; empty is what Blender takes them for.

    Raises:
        HostError: Nothing is connected, or files are not there.
    """
    found = feeding_socket(scene, tree, node)
    if found is None or found[1].name != "Image":
        return _upstream(scene)
    giver, _ = found
    if giver.bl_idname == "CompositorNodeImage":
        return _image(scene, giver, space)
    if giver.bl_idname == "CompositorNodeMovieClip":
        return _clip(scene, giver, space)
    return _upstream(scene)


def _upstream(scene: Any, *warnings: str) -> Source:
    first, last = scene.frame_start, scene.frame_end
    frames = FrameMapping.scene_frames(first, last)
    return Source("upstream", "", first, last, frames, LINEAR_REC709, 0.0, warnings)


def _image(scene: Any, node: Any, space: str) -> Source:
    image = node.image
    if image is None:
        raise HostError(
            f'The Image node "{node.name}" has no picture.',
            hint="Open a movie or a sequence in it.",
        )
    is_plain = image.source in ("FILE", "SEQUENCE", "MOVIE") and not image.is_dirty
    if not is_plain or image.packed_file or image.is_multiview or image.use_deinterlace:
        return _upstream(scene)
    path = _file(image)
    if image.source == "MOVIE":
        _refuse_missing(path, f'The movie {path} of the node "{node.name}"')
        source = _movie(node, path)
    elif image.source == "SEQUENCE" and split_name(path):
        source = _sequence(node, path)
    else:
        _refuse_missing(path, f'The picture {path} of the node "{node.name}"')
        source = _still(path)
    if image.type == "MULTILAYER":  # known once it was opened; a layer is the comp's to choose
        return _upstream(scene)
    source = _with_space(scene, source, image, space)
    return _with_alpha(source, image)


def _file(datablock: Any) -> Path:
    return absolute_path(datablock.filepath, datablock)


def _refuse_missing(path: Path, what: str) -> None:
    if not path.is_file():
        raise HostError(
            f"{what} is not there.",
            hint="Check that its disk is there, or use File > External Data > Find Missing Files.",
            code="input",
        )


def _sequence(node: Any, path: Path) -> Source:
    after = "cycle" if node.use_cyclic else "hold"
    frames = FrameMapping(node.frame_start, node.frame_offset, max(1, node.frame_duration), after)
    there = frame_numbers(path)
    source = _on_disk(node, path, there, frames)
    others = len([number for number in there if number > frames.last])
    if frames.duration == 1 and others:
        source = _warned(
            source,
            f'The Image node "{node.name}" shows 1 frame of a sequence that goes on for {others}: '
            "set its Frames to bake more.",
        )
    return source


def _on_disk(node: Any, path: Path, there: list[int], frames: FrameMapping) -> Source:
    """Return a sequence, of those frames that are shown and on disk."""
    base, digits, suffix = split_name(path) or ("", "", path.name)
    pattern = path.with_name(f"{base}{'#' * len(digits)}{suffix}")
    shown = [number for number in there if frames.first <= number <= frames.last]
    if not shown:
        raise HostError(
            f"None of the frames {frames.first}-{frames.last} of {pattern} is there, which the "
            f'node "{node.name}" shows.',
            hint="Check the node's Frames and Offset, and that the files' disk is there.",
            code="missing_frames" if there else "input",
        )
    source = Source("sequence", str(pattern), shown[0], shown[-1], frames)
    if (shown[0], shown[-1]) != (frames.first, frames.last):
        text = f'The node "{node.name}" shows the frames {frames.first}-{frames.last} of {pattern}'
        text += f", and on disk are {shown[0]}-{shown[-1]}: nothing is baked under the others."
        source = _warned(source, text)
    lacking = missing(shown)
    if lacking:
        text = f"{pattern} lacks {len(lacking)} frames, the first is {lacking[0]}."
        source = _warned(source, text)
    return source


def _still(path: Path) -> Source:
    """Return one file, which lies under all frames."""
    number = still_number(path)
    return Source("sequence", str(path), number, number, FrameMapping.still(number))


def _movie(node: Any, path: Path) -> Source:
    """Return a movie as an Image node shows it: from its end on, the last frame is held."""
    after = "cycle" if node.use_cyclic else "hold"
    offset, duration = node.frame_offset, max(1, node.frame_duration)
    length = node.image.frame_duration
    if offset >= length:
        raise HostError(
            f'The movie {path} has {length} frames, and the node "{node.name}" begins after '
            f"{offset}.",
            hint="Lower the node's Offset.",
        )
    if after == "hold":
        duration = min(duration, length - offset)
    frames = FrameMapping(node.frame_start, offset, duration, after)
    return Source("movie", str(path), max(1, frames.first), min(frames.last, length), frames)


def _clip(scene: Any, node: Any, space: str) -> Source:
    """Return a movie clip: it has no end of its own, so that all of its media is shown."""
    clip = node.clip
    if clip is None:
        raise HostError(
            f'The Movie Clip node "{node.name}" has no clip.', hint="Open a movie or a sequence."
        )
    path = _file(clip)
    start = clip.frame_start - clip.frame_offset
    if clip.source == "MOVIE":
        _refuse_missing(path, f'The movie {path} of the node "{node.name}"')
        frames = FrameMapping(start, 0, max(1, clip.frame_duration), "nothing")
        source = Source("clip", str(path), frames.first, frames.last, frames)
    else:
        parts, there = split_name(path), frame_numbers(path)
        if parts is None or not there:
            _refuse_missing(path, f'The picture {path} of the node "{node.name}"')
            return _upstream(scene)
        # Under `start` lies the file that the clip names, whatever its number.
        begin = start + there[0] - int(parts[1])
        frames = FrameMapping(begin, there[0] - 1, there[-1] - there[0] + 1, "nothing")
        source = replace(_on_disk(node, path, there, frames), kind="clip")
    return _with_space(scene, source, clip, space)


def space_of(shown: Any) -> str | None:
    """Return what the worker calls the colour space of a picture, clip or strip, or None."""
    name = shown.colorspace_settings.name
    known = working_space() if name in ("Non-Color", "scene_linear") else name
    return plate_space_of(known) or (known if "OCIO" in os.environ else None)


def _with_space(scene: Any, source: Source, datablock: Any, chosen: str) -> Source:
    """Return a source with its colour space and rate; one to be rendered where that is needed."""
    space = chosen or space_of(datablock)
    if space is None:
        rendered = _upstream(scene)
        text = (
            f'The colour space "{datablock.colorspace_settings.name}" of {source.plate} is '
            "Blender's own, so the plate is rendered before it is keyed."
        )
        return replace(rendered, warnings=(*source.warnings, text))
    fps = _media_fps(source)
    source = replace(source, space=space, fps=fps)
    return replace(source, warnings=(*source.warnings, *rate_warnings(scene, source.plate, fps)))


def rate_warnings(scene: Any, plate: str, fps: float) -> list[str]:
    """Return what the artist should know where a movie and the scene differ in frames a second."""
    wanted = scene.render.fps / scene.render.fps_base
    if not fps or abs(fps - wanted) <= _FPS_DIFFERS:
        return []
    text = f"{plate} has {fps:.6g} frames a second and the scene {wanted:.6g}: frame by frame, it"
    return [f"{text} plays at the scene's speed."]


def _media_fps(source: Source) -> float:
    """Return a movie's frames a second: of its clip, or of one that is opened for a moment."""
    if "#" in Path(source.plate).name or source.frames == FrameMapping.still(source.first):
        return 0.0
    for clip in bpy.data.movieclips:
        if clip.source == "MOVIE" and _file(clip) == Path(source.plate):
            return float(clip.fps)
    try:
        clip = bpy.data.movieclips.load(source.plate, check_existing=False)
    except RuntimeError:
        return 0.0
    fps = float(clip.fps)
    bpy.data.movieclips.remove(clip)
    return fps


def _with_alpha(source: Source, image: Any) -> Source:
    if source.kind == "upstream" or image.alpha_mode == "NONE" or image.depth not in _WITH_ALPHA:
        return source
    return _warned(source, f"The alpha of {source.plate} is not heeded: the matte is found anew.")


def _warned(source: Source, text: str) -> Source:
    return replace(source, warnings=(*source.warnings, text))
