"""Looking through a finished shot once: which frames are wrong, and what there is to show.

Frames are read on threads, each once and in order; what is held does not grow with the shot, but
for two numbers a frame and a bounded number of thumbnails.
"""

import heapq
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from robust_matte.jobs.expected_shot import ExpectedShot
from robust_matte.jobs.flicker import flicker_of
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.jobs.targets import Target
from robust_matte.jobs.thumbnails import Codes, fitted, jpeg, shown_alpha
from robust_matte.jobs.written_frame import SHOWN_SIDE, Fault, WrittenFrame, examine_frame
from robust_matte.media.frames import FloatImage
from robust_matte.media.readahead import ReadAhead

__all__ = ["Blink", "ShotFindings", "Thumbnail", "check_shot"]

_MOST_THREADS = 4  # each holds a frame: 130 MB at 4K
_SHEET, _MOST_OF_SEGMENT, _CUTS, _BLINKS = 144, 12, 60, 12  # pictures on a page
_SHEET_BYTES, _ALPHA_BYTES, _CUT_BYTES = 12_000, 6_000, 12_000
_FAULTS = 1000  # that are told one by one


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One frame as JPEG files.

    Attributes:
        number: The frame.
        comp: The result over a checker.
        alpha: Its alpha.
        picture: The foreground, which is the plate where alpha is 0; empty beside a sheet's frames.
    """

    number: int
    comp: bytes
    alpha: bytes
    picture: bytes = b""


@dataclass(frozen=True, slots=True)
class Blink:
    """A frame that may flicker: alpha before, at and after it, as JPEG files."""

    number: int
    flicker: float
    alphas: tuple[bytes, bytes, bytes]


@dataclass(slots=True)
class ShotFindings:
    """What was found in a shot.

    Attributes:
        coverage: Mean of alpha of each target; None where it is wrong.
        flicker: Flicker of each target; None where it or a neighbour is wrong, at the ends of
            segments and at holes.
        faults: What is wrong, ascending; of very many the first ones.
        bad_numbers: All frames that are wrong, ascending.
        bad_of_segment: The same by the first frame of the segment.
        sheet: Frames to show of each segment, likewise.
        sides: The last frame before and the first one after a segment's start, likewise.
        blinks: The frames that flicker most, ascending.
    """

    coverage: list[float | None] = field(default_factory=list)
    flicker: list[float | None] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    bad_numbers: list[int] = field(default_factory=list)
    bad_of_segment: dict[int, int] = field(default_factory=dict)
    sheet: dict[int, list[Thumbnail]] = field(default_factory=dict)
    sides: dict[int, list[Thumbnail]] = field(default_factory=dict)
    blinks: list[Blink] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """How many frames are wrong."""
        return len(self.bad_numbers)


def check_shot(shot: ExpectedShot, listener: Listener) -> ShotFindings:
    """Read all frames of a shot and compare them with its plan.

    Args:
        shot: What is expected.
        listener: Told of progress.
    """
    findings = ShotFindings()
    choice = _Choice.of(shot)
    watch = _Watch(findings)
    total = len(shot.targets)
    tasks = (partial(_examined, shot, target, choice) for target in shot.targets)
    threads = max(1, min(_MOST_THREADS, os.cpu_count() or 1))
    text = f"checking the frames of {shot.name}"
    listener(StageReached("checking", 0, total, text))
    with ReadAhead(tasks, threads=threads, depth=threads + 1) as frames:
        for done, (target, frame) in enumerate(zip(shot.targets, frames, strict=True), start=1):
            segment = shot.plan.segments[shot.segment_of(target)].first
            _note(findings, segment, frame)
            _keep(findings, choice, segment, frame)
            watch.see(target, segment, frame)
            listener(StageReached("checking", done, total, text, number=target.number))
    watch.close()
    return findings


def _examined(shot: ExpectedShot, target: Target, choice: "_Choice") -> WrittenFrame:
    pins = shot.pins_of(target)
    return examine_frame(
        shot.outputs,
        target.number,
        job=shot.plan.job,
        pins=pins.hash if pins else "",
        primaries=shot.plan.request.colour.chromaticities,
        is_shown=target.number in choice.shown,
    )


def _note(findings: ShotFindings, segment: int, frame: WrittenFrame) -> None:
    findings.coverage.append(frame.coverage if frame.fault is None else None)
    if frame.fault is not None:
        findings.bad_numbers.append(frame.number)
        findings.bad_of_segment[segment] = findings.bad_of_segment.get(segment, 0) + 1
        if len(findings.faults) < _FAULTS:
            findings.faults.append(frame.fault)


def _keep(findings: ShotFindings, choice: "_Choice", segment: int, frame: WrittenFrame) -> None:
    """Keep the thumbnails of a frame where it is to be shown."""
    if frame.pictures is None or frame.fault is not None:
        return
    comp = jpeg(frame.pictures.comp, _SHEET_BYTES)
    alpha = jpeg(frame.pictures.alpha, _ALPHA_BYTES)
    if frame.number in choice.sheet:
        findings.sheet.setdefault(segment, []).append(Thumbnail(frame.number, comp, alpha))
    for start in choice.sides.get(frame.number, ()):
        picture = jpeg(frame.pictures.picture, _CUT_BYTES)
        side = Thumbnail(frame.number, b"", b"", picture)
        findings.sides.setdefault(start, []).append(side)


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which frames are shown.

    Attributes:
        sheet: On the contact sheet.
        sides: Beside the start of segments: the segments' first frames, by the shown ones' numbers.
        shown: All of them.
    """

    sheet: frozenset[int]
    sides: dict[int, list[int]]
    shown: frozenset[int]

    @classmethod
    def of(cls, shot: ExpectedShot) -> "_Choice":
        """Choose few frames of each segment, more where there are few segments."""
        by_segment: dict[int, list[int]] = {}
        for target in shot.targets:
            if target.source == target.number:
                by_segment.setdefault(shot.segment_of(target), []).append(target.number)
        each = max(1, min(_MOST_OF_SEGMENT, _SHEET // max(len(by_segment), 1)))
        shown = _spread(sorted(by_segment), _SHEET)
        sheet = {one for index in shown for one in _spread(by_segment[index], each)}
        starts = [index for index in sorted(by_segment) if index and index - 1 in by_segment]
        sides: dict[int, list[int]] = {}
        for index in _spread(starts, _CUTS):
            first = shot.plan.segments[index].first
            for number in (by_segment[index - 1][-1], by_segment[index][0]):
                sides.setdefault(number, []).append(first)
        return cls(frozenset(sheet), sides, frozenset(sheet | sides.keys()))


def _spread(numbers: Sequence[int], most: int) -> list[int]:
    """Return evenly spaced ones, the first and the last among them; of one, the middle."""
    if len(numbers) <= most:
        return list(numbers)
    if most == 1:
        return [numbers[len(numbers) // 2]]
    places = np.linspace(0, len(numbers) - 1, most).round().astype(int)
    return [numbers[place] for place in places]


class _Watch:
    """Measures flicker over three frames in a row, and keeps those that flicker most."""

    def __init__(self, findings: ShotFindings) -> None:
        self._findings = findings
        self._row: list[tuple[int, int, FloatImage | None]] = []  # number, segment, alpha
        self._most: list[tuple[float, int, tuple[Codes, Codes, Codes]]] = []

    def see(self, target: Target, segment: int, frame: WrittenFrame) -> None:
        """Take the next frame; the one before it is measured then."""
        is_own = target.source == target.number and frame.fault is None
        own = frame.alpha if is_own else None
        self._row = [*self._row[-2:], (frame.number, segment, own)]
        if len(self._row) > 1:
            self._findings.flicker.append(self._middle() if len(self._row) == 3 else None)

    def close(self) -> None:
        """Take no more: the last frame has none after it."""
        if self._row:
            self._findings.flicker.append(None)
        self._findings.blinks = [
            Blink(number, flicker, self._drawn(alphas))
            for flicker, number, alphas in sorted(self._most, key=lambda one: one[1])
        ]

    def _middle(self) -> float | None:
        (_, first, before), (number, second, frame), (_, third, after) = self._row
        if before is None or frame is None or after is None or not first == second == third:
            return None
        if not before.shape == frame.shape == after.shape:
            return None
        flicker = flicker_of(before, frame, after)
        if len(self._most) < _BLINKS or flicker > self._most[0][0]:
            blink = flicker, number, (_small(before), _small(frame), _small(after))
            keep = heapq.heappush if len(self._most) < _BLINKS else heapq.heappushpop
            keep(self._most, blink)
        return flicker

    @staticmethod
    def _drawn(alphas: tuple[Codes, Codes, Codes]) -> tuple[bytes, bytes, bytes]:
        before, frame, after = (jpeg(one, _ALPHA_BYTES) for one in alphas)
        return before, frame, after


def _small(alpha: FloatImage) -> Codes:
    return shown_alpha(fitted(alpha, SHOWN_SIDE))
