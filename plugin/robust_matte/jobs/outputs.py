"""Where a job's files go, what is in them, and which of them are already right."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robust_matte.errors import FrameReadError, SettingsError, WouldOverwriteError
from robust_matte.keying.matte import Matte
from robust_matte.media.atomic import remove_leftovers
from robust_matte.media.exr_header import read_header
from robust_matte.media.exr_write import to_half, write_exr
from robust_matte.media.formats import IMAGE_SUFFIXES, MOVIE_SUFFIXES
from robust_matte.media.frames import FrameHeader
from robust_matte.media.sequences import FramePattern, is_pattern
from robust_matte.media.stills import decodes
from robust_matte.settings.choices import Compression, Depth, Layers

__all__ = ["JOB_ATTRIBUTE", "Outputs"]

JOB_ATTRIBUTE = "robust_matte/job"
_FRAME_ATTRIBUTE, _LAYER_ATTRIBUTE = "robust_matte/frame", "robust_matte/layer"
_SEPARATE = ("rgba", "alpha", "foreground")

_Channels = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of one job.

    Attributes:
        pattern: The result's name; of `separate` files, what their names are made from.
        layers: How layers are spread over files.
        depth: Bits of a channel.
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
        is_still: bool = False,
    ) -> "Outputs":
        """Find the names of a job's files.

        Args:
            text: A pattern such as `sh010_matte.####.exr`, or a folder.
            plate: What a folder's files are named after.
            layers: How layers are spread over files.
            depth: Bits of a channel.
            compression: Lossless EXR compression.
            is_still: Whether the plate is one frame, whose result may have a name without number.

        Raises:
            SettingsError: The name is no EXR, or has no place for the frame number.
        """
        path = Path(text)
        names_file = path.suffix.lower() in IMAGE_SUFFIXES | MOVIE_SUFFIXES and not path.is_dir()
        if not (names_file or is_pattern(path.name)):
            base = f"{plate.stem}_matte{plate.separator if plate.digits else ''}"
            pattern = FramePattern(path, base, plate.digits, ".exr")
        else:
            pattern = _named_file(text, needs_number=plate.digits > 0 and not is_still)
        return cls(pattern, layers, depth, compression)

    @property
    def job_folder(self) -> Path:
        """Where the plan and the contact sheet are."""
        return self.pattern.folder / f"{self.pattern.stem or 'matte'}.robust_matte"

    @property
    def patterns(self) -> dict[str, FramePattern]:
        """The pattern of each file of a frame, by the layer it holds; `rgba` is always there."""
        if self.layers is Layers.COMBINED:
            return {"rgba": self.pattern}
        whole = self.pattern
        separator = whole.separator if whole.digits else ""
        return {
            layer: FramePattern(
                whole.folder / layer, f"{whole.stem}_{layer}{separator}", whole.digits, ".exr"
            )
            for layer in _SEPARATE
        }

    def files(self, number: int) -> tuple[Path, ...]:
        """Return the files of one frame."""
        return tuple(pattern.path(number) for pattern in self.patterns.values())

    def refuse_inputs(self, numbers: Iterable[int], plate_files: frozenset[Path]) -> None:
        """Make sure that no file of the plate would be replaced.

        Raises:
            SettingsError: The output names a file of the plate.
        """
        for number in numbers:
            for path in self.files(number):
                if path.resolve() in plate_files:
                    raise SettingsError(
                        f"The output {path} is a file of the plate itself.",
                        hint="Choose another name or folder; a plate is never written over.",
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
                if _is_there(path) and _own_mark(path)[:1] != (job,):
                    raise WouldOverwriteError(
                        f"{path} exists and was not written by this job.",
                        hint="Choose another output, or replace it with --overwrite.",
                        frame=number,
                        path=path,
                    )

    def remove_leftovers(self, numbers: Sequence[int]) -> None:
        """Remove what a killed run left of these frames under temporary names."""
        for pattern in self.patterns.values():
            remove_leftovers(pattern.folder, [pattern.path(number).name for number in numbers])

    def is_done(self, number: int, job: str) -> bool:
        """Say whether a frame is complete: written by this very job, and decodable."""
        return all(
            _own_mark(pattern.path(number)) == (job, str(number), layer)
            and decodes(pattern.path(number))
            for layer, pattern in self.patterns.items()
        )

    def write(
        self, number: int, matte: Matte, header: FrameHeader, attributes: Mapping[str, object]
    ) -> int:
        """Write the files of one frame, each in one step.

        Args:
            number: Frame number.
            matte: The layers.
            header: Display window and pixel aspect.
            attributes: All that the files say; see `frame_attributes`.

        Returns:
            How many values were beyond half's range and clamped.

        Raises:
            OutputError: A file cannot be written.
        """
        clamped = 0
        for layer, pattern in self.patterns.items():
            stored: dict[str, NDArray[np.float16] | NDArray[np.float32]] = {}
            for name, plane in _channels(self.layers, layer, matte).items():
                stored[name], over = (plane, 0) if self.depth is Depth.FLOAT else to_half(plane)
                clamped += over
            write_exr(
                pattern.path(number),
                stored,
                data_window=matte.window,
                display_window=header.display_window,
                pixel_aspect=header.pixel_aspect,
                attributes=dict(attributes)
                | {_FRAME_ATTRIBUTE: str(number), _LAYER_ATTRIBUTE: layer},
                compression=self.compression,
            )
        return clamped


def _named_file(text: str, *, needs_number: bool) -> FramePattern:
    """Read the name of an EXR file."""
    path = Path(text)
    if path.suffix.lower() != ".exr":
        raise SettingsError(
            f"The output {text} is not an EXR file.",
            hint="Name a folder, or a pattern that ends in .exr.",
            path=path,
        )
    if needs_number and not is_pattern(path.name):
        raise SettingsError(
            f"The output {text} has no place for the frame number.",
            hint=f"Name it {path.with_suffix('').name}.####.exr, or name a folder.",
            path=path,
        )
    return FramePattern.parse(text)


def _channels(layers: Layers, layer: str, matte: Matte) -> _Channels:
    """Return the channels of one file."""
    if layers is Layers.COMBINED:
        return (
            _rgb(matte.rgb)
            | {"A": matte.alpha}
            | _rgb(matte.foreground, "foreground.")
            | {"matte.A": matte.network_alpha}
        )
    if layer == "alpha":
        return dict.fromkeys("RGBA", matte.alpha)
    return _rgb(matte.foreground) if layer == "foreground" else _rgb(matte.rgb) | {"A": matte.alpha}


def _rgb(colour: NDArray[np.float32], prefix: str = "") -> _Channels:
    return {f"{prefix}{name}": colour[..., index] for index, name in enumerate("RGB")}


def _is_there(path: Path) -> bool:
    """Say whether there is a file to lose; an empty one is what a power cut leaves."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _own_mark(path: Path) -> tuple[str, ...]:
    """Return job, frame number and layer that a file says it is of; `()` if it says none."""
    if not _is_there(path):
        return ()
    try:
        attributes = read_header(path).parts[0].attributes
    except FrameReadError:
        return ()
    names = (JOB_ATTRIBUTE, _FRAME_ATTRIBUTE, _LAYER_ATTRIBUTE)
    found = [attributes[name].value for name in names if name in attributes]
    return tuple(value.decode(errors="replace") for value in found)
