"""Image sequences on disk: which files a plate consists of, and which frames it lacks.

The syntax is fileseq's: `plate.####.exr`, `plate.%04d.exr`, `plate.1001-1100#.exr`, a folder that
holds one sequence, or one still. `####` is four digits here (fileseq's HASH1 style); a single `#`
takes the padding that is on disk.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import fileseq

from robust_matte.errors import InputError, SettingsError
from robust_matte.media.formats import IMAGE_SUFFIXES

__all__ = ["FramePattern", "ImageSequence", "find_sequence", "frame_ranges", "is_pattern"]

_PATTERN = re.compile(r"#|@|%0\d+d|\$F\d*|<UDIM>")
_STYLE = fileseq.PAD_STYLE_HASH1


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

        Raises:
            SettingsError: The name holds no frame pattern that fileseq understands.
        """
        folder, sequence = _parsed(text)
        return cls(folder, sequence.basename(), sequence.zfill(), sequence.extension())

    def path(self, number: int) -> Path:
        """Return the file of one frame."""
        if self.digits == 0:
            return self.folder / f"{self.base}{self.suffix}"
        sign = "-" if number < 0 else ""
        digits = f"{abs(number):0{self.digits - len(sign)}d}"
        return self.folder / f"{self.base}{sign}{digits}{self.suffix}"

    @property
    def stem(self) -> str:
        """The name without the separator before the frame number: `plate` of `plate.####.exr`."""
        return self.base.rstrip("._- ") or self.base

    @property
    def separator(self) -> str:
        """What stands between name and frame number; a dot where nothing does."""
        return self.base[len(self.stem) :] or "."

    def __str__(self) -> str:
        return str(self.folder / f"{self.base}{'#' * self.digits}{self.suffix}")


@dataclass(frozen=True, slots=True)
class ImageSequence:
    """The frames of one sequence that are on disk, and those it was said to have.

    Attributes:
        pattern: Where each frame's file is.
        numbers: Frame numbers on disk, ascending.
        expected: First and last frame: as typed in the pattern, else as found.
    """

    pattern: FramePattern
    numbers: tuple[int, ...]
    expected: tuple[int, int]


def is_pattern(name: str) -> bool:
    """Say whether a file name has a place for the frame number."""
    return _PATTERN.search(name) is not None


def frame_ranges(numbers: Sequence[int]) -> str:
    """Write frame numbers as fileseq does: `1001-1003,1008`."""
    return str(fileseq.framesToFrameRange(numbers, sort=True)) if numbers else ""


def find_sequence(text: str) -> ImageSequence:
    """Find the sequence, folder or still that `text` names.

    Raises:
        InputError: Nothing is there, or more than one sequence is.
        SettingsError: The pattern cannot be understood.
    """
    path = Path(text)
    if path.is_file():
        return _still(path)
    if path.is_dir():
        return _in_folder(path)
    if not is_pattern(path.name):
        raise InputError(
            f"There is no file or folder {path}.",
            hint="Name a movie, a still, a folder or a sequence such as plate.####.exr.",
            path=path,
        )
    return _on_disk(text)


def _parsed(text: str) -> tuple[Path, fileseq.FileSequence]:
    """Parse the file name alone: fileseq stumbles over `#` in folder names."""
    path = Path(text)
    try:
        return path.parent, fileseq.FileSequence(path.name, pad_style=_STYLE)
    except fileseq.FileSeqException as error:
        raise SettingsError(
            f"The name {path.name} cannot be read as a frame pattern.",
            hint="Write one such as plate.####.exr, plate.%04d.exr or plate.1001-1100#.exr.",
            path=path,
        ) from error


def _still(path: Path) -> ImageSequence:
    """Take one file as a plate of one frame, with its number where the name has one."""
    match = re.fullmatch(r"(.*?[._ -]?)(\d+)", path.stem)
    if match is None or re.search(r"v$", match[1], re.IGNORECASE):  # v002 is a version
        pattern, number = FramePattern(path.parent, path.stem, 0, path.suffix), 1
    else:
        pattern = FramePattern(path.parent, match[1], len(match[2]), path.suffix)
        number = int(match[2])
    return ImageSequence(pattern, (number,), (number, number))


def _in_folder(folder: Path) -> ImageSequence:
    """Take a folder's only image sequence."""
    try:
        listed = fileseq.FileSequence.findSequencesOnDisk(
            str(folder), pad_style=_STYLE, strictPadding=True
        )
    except (fileseq.FileSeqException, OSError) as error:
        raise InputError(
            f"The folder {folder} cannot be listed: {error}.",
            hint="Name the sequence itself, such as plate.####.exr.",
            path=folder,
        ) from error
    found = [one for one in listed if one.extension().lower() in IMAGE_SUFFIXES]
    if len(found) != 1:
        found_names = sorted(f"{one.basename()}{one.padding()}{one.extension()}" for one in found)
        names = ", ".join(found_names)
        raise InputError(
            f"The folder {folder} holds {len(found)} image sequences: {names or 'none'}.",
            hint="Name the one to key, such as plate.####.exr.",
            path=folder,
        )
    only = found[0]
    if only.frameSet() is None:
        return _still(folder / f"{only.basename()}{only.extension()}")
    pattern = FramePattern(folder, only.basename(), only.zfill(), only.extension())
    return _with_frames(pattern, _whole_numbers(only), None)


def _on_disk(text: str) -> ImageSequence:
    """List a pattern's files; a range typed in the pattern says what should be there."""
    folder, typed = _parsed(text)
    pattern = FramePattern.parse(text)
    # A lone `#` takes the padding on disk: with 0998-1002 there, one digit would see 1000-1002.
    paddings = (4, pattern.digits) if typed.padding() == "#" else (pattern.digits,)
    candidates = [FramePattern(folder, pattern.base, digits, pattern.suffix) for digits in paddings]
    candidate, numbers = max(
        ((one, _listed(one)) for one in candidates), key=lambda found: len(found[1])
    )
    if numbers:
        return _with_frames(candidate, numbers, typed.frameSet())
    raise InputError(
        f"No file matches {text}.",
        hint="Look at folder, name and number of digits: #### stands for four.",
        path=Path(text),
    )


def _listed(pattern: FramePattern) -> tuple[int, ...]:
    """Return the frame numbers of a pattern's files, ascending."""
    name = f"{pattern.base}{'@' * pattern.digits}{pattern.suffix}"
    try:
        sequence = fileseq.FileSequence.findSequenceOnDisk(
            str(pattern.folder / name), pad_style=_STYLE, strictPadding=True
        )
    except (fileseq.FileSeqException, OSError):
        return ()
    return _whole_numbers(sequence)


def _whole_numbers(sequence: fileseq.FileSequence) -> tuple[int, ...]:
    frames = sequence.frameSet()
    return tuple(sorted(int(number) for number in frames)) if frames else ()


def _with_frames(
    pattern: FramePattern, numbers: tuple[int, ...], typed: fileseq.FrameSet | None
) -> ImageSequence:
    """Keep what lies inside the typed range."""
    if not typed:
        return ImageSequence(pattern, numbers, (numbers[0], numbers[-1]))
    first, last = int(min(typed)), int(max(typed))
    inside = tuple(number for number in numbers if first <= number <= last)
    if not inside:
        raise InputError(
            f"{pattern} has no frame in {first}-{last}: it holds {frame_ranges(numbers)}.",
            hint="Name a range that is on disk.",
            path=pattern.folder,
        )
    return ImageSequence(pattern, inside, (first, last))
