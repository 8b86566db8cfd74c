"""Checking what a plan asked for: all frames of all shots, with a report of each."""

import json
import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from robust_matte.errors import BadResultError, InputError, OutputError, WouldOverwriteError
from robust_matte.farm.farm_plan import PLAN_NAME, FarmPlan, Shot
from robust_matte.farm.overview import ShotRow, render_overview
from robust_matte.jobs.expected_shot import ExpectedShot, expected_shot, shot_of_plan
from robust_matte.jobs.output_names import job_folder
from robust_matte.jobs.plan import load_plan
from robust_matte.jobs.progress import Listener, PartReached
from robust_matte.jobs.report_page import render_shot, write_page
from robust_matte.jobs.shot_check import ShotFindings, check_shot
from robust_matte.jobs.shot_report import ShotReport, build_report
from robust_matte.jobs.written_frame import Fault
from robust_matte.media.sequences import FramePattern

__all__ = ["CheckedShot", "PlanCheck", "check_plan"]

_PAGE, _DOCUMENT = "report.html", "report.json"
_AGAIN = "the robust-matte key command that made it"


@dataclass(frozen=True, slots=True)
class CheckedShot:
    """What became of one shot.

    Attributes:
        name: What it is called.
        frames: How many frames are to be there.
        bad: How many are not right.
        first: The first of them, or None.
        page: Its report.
        stand_out: How many frames stand out.
    """

    name: str
    frames: int
    bad: int
    first: Fault | None
    page: Path
    stand_out: int


@dataclass(frozen=True, slots=True)
class PlanCheck:
    """What became of all shots.

    Attributes:
        shots: Each of them.
        page: The page to open first.
        repairs: The commands that make bad frames again, that of the first one first.
    """

    shots: tuple[CheckedShot, ...]
    page: Path
    repairs: tuple[str, ...]

    @property
    def frames(self) -> int:
        """How many frames are to be there."""
        return sum(shot.frames for shot in self.shots)

    @property
    def bad(self) -> int:
        """How many of them are not right."""
        return sum(shot.bad for shot in self.shots)

    def complain(self) -> None:
        """Make sure that all frames are right.

        Raises:
            BadResultError: One is not.
        """
        shot = next((one for one in self.shots if one.first is not None), None)
        if shot is None or shot.first is None:
            return
        fault, more = shot.first, len(self.repairs) - 1
        others = f", then {more} more: {self.page} names them" if more > 0 else ""
        raise BadResultError(
            f"Frame {fault.number} of {shot.name}: {fault.path} {fault.what}; {self.bad} of "
            f"{self.frames} frames are bad.",
            hint=f"Run again: {self.repairs[0]}{others}.",
            frame=fault.number,
            path=fault.path,
        )


def check_plan(path: Path, moved: Mapping[str, Path], listener: Listener) -> PlanCheck:
    """Read every frame that a plan asks for, and write a report of each shot.

    Args:
        path: A plan of `robust-matte plan`, or the one that `key` leaves beside a result.
        moved: Roots that are elsewhere now, by name; that of the plates is not needed.
        listener: Told of progress.

    Raises:
        InputError: The plan, or that of a shot, is not there or cannot be read.
        OutputError: A report cannot be written, and all frames are right.
    """
    return _Checking(path, _source(path, moved), listener).run()


