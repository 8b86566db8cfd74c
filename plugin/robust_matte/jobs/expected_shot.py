"""What is to lie on disk of one shot, as its plan says."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robust_matte.errors import InputError, WouldOverwriteError
from robust_matte.jobs.output_names import format_of
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.pins import Pins
from robust_matte.jobs.plan import Plan, load_plan
from robust_matte.jobs.run_record import load_runs
from robust_matte.jobs.segment_pins import SegmentPins
from robust_matte.jobs.targets import Target, targets_for
from robust_matte.keying.segments import own_step
from robust_matte.media.sequences import FramePattern, numbers_in
from robust_matte.settings.choices import Compression, Depth, ImageFormat, Layers, Missing

__all__ = ["ExpectedShot", "expected_shot", "shot_of_plan"]

_FOLDER = ".robust_matte"
_HINT = "Name the plan.json that robust-matte plan wrote, or one in a folder NAME.robust_matte."


@dataclass(frozen=True)
class ExpectedShot:
    """One shot and its files.

    Attributes:
        name: What it is called.
        plan: Its plan.
        outputs: Where its files are.
        targets: Its frames, ascending.
        pins: What each segment was begun with.
    """

    name: str
    plan: Plan
    outputs: Outputs
    targets: tuple[Target, ...]
    pins: SegmentPins

    @cached_property
    def _starts(self) -> list[int]:
        return [one.first for one in self.plan.segments]

    def segment_of(self, target: Target) -> int:
        """Return the index of the segment that a frame belongs to; of a hole, the one before it."""
        number = target.number if target.source is None else target.source
        return max(bisect_right(self._starts, number) - 1, 0)

    def pins_of(self, target: Target) -> Pins | None:
        """Return the pins that a frame is to be made under; None where none are on record."""
        return self.pins.of_frame(target.source)


def expected_shot(
    name: str, plan: Plan, pattern: FramePattern, count: int | None = None
) -> ExpectedShot:
    """Say which files a plan asks for.

    Args:
        name: What the shot is called.
        plan: Its plan.
        pattern: The result's name.
        count: How many frames there are to be, where that is known: a later run may have been
            asked for fewer than the plan is for.
    """
    told = plan.request.settings
    outputs = Outputs(pattern, Layers(told["layers"]), Depth.HALF, Compression.ZIPS)
    present = numbers_in(plan.request.plate.frames)
    wanted = numbers_in(plan.wanted or "")
    if not wanted or count not in (None, len(wanted)):
        wanted = list(range(present[0], present[-1] + 1, own_step(present)))
    missing = Missing(told.get("missing", Missing.FAIL))
    targets = tuple(targets_for(wanted, present, missing))
    return ExpectedShot(name, plan, outputs, targets, SegmentPins(plan, outputs.pins_folder))


def shot_of_plan(path: Path) -> ExpectedShot:
    """Read the plan of one plate that `key` left beside its result.

    Args:
        path: `<name>.robust_matte/plan.json`.

    Raises:
        InputError: There is no plan, it cannot be read, or it lies elsewhere.
    """
    folder = path.absolute().parent
    if not folder.name.endswith(_FOLDER):
        raise InputError(
            f"{path} is a plan that does not lie beside its result.", hint=_HINT, path=path
        )
    plan = _loaded(path)
    stem = folder.name.removesuffix(_FOLDER)
    form = ImageFormat(plan.request.settings["format"])
    told = [run.output for run in load_runs(folder) if run.job == plan.job]
    if told:
        pattern = FramePattern.parse(str(folder.parent / told[-1]))
    else:
        pattern = _on_disk(folder.parent, stem, form, Layers(plan.request.settings["layers"]))
    if format_of(pattern) is not form:
        pattern = FramePattern(folder.parent, f"{stem}.", 4, f".{form}")
    return expected_shot(stem, plan, pattern)


def _loaded(path: Path) -> Plan:
    try:
        plan = load_plan(path)
    except WouldOverwriteError as error:
        raise InputError(error.what, hint=_HINT, path=path) from error
    if plan is None:
        raise InputError(f"There is no plan {path}.", hint=_HINT, path=path)
    return plan


def _on_disk(folder: Path, stem: str, form: ImageFormat, layers: Layers) -> FramePattern:
    """Find the name of a result whose runs left no record, by its first file."""
    place, ending = folder, ""
    if layers is Layers.SEPARATE:
        place, ending = folder / "rgba", "_rgba"
    name = re.compile(rf"{re.escape(stem)}{ending}([._ -]?)(-?\d+)?\.{form}", re.IGNORECASE)
    names = sorted(path.name for path in place.glob(f"*.{form}")) if place.is_dir() else []
    found = next((match for one in names if (match := name.fullmatch(one))), None)
    if found is None:
        return FramePattern(folder, f"{stem}.", 4, f".{form}")
    digits = len(found[2]) if found[2] else 0
    return FramePattern(folder, f"{stem}{found[1]}", digits, f".{form}")
