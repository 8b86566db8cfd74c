"""What is known of a plate, as the document that `robust-matte info --json` prints."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from robust_matte.errors import RobustMatteError
from robust_matte.jobs.plan import SegmentRecord
from robust_matte.media.windows import Size, Window

__all__ = [
    "ChannelInfo",
    "CodingInfo",
    "ColourInfo",
    "FramesInfo",
    "OtherWindow",
    "PartInfo",
    "PictureInfo",
    "PlateInfo",
    "StorageInfo",
    "Trouble",
]

_STRICT = ConfigDict(frozen=True, extra="forbid")


class Trouble(BaseModel):
    """Something that stops `key`.

    Attributes:
        what: One sentence naming it.
        hint: One sentence with the way out.
        exit_code: What `key` ends with.
    """

    model_config = _STRICT
    what: str
    hint: str
    exit_code: int

    @classmethod
    def of(cls, error: RobustMatteError) -> "Trouble":
        """Take over what an error says."""
        return cls(what=error.what, hint=error.hint, exit_code=error.exit_code)


class FramesInfo(BaseModel):
    """Which frames there are; ranges are written as fileseq does.

    Attributes:
        range: The frames on disk, or of the movie, such as `1001-1100`.
        count: How many.
        expected: From the first to the last, or the range typed in the pattern.
        step: Frames from one to the next, as the plate has it most often; 2 on twos.
        holes: The frames missing at that step, empty if none.
        hole_count: How many.
        unreadable_count: Files that do not open.
    """

    model_config = _STRICT
    range: str
    count: int
    expected: str
    step: int
    holes: str
    hole_count: int
    unreadable_count: int


class OtherWindow(BaseModel):
    """A display window that is not the first frame's: where it comes first, and how often."""

    model_config = _STRICT
    frame: int
    window: Window
    count: int


class PictureInfo(BaseModel):
    """Sizes in pixels; y grows downwards.

    Attributes:
        display_window: The picture's frame, of the first frame.
        other_display_windows: Those of other frames, which must not differ.
        data_window: All data windows united.
        differing_data_windows: Frames whose data window is not the first frame's.
        pixel_aspect: Width of a pixel over its height.
        work_area: What is keyed: the data windows, unless they reach too far.
        region: The part of it that `--roi` names, or None.
        network_view: What the network sees at `--downsample auto`, if it is not `draft`.
        draft_view: What `draft` sees at `--downsample auto`.
        full_body_view: What the network sees at `--framing full-body`, if it is not `draft`.
        draft_full_body_view: What `draft` sees at `--framing full-body`.
        memory_bytes: About what `key` takes on the CPU, at default settings.
    """

    model_config = _STRICT
    display_window: Window
    other_display_windows: tuple[OtherWindow, ...]
    data_window: Window
    differing_data_windows: int
    pixel_aspect: float
    work_area: Window
    region: Window | None = None
    network_view: Size
    draft_view: Size
    full_body_view: Size
    draft_full_body_view: Size
    memory_bytes: int


class ChannelInfo(BaseModel):
    """A channel and how its values are stored, such as `half` or `10-bit`."""

    model_config = _STRICT
    name: str
    depth: str


class PartInfo(BaseModel):
    """One part of an EXR file, with its name and view if it has them."""

    model_config = _STRICT
    name: str | None
    view: str | None
    channels: tuple[ChannelInfo, ...]


class StorageInfo(BaseModel):
    """How the pixels are stored, in the first file.

    Attributes:
        format: Such as `EXR` or `QuickTime / MOV`.
        compression: In the format's own words, or None.
        parts: The parts of the file.
        layers: What `--layer` can name.
        views: What `--view` can name.
        keyed_part: Which part is keyed, from 0.
        keyed_layer: The name of what is keyed, if it has one.
        keyed_view: The view that is keyed, or None.
        keyed: The channels that are keyed; empty if there is no colour.
        has_alpha: Whether there is alpha beside them, which is not read.
        differing_channels: Frames whose channels are not the first frame's.
        first_differing: The first of them.
    """

    model_config = _STRICT
    format: str
    compression: str | None
    parts: tuple[PartInfo, ...]
    layers: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    keyed_part: int = 0
    keyed_layer: str | None = None
    keyed_view: str | None = None
    keyed: tuple[str, ...]
    has_alpha: bool
    differing_channels: int
    first_differing: int | None


class CodingInfo(BaseModel):
    """How a movie is coded, in FFmpeg's words.

    Attributes:
        codec: The codec.
        profile: Its profile, or None.
        pixel_format: How codes are laid out.
        bit_depth: Bits of a code.
        range: `limited` or `full`.
        is_range_stated: Whether the file says so; else it is assumed.
        matrix: The matrix of Y'CbCr, `none` for RGB and grey.
        is_matrix_stated: Whether the file says so; else it is assumed.
        transfer: As tagged, or None.
        primaries: As tagged, or None.
        rotation: Degrees counter-clockwise by which frames are turned.
        is_mirrored: Whether they are mirrored after that.
        is_variable_rate: Whether frames are unevenly spaced in time.
        declared_frames: How many frames the container claims, or None.
    """

    model_config = _STRICT
    codec: str
    profile: str | None
    pixel_format: str
    bit_depth: int
    range: Literal["limited", "full"]
    is_range_stated: bool
    matrix: str
    is_matrix_stated: bool
    transfer: str | None
    primaries: str | None
    rotation: int
    is_mirrored: bool
    is_variable_rate: bool
    declared_frames: int | None


class ColourInfo(BaseModel):
    """How the plate is read.

    Attributes:
        space: The plate space `key` takes by itself; None if it takes none.
        working: The scene-linear space of the result, unless another is asked for; None likewise.
        is_stated: Whether the file says so.
        said: The line that `key` prints.
        tags: What the first file says of its colour, by the tag's name.
    """

    model_config = _STRICT
    space: str | None
    working: str | None
    is_stated: bool
    said: str
    tags: dict[str, str]


class PlateInfo(BaseModel):
    """A plate as `key` would see it.

    Attributes:
        schema_version: Version of this document's form.
        plate: The file or pattern, in full.
        kind: What it is.
        frames: Which frames there are.
        picture: Sizes; None if no file opens.
        storage: How pixels are stored; None if no file opens.
        coding: How a movie is coded; None for files.
        colour: How the plate is read.
        fps: Frames per second as a fraction such as `24000/1001`, or None.
        timecode: Of the first frame, or None.
        segments: Its shots, if they were looked for.
        warnings: What is unusual, one sentence each.
        problems: What stops `key`.
    """

    model_config = _STRICT
    schema_version: Literal[1] = 1
    plate: str
    kind: Literal["sequence", "still", "movie"]
    frames: FramesInfo
    picture: PictureInfo | None
    storage: StorageInfo | None
    coding: CodingInfo | None
    colour: ColourInfo
    fps: str | None
    timecode: str | None
    segments: tuple[SegmentRecord, ...] | None = None
    warnings: tuple[str, ...] = ()
    problems: tuple[Trouble, ...] = ()

    @property
    def exit_code(self) -> int:
        """What `key` would end with on account of the plate; 0 if nothing stops it."""
        return self.problems[0].exit_code if self.problems else 0
