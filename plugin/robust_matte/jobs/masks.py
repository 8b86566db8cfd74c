"""Garbage and core of a job: found, checked, and paired with the plate by frame number."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from robust_matte.errors import InputError
from robust_matte.jobs.framing import Windows
from robust_matte.jobs.mask import SOURCE_ALPHA, Mask, PlacedMask, open_mask
from robust_matte.jobs.progress import Listener
from robust_matte.jobs.targets import targets_for
from robust_matte.media.coverage import read_alpha
from robust_matte.media.frames import Frame
from robust_matte.media.plates import MoviePlate, Plate
from robust_matte.media.views import with_view
from robust_matte.settings.choices import SourceAlpha
from robust_matte.settings.frame_range import FrameRange
from robust_matte.settings.key_settings import KeySettings

__all__ = ["MaskedPlate", "Masks", "open_masks"]


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """The masks of a job.

    Attributes:
        garbage: What is kept out: all of these together.
        core: What is solid, or None.
        core_frames: The frames of the plate that a result is made of: others need no core.
    """

    garbage: tuple[Mask, ...] = ()
    core: Mask | None = None
    core_frames: frozenset[int] = frozenset()

    @property
    def are_any(self) -> bool:
        """Whether there are masks at all."""
        return bool(self.garbage) or self.core is not None

    @property
    def named(self) -> tuple[Mask, ...]:
        """Those that have files of their own."""
        every = (*self.garbage, *((self.core,) if self.core else ()))
        return tuple(one for one in every if one.kind != SOURCE_ALPHA)

    @property
    def files(self) -> frozenset[Path]:
        """All files of theirs, resolved."""
        return frozenset().union(*(one.plate.files for one in self.named))


@dataclass(frozen=True, slots=True, eq=False)
class MaskedPlate:
    """A plate whose frames come with their garbage and core, over the work area.

    Attributes:
        plate: The plate.
        masks: Its masks.
        windows: The plate's windows.
    """

    plate: Plate
    masks: Masks
    windows: Windows

    def tasks(self, numbers: Sequence[int]) -> Iterator[Callable[[], Frame]]:
        """Return a task per frame of `numbers`, which ascend; see `Plate.tasks`."""
        masks = self.masks
        with_core = [number for number in numbers if number in masks.core_frames]
        frames = self.plate.tasks(numbers)
        garbages = [one.tasks(numbers) for one in masks.garbage]
        cores = masks.core.tasks(with_core) if masks.core else iter(())
        with ExitStack() as stack:
            for opened in (frames, *garbages, cores):
                stack.callback(getattr(opened, "close", _nothing))
            for number, frame in zip(numbers, frames, strict=True):
                garbage = [next(one) for one in garbages]
                core = next(cores) if masks.core and number in masks.core_frames else None
                yield partial(_masked, frame, garbage, core, self.windows)


def open_masks(
    settings: KeySettings, plate: Plate, frames: FrameRange, windows: Windows, listener: Listener
) -> Masks:
    """Find the masks of a job and look over their headers.

    Garbage is needed for every frame of the plate, because the network sees those before the frames
    that are written, too; core for the frames that a result is made of.

    Raises:
        InputError: A mask is absent, unreadable, incomplete or of another size.
        SettingsError: A pattern cannot be understood.
    """
    first, view = plate.numbers[0], plate.picture.view
    garbage = []
    if settings.garbage is not None:
        text = _of_view(settings.garbage, view)
        named = open_mask("garbage", text, first, is_inverted=settings.invert_garbage)
        named.check(plate.numbers, windows.display, listener)
        named.tell(listener, first)
        garbage.append(named)
    if settings.source_alpha is SourceAlpha.GARBAGE:
        garbage.append(_source_alpha(plate))
    targets = targets_for(frames, plate.numbers, settings.missing)
    shown = frozenset(one.source for one in targets if one.source is not None)
    core = None
    if settings.core is not None:
        core = open_mask("core", _of_view(settings.core, view), first)
        core.check(sorted(shown), windows.display, listener)
        core.tell(listener, min(shown, default=first))
    return Masks(tuple(garbage), core, shown)


def _of_view(text: str, view: str | None) -> str:
    """Return a mask's name with the plate's view for `%V`."""
    return with_view(text, view) if view is not None else text


def _source_alpha(plate: Plate) -> Mask:
    """Return the garbage that a plate's own alpha leaves outside.

    Raises:
        InputError: The plate has no alpha.
    """
    if isinstance(plate, MoviePlate):
        if not plate.movie.info.has_alpha:
            raise InputError(
                f"{plate.source} has no alpha that is read.",
                hint="Leave --source-alpha out, or key the movie's frames as an image sequence.",
                path=plate.movie.path,
            )
        return Mask(SOURCE_ALPHA, plate, is_inverted=True)
    read = partial(read_alpha, choice=plate.choice)
    read(plate.pattern.path(plate.numbers[0]))
    return Mask(SOURCE_ALPHA, plate, read, is_inverted=True)


def _nothing() -> None:
    """Do nothing, where there is nothing to close."""


def _masked(
    task: Callable[[], Frame],
    garbage: Sequence[PlacedMask],
    core: PlacedMask | None,
    windows: Windows,
) -> Frame:
    """Read a frame and its masks."""
    frame, place = task(), (windows.area, windows.display)
    held = None
    for one in garbage:
        read = one(*place)
        held = read if held is None else np.maximum(held, read)
    return replace(frame, garbage=held, core=core(*place) if core is not None else None)
