"""The page of a shot: what is known of it, made to be looked at; one file that needs no other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from robust_matte.jobs.plots import Plot, draw_plot, spoken_share
from robust_matte.jobs.shot_check import ShotFindings, Thumbnail
from robust_matte.jobs.shot_report import BadFrame, Hole, OutlierRecord, SegmentReport, ShotReport
from robust_matte.jobs.thumbnails import data_address
from robust_matte.keying.segments import Reset
from robust_matte.media.atomic import write_atomically
from robust_matte.media.sequences import numbers_in

__all__ = ["render_shot", "rendered", "verdict", "write_page"]

_TOLD, _ROWS = 40, 1000  # of a list, of a table
_LEAST_COVERAGE, _LEAST_FLICKER = 0.01, 0.001  # that the plots' axes reach
_Strings = dict[str, Any]


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("robust_matte.jobs"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )


def rendered(template: str, **words: object) -> str:
    """Fill a template; what is filled in is escaped.

    Args:
        template: Its file's name.
        words: What it names.
    """
    return _templates().get_template(template).render(**words)


def write_page(path: Path, text: str) -> None:
    """Write a page, in one step.

    Raises:
        WriteError: The folder cannot be written.
    """
    write_atomically(path, text.encode())


def verdict(bad: int, frames: int) -> str:
    """Say in a line whether all is right."""
    if bad:
        return f"{bad} of {frames} frames {'is' if bad == 1 else 'are'} not right"
    return f"All {frames} frames are right" if frames != 1 else "The frame is right"


def render_shot(
    report: ShotReport, findings: ShotFindings, *, repairs: Sequence[str] = (), up: str = ""
) -> str:
    """Make the page of one shot.

    Args:
        report: What is known.
        findings: Its thumbnails.
        repairs: What makes bad frames again.
        up: Where the page of all shots is, as a relative address; empty where there is none.
    """
    return rendered("shot.html", page=_Page(report, findings, repairs[:_TOLD], up))


@dataclass(frozen=True, slots=True)
class _Page:
    """What the template asks for, in words."""

    report: ShotReport
    findings: ShotFindings
    repairs: Sequence[str]
    up: str

    @property
    def verdict(self) -> str:
        return verdict(self.report.bad, self.report.frames)

    @property
    def facts(self) -> Iterator[tuple[str, str]]:
        report = self.report
        numbers = numbers_in(report.series.frames)
        yield "frames", f"{numbers[0]}–{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}"
        yield "segments", str(len(report.segments))
        yield "picture", f"{report.size}"
        yield "model", report.weights.variant
        worst = max((one.flicker or 0.0 for one in report.segments), default=0.0)
        yield "worst flicker", spoken_share(worst)
        yield "stand out", str(self.stand_out)

    @property
    def has_findings(self) -> bool:
        report = self.report
        found = report.bad_frames, report.outliers, report.holes, report.warnings
        return report.is_approximate or any(found)

    @property
    def bad_frames(self) -> Sequence[BadFrame]:
        return self.report.bad_frames[:_TOLD]

    @property
    def more_bad(self) -> int:
        return max(self.report.bad - _TOLD, 0)

    @property
    def warnings(self) -> Sequence[str]:
        return self.report.warnings[:_TOLD]

    @property
    def more_warnings(self) -> int:
        return max(len(self.report.warnings) - _TOLD, 0)

    @property
    def holes(self) -> Sequence[Hole]:
        return self.report.holes[:_TOLD]

    @property
    def more_holes(self) -> int:
        return max(len(self.report.holes) - _TOLD, 0)

    @property
    def blinks(self) -> Iterator[_Strings]:
        found = {one.frame: one for one in self.report.outliers if one.series == "flicker"}
        for blink in self.findings.blinks:
            if blink.number in found:
                before, here, after = map(data_address, blink.alphas)
                words = {"before": before, "here": here, "after": after}
                yield {"number": blink.number, "text": _compared(found[blink.number])} | words

    @property
    def outliers(self) -> Iterator[str]:
        found: dict[int, list[str]] = {}
        for one in self.report.outliers:
            found.setdefault(one.frame, []).append(_stands_out(one))
        for number, texts in list(found.items())[:_TOLD]:
            yield f"{number}: {'; '.join(texts)}"

    @property
    def stand_out(self) -> int:
        return len({one.frame for one in self.report.outliers})

    @property
    def more_outliers(self) -> int:
        return max(self.stand_out - _TOLD, 0)

    @property
    def coverage(self) -> Plot:
        return self._plot("coverage", self.report.series.coverage, _LEAST_COVERAGE)

    @property
    def flicker(self) -> Plot:
        return self._plot("flicker", self.report.series.flicker, _LEAST_FLICKER)

    def _plot(self, series: str, values: Sequence[float | None], least: float) -> Plot:
        report = self.report
        mine = [one for one in report.outliers if one.series == series]
        marked = {one.frame: f"{one.frame}: {_stands_out(one)}" for one in mine[:_ROWS]}
        starts = {one.first: f"{one.first}: {one.reset}" for one in report.segments[1:]}
        bands = {
            number: f"{one.frames}: {'black' if one.shows is None else f'hold {one.shows}'}"
            for one in report.holes
            for number in numbers_in(one.frames)
        }
        return draw_plot(
            numbers_in(report.series.frames),
            values,
            marked=marked,
            starts=starts,
            bands=bands,
            least_top=least,
            spoken=spoken_share,
        )

    @property
    def left_out(self) -> int:
        return len(self.report.segments) - len(self.findings.sheet)

    @property
    def sheet(self) -> Iterator[_Strings]:
        for index, segment in enumerate(self.report.segments):
            frames = self.findings.sheet.get(segment.first, [])
            if frames:
                yield {
                    "index": index,
                    "name": _name(segment),
                    "text": self._segment_text(segment),
                    "frames": [_addresses(one) for one in frames],
                }

    def _segment_text(self, segment: SegmentReport) -> str:
        warmed = min(self.report.warm_up, segment.frames - 1)
        parts = [segment.reset.value]
        if segment.score is not None and segment.reset is Reset.CUT:
            parts.append(f"score {segment.score:.2f}")
        if segment.gain:
            parts.append(f"gain {segment.gain:+.1f} stops")
        parts.append(f"warmed up by {warmed} frames" if warmed > 0 else "without warm-up")
        return ", ".join(parts)

    @property
    def cuts(self) -> Iterator[_Strings]:
        for segment in self.report.segments:
            sides = self.findings.sides.get(segment.first, [])
            if sides:
                score = "" if segment.score is None else f", score {segment.score:.2f}"
                yield {
                    "reason": segment.reset.value,
                    "text": score,
                    "sides": [_addresses(one) for one in sides],
                }

    @property
    def segments(self) -> Iterator[_Strings]:
        for one in self.report.segments[:_ROWS]:
            yield {
                "name": _name(one),
                "reset": one.reset.value,
                "score": "" if one.score is None else f"{one.score:.2f}",
                "gain": f"{one.gain:+.1f}" if one.gain else "",
                "coverage": "" if one.coverage is None else spoken_share(one.coverage),
                "flicker": "" if one.flicker is None else spoken_share(one.flicker),
                "bad": one.bad,
                "pins": one.pins.hash if one.pins else "",
            }

    @property
    def more_segments(self) -> int:
        return max(len(self.report.segments) - _ROWS, 0)

    @property
    def has_pins(self) -> bool:
        return len({one.pins for one in self.report.segments if one.pins}) > 1

    @property
    def made(self) -> Iterator[tuple[str, str]]:
        report, colour = self.report, self.report.colour
        yield "plate", f"{report.plate}, {report.plate_space}"
        yield "result", f"{report.output}, {report.settings.get('layers')}, {colour.output}"
        if colour.config:
            yield "OpenColorIO config", f"{colour.config} {colour.config_sha256[:16]}"
        yield "foreground", "recovered light" if colour.is_invertible else "the plate"
        yield "model", f"{report.weights.variant}, {report.weights.refiner}"
        yield "weights, sha256", report.weights.sha256
        yield "network's view", f"{report.low_size}"
        yield "warm-up", f"{report.warm_up} frames fed backwards before each segment"
        yield from _pins(report)

    @property
    def runs_text(self) -> str:
        told = self.report.timings
        rate = f", {told.frames / told.seconds:.2f} frames a second" if told.seconds else ""
        word = "run" if told.runs == 1 else "runs"
        return f"{told.runs} {word}, {told.frames} frames written in {_time(told.seconds)}{rate}"

    @property
    def runs(self) -> Iterator[_Strings]:
        for one in self.report.runs[-_TOLD:]:
            yield {
                "started": one.started.removesuffix("+00:00").replace("T", " "),
                "host": one.host,
                "frames": one.frames,
                "written": len(numbers_in(one.written)),
                "ended": _ended(one.ended, one.resumed_at),
                "seconds": f"{one.seconds:.1f}",
                "keying": f"{one.keying_s:.1f}",
                "waiting": f"{one.waiting_s:.1f}",
            }

    @property
    def settings(self) -> Iterator[tuple[str, str]]:
        for name, value in sorted(self.report.settings.items()):
            if value is not None:
                told = ("no", "yes")[value] if isinstance(value, bool) else str(value)
                yield name.replace("_", " "), told


def _pins(report: ShotReport) -> Iterator[tuple[str, str]]:
    """Yield what segments were made with, each set of pins once."""
    for pins in dict.fromkeys(one.pins for one in report.segments if one.pins):
        threads = f", {pins.threads} threads" if pins.threads else ""
        text = f"version {pins.engine}, torch {pins.torch}, {pins.device}{threads}"
        yield f"pins {pins.hash}", f"{text}, {pins.precision}, {pins.memory_format}"


def _addresses(one: Thumbnail) -> _Strings:
    return {
        "number": one.number,
        "comp": data_address(one.comp),
        "alpha": data_address(one.alpha),
        "picture": data_address(one.picture),
    }


def _name(segment: SegmentReport) -> str:
    if segment.first == segment.last:
        return f"{segment.first}"
    return f"{segment.first}–{segment.last}"


def _stands_out(one: OutlierRecord) -> str:
    return f"{one.series} {_compared(one)}"


def _compared(one: OutlierRecord) -> str:
    return f"{spoken_share(one.value)}, usual {spoken_share(one.usual)}"


def _ended(ended: str, resumed_at: Sequence[int]) -> str:
    resumed = f", from the state before {', '.join(map(str, resumed_at))}" if resumed_at else ""
    return f"{ended}{resumed}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
