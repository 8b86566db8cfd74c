"""A finished EXR file read back: its layers, and what it says of how they were made."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robust_matte.errors import InputError
from robust_matte.jobs.layer_files import SEPARATE_LAYERS
from robust_matte.jobs.marks import FRAME_ATTRIBUTE
from robust_matte.jobs.matte_attributes import (
    LAID_ATTRIBUTES,
    SHAPING_ATTRIBUTE,
    UNCROPPED_ATTRIBUTE,
    window_of,
)
from robust_matte.media.exr_header import ExrHeader, ExrPart, passed_on, read_header
from robust_matte.media.formats import JOB_ATTRIBUTE
from robust_matte.media.frames import FloatImage, FrameHeader
from robust_matte.media.stills import read_channels
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Compression, Depth, Layers

__all__ = ["SHAPED_FROM_ATTRIBUTE", "KeyedFile"]

SHAPED_FROM_ATTRIBUTE = "robust_matte/shaped_from"

_FOREGROUND, _NETWORK = ("foreground.R", "foreground.G", "foreground.B"), "matte.A"
_ROI_ATTRIBUTE = "robust_matte/roi"
_COMPRESSIONS = dict(enumerate(Compression))  # in the order of OpenEXR's own numbers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeyedFile:
    """One finished file.

    Attributes:
        path: The file.
        layers: How its layers are spread: `combined` or `multipart`.
        part: Its first part.
        attributes: All that it says, our own included, as the OpenEXR package takes them.
    """

    path: Path
    layers: Layers
    part: ExrPart
    attributes: Mapping[str, object]

    @classmethod
    def read(cls, path: Path) -> "KeyedFile":
        """Read a file's header.

        Raises:
            FrameReadError: It cannot be read.
            InputError: It is no result that has alpha and foreground in one file.
        """
        header = read_header(path)
        layers = _layers_of(header)
        if layers is None:
            raise InputError(
                f"{path} cannot be shaped: it is no EXR of robust-matte key with alpha and "
                "foreground in it.",
                hint="Name files that were keyed with --layers combined or multipart; those of "
                "separate are not read, because each holds one layer.",
                path=path,
            )
        part = header.parts[0]
        return cls(
            path=path,
            layers=layers,
            part=part,
            attributes=passed_on(part, with_own=True),
        )

    @property
    def origin(self) -> str:
        """The job that keyed it, however often it was shaped since."""
        return self.text(SHAPED_FROM_ATTRIBUTE) or self.text(JOB_ATTRIBUTE)

    @property
    def number(self) -> str:
        """The frame number that it says it is of."""
        return self.text(FRAME_ATTRIBUTE)

    @property
    def is_shaped(self) -> bool:
        """Whether its alpha was shaped."""
        return SHAPING_ATTRIBUTE in self.attributes

    @property
    def masks(self) -> dict[str, str]:
        """What was laid on its alpha before it was shaped, by kind: file names, as it says."""
        told = {name.rpartition("/")[2]: self.text(name) for name in LAID_ATTRIBUTES}
        return {kind: text for kind, text in told.items() if text}

    @property
    def has_network_alpha(self) -> bool:
        """Whether it holds the network's alpha beside the final one."""
        return self.layers is Layers.COMBINED

    @property
    def depth(self) -> Depth:
        """Bits of its channels."""
        return Depth.FLOAT if self.part.channels[0].pixel_type == "float" else Depth.HALF

    @property
    def compression(self) -> Compression:
        """How its pixels are packed."""
        return _COMPRESSIONS.get(self.part.compression, Compression.ZIPS)

    @property
    def header(self) -> FrameHeader:
        """Its windows and pixel aspect."""
        part = self.part
        return FrameHeader(
            data_window=part.data_window,
            display_window=part.display_window,
            pixel_aspect=part.pixel_aspect,
        )

    @property
    def uncropped(self) -> Window:
        """The data window before `--crop`."""
        text = self.text(UNCROPPED_ATTRIBUTE)
        return window_of(text) if text else self.part.data_window

    @property
    def keyed(self) -> Window:
        """What of it the network worked on; around it alpha is 0."""
        text = self.text(_ROI_ATTRIBUTE)
        return window_of(text).intersected(self.uncropped) if text else self.uncropped

    def text(self, name: str) -> str:
        """Return a text attribute; empty where there is none."""
        return str(self.attributes.get(name, ""))

    def foreground(self) -> FloatImage:
        """Read the straight foreground, (H, W, 3) float32, scene-linear, any range.

        Raises:
            FrameReadError: The file is damaged.
        """
        if self.layers is Layers.MULTIPART:
            return read_channels(self.path, "RGB", part=SEPARATE_LAYERS.index("foreground"))
        return read_channels(self.path, _FOREGROUND)

    def alphas(self) -> tuple[FloatImage, FloatImage | None]:
        """Read the final alpha and, where the file has it, the network's own.

        Returns:
            (H, W) float32 each, as stored.

        Raises:
            FrameReadError: The file is damaged.
        """
        if self.layers is Layers.MULTIPART:
            return read_channels(self.path, "A")[..., 0], None
        both = read_channels(self.path, ("A", _NETWORK))
        return both[..., 0], both[..., 1]


def _layers_of(header: ExrHeader) -> Layers | None:
    """Return how a finished file's layers are spread; None for another file."""
    first = header.parts[0]
    if JOB_ATTRIBUTE not in first.attributes:
        return None
    names = {channel.name for channel in first.channels}
    if names.issuperset({*"RGBA", _NETWORK, *_FOREGROUND}):
        return Layers.COMBINED
    parts = tuple(part.name for part in header.parts)
    return Layers.MULTIPART if parts == SEPARATE_LAYERS else None
