"""Opening a job: settings checked against plate and output, before anything heavy is loaded."""

from dataclasses import dataclass, replace
from pathlib import Path

from robust_matte.colour.configs import ColourConfig, open_config
from robust_matte.colour.model_view import ModelView
from robust_matte.errors import SettingsError
from robust_matte.jobs.contact_sheet import check_sheet
from robust_matte.jobs.edit_cuts import read_edits, with_cuts
from robust_matte.jobs.framing import Windows, settle_region, view_size
from robust_matte.jobs.hints import Hints, check_hints
from robust_matte.jobs.looks import Looks
from robust_matte.jobs.masks import MaskedPlate, Masks, open_masks
from robust_matte.jobs.output_space import settle_output
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.plate_space import AssumedSpace, assume_space
from robust_matte.jobs.progress import Listener, Noted, Warned
from robust_matte.jobs.review import check_review
from robust_matte.jobs.stereo import output_of_view, settle_picture
from robust_matte.jobs.survey import requested_frames
from robust_matte.keying.prepared import Preparation
from robust_matte.keying.rolling import FrameSource
from robust_matte.media.exr_layers import LayerChoice
from robust_matte.media.links import real_path
from robust_matte.media.plates import MoviePlate, Plate
from robust_matte.media.windows import Size
from robust_matte.settings.choices import SourceAlpha
from robust_matte.settings.frame_range import FrameRange
from robust_matte.settings.key_settings import KeySettings
from robust_matte.settings.low_res import Downsample

