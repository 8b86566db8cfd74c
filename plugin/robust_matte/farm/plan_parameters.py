"""Which options of `plan` an artist may change when a job is submitted, and which are fixed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from robust_matte.settings.choices import Depth, Despill, Layers, Missing
from robust_matte.weights.known import KNOWN

__all__ = [
    "MODEL",
    "PLAN_PARAMETERS",
    "PlanParameter",
    "inside",
    "is_file",
    "is_whole",
    "split_options",
]


_WHOLE = re.compile(r"/|\\\\|[A-Za-z]:[\\/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanParameter:
    """An option of `plan` that is a parameter of the job.

    Attributes:
        name: Of the parameter.
        flag: Of the option.
        default: What it is unless it is changed.
        label: What a form calls it.
        help: What it does.
        choices: What there is to choose from; empty where anything may be written.
    """

    name: str
    flag: str
    default: str
    label: str
    help: str
    choices: tuple[str, ...] = ()


def _words(choices: type[StrEnum]) -> tuple[str, ...]:
    return tuple(one.value for one in choices)


MODEL = PlanParameter(
    name="Model",
    flag="--model",
    default="auto",
    label="Network",
    help="auto takes mobilenetv3 where its weights are, else draft; never fetched by a task.",
    choices=("auto", *KNOWN),
)
PLAN_PARAMETERS = (
    PlanParameter(
        name="Downsample",
        flag="--downsample",
        default="auto",
        label="Network's view",
        help="auto, a ratio such as 0.25, or a longest side such as 1024px.",
    ),
    PlanParameter(
        name="Cuts",
        flag="--cuts",
        default="auto",
        label="Cuts",
        help="auto finds them, off keys each plate as one shot, or first frames such as 1050,1120.",
    ),
    PlanParameter(
        name="Gain",
        flag="--gain",
        default="0",
        label="Gain",
        help="auto, or stops by which the network sees the plate brighter than it is.",
    ),
    PlanParameter(
        name="Despill",
        flag="--despill",
        default=Despill.NONE.value,
        label="Despill",
        help="Whose colour is taken out of the soft edge.",
        choices=_words(Despill),
    ),
    PlanParameter(
        name="Missing",
        flag="--missing",
        default=Missing.FAIL.value,
        label="Missing frames",
        help="Fail, hold the result before them, or write black.",
        choices=_words(Missing),
    ),
    PlanParameter(
        name="Layers",
        flag="--layers",
        default=Layers.COMBINED.value,
        label="Layers",
        help="combined for Nuke, multipart for Blender, separate for Fusion and Resolve.",
        choices=_words(Layers),
    ),
    PlanParameter(
        name="Depth",
        flag="--depth",
        default=Depth.HALF.value,
        label="Depth",
        help="Bits of a channel.",
        choices=_words(Depth),
    ),
)


def split_options(
    options: Sequence[tuple[str, ...]],
) -> tuple[dict[str, str], tuple[tuple[str, ...], ...]]:
    """Tell options that are parameters of the job from those that are fixed in it.

    A path is fixed, whichever option it is of: a parameter's default cannot name the parameter of
    the folder that it is in, and so would not be mapped.

    Args:
        options: Each option as its flag and, unless it is a switch, its value.

    Returns:
        Values of parameters by the parameter's name, and the other options in their order.
    """
    by_flag = {one.flag: one.name for one in PLAN_PARAMETERS}
    fixed = tuple(one for one in options if one[0] not in by_flag or is_whole(one[1]))
    values = {by_flag[one[0]]: one[1] for one in options if one not in fixed}
    return values, fixed


def is_file(model: str) -> bool:
    """Return whether weights are named by their file."""
    return model not in MODEL.choices


def is_whole(path: str) -> bool:
    """Return whether a text is a path from a root on, of any system."""
    return _WHOLE.match(path) is not None


def inside(path: str, root: str) -> str | None:
    """Return a path relative to a root, with slashes, or None where it is not in it."""
    place = PurePosixPath(path.replace("\\", "/"))
    folder = PurePosixPath(root.replace("\\", "/"))
    return place.relative_to(folder).as_posix() if place.is_relative_to(folder) else None
