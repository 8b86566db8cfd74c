"""What is known of a finished shot, as a document: `report.json` in the job's folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from robust_matte import __version__
from robust_matte.errors import InputError
from robust_matte.jobs.expected_shot import ExpectedShot
from robust_matte.jobs.flicker import Outlier, coverage_outliers, flicker_outliers
from robust_matte.jobs.pins import Pins
from robust_matte.jobs.plan import ColourRecord, WeightsRecord
from robust_matte.jobs.run_record import RunRecord, load_runs
from robust_matte.jobs.shot_check import ShotFindings
from robust_matte.keying.segments import Reset
from robust_matte.media.sequences import frame_ranges, numbers_in
from robust_matte.media.windows import Size

__all__ = [
    "BadFrame",
    "Hole",
    "OutlierRecord",
    "SegmentReport",
    "Series",
    "ShotReport",
    "Timings",
    "build_report",
]

_CONFIG = ConfigDict(frozen=True, extra="forbid")
_DIGITS = 6  # of a share of the picture: a pixel of 1080p is 5e-7
_EMPTY, _FULL = 5e-4, 0.98  # medians of coverage beyond which nobody, or everything, is matted


class BadFrame(BaseModel):
    """A file that is not as the plan says.

    Attributes:
        frame: Frame number.
        file: The file, relative to the folder that holds the job's.
        kind: `absent`, `damaged`, `of another job`, `of another frame`, `of another layer` or
            `of other pins`.
        what: The same about the file, with values.
    """

    model_config = _CONFIG
    frame: int
    file: str
    kind: str
    what: str


class Series(BaseModel):
    """Two numbers for each frame, in the order of `frames`; null where there is none.

    Attributes:
        frames: Frame numbers, as fileseq writes them.
        coverage: Mean of alpha over the picture.
        flicker: Mean over the picture of how far alpha lies outside of what it is one frame before
            and one frame after.
    """

    model_config = _CONFIG
    frames: str
    coverage: tuple[float | None, ...]
    flicker: tuple[float | None, ...]


class OutlierRecord(BaseModel):
    """A frame that differs from others of its segment.

    Attributes:
        frame: Frame number.
        series: `coverage` or `flicker`.
        value: Its value.
        usual: Median of the frames it is compared with.
        limit: How far from it a value may be.
    """

    model_config = _CONFIG
    frame: int
    series: Literal["coverage", "flicker"]
    value: float
    usual: float
    limit: float


class SegmentReport(BaseModel):
    """One segment.

    Attributes:
        first: Its first frame.
        last: Its last frame.
        reset: Why the state was dropped before it.
        score: The cut detector's score of its first frame; None where it did not run.
        gain: Stops by which the network saw it brighter.
        frames: Frames that are to be there.
        bad: Those of them that are not right.
        coverage: Median of coverage; None where nothing could be read.
        flicker: Worst flicker; None likewise.
        pins: What it was begun with; None where it was not, or nothing is on record.
    """

    model_config = _CONFIG
    first: int
    last: int
    reset: Reset
    score: float | None
    gain: float
    frames: int
    bad: int
    coverage: float | None
    flicker: float | None
    pins: Pins | None


class Hole(BaseModel):
    """Frames that the plate lacks, and what was written for them.

    Attributes:
        frames: As fileseq writes them.
        shows: The frame that is repeated; None where they are transparent black.
    """

    model_config = _CONFIG
    frames: str
    shows: int | None


class Timings(BaseModel):
    """The runs of `key` in sum.

    Attributes:
        runs: How many there were.
        frames: Frames that they wrote, with those written twice.
        seconds: Of all runs, one after the other.
        keying_s: Of them, in reading and in the network.
        waiting_s: Of them, in finishing and waiting for what writes.
    """

    model_config = _CONFIG
    runs: int
    frames: int
    seconds: float
    keying_s: float
    waiting_s: float


class ShotReport(BaseModel):
    """The document.

    Attributes:
        version: Version of this document's form.
        made_by: Version of the program that checked.
        shot: What the shot is called.
        job: The plan's hash, which the files carry.
        output: The result's name as a pattern.
        plate: Name of the plate.
        plate_space: How the plate is encoded.
        size: The picture, in pixels.
        pixel_aspect: Width of a pixel over its height.
        frames: How many are to be there.
        bad: How many of them are not right.
        bad_frames: The first thousand of these.
        segments: In timeline order.
        holes: Frames that the plate lacks.
        series: Coverage and flicker of each frame.
        outliers: Frames that stand out.
        warm_up: Frames fed backwards before each segment.
        is_approximate: Whether it was keyed with --cold.
        weights: The weights.
        colour: The result's colour space.
        low_size: Size of the network's view.
        settings: The settings that decide pixels or files.
        timings: The runs in sum.
        runs: The runs, the oldest first.
        warnings: What runs found unexpected, and what this check did.
    """

    model_config = _CONFIG
    version: Literal[1] = 1
    made_by: str
    shot: str
    job: str
    output: str
    plate: str
    plate_space: str
    size: Size
    pixel_aspect: float
    frames: int
    bad: int
    bad_frames: tuple[BadFrame, ...]
    segments: tuple[SegmentReport, ...]
    holes: tuple[Hole, ...]
    series: Series
    outliers: tuple[OutlierRecord, ...]
    warm_up: int
    is_approximate: bool
    weights: WeightsRecord
    colour: ColourRecord
    low_size: Size
    settings: dict[str, Any]
    timings: Timings
    runs: tuple[RunRecord, ...]
    warnings: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> "ShotReport":
        """Read a document.

        Raises:
            InputError: There is none, or it is of another version.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise InputError(
                f"{path} is no report that this version can read.",
                hint="Make it again with robust-matte check.",
                path=path,
            ) from error


