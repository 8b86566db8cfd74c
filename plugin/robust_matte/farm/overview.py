"""The page of all shots: a table that leads to the page of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from robust_matte.jobs.plots import spoken_share
from robust_matte.jobs.report_page import rendered, verdict
from robust_matte.jobs.shot_check import ShotFindings
from robust_matte.jobs.shot_report import ShotReport
from robust_matte.jobs.thumbnails import data_address

__all__ = ["ShotRow", "render_overview"]

_COLUMNS = ("frames", "segments", "coverage", "worst flicker", "stand out", "warnings")
_MOST_PICTURES = 400  # each has up to 16 KB


@dataclass(frozen=True, slots=True)
class ShotRow:
    """One shot of the table.

    Attributes:
        name: What it is called.
        address: Its page, relative to this one.
        picture: A frame from its middle, as an address; empty where none could be read.
        frames: How many frames are to be there.
        bad: How many are not right.
        segments: How many segments it has.
        coverage: Median of coverage, for people.
        flicker: Worst flicker, for people.
        stand_out: How many frames stand out.
        warnings: How many warnings there are.
        is_approximate: Whether it was keyed with --cold.
        fault: Why it could not be checked; it has no page then. Empty where it could.
    """

    name: str
    address: str
    picture: str
    frames: int
    bad: int
    segments: int
    coverage: str
    flicker: str
    stand_out: int
    warnings: int
    is_approximate: bool
    fault: str = ""

    @classmethod
    def of(cls, report: ShotReport, findings: ShotFindings, address: str) -> "ShotRow":
        """Take a shot's row out of its report."""
        shown = [one for frames in findings.sheet.values() for one in frames]
        coverage = sorted(one for one in findings.coverage if one is not None)
        flicker = [one.flicker for one in report.segments if one.flicker is not None]
        return cls(
            name=report.shot,
            address=address,
            picture=data_address(shown[len(shown) // 2].comp) if shown else "",
            frames=report.frames,
            bad=report.bad,
            segments=len(report.segments),
            coverage=spoken_share(coverage[len(coverage) // 2]) if coverage else "",
            flicker=spoken_share(max(flicker)) if flicker else "",
            stand_out=len({one.frame for one in report.outliers}),
            warnings=len(report.warnings),
            is_approximate=report.is_approximate,
        )

    @classmethod
    def unread(cls, name: str, frames: int, fault: str) -> "ShotRow":
        """Make the row of a shot that could not be checked: none of its frames is known right."""
        return cls(
            name=name,
            address="",
            picture="",
            frames=frames,
            bad=frames,
            segments=0,
            coverage="",
            flicker="",
            stand_out=0,
            warnings=0,
            is_approximate=False,
            fault=fault,
        )

    @property
    def numbers(self) -> tuple[tuple[str, str], ...]:
        """What the table says of the shot, by the columns' names; empty where there is none."""
        values = (
            str(self.frames),
            str(self.segments or ""),
            self.coverage,
            self.flicker,
            str(self.stand_out or ""),
            str(self.warnings or ""),
        )
        return tuple(zip(_COLUMNS, values, strict=True))


def render_overview(rows: Sequence[ShotRow], repairs: Sequence[str] = ()) -> str:
    """Make the page of all shots.

    Args:
        rows: The shots, in the plan's order.
        repairs: The commands that make bad frames again.
    """
    bad, frames = sum(row.bad for row in rows), sum(row.frames for row in rows)
    return rendered(
        "overview.html",
        rows=rows,
        columns=_COLUMNS,
        repairs=repairs,
        most_pictures=_MOST_PICTURES,
        verdict=verdict(bad, frames),
        is_bad=bool(bad),
        bad_shots=[row for row in rows if row.bad],
    )
