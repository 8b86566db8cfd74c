"""Checking what a plan asked for: all frames of all shots, with a report of each."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from robust_matte.errors import (
    BadResultError,
    Cancelled,
    OutputError,
    Preempted,
    RobustMatteError,
)
from robust_matte.farm.farm_plan import FarmPlan, plan_file
from robust_matte.farm.overview import ShotRow, render_overview
from robust_matte.farm.shot_error import of_shot
from robust_matte.farm.shot_sources import FarmSource, ShotSource, Turn
from robust_matte.jobs.expected_shot import ExpectedShot
from robust_matte.jobs.progress import Listener, PartReached
from robust_matte.jobs.report_page import render_shot, write_page
from robust_matte.jobs.shot_check import ShotFindings, check_shot
from robust_matte.jobs.shot_report import ShotReport, build_report
from robust_matte.jobs.written_frame import Fault

__all__ = ["CheckedShot", "PlanCheck", "check_plan"]

_PAGE, _DOCUMENT = "report.html", "report.json"


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
        fault: Why it could not be checked, so that all of its frames count as bad; else None.
    """

    name: str
    frames: int
    bad: int
    first: Fault | None
    page: Path
    stand_out: int
    fault: RobustMatteError | None = None


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
            RobustMatteError: The first shot with a fault could not be checked at all.
        """
        for shot in self.shots:
            if shot.fault is not None:
                raise shot.fault
            if shot.first is not None:
                raise self._complaint(shot.name, shot.first)

    def _complaint(self, shot: str, fault: Fault) -> BadResultError:
        more = len(self.repairs) - 1
        others = f", then {more} more: {self.page} names them" if more > 0 else ""
        return BadResultError(
            f"Frame {fault.number} of {shot}: {fault.path} {fault.what}; bad frames: "
            f"{self.bad} of {self.frames}.",
            hint=f"Run again: {self.repairs[0]}{others}.",
            frame=fault.number,
            path=fault.path,
        )


def check_plan(path: Path, moved: Mapping[str, Path], listener: Listener) -> PlanCheck:
    """Read every frame that a plan asks for, and write a report of each shot.

    Args:
        path: A plan of `robust-matte plan`, or the one that `key` leaves beside a result; or the
            folder that it is in.
        moved: Roots that are elsewhere now, by name; that of the plates is not needed.
        listener: Told of progress.

    Raises:
        InputError: The plan, or that of its only shot, is not there or cannot be read; of several
            shots the others are checked all the same, and `PlanCheck.complain` raises it.
        OutputError: A report cannot be written, and all frames are right.
    """
    return _Checking(_source(plan_file(path), moved), listener).run()


def _source(path: Path, moved: Mapping[str, Path]) -> ShotSource:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        document = {}
    if isinstance(document, dict) and "request" in document:
        return ShotSource(path)
    return FarmSource(path, FarmPlan.load(path), moved)


class _Checking:
    """One check of all shots, one after the other."""

    def __init__(self, source: ShotSource, listener: Listener) -> None:
        self._source = source
        self._listener = listener
        folder = source.overview_folder()
        self._top = None if folder is None else folder / _PAGE
        self._rows: list[ShotRow] = []
        self._repairs: dict[str, None] = {}  # in order
        self._unwritten: OutputError | None = None

    def run(self) -> PlanCheck:
        """Check all, and write the page of all."""
        checked: list[CheckedShot] = []
        turns = self._source.turns()
        for turn in turns:
            self._listener(PartReached(len(checked), len(turns), turn.name))
            checked.append(self._checked(turn))
        if self._top is not None:
            self._write(self._top, render_overview(self._rows, tuple(self._repairs)))
        found = PlanCheck(tuple(checked), self._top or checked[0].page, tuple(self._repairs))
        if self._unwritten is not None and not found.bad:
            raise self._unwritten
        return found

    def _checked(self, turn: Turn) -> CheckedShot:
        """Check one shot; what is wrong with its plan is a fault of it alone, if there are more."""
        try:
            shot = turn.read()
        except (Preempted, Cancelled):
            raise
        except RobustMatteError as error:
            if self._top is None:
                raise
            fault = of_shot(error, turn.name)
            self._rows.append(ShotRow.unread(turn.name, turn.frames, error.what))
            return CheckedShot(turn.name, turn.frames, turn.frames, None, self._top, 0, fault)
        findings = check_shot(shot, self._listener)
        repairs = self._source.repairs(shot.name, findings.bad_numbers)
        self._repairs |= dict.fromkeys(repairs)
        report = build_report(shot, findings)
        done = self._written(shot, report, findings, repairs)
        address = _address(done.page, self._top) if self._top else ""
        self._rows.append(ShotRow.of(report, findings, address))
        return done

    def _written(
        self,
        shot: ExpectedShot,
        report: ShotReport,
        findings: ShotFindings,
        repairs: Sequence[str],
    ) -> CheckedShot:
        """Write the report of one shot and say what became of it."""
        folder = shot.outputs.job_folder
        page = folder / _PAGE
        up = _address(self._top, page) if self._top else ""
        self._write(page, render_shot(report, findings, repairs=repairs, up=up))
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
