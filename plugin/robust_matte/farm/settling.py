"""Keeping a plan that is in use as it is."""

from pathlib import Path
from typing import Any

from robust_matte.errors import InputError, WouldOverwriteError
from robust_matte.farm.farm_plan import FarmPlan
from robust_matte.jobs.output_names import job_folder
from robust_matte.media.atomic import check_writable
from robust_matte.media.sequences import FramePattern

__all__ = ["settle_plan"]

_LEFT_BY_RUNS = ("runs", "states", "checkpoint", "lock")  # an empty one is left by mistakes, too
_HINT = (
    "Plan into another folder, or replace it with --overwrite while none of its bins is being "
    "keyed; finished frames that fit are kept."
)


def settle_plan(path: Path, plan: FarmPlan, *, is_overwritten: bool) -> tuple[FarmPlan, bool]:
    """Save a plan, unless the same one is there.

    Args:
        path: Where it goes.
        plan: The plan.
        is_overwritten: Whether it may replace another one that is in use, or what is no plan.

    Returns:
        The plan that is there now, and whether it was written.

    Raises:
        WouldOverwriteError: Another plan is there, and frames were keyed by it.
        InputError: What is there is no plan.
        WriteError: It cannot be written.
    """
    known = _known(path, is_overwritten=is_overwritten)
    if known == plan:
        return plan, False
    if known is not None and not is_overwritten and _what_counts(known) == _what_counts(plan):
        return known, False
    if known is not None and not is_overwritten and _is_in_use(path.parent, known):
        raise WouldOverwriteError(
            f"{path} is in use, and differs from what is asked now in {_difference(known, plan)}.",
            hint=_HINT,
            path=path,
        )
    check_writable(path)
    plan.save(path)
    return plan, True


def _known(path: Path, *, is_overwritten: bool) -> FarmPlan | None:
    if not path.exists():
        return None
    try:
        return FarmPlan.load(path)
    except InputError:
        if is_overwritten:
            return None
        raise


def _what_counts(plan: FarmPlan) -> dict[str, Any]:
    """Return a plan without what is of one command alone."""
    document = plan.model_dump(mode="json")
    for shot in document["shots"]:
        shot["settings"].pop("overwrite", None)
    return document


def _is_in_use(out: Path, plan: FarmPlan) -> bool:
    """Say whether a bin was begun: there are frames then, or what a run leaves of itself."""
    for shot in plan.shots:
        pattern = FramePattern.parse(str(out / shot.output))
        folder = job_folder(pattern)
        if any(_holds(folder / name) for name in _LEFT_BY_RUNS):
            return True
        begin, end = pattern.base, pattern.suffix
        if _holds(pattern.folder, begin, end) or _holds(pattern.folder / "rgba", "", end):
            return True
    return False


def _holds(folder: Path, begin: str = "", end: str = "") -> bool:
    """Say whether a folder is there with a file of such a name in it."""
    if not folder.is_dir():
        return False
    names = (entry.name for entry in folder.iterdir())
    return any(name.startswith(begin) and name.endswith(end) for name in names)


def _difference(known: FarmPlan, plan: FarmPlan) -> str:
    """Say what is another, the first thing that is."""
    before, now = ({shot.name: shot for shot in one.shots} for one in (known, plan))
    if gone := before.keys() - now.keys():
        return f"the shots: it has {min(gone)}"
    if more := now.keys() - before.keys():
        return f"the shots: it lacks {min(more)}"
    changed = [name for name, shot in now.items() if shot.job != before[name].job]
    if changed:
        return f"what is keyed of {changed[0]}"
    if known.weights != plan.weights:
        return "the weights"
    if known.split != plan.split:
        return f"--split: it has {_spoken(known.split)}, not {_spoken(plan.split)}"
    if len(known.bins) != len(plan.bins):
        return f"--bins: it has {len(known.bins)}, not {len(plan.bins)}"
    return "where plates or results are, or which frames are written"


def _spoken(split: int | None) -> str:
    return "none" if split is None else f"states:{split}"
