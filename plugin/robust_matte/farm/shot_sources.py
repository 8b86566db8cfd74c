"""Where the shots come from that are checked, and what makes a frame of one again."""

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from robust_matte.errors import InputError, WouldOverwriteError
from robust_matte.farm.farm_plan import PLAN_NAME, FarmPlan, Shot
from robust_matte.farm.verbs import as_shell
from robust_matte.jobs.expected_shot import ExpectedShot, expected_shot, shot_of_plan
from robust_matte.jobs.output_names import job_folder
from robust_matte.jobs.plan import load_plan
from robust_matte.media.sequences import FramePattern

__all__ = ["AGAIN_OVERWRITTEN", "FarmSource", "ShotSource", "Turn"]

AGAIN_OVERWRITTEN = (
    "Run robust-matte plan again as before, with --overwrite; key --plan makes its frames anew."
)
_BY_KEY = "the robust-matte key command that made it"
_REPLAN = "Run robust-matte plan again, or say where its files are with --root out=PATH."


@dataclass(frozen=True, slots=True)
class Turn:
    """A shot whose turn it is to be checked.

    Attributes:
        name: What it is called.
        frames: How many frames are to be there; 0 where only its plan says it.
        read: Reads its plan, which may raise any RobustMatteError.
    """

    name: str
    frames: int
    read: Callable[[], ExpectedShot]


class ShotSource:
    """A job of one plate.

    Args:
        path: The plan that `key` left beside its result.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def turns(self) -> Sequence[Turn]:
        """Return the shots."""
        name = self._path.absolute().parent.name.removesuffix(".robust_matte")
        return [Turn(name, 0, partial(shot_of_plan, self._path))]

    def overview_folder(self) -> Path | None:
        """Return where the page of all shots goes; None where one shot is all."""
        return None

    def repairs(self, shot: str, numbers: Iterable[int]) -> Sequence[str]:  # noqa: ARG002
        """Return what makes frames of a shot again, each command once."""
        return [_BY_KEY] if any(True for _ in numbers) else []


class FarmSource(ShotSource):
    """The shots of a farm's plan.

    Args:
        path: The plan's file.
        plan: The plan.
        moved: Roots that are elsewhere now, by name.
    """

    def __init__(self, path: Path, plan: FarmPlan, moved: Mapping[str, Path]) -> None:
        super().__init__(path)
        self._plan = plan
        self._out = moved.get("out", path.absolute().parent)
        self._flags = [word for one in moved.items() for word in ("--root", "{}={}".format(*one))]
        self._pieces: dict[str, list[tuple[int, int]]] = {shot.name: [] for shot in plan.shots}
        for index, pieces in enumerate(plan.bins):
            for piece in pieces:
                self._pieces[piece.shot].append((piece.first, index))
        for firsts in self._pieces.values():
            firsts.sort()

    def turns(self) -> Sequence[Turn]:
        """Return the shots, in the plan's order."""
        return [
            Turn(shot.name, shot.frames, partial(self._expected, shot)) for shot in self._plan.shots
        ]

    def overview_folder(self) -> Path | None:
        """Return where the page of all shots goes."""
        return self._out if len(self._plan.shots) > 1 else None

    def repairs(self, shot: str, numbers: Iterable[int]) -> Sequence[str]:
        """Return the commands with the bins that frames are in."""
        pieces, bins = self._pieces[shot], len(self._plan.bins)
        places = (max(bisect_right(pieces, (number, bins)) - 1, 0) for number in numbers)
        chosen = dict.fromkeys(pieces[at][1] if pieces else None for at in places)
        return [self._command(index) for index in chosen]

    def _command(self, index: int | None) -> str:
        chosen = [] if index is None else ["--bin", str(index)]
        plan = str(self._path.absolute())
        return as_shell(["robust-matte", "key", "--plan", plan, *chosen, *self._flags])

    def _expected(self, shot: Shot) -> ExpectedShot:
        place = os.path.normpath(self._out / PurePosixPath(shot.output))
        pattern = FramePattern.parse(place)
        path = job_folder(pattern) / PLAN_NAME
        try:
            plan = load_plan(path)
        except WouldOverwriteError as error:
            raise InputError(error.what, hint=_REPLAN, path=path) from error
        if plan is None:
            raise InputError(f"There is no plan {path}.", hint=_REPLAN, path=path)
        if plan.job != shot.job:
            raise InputError(
                f"{path} is of another job than {self._path}: {shot.name} was keyed or planned "
                "with other settings.",
                hint=AGAIN_OVERWRITTEN,
                path=path,
            )
        if asked := shot.settings.get("frames"):
            plan = plan.model_copy(update={"wanted": str(asked)})
        return expected_shot(shot.name, plan, pattern, shot.frames)