class _Source:
    """Where shots come from, and who keys which of their frames: a job of one plate."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def shots(self) -> Iterator[ExpectedShot]:
        """Yield the shots."""
        yield shot_of_plan(self._path)

    def __len__(self) -> int:
        return 1

    def page(self) -> Path | None:
        """Return where the page of all shots goes; None where one shot is all."""
        return None

    def repair(self, shot: str, number: int) -> str:  # noqa: ARG002 - asked of both
        """Return what makes a frame of a shot again."""
        return _AGAIN


class _FarmSource(_Source):
    """The shots of a farm's plan."""

    def __init__(self, path: Path, plan: FarmPlan, moved: Mapping[str, Path]) -> None:
        super().__init__(path)
        self._plan = plan
        self._out = moved.get("out", path.absolute().parent)
        self._flags = "".join(f" --root {name}={root}" for name, root in moved.items())
        self._pieces: dict[str, list[tuple[int, int]]] = {shot.name: [] for shot in plan.shots}
        for index, pieces in enumerate(plan.bins):
            for piece in pieces:
                self._pieces[piece.shot].append((piece.first, index))
        for firsts in self._pieces.values():
            firsts.sort()

    def shots(self) -> Iterator[ExpectedShot]:
        """Yield the shots, each read when it is its turn."""
        for shot in self._plan.shots:
            yield self._expected(shot)

    def __len__(self) -> int:
        return len(self._plan.shots)

    def page(self) -> Path | None:
        """Return where the page of all shots goes."""
        return self._out / _PAGE if len(self._plan.shots) > 1 else None

    def repair(self, shot: str, number: int) -> str:
        """Return the command with the bin that a frame is in."""
        pieces = self._pieces[shot]
        at = max(bisect_right(pieces, (number, len(self._plan.bins))) - 1, 0)
        chosen = f" --bin {pieces[at][1]}" if pieces else ""
        return f"robust-matte key --plan {self._path}{chosen}{self._flags}"

    def _expected(self, shot: Shot) -> ExpectedShot:
        place = os.path.normpath(self._out / PurePosixPath(shot.output))
        pattern = FramePattern.parse(place)
        path = job_folder(pattern) / PLAN_NAME
        try:
            plan = load_plan(path)
        except WouldOverwriteError as error:
            raise InputError(error.what, hint=_replan(), path=path) from error
        if plan is None:
            raise InputError(f"There is no plan {path}.", hint=_replan(), path=path)
        if plan.job != shot.job:
            raise InputError(
                f"{path} is of another job than {self._path}: {shot.name} was keyed or planned "
                "with other settings.",
                hint=_replan(),
                path=path,
            )
        if asked := shot.settings.get("frames"):
            plan = plan.model_copy(update={"wanted": str(asked)})
        return expected_shot(shot.name, plan, pattern, shot.frames)


def _replan() -> str:
    return "Run robust-matte plan again, or say where its files are with --root out=PATH."


def _source(path: Path, moved: Mapping[str, Path]) -> _Source:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        document = {}
    if isinstance(document, dict) and "request" in document:
        return _Source(path)
    return _FarmSource(path, FarmPlan.load(path), moved)


class _Checking:
    """One check of all shots, one after the other."""

    def __init__(self, path: Path, source: _Source, listener: Listener) -> None:
        self._path = path
        self._source = source
        self._listener = listener
        self._repairs: dict[str, None] = {}  # in order
        self._unwritten: OutputError | None = None

    def run(self) -> PlanCheck:
        """Check all, and write the page of all."""
        top, rows = self._source.page(), []
        checked: list[CheckedShot] = []
        for shot in self._source.shots():
            self._listener(PartReached(len(checked), len(self._source), shot.name))
            findings = check_shot(shot, self._listener)
            for fault in findings.faults:
                self._repairs[self._source.repair(shot.name, fault.number)] = None
            report = build_report(shot, findings)
            done = self._written(shot, report, findings, top)
            checked.append(done)
            rows.append(ShotRow.of(report, findings, _address(done.page, top) if top else ""))
        if top is not None:
            self._write(top, render_overview(rows, tuple(self._repairs)))
        found = PlanCheck(tuple(checked), top or checked[0].page, tuple(self._repairs))
        if self._unwritten is not None and not found.bad:
            raise self._unwritten
        return found

    def _written(
        self, shot: ExpectedShot, report: ShotReport, findings: ShotFindings, top: Path | None
    ) -> CheckedShot:
        """Write the report of one shot and say what became of it."""
        folder = shot.outputs.job_folder
        page = folder / _PAGE
        mine = [self._source.repair(shot.name, one.number) for one in findings.faults]
        text = render_shot(
            report,
            findings,
            repairs=list(dict.fromkeys(mine)),
            up=_address(top, page) if top else "",
        )
        self._write(page, text)
        self._write(folder / _DOCUMENT, report.model_dump_json())
        return CheckedShot(
            name=shot.name,
            frames=report.frames,
            bad=report.bad,
            first=findings.faults[0] if findings.faults else None,
            page=page,
            stand_out=len({one.frame for one in report.outliers}),
        )

    def _write(self, path: Path, text: str) -> None:
        """Write a file; what fails is told when all frames have been looked at."""
        try:
            write_page(path, text)
        except OutputError as error:
            self._unwritten = self._unwritten or error


def _address(target: Path, page: Path) -> str:
    """Return a file as a relative address on a page."""
    return quote(Path(os.path.relpath(target, page.parent)).as_posix())
