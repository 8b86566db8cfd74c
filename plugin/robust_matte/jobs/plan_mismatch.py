"""What a plan on disk differs in from the job that was asked for, in the user's words."""

from pathlib import Path

from robust_matte.errors import WouldOverwriteError
from robust_matte.jobs.inputs import ChangedFile
from robust_matte.jobs.plan import Request

__all__ = ["other_job"]

_HINT = "Choose another output, or key everything again with --overwrite."
_PLAN_AGAIN = (
    "Put back what was planned, or plan again: robust-matte plan, with --overwrite where frames "
    "are finished already."
)
_FILES = {"plate.fingerprint", "plate.frames", "plate.pixel_aspect", "plate.work_area"}
# What a field is called on the command line; a setting is called as its flag.
_SPOKEN = {
    "plate.space": "--plate-space",
    "plate.is_space_stated": "--plate-space",
    "colour.output": "--output-space",
    "colour.chromaticities": "--output-space",
    "colour.interop_id": "--output-space",
    "colour.is_invertible": "--config",
    "colour.config": "--config",
    "colour.config_sha256": "the content of the colour config",
    "weights.sha256": "--model",
    "weights.variant": "--model",
    "weights.refiner": "--refiner",
    "low_size.width": "--downsample or --framing",
    "low_size.height": "--downsample or --framing",
    "masks.garbage": "--garbage",
    "masks.core": "--core",
}
# What another value of one field may change by itself; the user typed only the former.
_OUTPUT = {"colour.chromaticities", "colour.interop_id"}
_CONFIG = {"colour.config", "colour.config_sha256", "colour.is_invertible"}
_FOLLOWS = {
    "plate.space": {"plate.is_space_stated", "colour.output", *_OUTPUT, *_CONFIG},
    "colour.output": {*_OUTPUT, *_CONFIG},
    "colour.config": {"colour.config_sha256"},
    "settings.work_area": {"plate.work_area", "low_size.width", "low_size.height"},
    "settings.layer": {"plate.work_area", "low_size.width", "low_size.height"},
    "settings.view": {"plate.work_area", "low_size.width", "low_size.height"},
    "settings.roi": {"low_size.width", "low_size.height"},
    "plate.pixel_aspect": {"low_size.width", "low_size.height"},
    "settings.first_frame": {"plate.frames"},
    "settings.cold": {"settings.frames"},
    "weights.sha256": {"weights.variant", "weights.refiner"},
    "weights.variant": {"low_size.width", "low_size.height"},
}


def other_job(
    path: Path,
    known: Request,
    asked: Request,
    *,
    is_planned: bool = False,
    change: ChangedFile | None = None,
) -> WouldOverwriteError:
    """Build the error for a plan of another job, whose frames are there.

    Args:
        path: The plan.
        known: What it is of.
        asked: What is wanted now.
        is_planned: Whether it was planned before, in a command of its own.
        change: The first of the plate's files whose content changed, where that is known.
    """
    plate = known.plate
    fields = _own_differences(known, asked)
    spoken = sorted({_spoken(name) for name in fields - _FILES})
    if plate.path != asked.plate.path:
        what = f"{path} is of another plate, {plate.path}."
    elif plate.display_window != asked.plate.display_window:
        what = f"{path} is of another plate, {plate.path} of {plate.display_window.size} pixels."
    elif spoken:
        names = ", ".join(spoken + (["the plate's files"] if fields & _FILES else []))
        what = f"{path} is of a job that differs in {names}, and whose frames are there."
        if is_planned:
            what = f"{path} is of a job that differs in {names}."
    elif "plate.frames" in fields:
        what = (
            f"{path} is of {plate.path} with the frames {plate.frames}, not {asked.plate.frames}."
        )
    elif change is None:
        what = f"{path} is of {plate.path}, whose content has changed since."
    elif change.number is None:
        what = f"{path} is of {change.path} as it was before it changed."
    else:
        what = (
            f"{path} is of {plate.path} as it was: frame {change.number} was the first to change, "
            f"{change.path}."
        )
    hint = _PLAN_AGAIN if is_planned else _way_out(known, fields)
    frame = change.number if change else None
    return WouldOverwriteError(what, hint=hint, frame=frame, path=path)


def _way_out(known: Request, fields: set[str]) -> str:
    """Say what can be done, and which weights would go on where these are others."""
    if "weights.sha256" not in fields:
        return _HINT
    weights = known.weights
    return (
        f"Name with --model what it was begun with, {weights.variant} of sha256 {weights.sha256}; "
        f"or {_HINT[0].lower()}{_HINT[1:]}"
    )


def _own_differences(known: Request, asked: Request) -> set[str]:
    """Return the fields that differ, without those that follow from another; a window is one."""
    fields = {".".join(name.split(".")[:2]) for name in known.differences(asked)}
    return fields.difference(*(_FOLLOWS[name] for name in fields & _FOLLOWS.keys()))


def _spoken(name: str) -> str:
    flag = f"--{name.removeprefix('settings.').replace('_', '-')}"
    return _SPOKEN.get(name, flag)
