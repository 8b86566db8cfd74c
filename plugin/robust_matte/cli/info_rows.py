"""A plate's description as rows for people."""

from collections.abc import Iterator

from robust_matte.cli.tables import Row
from robust_matte.jobs.plate_info import (
    CodingInfo,
    ColourInfo,
    FramesInfo,
    PartInfo,
    PictureInfo,
    PlateInfo,
    StorageInfo,
)
from robust_matte.media.windows import Size, Window

__all__ = ["info_rows"]

_WARNING, _PROBLEM = "yellow", "red"
_KINDS = {"sequence": "image sequence", "still": "still", "movie": "movie"}


def info_rows(info: PlateInfo) -> Iterator[Row]:
    """Yield what is known of a plate, what is unusual and what stops `key` last."""
    yield Row("plate", info.plate, "bold")
    yield Row("kind", _KINDS[info.kind])
    yield from _frames_rows(info.frames)
    if info.picture is not None:
        yield from _picture_rows(info.picture)
    if info.storage is not None:
        yield from _storage_rows(info.storage)
    if info.coding is not None:
        yield from _coding_rows(info.coding)
    yield from _colour_rows(info.colour)
    yield Row("frame rate", _spoken_rate(info.fps))
    yield Row("timecode", info.timecode or "none")
    for at, segment in enumerate(info.segments or ()):
        frames = f"{segment.first}-{segment.last}"
        yield Row("" if at else "shots", f"{frames}: {segment.reset}")
    for at, text in enumerate(info.warnings):
        yield Row("" if at else "unusual", text, _WARNING)
    for at, problem in enumerate(info.problems):
        yield Row("" if at else "stops key", f"{problem.what} {problem.hint}", _PROBLEM)


def _frames_rows(frames: FramesInfo) -> Iterator[Row]:
    counted = "1 frame" if frames.count == 1 else f"{frames.count} frames"
    step = f", every {_ordinal(frames.step)}" if frames.step > 1 else ""
    holes = "" if frames.hole_count or frames.count == 1 else ", no holes"
    yield Row("frames", f"{frames.range}: {counted}{step}{holes}")
    if frames.step > 1:
        yield Row("", f"key them with --frames {frames.expected}x{frames.step}")
    if frames.hole_count:
        counted = "1 frame" if frames.hole_count == 1 else f"{frames.hole_count} frames"
        text = f"{frames.holes}: {counted}; key stops unless --missing says hold or black"
        yield Row("holes", text, _WARNING)
    if frames.unreadable_count:
        yield Row("unreadable", f"{frames.unreadable_count} of {frames.count} files", _PROBLEM)


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def _picture_rows(picture: PictureInfo) -> Iterator[Row]:
    display = picture.display_window
    yield Row("display window", _spoken_window(display))
    for other in picture.other_display_windows:
        frames = "frame" if other.count == 1 else f"{other.count} frames, the first"
        text = f"{_spoken_window(other.window)} in {frames} {other.frame}"
        yield Row("", text, _PROBLEM)
    yield Row("data window", _spoken_data(picture))
    if picture.work_area != display:
        yield Row("work area", _spoken_window(picture.work_area))
    if picture.region is not None:
        yield Row("region", _spoken_window(picture.region))
    yield Row("pixel aspect", f"{picture.pixel_aspect:g}")
    usual = _spoken_views(picture.network_view, picture.draft_view)
    yield Row("network view", f"{usual[0]} at --downsample auto{usual[1]}")
    larger = _spoken_views(picture.full_body_view, picture.draft_full_body_view)
    if larger != usual:
        yield Row("", f"{larger[0]} at --framing full-body{larger[1]}")
    yield Row("memory", f"about {picture.memory_bytes / 2**30:.1f} GiB to key on the CPU")


def _spoken_views(view: Size, of_draft: Size) -> tuple[str, str]:
    """Return a size, and that of draft where it is another one."""
    return f"{view}", "" if of_draft == view else f", {of_draft} of draft"


def _spoken_window(window: Window) -> str:
    return f"{window.size}" + (f" at ({window.x}, {window.y})" if window.x or window.y else "")


