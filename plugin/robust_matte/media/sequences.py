"""Image sequences on disk: which files a plate consists of, and which frames it lacks.

The syntax is fileseq's: `plate.####.exr`, `plate.%04d.exr`, `plate.1001-1100#.exr`, a folder that
holds one sequence, or one still. `####` is four digits here (fileseq's HASH1 style); a single `#`
takes the padding that is on disk.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import fileseq

from robust_matte.errors import InputError, SettingsError
from robust_matte.media.failures import meant, refuse_barred
from robust_matte.media.formats import IMAGE_SUFFIXES, JOB_ATTRIBUTE, MOVIE_SUFFIXES
from robust_matte.media.links import is_folder
from robust_matte.media.stills import text_attribute
from robust_matte.settings.frame_range import FrameRange

__all__ = [
    "FramePattern",
    "ImageSequence",
    "find_sequence",
    "frame_ranges",
    "is_pattern",
    "numbers_in",
]

# The place for the frame number, the last one in a name, and the range typed before it. fileseq
# splits file names too, but stumbles over `A001-####.exr`, `sh@home.####.exr` and brackets.
_PLACE = r"(?:[#@]+|%0\d+d|\$F\d*|<UDIM>)"
_RUN = r"[0-9]+(?:--?[0-9]+(?:[xy:][0-9]+)?)?"
_SIGN = r"(?:(?<![^._ ])-)?"  # the dash of `plate-0001` is none
_PATTERN = re.compile(
    rf"(?P<base>.*?)(?P<range>{_SIGN}{_RUN}(?:,-?{_RUN})*)?(?P<place>{_PLACE})"
    rf"(?P<suffix>(?:(?!{_PLACE}).)*)",
    re.DOTALL,
)
_STILL = re.compile(rf"(.*?)({_SIGN}[0-9]+)")
_STYLE = fileseq.PAD_STYLE_HASH1
_NAMES_TOLD = 5


@dataclass(frozen=True, slots=True)
class FramePattern:
    """A file name with a place for the frame number; zero digits mean that it has no such place.

    Example:
        >>> FramePattern(Path("/show"), "plate.", 4, ".exr").path(1001).as_posix()
        '/show/plate.1001.exr'
    """

    folder: Path
    base: str
    digits: int
    suffix: str

    @classmethod
    def parse(cls, text: str) -> "FramePattern":
        """Split `sh010.####.exr` into its parts; a range in it is left out.

        A name without a place for the frame number is that of one file.
        """
        path = Path(text)
        match = _PATTERN.fullmatch(path.name)
        if match is None:
            return cls(path.parent, path.stem, 0, path.suffix)
        return cls(path.parent, match["base"], _digits(match["place"]), match["suffix"])

    def name(self, number: int) -> str:
        """Return the file name of one frame."""
        if self.digits == 0:
            return f"{self.base}{self.suffix}"
        return f"{self.base}{number:0{self.digits}d}{self.suffix}"

    def path(self, number: int) -> Path:
        """Return the file of one frame."""
        return self.folder / self.name(number)

    @property
    def stem(self) -> str:
        """The name without the separator before the frame number: `plate` of `plate.####.exr`."""
        return self.base.rstrip("._- ") or self.base

    @property
    def separator(self) -> str:
        """What stands between name and frame number; a dot where nothing does."""
        return self.base[len(self.stem) :] or "."

    @property
    def shown_name(self) -> str:
        """The file name with a `#` for each digit."""
        return f"{self.base}{'#' * self.digits}{self.suffix}"

    def __str__(self) -> str:
        return str(self.folder / self.shown_name)


@dataclass(frozen=True, slots=True)
class ImageSequence:
    """The frames of one sequence that are on disk, and those it was said to have.

    Attributes:
        pattern: Where each frame's file is.
        numbers: Frame numbers on disk, ascending.
        expected: First and last frame: as typed in the pattern, else as found.
        step: From one frame to the next, as typed in the pattern.
    """

    pattern: FramePattern
    numbers: tuple[int, ...]
    expected: tuple[int, int]
    step: int = 1


def is_pattern(name: str) -> bool:
    """Say whether a file name has a place for the frame number."""
    return _PATTERN.fullmatch(name) is not None


def frame_ranges(numbers: Sequence[int]) -> str:
    """Write frame numbers as fileseq does: `1001-1003,1008`."""
    return str(fileseq.framesToFrameRange(numbers, sort=True)) if numbers else ""


def numbers_in(ranges: str) -> list[int]:
    """Return the frame numbers that `frame_ranges` wrote, ascending.

    Example:
        >>> numbers_in("1001-1003,1008")
        [1001, 1002, 1003, 1008]
    """
    return sorted(int(number) for number in fileseq.FrameSet(ranges)) if ranges else []


def find_sequence(text: str, *, wants_results: bool = False) -> ImageSequence:
    """Find the sequence, folder or still that `text` names.

    Args:
        text: A pattern, a folder or a file.
        wants_results: Which one is meant where a folder holds a plate and its result.

    Raises:
        InputError: Nothing is there, more than one sequence is, or nobody may look.
        SettingsError: The pattern cannot be understood.
    """
    path = Path(text)
    refuse_barred(path)
    if path.is_file():
        return _still(path)
    if is_folder(path):
        return _in_folder(path, wants_results=wants_results)
    if not is_pattern(path.name):
        raise InputError(f"There is no file or folder {path}.", hint=meant(path), path=path)
    return _on_disk(text)


def _digits(place: str) -> int:
    """Return how many digits `####`, `%04d`, `$F4` or `<UDIM>` stand for."""
    if place[0] in "#@":
        return len(place)
    return 4 if place == "<UDIM>" else max(1, int(re.sub(r"\D", "", place) or 1))


def _typed_frames(path: Path) -> FrameRange | None:
    """Return the range typed before the place for the frame number, if there is one."""
    match = _PATTERN.fullmatch(path.name)
    if match is None or not match["range"]:
        return None
    try:
        return FrameRange.parse(match["range"])
    except SettingsError as error:
        raise SettingsError(
            f"The frames {match['range']} of {path.name} cannot be understood.",
            hint="Write one range, as in plate.1001-1100#.exr or plate.1001-1100x2#.exr, or none.",
            path=path,
        ) from error


def _still(path: Path) -> ImageSequence:
    """Take one file as a plate of one frame, with its number where the name has one."""
    match = _STILL.fullmatch(path.stem)
    if match is None or re.search(r"v$", match[1], re.IGNORECASE):  # v002 is a version
        pattern, number = FramePattern(path.parent, path.stem, 0, path.suffix), 1
    else:
        pattern = FramePattern(path.parent, match[1], len(match[2]), path.suffix)
        number = int(match[2])
    return ImageSequence(pattern, (number,), (number, number))


def _in_folder(folder: Path, *, wants_results: bool) -> ImageSequence:
    """Take a folder's only image sequence."""
    try:
        os.scandir(folder).close()  # to fileseq a folder that may not be listed is an empty one
        listed = fileseq.FileSequence.findSequencesOnDisk(
            str(folder), pad_style=_STYLE, strictPadding=True
        )
    except (fileseq.FileSeqException, ArithmeticError, OSError) as error:
        raise _cannot_list(folder, error) from error
    found = [one for one in listed if _is_image(one.extension())]
    if len(found) > 1:  # a result may have been written beside its plate
        found = [one for one in found if _is_result(Path(str(one[0]))) == wants_results]
    if len(found) != 1:
        raise _not_one(folder, [_spelt(one) for one in found])
    only = found[0]
    frames, base = only.frameSet(), only.basename()
    if frames is None or len(frames) == 1:
        return _still(folder / Path(str(only[0])).name)
    if max(frames) < 0 and base and base[-1] not in "._ ":
        base += "-"  # to fileseq, `plate-0001` to `plate-0100` are negative frames in reverse
    return _with_frames(*_any_padding(FramePattern(folder, base, 1, only.extension())), None)