def build_report(shot: ExpectedShot, findings: ShotFindings) -> ShotReport:
    """Put together what is known of a shot: of its plan, its runs and its files."""
    plan, request = shot.plan, shot.plan.request
    plate = request.plate
    runs = tuple(run for run in load_runs(shot.outputs.job_folder) if run.job == plan.job)
    segments = _segments(shot, findings)
    return ShotReport(
        made_by=__version__,
        shot=shot.name,
        job=plan.job,
        output=shot.outputs.pattern.shown_name,
        plate=plate.path,
        plate_space=plate.space,
        size=plate.display_window.size,
        pixel_aspect=plate.pixel_aspect,
        frames=len(shot.targets),
        bad=findings.bad,
        bad_frames=_bad_frames(shot, findings),
        segments=segments,
        holes=_holes(shot),
        series=Series(
            frames=frame_ranges([one.number for one in shot.targets]),
            coverage=_rounded(findings.coverage),
            flicker=_rounded(findings.flicker),
        ),
        outliers=tuple(_outliers(shot, findings)),
        warm_up=int(request.settings["warm_up"]),
        is_approximate=bool(request.settings.get("cold")),
        weights=request.weights,
        colour=request.colour,
        low_size=request.low_size,
        settings=request.settings,
        timings=_timings(runs),
        runs=runs,
        warnings=(*dict.fromkeys(text for run in runs for text in run.warnings), *_odd(segments)),
    )


def _bad_frames(shot: ExpectedShot, findings: ShotFindings) -> tuple[BadFrame, ...]:
    folder = shot.outputs.pattern.folder
    return tuple(
        BadFrame(
            frame=one.number,
            file=one.path.relative_to(folder).as_posix(),
            kind=one.kind.value,
            what=one.what,
        )
        for one in findings.faults
    )


def _by_segment(shot: ExpectedShot) -> list[list[int]]:
    """Return the places of each segment's targets."""
    places: list[list[int]] = [[] for _ in shot.plan.segments]
    for place, target in enumerate(shot.targets):
        places[shot.segment_of(target)].append(place)
    return places


def _segments(shot: ExpectedShot, findings: ShotFindings) -> tuple[SegmentReport, ...]:
    found = []
    for index, places in enumerate(_by_segment(shot)):
        segment = shot.plan.segments[index]
        if not places:
            continue
        coverage = sorted(v for v in (findings.coverage[at] for at in places) if v is not None)
        flicker = [v for v in (findings.flicker[at] for at in places) if v is not None]
        found.append(
            SegmentReport(
                first=segment.first,
                last=segment.last,
                reset=segment.reset,
                score=shot.plan.scores.get(segment.first),
                gain=segment.gain,
                frames=len(places),
                bad=findings.bad_of_segment.get(segment.first, 0),
                coverage=round(coverage[len(coverage) // 2], _DIGITS) if coverage else None,
                flicker=round(max(flicker), _DIGITS) if flicker else None,
                pins=shot.pins.of_segment(segment.first),
            )
        )
    return tuple(found)


def _holes(shot: ExpectedShot) -> tuple[Hole, ...]:
    shown: dict[tuple[int, int | None], list[int]] = {}
    for target in shot.targets:
        if target.source != target.number:
            key = (shot.segment_of(target) if target.source is None else -1, target.source)
            shown.setdefault(key, []).append(target.number)
    return tuple(
        Hole(frames=frame_ranges(numbers), shows=source) for (_, source), numbers in shown.items()
    )


def _outliers(shot: ExpectedShot, findings: ShotFindings) -> list[OutlierRecord]:
    """Return the frames that stand out in their segments, ascending."""
    records = []
    for places in _by_segment(shot):
        numbers = [shot.targets[at].number for at in places]
        coverage = [findings.coverage[at] if _is_own(shot, at) else None for at in places]
        flicker = [findings.flicker[at] for at in places]
        records += [_record(numbers, "coverage", one) for one in coverage_outliers(coverage)]
        records += [_record(numbers, "flicker", one) for one in flicker_outliers(flicker)]
    return sorted(records, key=lambda one: (one.frame, one.series))


def _is_own(shot: ExpectedShot, at: int) -> bool:
    return shot.targets[at].source == shot.targets[at].number


def _record(
    numbers: Sequence[int], series: Literal["coverage", "flicker"], one: Outlier
) -> OutlierRecord:
    return OutlierRecord(
        frame=numbers[one.index],
        series=series,
        value=round(one.value, _DIGITS),
        usual=round(one.usual, _DIGITS),
        limit=round(one.limit, _DIGITS),
    )


def _timings(runs: Sequence[RunRecord]) -> Timings:
    return Timings(
        runs=len(runs),
        frames=sum(len(numbers_in(run.written)) for run in runs),
        seconds=round(sum(run.seconds for run in runs), 3),
        keying_s=round(sum(run.keying_s for run in runs), 3),
        waiting_s=round(sum(run.waiting_s for run in runs), 3),
    )


def _odd(segments: Sequence[SegmentReport]) -> list[str]:
    """Say which segments are matted not at all or all over."""
    told = []
    for one in segments:
        if one.coverage is not None and not _EMPTY <= one.coverage <= _FULL:
            name = "Nothing" if one.coverage < _EMPTY else "Nearly everything"
            told.append(f"{name} is matted in the segment {one.first}-{one.last}.")
    return told


def _rounded(values: Sequence[float | None]) -> tuple[float | None, ...]:
    return tuple(None if one is None else round(one, _DIGITS) for one in values)
