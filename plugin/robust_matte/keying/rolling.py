"""Feeding one segment through the model in timeline order, after a warm-up."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from robust_matte.errors import ModelError
from robust_matte.keying.model import MatteModel
from robust_matte.keying.prepared import Preparation, PreparedFrame
from robust_matte.media.frames import FloatImage, Frame
from robust_matte.media.readahead import ReadAhead

__all__ = ["FrameSource", "KeyedFrame", "key_segment", "read_prepared"]

_DECODERS = 2  # decoding a frame takes a core about as long as the network takes two
_HELD = 3  # prepared frames; each is 50 MB at 1080p, and 200 MB at 4K


class FrameSource(Protocol):
    """Where frames come from; a `Plate` is one."""

    def tasks(self, numbers: Sequence[int]) -> Iterator[Callable[[], Frame]]:
        """Return a task per frame of `numbers`, which ascend."""


@dataclass(frozen=True, slots=True, eq=False)
class KeyedFrame:
    """A frame with what the model made of it; see `MatteModel.matte` for shapes."""

    frame: PreparedFrame
    fgr: FloatImage
    alpha: FloatImage


def key_segment(
    model: MatteModel,
    source: FrameSource,
    preparation: Preparation,
    *,
    fed: Sequence[int],
    wanted: Collection[int],
    warm_up: Sequence[int],
) -> Iterator[KeyedFrame]:
    """Key one segment from its reset.

    Frames that are not wanted only roll the state, which is all they do to the frames after them.

    Args:
        model: Its state is dropped first.
        source: The plate.
        preparation: How frames are made ready.
        fed: The segment's frames up to the last wanted one, ascending.
        wanted: The frames to give a matte for.
        warm_up: The frames after the segment's first that are fed backwards before it, ascending.

    Yields:
        The wanted frames, ascending.

    Raises:
        InputError: A frame cannot be decoded.
        ModelError: The model failed; names the frame.
    """
    model.reset()
    _warm_up(model, source, preparation, warm_up)
    with read_prepared(source, preparation, fed) as frames:
        for frame in frames:
            if keyed := _advance(model, frame, is_wanted=frame.number in wanted):
                yield keyed


def read_prepared(
    source: FrameSource, preparation: Preparation, numbers: Sequence[int]
) -> ReadAhead[PreparedFrame]:
    """Read and prepare frames ahead, on threads."""

    def prepared(task: Callable[[], Frame]) -> PreparedFrame:
        return preparation.prepare(task())

    tasks = (partial(prepared, task) for task in source.tasks(numbers))
    return ReadAhead(tasks, threads=_DECODERS, depth=_HELD)


def _advance(model: MatteModel, frame: PreparedFrame, *, is_wanted: bool) -> KeyedFrame | None:
    """Feed one frame; return its matte if it is wanted."""
    with _naming(frame.number):
        low = model.shrink(frame.view)
        if is_wanted:
            return KeyedFrame(frame, *model.matte(frame.view, low))
        model.roll(low)
    return None


@contextmanager
def _naming(number: int) -> Iterator[None]:
    """Name the frame at which a model fails."""
    try:
        yield
    except ModelError as error:
        what = f"At frame {number}: {error.what}"
        raise type(error)(what, hint=error.hint, frame=number) from error


def _warm_up(
    model: MatteModel, source: FrameSource, preparation: Preparation, numbers: Sequence[int]
) -> None:
    """Feed frames backwards at low resolution, so that the first real frame is not the first."""
    if not numbers:
        return
    lows = []
    with read_prepared(source, preparation, numbers) as frames:
        for frame in frames:
            with _naming(frame.number):
                lows.append((frame.number, model.shrink(frame.view)))
    for number, low in reversed(lows):
        with _naming(number):
            model.roll(low)