def _is_result(path: Path) -> bool:
    return text_attribute(path, JOB_ATTRIBUTE) is not None


def _spelt(one: fileseq.FileSequence) -> str:
    return f"{one.basename()}{one.padding()}{one.extension()}"


def _not_one(folder: Path, names: Sequence[str]) -> InputError:
    """Build the error for a folder that does not hold one sequence."""
    if names:
        first = sorted(names)[:_NAMES_TOLD]
        told = ", ".join(first) + (", ..." if len(names) > _NAMES_TOLD else "")
        what = f"The folder {folder} holds {len(names)} image sequences: {told}."
        hint = f"Name the one to key, such as {folder / first[0]}."
        return InputError(what, hint=hint, path=folder)
    what = f"The folder {folder} holds no EXR, TIFF, PNG, DPX or JPEG files."
    movies = sorted(path for path in folder.iterdir() if path.suffix.lower() in MOVIE_SUFFIXES)
    inside = sorted(path for path in folder.iterdir() if is_folder(path))
    if movies:
        hint = f"Name the movie to key, such as {movies[0]}."
    elif inside:
        hint = f"Name the folder that holds the frames; {inside[0]} is one in it."
    else:
        hint = "Name the folder that holds the frames, or a movie."
    return InputError(what, hint=hint, path=folder)


