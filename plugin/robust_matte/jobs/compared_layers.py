"""Alpha and foreground of a result or of a truth, read from whatever holds them.

A result is what `key` writes: EXR with all layers or a part for each, PNG, or a folder with one for
each layer. A truth is a sequence or a movie of an alpha, in its A or as grey.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from robust_matte.colour.model_view import ModelView
from robust_matte.errors import InputError, SettingsError
from robust_matte.jobs.showing import display_codes
from robust_matte.media.frames import FloatImage, Frame
from robust_matte.media.plates import MoviePlate, Plate
from robust_matte.media.stills import part_named, read_channels, read_frame_header, read_spec
from robust_matte.settings.choices import PlateSpace

__all__ = ["LUMINANCE", "AlphaLayer", "ForegroundLayer", "ReadTask", "layer_folder"]

ReadTask = Callable[[], FloatImage]

LUMINANCE = "luminance"
_RED, _BLUE = np.float32(0.2126), np.float32(0.0722)  # ITU-R BT.709-6, 3.2; green is the rest
_COLOUR = ("r", "g", "b")
_FOREGROUND = tuple(f"foreground.{channel}" for channel in _COLOUR)


def layer_folder(text: str, layer: str) -> str:
    """Return the folder of one layer where `text` is one that holds a folder for each."""
    inside = Path(text) / layer
    return str(inside) if inside.is_dir() else text


@dataclass(frozen=True, slots=True)
class AlphaLayer:
    """The alpha of each frame.

    Attributes:
        plate: The files, or the movie.
        channel: The channel's name, or `luminance`; None takes A, and luminance where there is no
            A. A movie has luminance alone.
        flag: The flag that names the channel.

    Raises:
        SettingsError: A movie is asked for a channel.
    """

    plate: Plate
    channel: str | None
    flag: str

    def __post_init__(self) -> None:
        if isinstance(self.plate, MoviePlate) and self.channel not in (None, LUMINANCE):
            raise SettingsError(
                f"{self.plate.source} is a movie, of which {self.channel} cannot be read.",
                hint=f"Leave {self.flag} out: the luminance of a movie is its alpha.",
            )

    @property
    def is_chosen(self) -> bool:
        """Whether nobody has named the channel, and there may be another."""
        return self.channel is None and not isinstance(self.plate, MoviePlate)

    def tasks(self, numbers: Sequence[int]) -> Iterator[ReadTask]:
        """Return a task per frame of `numbers`, which ascend; see `readahead`.

        Each gives the alpha over the display window, (H, W) float32. Of a movie, what its codec
        makes of coverage is held to [0, 1].

        Raises:
            InputError: Raised by a task: the file has no such channel, is damaged, or holds
                values that are no number.
        """
        if isinstance(self.plate, MoviePlate):
            for frame in self.plate.tasks(numbers):
                yield partial(_movie_alpha, frame)
            return
        for number in numbers:
            yield partial(self._read, number)

    def _read(self, number: int) -> FloatImage:
        path = self.plate.pattern.path(number)
        part = part_named(path, "alpha")
        alpha = _grey(_read_shown(path, self._channels(path, number, part), part))
        count = alpha.size - np.count_nonzero(np.isfinite(alpha))
        if count:
            raise InputError(
                f"The alpha of {path} is no number in {count} pixels.",
                hint="Leave this frame out with --frames, or make it again.",
                frame=number,
                path=path,
            )
        return alpha

    def _channels(self, path: Path, number: int, part: int) -> list[str]:
        names = list(read_spec(path, part=part).channelnames)
        if self.channel in (None, LUMINANCE):
            alpha = [] if self.channel else _named(names, ("a",)) or _named(names, ("alpha",))
            found = alpha or _named(names, _COLOUR) or _named(names, ("y",))
            lacking = "luminance" if self.channel else "alpha and no luminance"
        else:
            found = [name for name in names if name == self.channel]
            lacking = f"channel {self.channel}"
        if not found:
            raise InputError(
                f"{path} has no {lacking}; its channels are {', '.join(names)}.",
                hint=f"Name the channel that holds the alpha with {self.flag}.",
                frame=number,
                path=path,
            )
        return found


@dataclass(frozen=True, slots=True)
class ForegroundLayer:
    """The straight colour of each frame.

    Attributes:
        plate: The files, or the movie.
        seen: Their model view, which knows how they are encoded.
        encoding: The display encoding that light is compared in; codes are compared as they are.
    """

    plate: Plate
    seen: ModelView
    encoding: PlateSpace

    def tasks(self, numbers: Sequence[int]) -> Iterator[ReadTask]:
        """Return a task per frame of `numbers`, which ascend; see `readahead`.

        Each gives display codes over the display window, (H, W, 3) float32, [0, 1].

        Raises:
            InputError: Raised by a task: the file holds no straight colour, or is damaged.
        """
        if isinstance(self.plate, MoviePlate):
            for frame in self.plate.tasks(numbers):
                yield partial(self._movie_codes, frame)
            return
        for number in numbers:
            yield partial(self._read, number)

    def _movie_codes(self, task: Callable[[], Frame]) -> FloatImage:
        return self._codes(task().pixels)

    def _read(self, number: int) -> FloatImage:
        path = self.plate.pattern.path(number)
        part = part_named(path, "foreground")
        return self._codes(_read_shown(path, _straight_channels(path, number, part), part))

    def _codes(self, pixels: FloatImage) -> FloatImage:
        if self.seen.described.name not in (PlateSpace.SRGB, PlateSpace.GAMMA24_REC709):
            return display_codes(self.seen.shown(self.seen.working(pixels)), self.encoding)
        return np.nan_to_num(pixels, nan=0.0, posinf=1.0, neginf=0.0).clip(0.0, 1.0)


def _straight_channels(path: Path, number: int, part: int) -> list[str]:
    """Return the channels of straight colour; RGB beside an alpha is premultiplied in an EXR."""
    names = list(read_spec(path, part=part).channelnames)
    found = _named(names, _FOREGROUND)
    is_premultiplied = path.suffix.lower() == ".exr" and bool(_named(names, ("a",)))
    if not found and not is_premultiplied:
        found = _named(names, _COLOUR)
    if not found:
        raise InputError(
            f"{path} has no straight foreground; its channels are {', '.join(names)}.",
            hint="Name files as key writes them, or with R, G and B alone; or leave the foreground "
            "out with --layer alpha.",
            frame=number,
            path=path,
        )
    return found


def _named(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Return the file's spelling of the wanted channels, or nothing where one is lacking."""
    spelt = {name.lower(): name for name in names}
    found = [spelt[name] for name in wanted if name in spelt]
    return found if len(found) == len(wanted) else []


def _read_shown(path: Path, channels: Sequence[str], part: int) -> FloatImage:
    """Read channels over the display window; 0 where the data window leaves it empty."""
    header = read_frame_header(path, part=part)
    data, display = header.data_window, header.display_window
    pixels = read_channels(path, channels, part=part)
    if data == display:
        return pixels
    shown = np.zeros((display.height, display.width, len(channels)), np.float32)
    both = data.intersected(display)
    if not both.is_empty:
        shown[both.slices_in(display)] = pixels[both.slices_in(data)]
    return shown


def _movie_alpha(task: Callable[[], Frame]) -> FloatImage:
    return _grey(task().pixels).clip(0.0, 1.0)


def _grey(pixels: FloatImage) -> FloatImage:
    """Return one channel as it is, three as their luminance."""
    if pixels.shape[2] == 1:
        return pixels[..., 0]
    red, green, blue = np.moveaxis(pixels, 2, 0)
    grey: FloatImage = green + _RED * (red - green) + _BLUE * (blue - green)
    return grey  # exact where all three are the same
