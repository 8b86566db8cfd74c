"""What `key` would see of a plate, found without keying it."""

from dataclasses import dataclass, field

from robust_matte.colour.configs import open_config
from robust_matte.colour.model_view import ModelView
from robust_matte.errors import InputError
from robust_matte.jobs.framing import settle_region, view_size
from robust_matte.jobs.headers import Headers, read_headers
from robust_matte.jobs.memory import memory_needed
from robust_matte.jobs.movie_info import coding_info, colour_tags, damage, storage_info
from robust_matte.jobs.plan import SegmentRecord
from robust_matte.jobs.plate_info import (
    ColourInfo,
    FramesInfo,
    PictureInfo,
    PlateInfo,
    Trouble,
)
from robust_matte.jobs.plate_space import assume_space
from robust_matte.jobs.progress import Event, Listener, Warned, silent
from robust_matte.jobs.stored import storage_of
from robust_matte.jobs.survey import count_frames, find_cuts, settle_area
from robust_matte.keying.prepared import Preparation
from robust_matte.keying.segments import own_step, split_segments
from robust_matte.media.exr_layers import ANY_LAYER, LayerChoice
from robust_matte.media.movie_facts import read_movie_facts
from robust_matte.media.plates import MoviePlate, Plate, open_plate
from robust_matte.media.sequences import frame_ranges
from robust_matte.media.windows import Size, Window
from robust_matte.settings.choices import Framing, Nonfinite, WorkArea
from robust_matte.settings.first_frame import FirstFrame
from robust_matte.settings.low_res import Downsample
from robust_matte.settings.warm_up import DEFAULT_WARM_UP
from robust_matte.weights.known import AUTO, DRAFT, KNOWN

__all__ = ["inspect_plate"]


@dataclass(slots=True)
class _Notes:
    """What is gathered on the way: warnings and what stops `key`."""

    warnings: list[str] = field(default_factory=list)
    problems: list[Trouble] = field(default_factory=list)

    def listen(self, event: Event) -> None:
        if isinstance(event, Warned):
            self.warnings.append(event.text)

    def add(self, error: InputError) -> None:
        """Add what stops `key`, unless it is told already."""
        if error.what not in [one.what for one in self.problems]:
            self.problems.append(Trouble.of(error))


def inspect_plate(
    text: str,
    *,
    first_frame: FirstFrame = 1,
    choice: LayerChoice = ANY_LAYER,
    roi: str | None = None,
    with_cuts: bool = False,
    listener: Listener = silent,
) -> PlateInfo:
    """Look over a plate: headers alone, but a movie's frames are counted by decoding them.

    What stops `key` is among the result's problems, so that one bad file hides nothing.

    Args:
        text: A movie, a still, a folder with one sequence, or a frame pattern.
        first_frame: Number of a movie's first frame, or `timecode`.
        choice: Which layer and view of an EXR are meant.
        roi: The part of the picture to be keyed, `X,Y,W,H`, or None.
        with_cuts: Look for cuts too, which decodes every frame.
        listener: Told how far it is.

    Raises:
        InputError: There is no such plate, or the movie cannot be used.
        SettingsError: The pattern cannot be understood, a sequence is given a first frame, or the
            region is not one of the picture.
    """
    plate, notes = open_plate(text, first_frame=first_frame, choice=choice), _Notes()
    if isinstance(plate, MoviePlate):
        info = _movie_info(plate, notes, listener)
    else:
        info = _sequence_info(plate, notes, listener)
    found = _segments(plate, info, notes, listener) if with_cuts else None
    told = {one.what for one in notes.problems}
    notes.warnings += [text for text in plate.warnings if text not in told]
    return info.model_copy(
        update={
            "picture": info.picture and _of_region(info.picture, roi),
            "segments": found,
            "warnings": tuple(notes.warnings),
            "problems": tuple(notes.problems),
        }
    )


def _sequence_info(plate: Plate, notes: _Notes, listener: Listener) -> PlateInfo:
    headers = read_headers(plate, listener)
    notes.problems += headers.problems
    first = headers.first
    return PlateInfo(
        plate=plate.source,
        kind="sequence" if len(plate.numbers) > 1 else "still",
        frames=_frames_info(plate, headers.unreadable),
        picture=_picture_info(headers, notes),
        storage=storage_of(plate, headers, notes.add),
        coding=None,
        colour=_colour_info(plate, first.colour_tags if first else {}, notes),
        fps=str(first.fps) if first and first.fps else None,
        timecode=first.timecode if first else None,
    )


