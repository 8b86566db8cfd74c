"""A shot of ten thousand frames: its page stays small, and looking through it holds little."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from robust_matte.farm.plan_check import check_plan
from robust_matte.jobs import shot_check
from robust_matte.jobs.expected_shot import ExpectedShot, expected_shot
from robust_matte.jobs.key import key
from robust_matte.jobs.plan import Plan
from robust_matte.jobs.progress import Event, silent
from robust_matte.jobs.report_page import render_shot
from robust_matte.jobs.shot_check import check_shot
from robust_matte.jobs.shot_report import ShotReport, build_report
from robust_matte.jobs.written_frame import Pictures, WrittenFrame
from robust_matte.media.sequences import FramePattern

FRAMES, MOST_BYTES = 10_000, 10_000_000
ODD = 7777


def planned(segments: int) -> Plan:
    """A plan of ten thousand frames in segments of the same length."""
    length = FRAMES // segments
    starts = range(1, FRAMES + 1, length)
    return Plan.model_validate(
        {
            "request": {
                "plate": {
                    "path": "a.####.exr",
                    "frames": f"1-{FRAMES}",
                    "fingerprint": "f",
                    "space": "lin_rec709_scene",
                    "is_space_stated": True,
                    "display_window": {"x": 0, "y": 0, "width": 256, "height": 256},
                    "work_area": {"x": 0, "y": 0, "width": 256, "height": 256},
                },
                "colour": {"output": "lin", "chromaticities": [0.0] * 8, "interop_id": None},
                "weights": {"sha256": "a" * 64, "variant": "x", "refiner": "fast_guided_filter"},
                "low_size": {"width": 8, "height": 8},
                "settings": {"layers": "combined", "format": "exr", "warm_up": 16},
            },
            "pins": {"engine": "0", "torch": "0", "device": "cpu", "threads": 1},
            "segments": [
                {
                    "first": first,
                    "last": min(first + length - 1, FRAMES),
                    "reset": "cut" if first > 1 else "first frame",
                }
                for first in starts
            ],
            "scores": {str(first): 0.5 for first in starts},
            "wanted": f"1-{FRAMES}",
        }
    )


def noisy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every frame be noise, the hardest there is to compress; one of them flickers."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 256, (256, 256, 3)).astype(np.uint8)
    pictures = Pictures(comp=codes, alpha=codes, picture=codes)
    small = rng.uniform(0.2, 0.8, (32, 32, 1)).astype(np.float32)

    def examined(_: ExpectedShot, target: Any, choice: Any) -> WrittenFrame:
        dimmed = small * np.float32(0.5 if target.number == ODD else 1.0)
        shown = pictures if target.number in choice.shown else None
        return WrittenFrame(target.number, None, float(dimmed.mean()), dimmed, shown)

    monkeypatch.setattr(shot_check, "_examined", examined)


@pytest.mark.parametrize(
    "segments",
    [pytest.param(1, marks=pytest.mark.full), 40, pytest.param(2500, marks=pytest.mark.full)],
)
def test_the_page_of_ten_thousand_frames_is_small(
    segments: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy(monkeypatch)
    pattern = FramePattern.parse(str(tmp_path / "a.####.exr"))
    shot = expected_shot("a", planned(segments), pattern)
    findings = check_shot(shot, silent)
    report = build_report(shot, findings)
    page = render_shot(report, findings)
    assert len(page) < MOST_BYTES
    assert len(report.model_dump_json()) < 2_000_000
    assert len(report.segments) == segments
    assert (findings.bad, len(report.series.coverage)) == (0, FRAMES)
    if segments < 1000:  # of four frames nothing is usual
        assert {one.frame for one in report.outliers} == {ODD}
        assert f'id="f{ODD}"' in page
    assert page.count("data:image/jpeg") <= 2 * 144 + 2 * 60 + 3 * 12


@pytest.mark.full
def test_ten_thousand_files_are_checked_with_little_memory(
    settings: Any, write_exr_plate: Any, fake_model: Any, tmp_path: Path
) -> None:
    y, x = np.mgrid[0:12, 0:16].astype(np.float32)
    grey = np.full((12, 16, 3), 0.3, np.float32)

    def truth(number: int) -> tuple[Any, Any]:
        alpha = (np.hypot(x - 8 - 3 * np.sin(number / 40), y - 6) < 4).astype(np.float32)
        return grey, alpha * np.float32(0.5 if number == ODD - 1 else 1.0)

    plate = write_exr_plate(dict.fromkeys(range(1, FRAMES + 1), grey), name="a")
    output = tmp_path / "out" / "a.####.exr"
    words = {"downsample": "1.0", "warm_up": 0, "output": str(output)}
    key(settings(plate, **words), open_model=fake_model(truth))
    (output.parent / "a.9000.exr").unlink()
    process, held = psutil.Process(), []

    def listener(_: Event) -> None:
        held.append(process.memory_info().rss)

    found = check_plan(output.parent / "a.robust_matte" / "plan.json", {}, listener)
    assert (found.bad, found.frames) == (1, FRAMES)
    assert max(held[2000:]) - held[2000] < 40_000_000
    report = ShotReport.load(output.parent / "a.robust_matte" / "report.json")
    assert ODD in {one.frame for one in report.outliers}
    assert json.loads(report.model_dump_json())["bad_frames"][0]["frame"] == 9000
    assert found.page.stat().st_size < MOST_BYTES
