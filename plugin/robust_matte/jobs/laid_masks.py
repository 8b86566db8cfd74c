"""Garbage and core of a finished result: found again, and compared with what it was keyed with."""

from collections.abc import Sequence
from pathlib import Path

from robust_matte.errors import SettingsError
from robust_matte.jobs.keyed_file import KeyedFile
from robust_matte.jobs.mask import Mask, open_mask
from robust_matte.jobs.planned_frames import plate_start
from robust_matte.jobs.progress import Listener
from robust_matte.media.formats import MOVIE_SUFFIXES
from robust_matte.media.links import is_folder
from robust_matte.media.sequences import FramePattern
from robust_matte.settings.shape_settings import ShapeSettings

__all__ = ["OWN_ALPHA", "check_laid_masks", "open_laid_masks"]

OWN_ALPHA = "source_alpha"  # laid on from the plate, which is not at hand here


def open_laid_masks(
    settings: ShapeSettings,
    result: FramePattern,
    first: KeyedFile,
    numbers: Sequence[int],
    listener: Listener,
) -> dict[str, Mask]:
    """Find the masks that are to be laid on again, by kind.

    Args:
        settings: What names them.
        result: The finished files.
        first: The first of them.
        numbers: Their frame numbers.
        listener: Told how far their headers were read.

    Raises:
        InputError: A mask is absent, unreadable, incomplete or of another size.
        SettingsError: It is a movie, and nothing says which frame it begins at.
    """
    named = {"garbage": settings.garbage, "core": settings.core}
    masks = {}
    for kind, text in named.items():
        if text is not None:
            is_inverted = kind == "garbage" and settings.invert_garbage
            start = _start(kind, text, result)
            masks[kind] = open_mask(kind, text, start, is_inverted=is_inverted)
            masks[kind].check(numbers, first.part.display_window, listener)
    return masks


def check_laid_masks(file: KeyedFile, masks: dict[str, Mask]) -> None:
    """Make sure that the alpha before shaping can be made again of a file and these masks.

    Raises:
        SettingsError: They are not what it was keyed with, all of it.
    """
    known, given = file.masks, {kind: one.spoken for kind, one in masks.items()}
    for kind, text in given.items():
        if known.get(kind) != text:
            raise SettingsError(
                f"{file.path} was keyed with the {kind} {known.get(kind, 'none')}, not {text}.",
                hint="Give what it was keyed with, or key it again with another.",
                path=file.path,
            )
    lacking = ", ".join(sorted(known.keys() - given.keys())).replace(OWN_ALPHA, "source alpha")
    if lacking and file.is_shaped:
        again = "Give --garbage and --core again as it was keyed with, or shape"
        raise SettingsError(
            f"{file.path} was shaped after its {lacking}, and does not hold the alpha between.",
            hint=f"{'Shape' if OWN_ALPHA in known else again} files that were keyed without "
            "shaping.",
            path=file.path,
        )
    if lacking and given:
        both = "Name all that it was keyed with, or none of it: it stays"
        raise SettingsError(
            f"{file.path} was keyed with its {lacking}, too, and that is not given.",
            hint="Leave --garbage and --core out: they stay as they are."
            if OWN_ALPHA in known
            else f"{both} in the alpha.",
            path=file.path,
        )


def _start(kind: str, text: str, result: FramePattern) -> int:
    """Return the plate's first frame, which `key` pairs a movie's first frame with."""
    path = Path(text)
    if path.suffix.lower() not in MOVIE_SUFFIXES or is_folder(path):
        return 1  # pictures have numbers of their own
    start = plate_start(result)
    if start is None:
        raise SettingsError(
            f"The {kind} {text} is a movie, and no plan beside {result} says where the plate "
            "begins.",
            hint="Shape the files where key wrote them, beside their plan; or write the movie as "
            "an image sequence, numbered as the plate.",
            path=path,
        )
    return start
