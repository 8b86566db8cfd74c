"""From what `-o` and `--format` say to the names and the format of a job's files."""

from pathlib import Path

from robust_matte.errors import SettingsError
from robust_matte.media.formats import IMAGE_SUFFIXES, MOVIE_SUFFIXES
from robust_matte.media.links import is_folder
from robust_matte.media.sequences import FramePattern, is_pattern
from robust_matte.settings.choices import Compression, Depth, ImageFormat, Layers
from robust_matte.settings.spelling import is_utf8, legible

__all__ = ["check_storage", "format_of", "is_file_name", "job_folder", "name_files"]


def name_files(
    text: str, plate: FramePattern, *, asked: ImageFormat | None, is_still: bool
) -> FramePattern:
    """Find the names of a job's files: the name given decides, in a folder the format asked for.

    Args:
        text: A pattern such as `sh010_matte.####.exr`, or a folder.
        plate: What a folder's files are named after.
        asked: The format asked for, or None.
        is_still: Whether the plate is one frame, whose result may have a name without number.

    Raises:
        SettingsError: The name is no UTF-8, of no format that is written, of another one than asked
            for, or has no place for the frame number.
    """
    if not is_utf8(text):
        raise SettingsError(
            f"The output {legible(text)} cannot be used: its name is not valid UTF-8.",
            hint="Choose another name, or another folder.",
        )
    if is_file_name(text):
        pattern = _named_file(text, needs_number=plate.digits > 0 and not is_still)
        _refuse_contradiction(pattern, asked)
        return pattern
    base = f"{plate.stem}_matte{plate.separator if plate.digits else ''}"
    return FramePattern(Path(text), base, plate.digits, f".{asked or ImageFormat.EXR}")


def is_file_name(text: str) -> bool:
    """Say whether a name is that of files, rather than of the folder they go to."""
    path = Path(text)
    names_file = path.suffix.lower() in IMAGE_SUFFIXES | MOVIE_SUFFIXES and not is_folder(path)
    return names_file or is_pattern(path.name)


def format_of(pattern: FramePattern) -> ImageFormat:
    """Return the format that a name's suffix stands for."""
    return ImageFormat(Path(pattern.name(0)).suffix[1:].lower())


def job_folder(pattern: FramePattern) -> Path:
    """Return the folder for what is beside a job's files: its plan and the contact sheet."""
    return pattern.folder / f"{pattern.stem or 'matte'}.robust_matte"


def check_storage(
    pattern: FramePattern,
    layers: Layers,
    depth: Depth,
    compression: Compression,
    *,
    is_cropped: bool = False,
) -> None:
    """Make sure that the format can store what is asked of it.

    Raises:
        SettingsError: It is PNG, and shape, depth, compression or window is one of EXR's alone.
    """
    if format_of(pattern) is ImageFormat.EXR:
        return
    if layers is Layers.MULTIPART:
        raise SettingsError(
            f"The output {pattern} is PNG, which has no parts.",
            hint="Take --layers separate for a file of each layer; or write EXR.",
        )
    if depth is Depth.FLOAT:
        raise SettingsError(
            f"The output {pattern} is PNG, which cannot hold float channels.",
            hint="Leave --depth out, PNG files have 16 bits a channel; or write EXR.",
        )
    if compression is not Compression.ZIPS:
        raise SettingsError(
            f"The output {pattern} is PNG, which cannot be compressed with {compression}.",
            hint="Leave --compression out, PNG has one of its own; or write EXR.",
        )
    if is_cropped:
        raise SettingsError(
            f"The output {pattern} is PNG, which cannot be cropped: it has no data window.",
            hint="Leave --crop out, or write EXR.",
        )


def _named_file(text: str, *, needs_number: bool) -> FramePattern:
    """Read the name of a file."""
    path = Path(text)
    if path.suffix.lower() not in (".exr", ".png"):
        raise SettingsError(
            f"The output {text} is neither EXR nor PNG.",
            hint="Name a folder, or a pattern that ends in .exr or .png.",
            path=path,
        )
    if needs_number and not is_pattern(path.name):
        raise SettingsError(
            f"The output {text} has no place for the frame number.",
            hint=f"Name it {path.stem}.####{path.suffix}, or name a folder.",
            path=path,
        )
    return FramePattern.parse(text)


def _refuse_contradiction(pattern: FramePattern, asked: ImageFormat | None) -> None:
    if asked not in (None, format_of(pattern)):
        raise SettingsError(
            f"The output {pattern} is not {asked.upper()}, which --format asks for.",
            hint="Leave --format out: the name decides; or name a folder.",
        )
