"""Which frames a result is to have, as the plan beside it says: some may still be to come."""

import json
from pathlib import Path

from robust_matte.errors import SettingsError
from robust_matte.media.sequences import FramePattern
from robust_matte.settings.frame_range import FrameRange

__all__ = ["planned_frames", "plate_start"]

_LAYER = "_rgba"  # what names of separate files end in
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, SettingsError)


def planned_frames(pattern: FramePattern) -> FrameRange | None:
    """Return the frames that the latest run of the job that writes these files was asked for.

    Args:
        pattern: The files with colour and alpha.

    Returns:
        None where there is no plan, as of frames of another program.
    """
    for path in _places(pattern):
        try:
            return FrameRange.parse(json.loads(path.read_bytes())["wanted"])
        except _UNREADABLE:
            continue
    return None


def plate_start(pattern: FramePattern) -> int | None:
    """Return the first frame of the plate that these files are of.

    Args:
        pattern: The files with colour and alpha.

    Returns:
        None where there is no plan, as where only files were moved.
    """
    for path in _places(pattern):
        try:
            plate = json.loads(path.read_bytes())["request"]["plate"]
            return min(one.first for one in _ranges(plate["frames"]))
        except _UNREADABLE:
            continue
    return None


def _ranges(text: str) -> list[FrameRange]:
    return [FrameRange.parse(part) for part in text.split(",")]


def _places(pattern: FramePattern) -> list[Path]:
    places = [pattern.folder / pattern.stem]
    if pattern.stem.endswith(_LAYER):
        places.append(pattern.folder.parent / pattern.stem.removesuffix(_LAYER))
    return [place.with_name(f"{place.name}.robust_matte") / "plan.json" for place in places]
