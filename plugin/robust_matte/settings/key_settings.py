"""The settings of one keying job."""

import re
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from robust_matte.errors import SettingsError
from robust_matte.settings.backdrop import Backdrop
from robust_matte.settings.choices import (
    Compression,
    Depth,
    Despill,
    Framing,
    HintDepth,
    ImageFormat,
    Layers,
    Missing,
    Nonfinite,
    Refiner,
    SourceAlpha,
    WorkArea,
)
from robust_matte.settings.cut_list import CutList
from robust_matte.settings.edit_rate import EditRate
from robust_matte.settings.first_frame import FirstFrame, parse_first_frame
from robust_matte.settings.frame_range import FrameRange
from robust_matte.settings.gain import AUTO_GAIN, parse_gain
from robust_matte.settings.low_res import Downsample
from robust_matte.settings.region import Region
from robust_matte.settings.shaping_settings import ShapingSettings
from robust_matte.settings.warm_up import DEFAULT_WARM_UP

__all__ = ["KeySettings"]


class KeySettings(ShapingSettings):
    """Everything a keying job is told; flags, API and hosts all build this.

    Text fields keep the spelling of the command line, so that a job reads as it was typed; what
    they mean is checked here, and parsed where it is used.

    Attributes:
        plate: A movie, a still, a folder with one sequence, or a pattern such as `plate.####.exr`.
        output: A folder, or a pattern such as `sh010_matte.####.exr`; None is the folder
            `<plate>_matte` where the command runs.
        frames: What is written, such as `1001-1100x2`; None is the whole plate.
        first_frame: Number of a movie's first frame; `timecode` counts it from the timecode.
        model: `auto`, the name of known weights, or a weights file.
        offline: Never touch the network: weights that are absent are an error.
        refiner: What lifts the matte to full size.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`; a named one never falls back.
        threads: Threads of the network; 0 takes what the job was planned
            with, at first one per core.
        downsample: `auto`, a ratio, or a longest side such as `512px`.
        framing: How much of people is seen, which says what `auto` is; None is `portrait`.
        roi: The part of the picture that is keyed, `X,Y,W,H`; None is all of it.
        warm_up: Frames fed backwards before a segment's first frame.
        cuts: `auto`, `off`, `headers`, first frames of shots such as `1050,1120`, or an edit list.
        cuts_rate: Frames a second of an EDL, such as `24` or `29.97df`.
        cuts_at: The plate's frame at which an edit begins; None takes timecodes.
        missing: What to do about frames the plate lacks.
        nonfinite: What to do about NaN and infinite pixels.
        work_area: Which window the network works on.
        cold: Start at the first written frame instead of rolling to it; approximate.
        plate_space: How the plate is encoded: a name, alias or role of the config; None decides
            from the files.
        output_space: The scene-linear space of the result, likewise; None is the working space.
        config: An OpenColorIO config's file, or the name of a built-in one; None takes $OCIO, else
            the built-in studio config.
        gain: `auto`, or stops by which the network sees the plate brighter than it is; light is
            untouched.
        garbage: What is kept out where it is white: a pattern, a folder, a movie, or one still.
        invert_garbage: Keep out where it is black instead.
        core: What is solid where it is white, as `garbage`.
        source_alpha: What the plate's own alpha is taken for.
        format: The format of files in a folder; None is EXR, or what `output` names.
        layer: The layer or part of an EXR plate to key; None is its own RGB.
        view: The view of a stereo plate to key, or `all`; None is the first.
        despill: Whose colour is taken out of the foreground's soft edge.
        layers: How layers are spread over files.
        depth: Bits of a written channel.
        compression: Lossless EXR compression.
        crop: Write the part of each frame alone that holds any alpha.
        overwrite: Replace files of another job.
        repin: Begin segments anew that were begun with other versions, device or threads.
        hint_dir: A folder for alpha hints, grey PNG files at the plate's numbers; None makes none.
        hint_depth: Bits of their codes.
        contact_sheet: A PNG file, `none`, or `auto` for one beside the plan.
        review: A .mp4 or .mov file to make of the result; None makes none.
        review_over: What the review shows it over: `checker`, a colour's name or `#1e90ff`.
    """

    plate: str = Field(min_length=1)
    output: str | None = Field(None, min_length=1)
    frames: str | None = None
    first_frame: FirstFrame = 1
    model: str = Field("auto", min_length=1)
    offline: bool = False
    refiner: Refiner = Refiner.AUTO
    device: str = "auto"
    threads: int = Field(0, ge=0, le=512)
    downsample: str = "auto"
    framing: Framing | None = None
    roi: str | None = None
    warm_up: int = Field(DEFAULT_WARM_UP, ge=0, le=256)
    cuts: str = "auto"
    cuts_rate: str | None = None
    cuts_at: int | None = None
    missing: Missing = Missing.FAIL
    nonfinite: Nonfinite = Nonfinite.KEEP
    work_area: WorkArea = WorkArea.DATA
    cold: bool = False
    plate_space: str | None = Field(None, min_length=1)
    output_space: str | None = Field(None, min_length=1)
    config: str | None = Field(None, min_length=1)
    gain: str = "0"
    garbage: str | None = Field(None, min_length=1)
    invert_garbage: bool = False
    core: str | None = Field(None, min_length=1)
    source_alpha: SourceAlpha = SourceAlpha.IGNORE
    despill: Despill = Despill.NONE
    format: ImageFormat | None = None
    layer: str | None = Field(None, min_length=1)
    view: str | None = Field(None, min_length=1)
    layers: Layers = Layers.COMBINED
    depth: Depth = Depth.HALF
    compression: Compression = Compression.ZIPS
    crop: bool = False
    overwrite: bool = False
    repin: bool = False
    hint_dir: Path | None = None
    hint_depth: HintDepth = HintDepth.EIGHT
    contact_sheet: str = "auto"
    review: Path | None = None
    review_over: str = "checker"

    @field_validator(
        *("plate", "output", "model", "garbage", "core", "contact_sheet", "config"), mode="before"
    )
    @classmethod
    def _place_is_text(cls, place: object) -> object:
        return str(place) if isinstance(place, Path) else place

    @field_validator("frames")
    @classmethod
    def _frames_parse(cls, text: str | None) -> str | None:
        return None if text is None else str(FrameRange.parse(text))

    @field_validator("first_frame", mode="before")
    @classmethod
    def _first_frame_parses(cls, value: object) -> FirstFrame:
        return parse_first_frame(value)

    @field_validator("device")
    @classmethod
    def _device_is_known(cls, text: str) -> str:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text):
            raise SettingsError(
                f'The device "{text}" is not known.',
                hint="Write auto, cpu, mps, cuda, or cuda:1 for the second card.",
            )
        return text

    @field_validator("downsample")
    @classmethod
    def _downsample_parses(cls, text: str) -> str:
        Downsample.parse(text)
        return text

    @field_validator("roi")
    @classmethod
    def _region_parses(cls, text: str | None) -> str | None:
        return None if text is None else str(Region.parse(text))

    @model_validator(mode="after")
    def _size_is_said_once(self) -> Self:
        Downsample.parse(self.downsample, self.framing)
        return self

    @model_validator(mode="after")
    def _inverts_something(self) -> Self:
        if self.invert_garbage and self.garbage is None:
            raise SettingsError(
                "--invert-garbage has no garbage to invert.",
                hint="Name it with --garbage, or leave --invert-garbage out.",
            )
        return self

    @field_validator("cuts")
    @classmethod
    def _cuts_parse(cls, text: str) -> str:
        CutList.parse(text)
        return text

    @field_validator("cuts_rate")
    @classmethod
    def _cuts_rate_parses(cls, text: str | None) -> str | None:
        if text is not None:
            EditRate.parse(text)
        return text

    @model_validator(mode="after")
    def _edit_is_there(self) -> Self:
        file = CutList.parse(self.cuts).file
        if self.cuts_rate is not None and not (file and file.lower().endswith(".edl")):
            raise SettingsError(
                "--cuts-rate is the rate of an EDL, and --cuts names none.",
                hint="Leave it out: frames have no rate, and other edit lists state theirs.",
            )
        if self.cuts_at is not None and file is None:
            raise SettingsError(
                "--cuts-at says where an edit begins, and --cuts names none.",
                hint="Name an edit list with --cuts, or leave --cuts-at out.",
            )
        return self

    @field_validator("gain")
    @classmethod
    def _gain_parses(cls, text: str) -> str:
        stops = parse_gain(text)
        return AUTO_GAIN if stops is None else f"{stops:g}"

    @field_validator("review_over")
    @classmethod
    def _backdrop_parses(cls, text: str) -> str:
        Backdrop.parse(text)
        return text
