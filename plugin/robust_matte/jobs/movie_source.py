"""The finished frames that a movie is made of: found, looked over, and told from others."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from robust_matte.errors import (
    FrameReadError,
    FrameSizeError,
    InputError,
    MissingFramesError,
    SettingsError,
)
from robust_matte.jobs.planned_frames import planned_frames
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.media.exr_header import RawAttribute, read_header
from robust_matte.media.failures import cannot_open
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.sequences import (
    FramePattern,
    ImageSequence,
    find_sequence,
    frame_ranges,
    is_pattern,
)
from robust_matte.media.still_facts import StillFacts, read_still_facts
from robust_matte.media.windows import Window
from robust_matte.settings.frame_range import FrameRange

__all__ = [
    "MovieSource",
    "SourceFrame",
    "find_result",
    "read_source_frame",
    "survey_result",
    "wanted_frames",
]

_COLOUR = "rgba"  # the layer whose files a movie is made of
_WANTED = frozenset("RGBA")
_OUTPUT_SPACE, _PLATE_SPACE = "robust_matte/output_space", "robust_matte/plate_space"
_ASSUMED = " (assumed)"
_READERS, _HELD = 4, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFrame:
    """One finished frame.

    Attributes:
        number: Its number.
        path: The file with R, G, B and A.
        digest: sha256 of the file.
        stamp: Size and time of change of the file when that was read.
        facts: What its header says.
        timecode: The eight bytes of its timecode, or None.
        reel: Name of its reel, or None.
        spaces: The output space and the plate space that it states, or None for either.
    """

    number: int
    path: Path
    digest: str
    stamp: tuple[int, int]
    facts: StillFacts
    timecode: bytes | None
    reel: str | None
    spaces: tuple[str | None, str | None]

    def check_unchanged(self) -> None:
        """Make sure that the file is the one that was looked at.

        Raises:
            FrameReadError: It is gone, or another by now.
        """
        if _stamp(self.path) != self.stamp:
            raise FrameReadError(
                f"{self.path} was changed while the movie was made.",
                hint="Run the command again when its frames are finished.",
                frame=self.number,
                path=self.path,
            )


@dataclass(frozen=True, slots=True)
class MovieSource:
    """The frames of a movie, ascending and without gaps.

    Attributes:
        name: The pattern of their files, for messages.
        frames: At least one.
    """

    name: str
    frames: tuple[SourceFrame, ...]

    @property
    def display(self) -> Window:
        """The display window, the same for all."""
        return self.frames[0].facts.display_window

    @property
    def numbers(self) -> FrameRange:
        """The first and the last frame."""
        return FrameRange(self.frames[0].number, self.frames[-1].number)


def find_result(text: str) -> ImageSequence:
    """Find the files with colour and alpha of a result.

    Args:
        text: What `key` was told with `-o`: a folder, or a pattern; or the files themselves.

    Raises:
        InputError: There is no such result.
        SettingsError: The pattern cannot be understood.
    """
    path = Path(text).absolute()
    inside = path / _COLOUR
    if inside.is_dir():
        return find_sequence(str(inside), wants_results=True)
    separate = _separate(path)
    return find_sequence(str(separate or path), wants_results=True)


def _separate(path: Path) -> Path | None:
    """Return the pattern that `--layers separate` makes of one, if such files are there."""
    folder = path.parent / _COLOUR
    if not is_pattern(path.name) or not folder.is_dir():
        return None
    whole = FramePattern.parse(str(path))
    mark = path.name[len(whole.base) : len(path.name) - len(whole.suffix)]
    named = f"{whole.stem}_{_COLOUR}{whole.separator}"
    found = any(one.name.startswith(named) for one in folder.iterdir())
    is_here = any(one.name.startswith(whole.base) for one in path.parent.iterdir())
    return folder / f"{named}{mark}{whole.suffix}" if found and not is_here else None


def survey_result(
    sequence: ImageSequence, numbers: Sequence[int], listener: Listener
) -> MovieSource:
    """Read all headers and what tells the files from others.

    Raises:
        InputError: A file is no EXR with R, G, B and A, is damaged, or differs from the first.
    """
    tasks = (partial(read_source_frame, sequence.pattern.path(one), one) for one in numbers)
    frames: list[SourceFrame] = []
    with ReadAhead(tasks, threads=_READERS, depth=_HELD) as read:
        for done, frame in enumerate(read, start=1):
            frames.append(frame)
            _check_alike(frame, frames[0])
            listener(StageReached("checking", done, len(numbers), "looking over the frames"))
    return MovieSource(str(sequence.pattern), tuple(frames))


def wanted_frames(sequence: ImageSequence, asked: FrameRange | None) -> Sequence[int]:
    """Return the frames of a movie, without gaps: those asked for, else all there are to be.

    Raises:
        MissingFramesError: There are gaps.
        SettingsError: None of the frames asked for exists.
    """
    wanted = asked or _all_frames(sequence)
    present = frozenset(sequence.numbers)
    missing = [number for number in wanted if number not in present]
    if len(missing) == len(wanted):
        raise SettingsError(
            f"{sequence.pattern} has none of the frames {wanted}: "
            f"it holds {frame_ranges(sequence.numbers)}.",
            hint="Ask for frames that exist with --frames.",
        )
    if missing:
        raise MissingFramesError(
            f"{sequence.pattern} lacks the frame{'s' if len(missing) > 1 else ''} "
            f"{frame_ranges(missing)} of {wanted}.",
            hint="Key them first, or make a movie of a part with --frames.",
            frame=missing[0],
        )
    return list(wanted)


def _all_frames(sequence: ImageSequence) -> FrameRange:
    """Return the frames on disk and those that the latest run of `key` was to make."""
    first, last = sequence.expected
    planned = planned_frames(sequence.pattern)
    if planned is not None:
        first, last = min(first, planned.first), max(last, planned.last)
    return FrameRange(first, last)


def read_source_frame(path: Path, number: int) -> SourceFrame:
    """Read a frame's header, and the whole file for its hash.

    Raises:
        InputError: It is no EXR with R, G, B and A, or cannot be opened.
    """
    if path.suffix.lower() != ".exr":
        raise _no_result(path, number)
    part = read_header(path).parts[0]
    if not {channel.name for channel in part.channels} >= _WANTED:
        raise _no_result(path, number)
    stamp = _stamp(path)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise cannot_open(path, error) from error
    attributes = part.attributes
    timecode = attributes.get("timeCode")
    return SourceFrame(
        number=number,
        path=path,
        digest=digest,
        stamp=stamp,
        facts=read_still_facts(path),
        timecode=timecode.value if timecode and timecode.type == "timecode" else None,
        reel=_text(attributes.get("reelName")),
        spaces=(_space(attributes.get(_OUTPUT_SPACE)), _space(attributes.get(_PLATE_SPACE))),
    )


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise cannot_open(path, error) from error
    return found.st_size, found.st_mtime_ns


def _no_result(path: Path, number: int) -> InputError:
    return InputError(
        f"{path} is no EXR with the channels R, G, B and A.",
        hint="Name a result that robust-matte key wrote as EXR.",
        frame=number,
        path=path,
    )


def _text(attribute: RawAttribute | None) -> str | None:
    if attribute is None or attribute.type != "string":
        return None
    return attribute.value.decode(errors="replace") or None


def _space(attribute: RawAttribute | None) -> str | None:
    text = _text(attribute)
    return None if text is None else text.removesuffix(_ASSUMED)


def _check_alike(frame: SourceFrame, first: SourceFrame) -> None:
    """Refuse what cannot be in one movie with the first frame."""
    window, wanted = frame.facts.display_window, first.facts.display_window
    if window.size != wanted.size:
        raise FrameSizeError(
            f"Frame {frame.number} is {window.size}, the first frame {first.number} is "
            f"{wanted.size}.",
            hint="Make a movie of each with --frames.",
            frame=frame.number,
            path=frame.path,
        )
    for kind, mine, its in zip(("output", "plate"), frame.spaces, first.spaces, strict=True):
        if mine != its:
            raise InputError(
                f"The {kind} space of frame {frame.number} is {mine or 'not stated'}, that of the "
                f"first frame {first.number} is {its or 'not stated'}.",
                hint="Key all frames with the same settings.",
                frame=frame.number,
                path=frame.path,
            )
