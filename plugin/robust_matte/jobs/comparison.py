"""A result and its truth, paired by frame number."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from robust_matte.colour.configs import open_config
from robust_matte.colour.model_view import ModelView
from robust_matte.errors import FrameSizeError, InputError, MissingFramesError
from robust_matte.jobs.compared_layers import AlphaLayer, ForegroundLayer, ReadTask, layer_folder
from robust_matte.jobs.plate_space import assume_space
from robust_matte.jobs.progress import Listener, StageReached, Warned
from robust_matte.media.formats import MOVIE_SUFFIXES
from robust_matte.media.frames import FloatImage
from robust_matte.media.plates import MoviePlate, Plate, open_plate
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.sequences import frame_ranges
from robust_matte.media.windows import Size
from robust_matte.settings.first_frame import FirstFrame
from robust_matte.settings.frame_range import FrameRange

__all__ = ["Comparison", "ComparisonRequest", "PairedFrame", "open_comparison"]

_DECODERS, _HELD = 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRequest:
    """What is compared with what; texts are as typed.

    Attributes:
        prediction: The result: a pattern, folder, still or movie.
        truth: The true alpha, likewise.
        true_foreground: The true foreground, or None where colour is not compared.
        frames: Which frames, or None for all.
        first_frame: Number of a movie's first frame, or `timecode`.
        channel: The result's channel that is its alpha; None for A, or else luminance.
        truth_channel: The same of the truth.
    """

    prediction: str
    truth: str
    true_foreground: str | None = None
    frames: str | None = None
    first_frame: FirstFrame = 1
    channel: str | None = None
    truth_channel: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PairedFrame:
    """One frame of both.

    Attributes:
        number: Frame number.
        layers: Alpha, true alpha, (H, W) float32, [0, 1]; and where they are compared foreground,
            true foreground, (H, W, 3) float32, display codes in [0, 1].
    """

    number: int
    layers: tuple[FloatImage, ...]

    @property
    def size(self) -> Size:
        """The picture."""
        height, width = self.layers[0].shape[:2]
        return Size(width, height)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """A result and its truth, which have the same frames.

    Attributes:
        layers: Alpha, true alpha; and where they are compared foreground, true foreground.
        numbers: The frames, ascending.
    """

    layers: tuple[AlphaLayer | ForegroundLayer, ...]
    numbers: tuple[int, ...]

    @property
    def files(self) -> frozenset[Path]:
        """Every file that is read, resolved."""
        return frozenset[Path]().union(*(layer.plate.files for layer in self.layers))

    def frames(self, listener: Listener) -> Iterator[PairedFrame]:
        """Yield the frames in order, decoded ahead; a bounded number is held.

        Args:
            listener: Told of progress, and of a truth or result that is opaque.

        Raises:
            FrameSizeError: A frame has another size than the first one of the result.
            InputError: A file cannot be read or lacks the layer.
        """
        started, total = time.monotonic(), len(self.numbers)
        with ReadAhead(self._tasks(), threads=_DECODERS, depth=_HELD) as paired:
            first: PairedFrame | None = None
            for done, frame in enumerate(paired, start=1):
                if first is None:
                    first = frame
                    self._tell_opaque(frame, listener)
                self._check_sizes(frame, first)
                yield frame
                eta_s = (time.monotonic() - started) / done * (total - done)
                listener(StageReached("comparing", done, total, "frames", eta_s))

    def _tasks(self) -> Iterator[Callable[[], PairedFrame]]:
        tasks = (layer.tasks(self.numbers) for layer in self.layers)
        for number, *layers in zip(self.numbers, *tasks, strict=True):
            yield partial(_read_pair, number, layers)

    def _check_sizes(self, frame: PairedFrame, first: PairedFrame) -> None:
        for layer, pixels in zip(self.layers, frame.layers, strict=True):
            size = Size(pixels.shape[1], pixels.shape[0])
            if size != first.size:
                raise FrameSizeError(
                    f"Frame {frame.number} of {layer.plate.source} is {size}, frame "
                    f"{first.number} of {self.layers[0].plate.source} is {first.size}.",
                    hint="Reformat one of them: only pictures of one size are compared.",
                    frame=frame.number,
                )

    def _tell_opaque(self, frame: PairedFrame, listener: Listener) -> None:
        """Warn of an alpha that was only added by a program that writes RGBA."""
        for layer, alpha in zip(self.layers[:2], frame.layers[:2], strict=True):
            if isinstance(layer, AlphaLayer) and layer.is_chosen and alpha.min() == 1.0:
                told = f"The alpha of {layer.plate.source} is 1 in all of frame {frame.number}"
                way_out = f"if its matte is in the colours, say {layer.flag} luminance"
                listener(Warned(f"{told}; {way_out}."))


def open_comparison(request: ComparisonRequest, listener: Listener) -> Comparison:
    """Find result and truth, and pair their frames.

    Args:
        request: What is compared with what.
        listener: Told of what is unusual, and how far it is in counting a movie's frames.

    Raises:
        InputError: One of them is absent or unreadable, or they share no frame.
        MissingFramesError: One of them lacks frames.
        SettingsError: A frame range or pattern cannot be understood, or a channel does not fit.
    """
    asked = FrameRange.parse(request.frames) if request.frames is not None else None
    layers = _open_layers(request)
    plates = {layer.plate.source: layer.plate for layer in layers}.values()
    for plate in plates:
        if isinstance(plate, MoviePlate):
            _count(plate, listener)
        for text in plate.warnings:
            listener(Warned(text))
    return Comparison(layers=layers, numbers=_settle_frames(list(plates), asked))


def _open_layers(request: ComparisonRequest) -> tuple[AlphaLayer | ForegroundLayer, ...]:
    named = (request.prediction, request.truth, request.true_foreground or "")
    has_movie = any(map(_is_movie, named))

    def opened(text: str) -> Plate:
        """Open a plate; where none is a movie, the first one tells that it has no first frame."""
        is_meant = _is_movie(text) or not has_movie
        return open_plate(text, first_frame=request.first_frame if is_meant else 1)

    prediction = opened(layer_folder(request.prediction, "alpha"))
    truth = opened(layer_folder(request.truth, "alpha"))
    alphas = (
        AlphaLayer(prediction, request.channel, "--channel"),
        AlphaLayer(truth, request.truth_channel, "--truth-channel"),
    )
    if request.true_foreground is None:
        return alphas
    plates = (
        opened(layer_folder(request.prediction, "foreground")),
        opened(layer_folder(request.true_foreground, "foreground")),
    )
    config = open_config(None)
    views = [ModelView(assume_space(one, None, config).space, config=config) for one in plates]
    foregrounds = zip(plates, views, strict=True)
    encoding = views[1].encoding
    return (*alphas, *(ForegroundLayer(plate, seen, encoding) for plate, seen in foregrounds))


def _is_movie(text: str) -> bool:
    return Path(text).suffix.lower() in MOVIE_SUFFIXES


def _count(plate: MoviePlate, listener: Listener) -> None:
    declared = plate.movie.info.declared_frames or 0
    plate.movie.count(
        lambda done: listener(
            StageReached("planning", done, max(done, declared), "counting frames")
        )
    )


def _settle_frames(plates: Sequence[Plate], asked: FrameRange | None) -> tuple[int, ...]:
    """Return the frames to compare: those asked for, else all that any of the plates has."""
    held = [frozenset(plate.numbers) for plate in plates]
    common = sorted(frozenset.intersection(*held))
    if not common:
        told = ", ".join(f"{plate.source} {frame_ranges(plate.numbers)}" for plate in plates)
        raise InputError(
            f"No frame is in all of what is compared: {told}.",
            hint="Number them alike; of a movie, --first-frame says where it starts.",
        )
    wanted = sorted(frozenset.union(*held)) if asked is None else list(asked)
    for plate, has in zip(plates, held, strict=True):
        lacking = [number for number in wanted if number not in has]
        if lacking:
            raise MissingFramesError(
                f"{plate.source} lacks the frames {frame_ranges(lacking)} of "
                f"{frame_ranges(wanted) if asked is None else asked}.",
                hint=f"Compare what is there with --frames {_longest_run(common)}, or make the "
                "missing ones.",
                frame=lacking[0],
            )
    return tuple(wanted)


def _longest_run(numbers: Sequence[int]) -> FrameRange:
    """Return all of the frames if they are one range, else the longest run without a hole."""
    steps = {after - before for before, after in pairwise(numbers)}
    if len(steps) == 1:
        return FrameRange(numbers[0], numbers[-1], steps.pop())
    best = start = 0, 0
    for at, number in enumerate(numbers):
        start = start if at and number == numbers[at - 1] + 1 else (at, at)
        best = max(best, (start[0], at), key=lambda run: run[1] - run[0])
    return FrameRange(numbers[best[0]], numbers[best[1]])


def _read_pair(number: int, layers: Sequence[ReadTask]) -> PairedFrame:
    return PairedFrame(number, tuple(read() for read in layers))
