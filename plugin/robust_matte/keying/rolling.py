"""Feeding segments through the model in timeline order, each after a warm-up."""

from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol

from robust_matte.errors import ModelError
from robust_matte.keying.memory import naming_out_of_memory
from robust_matte.keying.model import MatteModel
from robust_matte.keying.prepared import Preparation, PreparedFrame
from robust_matte.keying.segments import Segment
from robust_matte.media.frames import FloatImage, Frame
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.windows import Size

__all__ = ["FrameSource", "KeyedFrame", "Run", "key_runs", "read_prepared"]

_DECODERS = 2  # so that one frame decodes while another is made ready; not tuned
_HELD = 3  # prepared frames; each is 50 MB at 1080p, and 200 MB at 4K


class FrameSource(Protocol):
    """Where frames come from; a `Plate` is one."""

    def tasks(self, numbers: Sequence[int]) -> Iterator[Callable[[], Frame]]:
        """Return a task per frame of `numbers`, which ascend."""


def _unwatched(run: "Run", number: int) -> None:
    """Keep no state of a frame that was passed."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is done of one segment.

    Attributes:
        segment: The segment.
        fed: Its frames up to the last wanted one, ascending. Those that are not wanted only roll
            the state, which is all they do to the frames after them.
        wanted: The frames to give a matte for.
        warm_up: The frames after the first fed one that are fed backwards before it, ascending.
        restore: Gives the model the state that was left before the first fed frame, in place of a
            reset and a warm-up; None where the run starts at the segment's beginning.
    """

    segment: Segment
    fed: tuple[int, ...]
    wanted: frozenset[int]
    warm_up: tuple[int, ...]
    restore: Callable[[MatteModel], None] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class KeyedFrame:
    """A frame with what the model made of it; see `MatteModel.matte` for shapes."""

    segment: Segment
    frame: PreparedFrame
    fgr: FloatImage
    alpha: FloatImage


def key_runs(
    model: MatteModel,
    source: FrameSource,
    preparation: Preparation,
    low_size: Size,
    runs: Sequence[Run],
    rolled: Callable[[int], None],
    passed: Callable[[Run, int], None] = _unwatched,
) -> Generator[KeyedFrame]:
    """Key runs one after another, each from a reset or from a state that was kept.

    Frames are read twice where they also warm up, by two readers that go through the plate once
    each: a movie is demuxed from its start once, however many cuts it has.

    Args:
        model: The model.
        source: The plate.
        preparation: How frames are made ready.
        low_size: Size of the low-resolution view.
        runs: In timeline order.
        rolled: Called with each frame that only rolled the state, or warmed it up.
        passed: Called with each fed frame once its matte was taken, if it has one: the model's
            state is that before the next frame then, and may be kept. What this or `rolled` raises
            ends the work.

    Yields:
        The wanted frames, ascending.

    Raises:
        InputError: A frame cannot be decoded.
        ModelError: The model failed; names the frame.
    """
    fed = {number: run.segment.gain for run in runs for number in run.fed}
    warm_up = {number: run.segment.gain for run in runs for number in run.warm_up}
    wanted = frozenset(number for run in runs for number in run.wanted)
    with (
        read_prepared(source, preparation, list(fed), fed, wanted) as reader,
        read_prepared(source, preparation, list(warm_up), warm_up, frozenset()) as ahead,
    ):
        frames, warming = iter(reader), iter(ahead)
        for run in runs:
            _begin(model, low_size, run, islice(warming, len(run.warm_up)), rolled)
            for frame in islice(frames, len(run.fed)):
                if keyed := _advance(model, low_size, frame, run):
                    yield keyed
                else:
                    rolled(frame.number)
                passed(run, frame.number)


def read_prepared(
    source: FrameSource,
    preparation: Preparation,
    numbers: Sequence[int],
    gains: Mapping[int, float] | None = None,
    wanted: Container[int] | None = None,
) -> ReadAhead[PreparedFrame]:
    """Read and prepare frames ahead, on threads; with gains where there are some.

    Of frames that are not `wanted`, if that is said, no result is made.
    """
    rolling = preparation.without_result()

    def prepared(number: int, task: Callable[[], Frame]) -> PreparedFrame:
        with naming_out_of_memory(number):
            own = preparation if wanted is None or number in wanted else rolling
            return (own if gains is None else own.brightened(gains[number])).prepare(task())

    tasks = (partial(prepared, *one) for one in zip(numbers, source.tasks(numbers), strict=True))
    return ReadAhead(tasks, threads=_DECODERS, depth=_HELD)


def _begin(
    model: MatteModel,
    low_size: Size,
    run: Run,
    frames: Iterable[PreparedFrame],
    rolled: Callable[[int], None],
) -> None:
    """Restore the state, or drop it and warm up.

    A warm-up feeds frames backwards at low resolution, so that the first real frame is not the
    first.
    """
    if run.restore is not None:
        run.restore(model)
        return
    model.reset()
    lows = []
    for frame in frames:
        with _naming(frame.number):
            lows.append((frame.number, model.shrink(frame.shown, low_size)))
    for number, low in reversed(lows):
        with _naming(number):
            model.roll(low)
        rolled(number)


def _advance(
    model: MatteModel, low_size: Size, frame: PreparedFrame, run: Run
) -> KeyedFrame | None:
    """Feed one frame; return its matte if it is wanted."""
    with _naming(frame.number):
        low = model.shrink(frame.shown, low_size)
        if frame.number in run.wanted:
            return KeyedFrame(run.segment, frame, *model.matte(frame.shown, low))
        model.roll(low)
    return None


@contextmanager
def _naming(number: int) -> Iterator[None]:
    """Name the frame at which a model fails."""
    with naming_out_of_memory(number):
        try:
            yield
        except ModelError as error:
            what = f"At frame {number}: {error.what}"
            raise type(error)(what, hint=error.hint, frame=number) from error
