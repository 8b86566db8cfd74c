"""Where a job's files go, what is in them, and which of them are already right."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from robust_matte.colour.model_view import ModelView
from robust_matte.errors import SettingsError, WouldOverwriteError
from robust_matte.jobs.layer_files import (
    COMBINED_LAYERS,
    SEPARATE_LAYERS,
    write_exr_layers,
    write_png_layers,
)
from robust_matte.jobs.marks import FRAME_ATTRIBUTE, PINS_ATTRIBUTE, is_there, read_mark
from robust_matte.jobs.output_names import check_storage, format_of, job_folder, name_files
from robust_matte.keying.matte import Matte
from robust_matte.media.atomic import remove_leftovers
from robust_matte.media.frames import FrameHeader
from robust_matte.media.links import real_path
from robust_matte.media.sequences import FramePattern
from robust_matte.media.stills import decodes
from robust_matte.settings.choices import Compression, Depth, ImageFormat, Layers

__all__ = ["Outputs"]

_OWN_FOLDERS = ("checkpoint", "lock", "pins", "runs", "states")  # of the job's folder


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of one job.

    Attributes:
        pattern: The result's name; of `separate` files, what their names are made from.
        layers: How layers are spread over files.
        depth: Bits of an EXR channel; of a PNG channel they are 16.
        compression: Lossless EXR compression.
    """

    pattern: FramePattern
    layers: Layers
    depth: Depth
    compression: Compression

    @classmethod
    def named(
        cls,
        text: str,
        plate: FramePattern,
        *,
        layers: Layers,
        depth: Depth = Depth.HALF,
        compression: Compression = Compression.ZIPS,
        asked: ImageFormat | None = None,
        is_still: bool = False,
        is_cropped: bool = False,
    ) -> "Outputs":
        """Find the names of a job's files.

        Args:
            text: A pattern such as `sh010_matte.####.exr`, or a folder.
            plate: What a folder's files are named after.
            layers: How layers are spread over files.
            depth: Bits of a channel.
            compression: Lossless EXR compression.
            asked: The format asked for; None takes that of the name, and EXR in a folder.
            is_still: Whether the plate is one frame, whose result may have a name without number.
            is_cropped: Whether files hold less than the plate's data window.

        Raises:
            SettingsError: The name is of no format that is written or has no place for the frame
                number, or the format cannot store what is asked of it.
        """
        pattern = name_files(text, plate, asked=asked, is_still=is_still)
        check_storage(pattern, layers, depth, compression, is_cropped=is_cropped)
        return cls(pattern, layers, depth, compression)

    @property
    def format(self) -> ImageFormat:
        """The format of all files."""
        return format_of(self.pattern)

    @property
    def is_half(self) -> bool:
        """Whether channels are half floats."""
        return self.format is ImageFormat.EXR and self.depth is Depth.HALF

    def in_form(self, layers: Layers, form: ImageFormat) -> "Outputs":
        """Return the files that the same names would give in another form."""
        pattern = self.pattern
        if form is not self.format:
            pattern = replace(pattern, suffix=f"{pattern.suffix.rpartition('.')[0]}.{form}")
        return replace(self, pattern=pattern, layers=layers)

    @property
    def job_folder(self) -> Path:
        """Where the plan and the contact sheet are."""
        return job_folder(self.pattern)

    @property
    def plan_file(self) -> Path:
        """The plan."""
        return self.job_folder / "plan.json"

    @property
    def pins_folder(self) -> Path:
        """What each segment was begun with."""
        return self.job_folder / "pins"

    @property
    def lock_folder(self) -> Path:
        """Who keys which frames at this moment."""
        return self.job_folder / "lock"

    @property
    def inputs_file(self) -> Path:
        """What the files of plate and masks hold."""
        return self.job_folder / "inputs.json"

    @property
    def sheet_file(self) -> Path:
        """The contact sheet, where no other place is named."""
        return self.job_folder / "contact_sheet.png"

    @property
    def patterns(self) -> dict[str, FramePattern]:
        """The pattern of each file of a frame, by the layer it holds; `rgba` is always there."""
        if self.layers is not Layers.SEPARATE:
            return dict.fromkeys(COMBINED_LAYERS, self.pattern)
        whole = self.pattern
        separator = whole.separator if whole.digits else ""
        return {
            layer: FramePattern(
                whole.folder / layer, f"{whole.stem}_{layer}{separator}", whole.digits, whole.suffix
            )
            for layer in SEPARATE_LAYERS
        }

    def files(self, number: int) -> tuple[Path, ...]:
        """Return the files of one frame."""
        return tuple(pattern.path(number) for pattern in self.patterns.values())

    def refuse_inputs(
        self, numbers: Iterable[int], files: frozenset[Path], whose: str = "the plate itself"
    ) -> None:
        """Make sure that no file that is read would be replaced.

        Args:
            numbers: Frames to write.
            files: What is read, resolved.
            whose: What that is, for people.

        Raises:
            SettingsError: The output names one of the files.
        """
        for number in numbers:
            for path in self.files(number):
                if real_path(path) in files:
                    raise SettingsError(
                        f"The output {path} is a file of {whose}.",
                        hint="Choose another name or folder; what is read is never written over.",
                        frame=number,
                        path=path,
                    )

    def refuse_foreign(self, numbers: Iterable[int], job: str) -> None:
        """Make sure that every file in the way is this job's own.

        Raises:
            WouldOverwriteError: A file is not.
        """
        for number in numbers:
            for path in self.files(number):
                if is_there(path) and read_mark(path)[:1] != (job,):
                    raise WouldOverwriteError(
                        f"{path} exists and was not written by this job.",
                        hint="Choose another output, or replace it with --overwrite.",
                        frame=number,
                        path=path,
                    )

    def remove_leftovers(self, numbers: Sequence[int]) -> None:
        """Remove what killed runs left of the job and of these frames under temporary names."""
        remove_leftovers(self.job_folder)
        for name in _OWN_FOLDERS:
            remove_leftovers(self.job_folder / name)
        for pattern in self.patterns.values():
            remove_leftovers(pattern.folder, [pattern.path(number).name for number in numbers])

    def is_done(self, number: int, job: str, pins: str) -> bool:
        """Say whether a frame is complete: of this very job and these pins, and decodable."""
        return all(
            read_mark(pattern.path(number), PINS_ATTRIBUTE) == (job, str(number), layer, pins)
            and decodes(pattern.path(number))
            for layer, pattern in self.patterns.items()
        )

    def write(
        self,
        number: int,
        matte: Matte,
        header: FrameHeader,
        attributes: Mapping[str, object],
        seen: ModelView,
    ) -> int:
        """Write the files of one frame, each in one step.

        Args:
            number: Frame number.
            matte: The layers.
            header: Display window and pixel aspect.
            attributes: All that the files say; see `frame_attributes`.
            seen: The plate's model view, which knows the output space and, for formats that do not
                hold light, the display encoding.

        Returns:
            How many values the format cannot hold and were clamped.

        Raises:
            OutputError: A file cannot be written.
        """
        paths = {layer: pattern.path(number) for layer, pattern in self.patterns.items()}
        marked = dict(attributes) | {FRAME_ATTRIBUTE: str(number)}
        if self.format is ImageFormat.PNG:
            return write_png_layers(paths, matte, header, marked, seen=seen)
        return write_exr_layers(
            paths,
            matte,
            header,
            marked,
            layers=self.layers,
            depth=self.depth,
            compression=self.compression,
        )