__all__ = ["OpenedJob", "open_job"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedJob:
    """A job whose plate and names are known to be sound.

    Attributes:
        settings: What was asked.
        plate: The plate.
        outputs: Where the result goes.
        frames: The frames to write.
        picture: Which layer and view of the plate is keyed.
        space: How the plate is encoded, and where that is known from.
        windows: Display window, work area, and what of it the network works on.
        masks: Garbage and core.
        config: The config that names colour spaces.
        output_space: The scene-linear space of the result.
    """

    settings: KeySettings
    plate: Plate
    outputs: Outputs
    frames: FrameRange
    picture: LayerChoice
    space: AssumedSpace
    windows: Windows
    masks: Masks
    config: ColourConfig
    output_space: str

    @property
    def source(self) -> FrameSource:
        """Where the frames to key come from: the plate, with its masks if it has any."""
        if not self.masks.are_any:
            return self.plate
        return MaskedPlate(self.plate, self.masks, self.windows)

    @property
    def preparation(self) -> Preparation:
        """How frames are made ready for the model."""
        windows = self.windows
        return Preparation(self.seen, windows.area, self.settings.nonfinite, windows.region)

    @property
    def seen(self) -> ModelView:
        """The plate's model view, without gain: that is a segment's own."""
        return ModelView(self.space.space, 0.0, self.config, self.output_space)

    @property
    def hints(self) -> Hints | None:
        """The alpha hints, if any are wanted."""
        return _hints(self.settings, self.plate, self.outputs, self.windows)

    def low_size(self, usual_side: int) -> Size:
        """Return the size of the view for a network that was made for a longest side."""
        windows, settings = self.windows, self.settings
        asked = Downsample.parse(settings.downsample, settings.framing)
        return view_size(windows.keyed.size, windows.pixel_aspect, asked, usual_side)


def open_job(
    settings: KeySettings,
    listener: Listener,
    weights: Path,
    counted: Path | None = None,
    looks: Looks | None = None,
) -> OpenedJob:
    """Find the plate, look over its headers and settle the names of the result.

    Args:
        settings: The job.
        listener: Told what is assumed, and what is unusual.
        weights: The weights file, which nothing may replace; it need not be there yet.
        counted: A folder where the count of a movie's frames may be kept.
        looks: How the plate is looked at; by default anew.

    Raises:
        InputError: The plate is absent, unreadable, uneven or incomplete.
        SettingsError: A setting does not fit the plate, or a colour config cannot be used.
    """
    edits = read_edits(settings)
    config = open_config(settings.config)
    looks = looks or Looks()
    choice = LayerChoice(settings.layer, settings.view)
    plate = looks.plate(settings, listener, counted)
    place = Path(settings.output or f"{plate.pattern.stem}_matte")
    outputs = Outputs.named(
        output_of_view(str(place.absolute()), plate),  # messages and the summary name it in full
        plate.pattern,
        layers=settings.layers,
        depth=settings.depth,
        compression=settings.compression,
        asked=settings.format,
        is_still=len(plate.numbers) == 1,
        is_cropped=settings.crop,
    )
    asked = FrameRange.parse(settings.frames) if settings.frames else None
    frames = requested_frames(plate, asked, settings.missing)
    _check_names(outputs, frames, plate)
    picture = settle_picture(plate, choice, listener)
    space = assume_space(plate, settings.plate_space, config)
    output_space = settle_output(space, settings.output_space, config, outputs.format)
    listener(Noted(space.text))
    if isinstance(plate, MoviePlate) and plate.movie.info.has_alpha:
        _tell_of_alpha(plate, settings, listener)
    for text in plate.warnings:
        listener(Warned(text))
    windows = looks.windows(plate, settings.work_area, listener)
    windows = replace(windows, region=settle_region(settings.roi, windows.area))
    masks = open_masks(settings, plate, frames, windows, listener)
    outputs.refuse_inputs(frames, masks.files, "a mask")
    settings = with_cuts(settings, edits, plate, listener)
    taken = plate.files | masks.files | {real_path(weights)}
    hints = _hints(settings, plate, outputs, windows)
    _check_shows(settings, outputs, frames, windows, taken, hints)
    return OpenedJob(
        settings=settings,
        plate=plate,
        outputs=outputs,
        frames=frames,
        picture=picture,
        space=space,
        windows=windows,
        masks=masks,
        config=config,
        output_space=output_space,
    )


def _tell_of_alpha(plate: MoviePlate, settings: KeySettings, listener: Listener) -> None:
    if settings.source_alpha is SourceAlpha.IGNORE:
        name = plate.movie.path.name
        listener(Noted(f"the alpha of {name} is ignored; --source-alpha garbage heeds it"))


def _hints(settings: KeySettings, plate: Plate, outputs: Outputs, windows: Windows) -> Hints | None:
    if settings.hint_dir is None:
        return None
    return Hints.named(
        settings.hint_dir,
        plate.pattern,
        outputs,
        depth=settings.hint_depth,
        display=windows.display,
        pixel_aspect=windows.pixel_aspect,
    )


def _check_shows(
    settings: KeySettings,
    outputs: Outputs,
    frames: FrameRange,
    windows: Windows,
    taken: frozenset[Path],
    hints: Hints | None,
) -> None:
    """Make sure that contact sheet, hints and review can be made, and replace nothing."""
    own = frozenset(real_path(path) for number in frames for path in outputs.files(number))
    if settings.contact_sheet not in ("auto", "none"):
        sheet = Path(settings.contact_sheet).absolute()
        check_sheet(sheet, taken | own, overwrite=settings.overwrite)
    if hints is not None:
        check_hints(hints, frames, taken | own, overwrite=settings.overwrite)
    if settings.review is not None:
        review, size = settings.review.absolute(), windows.display.size
        check_review(review, taken, size, overwrite=settings.overwrite)


def _check_names(outputs: Outputs, frames: FrameRange, plate: Plate) -> None:
    outputs.refuse_inputs(frames, plate.files)
    if len(frames) > 1 and outputs.pattern.digits == 0:
        raise SettingsError(
            f"The output {outputs.pattern} is one file, but {len(frames)} frames are wanted.",
            hint="Name it with a place for the frame number, such as matte.####.exr.",
        )