def _frames_info(plate: Plate, unreadable: int = 0) -> FramesInfo:
    numbers, (first, last) = plate.numbers, plate.expected
    step = plate.step if plate.step > 1 else own_step(numbers)  # as typed, or as it is
    holes = sorted(set(range(first, last + 1, step)) - set(numbers))
    return FramesInfo(
        range=frame_ranges(numbers),
        count=len(numbers),
        expected=f"{first}-{last}" if last > first else f"{first}",
        step=step,
        holes=frame_ranges(holes),
        hole_count=len(holes),
        unreadable_count=unreadable,
    )


def _picture_info(headers: Headers, notes: _Notes) -> PictureInfo | None:
    first, data = headers.first, headers.data
    if first is None or data is None:
        return None
    display = first.display_window
    area = settle_area(display, display.united(data), WorkArea.DATA, notes.listen)
    return _sized(display, data, area, headers, first.pixel_aspect)


def _sized(
    display: Window, data: Window, area: Window, headers: Headers, pixel_aspect: float
) -> PictureInfo:
    """Add what follows from the work area."""
    sizes = _view_sizes(area.size, pixel_aspect)
    return PictureInfo(
        display_window=display,
        other_display_windows=tuple(headers.others.values()),
        data_window=data,
        differing_data_windows=headers.differing_data,
        pixel_aspect=pixel_aspect,
        work_area=area,
        **sizes,
        memory_bytes=memory_needed(area.size, sizes["network_view"], DEFAULT_WARM_UP),
    )


def _of_region(picture: PictureInfo, roi: str | None) -> PictureInfo:
    """Return the picture as it is keyed with a region."""
    region = settle_region(roi, picture.work_area)
    if region is None:
        return picture
    area, sizes = picture.work_area, _view_sizes(region.size, picture.pixel_aspect)
    around = area.width * area.height - region.width * region.height
    memory = memory_needed(region.size, sizes["network_view"], DEFAULT_WARM_UP, around=around)
    return picture.model_copy(update={"region": region, "memory_bytes": memory} | sizes)


def _view_sizes(keyed: Size, pixel_aspect: float) -> dict[str, Size]:
    """Return what each network would see of an area, by the names of `PictureInfo`."""
    names = {
        "network_view": (AUTO, Framing.PORTRAIT),
        "draft_view": (DRAFT, Framing.PORTRAIT),
        "full_body_view": (AUTO, Framing.FULL_BODY),
        "draft_full_body_view": (DRAFT, Framing.FULL_BODY),
    }
    return {
        field: view_size(keyed, pixel_aspect, Downsample(framing=framing), KNOWN[name].usual_side)
        for field, (name, framing) in names.items()
    }


def _colour_info(plate: Plate, tags: dict[str, str], notes: _Notes) -> ColourInfo:
    try:
        config = open_config(None)
        assumed = assume_space(plate, None, config)
    except InputError as error:
        notes.add(error)
        return ColourInfo(space=None, working=None, is_stated=False, said=error.what, tags=tags)
    return ColourInfo(
        space=assumed.space,
        working=ModelView(assumed.space, config=config).described.working,
        is_stated=assumed.is_stated,
        said=assumed.text,
        tags=tags,
    )


def _movie_info(plate: MoviePlate, notes: _Notes, listener: Listener) -> PlateInfo:
    movie = plate.movie
    count_frames(plate, listener)
    if (stop := damage(movie)) is not None:
        notes.add(stop)
    facts, window = read_movie_facts(movie.path), movie.header.display_window
    return PlateInfo(
        plate=plate.source,
        kind="movie",
        frames=_frames_info(plate),
        picture=_sized(window, window, window, Headers(), movie.info.pixel_aspect),
        storage=storage_info(movie, facts),
        coding=coding_info(movie, facts),
        colour=_colour_info(plate, colour_tags(movie), notes),
        fps=str(movie.info.fps) if movie.info.fps else None,
        timecode=movie.info.timecode,
    )


def _segments(
    plate: Plate, info: PlateInfo, notes: _Notes, listener: Listener
) -> tuple[SegmentRecord, ...] | None:
    """Find the shots as `key` does; None where the plate cannot be decoded."""
    if notes.problems or info.picture is None or info.colour.space is None:
        notes.warnings.append("Cuts were not looked for: what stops key comes first.")
        return None
    seen = ModelView(info.colour.space, config=open_config(None))
    preparation = Preparation(seen, info.picture.work_area, Nonfinite.KEEP)
    try:
        decisions = find_cuts(plate, preparation, listener)
    except InputError as error:
        notes.add(error)
        return None
    starts = [one.number for one in decisions if one.is_cut]
    return tuple(
        SegmentRecord(first=one.first, last=one.last, reset=one.reset)
        for one in split_segments(plate.numbers, starts)
    )