def _spoken_data(picture: PictureInfo) -> str:
    data, differing = picture.data_window, picture.differing_data_windows
    if differing:
        frames = "1 frame differs" if differing == 1 else f"{differing} frames differ"
        return f"{_spoken_window(data)} in all; {frames} from the first"
    return "the same" if data == picture.display_window else _spoken_window(data)


def _storage_rows(storage: StorageInfo) -> Iterator[Row]:
    compression = f", {storage.compression}" if storage.compression else ""
    yield Row("format", f"{storage.format}{compression}")
    many = len(storage.parts) > 1
    for at, part in enumerate(storage.parts):
        label = "channels" if not at else ""
        yield Row(label, (f"part {_spoken_name(at, part)}: " if many else "") + _listed(part))
    if storage.differing_channels:
        text = f"others in {storage.differing_channels} frames, first {storage.first_differing}"
        yield Row("", text, _WARNING)
    if storage.layers:
        yield Row("layers", f"{', '.join(storage.layers)}; --layer names the one to key")
    if storage.views:
        names = "--view names the one to key, or all for each"
        yield Row("views", f"{', '.join(storage.views)}; {names}")
    if storage.keyed:
        yield Row("keyed from", _spoken_keyed(storage))


def _spoken_keyed(storage: StorageInfo) -> str:
    channels = " ".join(dict.fromkeys(storage.keyed))
    part = storage.parts[storage.keyed_part]
    many = len(storage.parts) > 1
    place = f" of part {_spoken_name(storage.keyed_part, part)}" if many else ""
    view = f" ({storage.keyed_view})" if storage.keyed_view and not part.view else ""
    alpha = "; the alpha is not read" if storage.has_alpha else ""
    return f"{channels}{place}{view}{alpha}"


def _spoken_name(at: int, part: PartInfo) -> str:
    view = f" ({part.view})" if part.view else ""
    return f"{part.name or at}{view}"


def _listed(part: PartInfo) -> str:
    """List channels by depth: `R G B A half, Z float`."""
    depths: dict[str, list[str]] = {}
    for channel in sorted(part.channels, key=lambda one: _place(one.name)):
        depths.setdefault(channel.depth, []).append(channel.name)
    return ", ".join(f"{' '.join(names)} {depth}" for depth, names in depths.items())


def _place(name: str) -> tuple[str, int, str]:
    """Sort a layer's R G B A as people say them; files have them by the alphabet."""
    layer, _, last = name.rpartition(".")
    order = "RGBA".find(last.upper()) if len(last) == 1 else -1
    return layer, order if order >= 0 else 4, last


def _coding_rows(coding: CodingInfo) -> Iterator[Row]:
    profile = f" ({coding.profile})" if coding.profile else ""
    yield Row("codec", f"{coding.codec}{profile}, {coding.pixel_format}")
    yield Row("range", coding.range + _assumed(coding.is_range_stated))
    yield Row("matrix", coding.matrix + _assumed(coding.is_matrix_stated))
    yield Row("transfer", coding.transfer or "not tagged")
    yield Row("primaries", coding.primaries or "not tagged")
    yield Row("fields", "progressive")
    mirrored = ", then mirrored" if coding.is_mirrored else ""
    if coding.rotation or coding.is_mirrored:
        yield Row("turned", f"{coding.rotation} degrees counter-clockwise{mirrored}")


def _assumed(is_stated: bool) -> str:
    return "" if is_stated else ", assumed"


def _colour_rows(colour: ColourInfo) -> Iterator[Row]:
    said = colour.said.removeprefix("plate space ")
    yield Row("plate space", said if colour.space else "none; --plate-space names one")
    if colour.working:
        yield Row("working space", colour.working)
    for at, (name, value) in enumerate(colour.tags.items()):
        yield Row("" if at else "colour tags", f"{name} {value}")


def _spoken_rate(fps: str | None) -> str:
    if fps is None:
        return "not stated"
    over, _, under = fps.partition("/")
    return f"{int(over) / int(under):.3f} fps ({fps})" if under else f"{fps} fps"
