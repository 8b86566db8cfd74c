"""Settings that are typed: what is suggested for them, and what the worker could not take."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from .errors import HostError
from .plate_spaces import spaces_known

__all__ = [
    "refuse_unusable",
    "suggest_cuts",
    "suggest_downsample",
    "suggest_gain",
    "suggest_model",
    "suggest_plate_space",
]

Suggestions = list[tuple[str, str]]

_MODELS: Suggestions = [
    ("auto", "mobilenetv3 where it is here, else draft"),
    ("draft", "small and quick, comes with the program"),
    ("mobilenetv3", "for most shots"),
    ("resnet50", "larger and slower, slightly better"),
]
_CUTS: Suggestions = [
    ("auto", "found in the picture"),
    ("off", "one shot"),
    ("headers", "where the files' reel or timecode jumps"),
]
_GAINS: Suggestions = [
    ("0", "as the plate is"),
    ("auto", "found for each shot"),
    ("1", "twice as bright"),
    ("2", "4 times"),
    ("3", "8 times"),
    ("-1", "half as bright"),
]
_DOWNSAMPLES: Suggestions = [
    ("auto", "as the model was made for"),
    ("256px", "longest side"),
    ("512px", "longest side"),
    ("768px", "longest side, for small people"),
    ("0.25", "a quarter of the plate"),
    ("0.5", "half of the plate"),
]
_EDIT_LISTS = (".edl", ".otio", ".otioz", ".otiod", ".xml", ".aaf")
_MOST_STOPS = 20.0
_SIDES = (32, 8192)


def suggest_model(_settings: Any, _context: Any, _typed: str) -> Suggestions:
    """Return models by name; a file may be typed as well."""
    return _MODELS


def suggest_cuts(_settings: Any, _context: Any, _typed: str) -> Suggestions:
    """Return words for cuts; frames and an edit list may be typed as well."""
    return _CUTS


def suggest_gain(_settings: Any, _context: Any, _typed: str) -> Suggestions:
    """Return some gains."""
    return _GAINS


def suggest_downsample(_settings: Any, _context: Any, _typed: str) -> Suggestions:
    """Return sizes of each form."""
    return _DOWNSAMPLES


def suggest_plate_space(_settings: Any, _context: Any, _typed: str) -> list[str]:
    """Return Blender's names of the spaces that the worker knows; it knows more by its own."""
    return spaces_known()


def refuse_unusable(wishes: Any) -> None:
    """Say at once what the worker would say later.

    Args:
        wishes: Settings with absolute paths. A plate space is not looked at: only the worker knows
            all names.

    Raises:
        HostError: One of them is none that the worker takes.
    """
    _refuse_model(wishes.model)
    _refuse_cuts(wishes.cuts)
    _refuse_gain(wishes.gain.strip().lower())
    _refuse_downsample(wishes.downsample.strip().lower())


def _refuse_model(model: str) -> None:
    if model and model not in dict(_MODELS) and not _is_there(model):
        names = ", ".join(dict(_MODELS))
        raise HostError(
            f'The model "{model}" is neither a name nor a file that is there.',
            hint=f"Set Model to {names}, or to the whole path of a weights file.",
        )


def _refuse_cuts(cuts: str) -> None:
    word = cuts.strip().lower()
    if not word or word in dict(_CUTS):
        return
    if word.endswith(_EDIT_LISTS):
        if not _is_there(cuts):
            raise HostError(
                f"The edit list {cuts} of Cuts is not there.",
                hint="Write its whole path, or // and its path from the .blend on.",
            )
        return
    try:
        _ = [int(part) for part in word.split(",")]
    except ValueError as error:
        raise HostError(
            f'"{cuts}" is nothing that Cuts takes.',
            hint="Write auto, off, headers, the plate's first frames of shots such as 1050,1120, "
            f"or an edit list that ends in {', '.join(_EDIT_LISTS)}.",
        ) from error


def _refuse_gain(gain: str) -> None:
    if gain in ("", "auto") or abs(_number(gain)) <= _MOST_STOPS:
        return
    raise HostError(
        f'"{gain}" is nothing that Gain takes.',
        hint=f"Write auto, or stops from -{_MOST_STOPS:g} to {_MOST_STOPS:g} such as 3 or -1.5.",
    )


def _refuse_downsample(size: str) -> None:
    least, most = _SIDES
    if size in ("", "auto") or 0 < _number(size) <= 1:
        return
    if size.endswith("px") and least <= _number(size[:-2]) <= most:
        return
    raise HostError(
        f'"{size}" is nothing that Downsample takes.',
        hint=f"Write auto, a ratio up to 1, or a longest side from {least}px to {most}px.",
    )


def _number(text: str) -> float:
    """Return a number; NaN, which lies in no range, for what is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _is_there(path: str) -> bool:
    try:
        return Path(path).is_absolute() and Path(path).exists()
    except (OSError, ValueError):  # a name that no file can have
        return False