def _is_image(ending: str) -> bool:
    """Say whether all that follows the frame number, such as `.beauty.exr`, ends as images do."""
    return Path(f"x{ending}").suffix.lower() in IMAGE_SUFFIXES


def _on_disk(text: str) -> ImageSequence:
    """List a pattern's files; a range typed in the pattern says what should be there."""
    path, pattern = Path(text), FramePattern.parse(text)
    match = _PATTERN.fullmatch(path.name)
    is_open = match is not None and match["place"] == "#"
    found = _any_padding(pattern) if is_open else (pattern, _listed(pattern))
    return _with_frames(*found, _typed_frames(path))


def _any_padding(pattern: FramePattern) -> tuple[FramePattern, tuple[int, ...]]:
    """Take the padding that is on disk.

    With 0998-1002 there, one digit would see 1000-1002 alone; with 998-1002, four would.

    Raises:
        InputError: Files of more than one padding are there.
    """
    texts = _number_texts(pattern)
    paddings = sorted({len(text) for text in texts} or {pattern.digits})
    candidates = [
        FramePattern(pattern.folder, pattern.base, digits, pattern.suffix) for digits in paddings
    ]
    listed = [(one, _listed(one)) for one in candidates]
    best = max(listed, key=lambda found: len(found[1]))
    if len(best[1]) < len(texts):
        names = ", ".join(str(one) for one, numbers in listed if numbers)
        raise InputError(
            f"Files of more than one padding match {pattern}: {names}.",
            hint="Name the one to key, with a # for each digit.",
            path=pattern.folder,
        )
    return best


def _listed(pattern: FramePattern) -> tuple[int, ...]:
    """Return the frame numbers of a pattern's files, ascending."""
    numbers = ((text, int(text)) for text in _number_texts(pattern))
    return tuple(sorted(n for text, n in numbers if f"{n:0{pattern.digits}d}" == text))


def _number_texts(pattern: FramePattern) -> list[str]:
    """Return the frame numbers of a pattern's files as they are written, of any padding."""
    number = re.compile(f"{re.escape(pattern.base)}(-?[0-9]+){re.escape(pattern.suffix)}")
    try:
        with os.scandir(pattern.folder) as entries:
            names = [entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _cannot_list(pattern.folder, error) from error
    return [match[1] for name in names if (match := number.fullmatch(name))]


def _cannot_list(folder: Path, error: Exception) -> InputError:
    reason: object = error
    hint = "Name the sequence itself, such as plate.####.exr."
    if isinstance(error, OSError):
        reason = error.strerror
        hint = "Get the right to list it, and check that its disk or server is there."
    return InputError(f"The folder {folder} cannot be listed: {reason}.", hint=hint, path=folder)


def _with_frames(
    pattern: FramePattern, numbers: tuple[int, ...], typed: FrameRange | None
) -> ImageSequence:
    """Keep what the typed range names."""
    if not numbers:
        hint = meant(pattern.folder / str(pattern))
        raise InputError(f"No file matches {pattern}.", hint=hint, path=pattern.folder)
    if typed is None:
        return ImageSequence(pattern, numbers, (numbers[0], numbers[-1]))
    wanted = frozenset(typed)
    inside = tuple(number for number in numbers if number in wanted)
    if not inside:
        raise InputError(
            f"{pattern} has no frame in {typed}: it holds {frame_ranges(numbers)}.",
            hint="Name a range that is on disk.",
            path=pattern.folder,
        )
    return ImageSequence(pattern, inside, (typed.first, typed.last), typed.step)
