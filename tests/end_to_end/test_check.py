"""`check` finds what was spoilt, and only that; its report tells what the files hold.

tmp_path/
├── plate/shot.1001.exr … 1020    grey frames of 64x48
├── out/sh.1001.exr …             a disc that moves, keyed by a model that knows the truth
└── out/sh.robust_matte/          plan, runs, pins; report.json and report.html
"""

import functools
import hashlib
import html.parser
import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray

from robust_matte.cli.app import app
from robust_matte.cli.speaking import leave_stdout
from robust_matte.errors import BadResultError, DiskFullError, InputError
from robust_matte.farm import plan_check
from robust_matte.farm.farm_plan import FarmPlan, Piece, PlannedWeights, Shot
from robust_matte.farm.plan_check import PlanCheck, check_plan
from robust_matte.jobs import shot_check
from robust_matte.jobs.key import key
from robust_matte.jobs.plan import Plan
from robust_matte.jobs.progress import silent
from robust_matte.jobs.shot_report import ShotReport

Image = NDArray[np.float32]
Key = Callable[..., Path]

WIDTH, HEIGHT, FIRST, LAST, CUT = 64, 48, 1001, 1020, 1012


def disc(at: float, radius: float = 11.0) -> Image:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    soft: Image = np.clip(radius - np.hypot(x - at, y - 24), 0, 1).astype(np.float32)
    return soft


def truth(number: int) -> tuple[Image, Image]:
    at = 20 + number if number < CUT - FIRST else 50 - number
    return np.full((HEIGHT, WIDTH, 3), 0.6, np.float32), disc(at)


def always(_: int) -> tuple[Image, Image]:
    """What is the same for each frame, so that some can be keyed again."""
    return truth(0)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was keyed before with the same words: files need not be keyed again for each test."""
    return tmp_path_factory.mktemp("keyed")


@pytest.fixture
def keyed(
    settings: Any, write_exr_plate: Any, fake_model: Any, tmp_path: Path, kept: Path
) -> Callable[..., Path]:
    """Key a plate of a name and return its plan."""

    def run(
        name: str = "sh",
        numbers: Any = range(FIRST, LAST + 1),
        known: Any = truth,
        **values: Any,
    ) -> Path:
        output = tmp_path / "out"
        plan = output / f"{name}.robust_matte" / "plan.json"
        copy = kept / hashlib.sha256(repr((name, numbers, known, values)).encode()).hexdigest()
        if copy.is_dir() and not plan.exists():
            shutil.copytree(copy, tmp_path, dirs_exist_ok=True)
            return plan
        if not plan.exists():
            frames = {number: np.full((HEIGHT, WIDTH, 3), 0.3, np.float32) for number in numbers}
            write_exr_plate(frames, name=f"{name}_plate")
        told = {"cuts": f"{CUT}", "warm_up": 2, "downsample": "1.0"} | values
        suffix = told.pop("suffix", "exr")
        told["output"] = str(output / f"{name}.####.{suffix}")
        plate = str(tmp_path / "plate" / f"{name}_plate.####.exr")
        key(settings(plate, **told), open_model=fake_model(known))
        if not copy.is_dir() and len(list(output.iterdir())) < 30:  # one shot alone
            shutil.copytree(output, copy / "out")
            shutil.copytree(tmp_path / "plate", copy / "plate")
        return plan

    return run


def file_of(plan: Path, number: int) -> Path:
    name = plan.parent.name.removesuffix(".robust_matte")
    return plan.parent.parent / f"{name}.{number}.exr"


def checked(plan: Path) -> PlanCheck:
    return check_plan(plan, {}, silent)


def report_of(plan: Path) -> ShotReport:
    return ShotReport.load(plan.parent / "report.json")


def complaint(found: PlanCheck) -> BadResultError:
    with pytest.raises(BadResultError) as caught:
        found.complain()
    return caught.value


def alphas(plan: Path) -> dict[int, NDArray[np.float64]]:
    """Alpha of each frame, read by OpenEXR, which the check does not read with."""
    found = {}
    for path in sorted(plan.parent.parent.glob("*.exr")):
        with OpenEXR.File(str(path), separate_channels=True) as file:
            pixels = file.parts[0].channels["A"].pixels.astype(np.float64)
        found[int(path.name.split(".")[-2])] = pixels
    return found


def rewritten(path: Path, change: Callable[[Image], Image]) -> None:
    """Write a frame again with another alpha and all its attributes."""
    file = OpenEXR.File(str(path), separate_channels=True)
    channels = {
        name: np.ascontiguousarray(
            change(one.pixels.astype(np.float32)).astype(one.pixels.dtype)
            if name == "A"
            else one.pixels
        )
        for name, one in file.parts[0].channels.items()
    }
    header = {name: value for name, value in file.header().items() if name != "channels"}
    OpenEXR.File(header, channels).write(str(path))


# --- what is right


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="combined"),
        pytest.param({"layers": "multipart"}, id="multipart"),
        pytest.param({"layers": "separate"}, id="separate"),
        pytest.param({"suffix": "png"}, id="png"),
        pytest.param({"crop": True}, id="crop"),
        pytest.param({"frames": "1003-1019x4"}, id="range"),
    ],
)
def test_a_sound_result_is_right(keyed: Key, values: dict[str, Any]) -> None:
    plan = keyed(**values)
    found = checked(plan)
    found.complain()
    assert (found.bad, found.repairs) == (0, ())
    assert found.frames == (5 if "frames" in values else 20)
    report = report_of(plan)
    middle = report.series.coverage[1]
    assert middle is not None
    assert middle == pytest.approx(truth(1)[1].mean(), abs=2e-3)
    assert [one.first for one in report.segments] == [FIRST, CUT]
    assert report.outliers == ()


def test_coverage_and_flicker_are_those_of_the_files(keyed: Key, rng: np.random.Generator) -> None:
    plan = keyed()
    for number in range(FIRST, LAST + 1):
        noise = rng.uniform(0, 0.2, (HEIGHT, WIDTH)).astype(np.float32)
        rewritten(file_of(plan, number), lambda alpha, n=noise: np.clip(alpha - n, 0, 1))  # type: ignore[misc]
    checked(plan).complain()
    series, files = report_of(plan).series, alphas(plan)
    assert series.frames == f"{FIRST}-{LAST}"
    for place, number in enumerate(range(FIRST, LAST + 1)):
        assert series.coverage[place] == pytest.approx(files[number].mean(), abs=1e-6)
        flicker = series.flicker[place]
        if number in (FIRST, CUT - 1, CUT, LAST):
            assert flicker is None
        else:
            row = np.stack([files[number + step] for step in (-1, 0, 1)])
            expected = np.abs(row[1] - np.median(row, axis=0)).mean()
            assert flicker == pytest.approx(expected, abs=1e-6)


def test_one_flickering_frame_stands_out_at_its_number(keyed: Key) -> None:
    def blinking(number: int) -> tuple[Image, Image]:
        fgr, alpha = truth(number)
        return fgr, alpha * np.float32(0.6) if number == 5 else alpha

    plan = keyed(known=blinking)
    found = checked(plan)
    found.complain()
    report = report_of(plan)
    assert {one.frame for one in report.outliers} == {FIRST + 5}
    flicker = next(one for one in report.outliers if one.series == "flicker")
    row = np.stack([truth(4)[1], 0.6 * truth(5)[1], truth(6)[1]])
    expected = np.abs(row[1] - np.median(row, axis=0)).mean()
    assert flicker.value == pytest.approx(expected, rel=0.01)
    page = found.page.read_text("utf-8")
    assert f'id="f{FIRST + 5}"' in page
    assert f"{FIRST + 5}: " in page


@pytest.mark.parametrize(("policy", "shows"), [("hold", 1008), ("black", None)])
def test_holes_are_told_and_are_no_fault(keyed: Key, policy: str, shows: int | None) -> None:
    numbers = [n for n in range(FIRST, LAST + 1) if n not in (1009, 1010)]
    plan = keyed(numbers=numbers, missing=policy, cuts="off")
    checked(plan).complain()
    report = report_of(plan)
    assert [(one.frames, one.shows) for one in report.holes] == [("1009-1010", shows)]
    assert report.frames == 20
    assert report.series.coverage[8] == (0.0 if shows is None else report.series.coverage[7])
    assert report.series.flicker[6:11] == (report.series.flicker[6], None, None, None, None)


def test_a_cold_run_is_told_as_approximate(keyed: Key) -> None:
    plan = keyed(cold=True, frames="1005-1010")
    found = checked(plan)
    assert report_of(plan).is_approximate
    assert "Approximate" in found.page.read_text("utf-8")


# --- what is not


def spoil_deleted(path: Path) -> None:
    path.unlink()


def spoil_emptied(path: Path) -> None:
    path.write_bytes(b"")


def spoil_cut_off(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 9 // 10])


def spoil_text(path: Path) -> None:
    path.write_bytes(b"no image")


def spoil_swapped(path: Path) -> None:
    other = path.with_name(path.name.replace("1006", "1007"))
    shutil.copy(other, path)


def spoil_foreign(path: Path) -> None:
    content = path.read_bytes()
    job = re.search(rb"robust_matte/job\0string\0....([0-9a-f]{64})", content, re.DOTALL)
    assert job is not None
    path.write_bytes(content.replace(job[1], b"0" * 64))


def spoil_pins(path: Path) -> None:
    content = path.read_bytes()
    pins = re.search(rb"robust_matte/pins\0string\0....([0-9a-f]{16})", content, re.DOTALL)
    assert pins is not None
    path.write_bytes(content.replace(pins[1], b"0" * 16))


def spoil_plate(path: Path) -> None:
    shutil.copy(path.parents[1] / "plate" / "sh_plate.1006.exr", path)


@pytest.mark.parametrize(
    ("spoil", "kind", "what"),
    [
        pytest.param(spoil_deleted, "absent", "is not there", id="deleted"),
        pytest.param(spoil_emptied, "absent", "is empty", id="emptied"),
        pytest.param(spoil_cut_off, "damaged", "is cut off or damaged", id="cut off"),
        pytest.param(spoil_text, "damaged", "is cut off or damaged", id="text"),
        pytest.param(spoil_swapped, "of another frame", "says that it is frame 1007", id="swapped"),
        pytest.param(spoil_foreign, "of another job", "was written by another job", id="foreign"),
        pytest.param(spoil_plate, "of another job", "was not written by key", id="plate"),
        pytest.param(spoil_pins, "of other pins", "is not of its segment's pins", id="pins"),
    ],
)
def test_a_spoilt_frame_is_named(
    keyed: Key, spoil: Callable[[Path], None], kind: str, what: str
) -> None:
    plan = keyed()
    path = file_of(plan, 1006)
    spoil(path)
    error = complaint(checked(plan))
    assert error.exit_code == 6
    assert (error.frame, error.path) == (1006, path)
    assert error.what.startswith(f"Frame 1006 of sh: {path} {what}")
    assert "bad frames: 1 of 20." in error.what
    report = report_of(plan)
    (bad,) = report.bad_frames
    assert (report.bad, bad.frame, bad.file, bad.kind) == (1, 1006, path.name, kind)
    assert [one.bad for one in report.segments] == [1, 0]


def test_a_frame_that_is_not_right_is_not_drawn(keyed: Key) -> None:
    plan = keyed()
    spoil_swapped(file_of(plan, 1006))
    found = checked(plan)
    report = report_of(plan)
    place = 1006 - FIRST
    assert report.series.coverage[place] is None
    assert report.series.flicker[place - 1 : place + 2] == (None, None, None)
    assert report.series.coverage[place + 1] is not None
    images = [one for one in parsed(found.page).addresses if one.startswith("data:image/jpeg")]
    assert len(images) == 2 * 19 + 2


def test_the_first_of_several_is_named_and_all_are_counted(keyed: Key) -> None:
    plan = keyed()
    for number in (1019, 1004, 1013):
        file_of(plan, number).unlink()
    error = complaint(checked(plan))
    assert error.frame == 1004
    assert "bad frames: 3 of 20." in error.what
    assert [one.bad for one in report_of(plan).segments] == [1, 2]
    assert "3 of 20 frames are not right" in (plan.parent / "report.html").read_text("utf-8")


def test_the_same_command_again_makes_bad_frames_right(keyed: Key) -> None:
    plan = keyed(known=always)
    spoil_deleted(file_of(plan, 1004))
    spoil_cut_off(file_of(plan, 1006))
    spoil_pins(file_of(plan, 1015))
    assert complaint(checked(plan)).frame == 1004
    assert keyed(known=always) == plan
    checked(plan).complain()
    report = report_of(plan)
    assert (report.timings.runs, report.timings.frames) == (2, 23)
    assert [run.written for run in report.runs] == ["1001-1020", "1004,1006,1015"]


@pytest.mark.parametrize(
    ("source", "kind"), [("alpha", "of another layer"), (None, "absent")], ids=["other", "gone"]
)
def test_every_layer_counts(keyed: Key, source: str | None, kind: str) -> None:
    plan = keyed(layers="separate")
    folder = plan.parent.parent
    path = folder / "foreground" / "sh_foreground.1006.exr"
    if source is None:
        path.unlink()
    else:
        shutil.copy(folder / source / f"sh_{source}.1006.exr", path)
    assert complaint(checked(plan)).path == path
    (bad,) = report_of(plan).bad_frames
    assert (bad.kind, bad.file) == (kind, "foreground/sh_foreground.1006.exr")


def test_the_result_is_found_without_records_of_runs(keyed: Key) -> None:
    plan = keyed()
    shutil.rmtree(plan.parent / "runs")
    checked(plan).complain()
    for path in plan.parent.parent.glob("sh.*.exr"):
        path.unlink()
    assert complaint(checked(plan)).frame == FIRST


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        pytest.param("x.robust_matte/plan.json", None, "There is no plan", id="none"),
        pytest.param("x.robust_matte/plan.json", "{]", "is damaged", id="rubbish"),
        pytest.param("x.robust_matte/plan.json", '{"request": 1}', "is not a plan", id="other"),
        pytest.param("plan.json", '{"request": 1}', "does not lie beside", id="moved"),
    ],
)
def test_what_is_no_plan_is_refused(
    tmp_path: Path, name: str, content: str | None, what: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=what):
        checked(path)


# --- the page


class Page(html.parser.HTMLParser):
    """Checks that tags close, and keeps addresses."""

    VOID = frozenset({"meta", "img", "br", "link", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(path: Path) -> Page:
    page, text = Page(), path.read_text("utf-8")
    page.feed(text)
    page.close()
    assert page.open == []
    assert not re.search(r"https?://|@import|url\(", text)
    return page


def test_the_page_stands_alone_and_shows_every_segment(keyed: Key) -> None:
    plan = keyed()
    page = parsed(checked(plan).page)
    images = [one for one in page.addresses if one.startswith("data:image/jpeg;base64,")]
    assert len(images) == 2 * 20 + 2  # comp and alpha of all twenty, and both sides of the cut
    assert all(one.startswith(("data:", "#")) for one in page.addresses)
    assert {"svg", "path", "table"} <= set(page.tags)
    text = (plan.parent / "report.html").read_text("utf-8")
    for words in ("1001–1011", "1012–1020", "1011 | 1012", "sha256"):
        assert words in text


def test_names_are_escaped(keyed: Key) -> None:
    plan = keyed(name="<b>&'\"", frames="1001-1012")
    found = checked(plan)
    found.complain()
    page = parsed(found.page)
    text = found.page.read_text("utf-8")
    assert "<b>&'" not in text
    assert "<h1>&lt;b&gt;&amp;&#39;&#34;</h1>" in text
    assert page.tags.count("h1") == 1


def test_the_document_comes_back_as_it_was(keyed: Key) -> None:
    plan = keyed()
    checked(plan)
    path = plan.parent / "report.json"
    report, before = report_of(plan), path.read_bytes()
    assert ShotReport.model_validate_json(report.model_dump_json()) == report
    assert json.loads(before)["version"] == 1
    checked(plan)
    assert path.read_bytes() == before  # the same files, the same report


# --- a farm's plan


@pytest.fixture
def farm(keyed: Key, tmp_path: Path) -> tuple[Path, dict[str, Path]]:
    """A plan of two shots, each segment in a bin of its own."""
    plans = {name: keyed(name=name) for name in ("sh010", "sh020")}
    shots, bins = [], []
    for name, path in plans.items():
        plan = Plan.model_validate_json(path.read_bytes())
        shots.append(
            Shot(
                name=name,
                plate=f"{name}_plate.####.exr",
                output=f"{name}.####.exr",
                settings={},
                job=plan.job,
                segments=plan.segments,
                pixels=WIDTH * HEIGHT,
                frames=20,
            )
        )
        bins += [
            (Piece(shot=name, segment=at, first=one.first, last=one.last, frames=1),)
            for at, one in enumerate(plan.segments)
        ]
    whole = FarmPlan(
        plates="../plate",
        weights=PlannedWeights(name="x", sha256="0"),
        split=None,
        shots=tuple(shots),
        bins=tuple(bins),
    )
    whole.save(tmp_path / "out" / "plan.json")
    return tmp_path / "out" / "plan.json", plans


def test_all_shots_are_checked_and_lead_to_their_pages(farm: tuple[Path, dict[str, Path]]) -> None:
    path, plans = farm
    found = checked(path)
    found.complain()
    assert found.frames == 40
    assert found.page == path.parent / "report.html"
    links = [one for one in parsed(found.page).addresses if not one.startswith("data:")]
    assert set(links) == {f"{name}.robust_matte/report.html" for name in plans}
    for plan in plans.values():
        assert "../report.html" in parsed(plan.parent / "report.html").addresses


def test_the_bin_of_a_bad_frame_is_named(farm: tuple[Path, dict[str, Path]]) -> None:
    path, plans = farm
    for number in (1013, 1014):
        file_of(plans["sh020"], number).unlink()
    file_of(plans["sh020"], 1001).unlink()
    error = complaint(checked(path))
    assert "Frame 1001 of sh020" in error.what
    assert "bad frames: 3 of 40." in error.what
    assert f"robust-matte key --plan {path} --bin 2" in error.hint
    assert "1 more" in error.hint
    text = (plans["sh020"].parent / "report.html").read_text("utf-8")
    assert "--bin 2" in text
    assert "--bin 3" in text
    overview = (path.parent / "report.html").read_text("utf-8")
    for words in ("2 shots", "3 of 40 frames are not right", "--bin 2", "--bin 3"):
        assert words in overview


def test_the_command_says_it_and_ends_with_its_code(
    farm: tuple[Path, dict[str, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    path, plans = farm
    run = functools.partial(app, prog_name="robust-matte", standalone_mode=False)
    assert not run(["check", str(path), "--progress", "none"])
    assert "40 right and 0 bad, in 2 shots" in capsys.readouterr().out
    file_of(plans["sh020"], 1013).unlink()
    with pytest.raises(BadResultError) as caught:
        run(["check", str(path), "--progress", "none", "--root", f"out={path.parent}"])
    assert (caught.value.exit_code, caught.value.frame) == (6, 1013)
    out = capsys.readouterr().out
    assert re.search(r"bad +sh020: 1 of 20 frames", out)
    assert re.search(r"run again +robust-matte key --plan .* --bin 3 --root out=", out)


def test_a_report_that_cannot_be_written_does_not_hide_a_bad_frame(
    keyed: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DiskFullError("full")

    monkeypatch.setattr(plan_check, "write_page", full)
    plan = keyed()
    with pytest.raises(DiskFullError):
        checked(plan)
    file_of(plan, 1013).unlink()
    assert complaint(checked(plan)).frame == 1013


def test_results_are_found_where_they_were_moved_to(
    farm: tuple[Path, dict[str, Path]], tmp_path: Path
) -> None:
    path, _ = farm
    moved = tmp_path / "elsewhere"
    shutil.copytree(path.parent, moved)
    plan = tmp_path / "plan.json"
    shutil.copy(path, plan)
    (moved / "sh010.1001.exr").unlink()
    error = complaint(check_plan(plan, {"out": moved}, silent))
    assert error.path == moved / "sh010.1001.exr"
    assert f"--root out={moved}" in error.hint


def test_frames_of_the_plan_count_whatever_a_later_run_was_asked_for(
    farm: tuple[Path, dict[str, Path]],
) -> None:
    path, plans = farm
    document = json.loads(plans["sh020"].read_bytes())
    plans["sh020"].write_text(json.dumps(document | {"wanted": "1001-1003"}), "utf-8")
    found = checked(path)
    found.complain()
    assert found.frames == 40
    file_of(plans["sh020"], 1013).unlink()
    assert complaint(checked(path)).frame == 1013


def test_a_shot_that_was_planned_anew_is_told_and_the_others_are_checked(
    farm: tuple[Path, dict[str, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    path, plans = farm
    file_of(plans["sh020"], 1013).unlink()
    (path.parent / "report.html").write_text("old", "utf-8")
    document = json.loads(plans["sh010"].read_bytes())
    document["segments"][0]["gain"] = 1.0
    plans["sh010"].write_text(json.dumps(document), "utf-8")
    found = checked(path)
    with pytest.raises(InputError, match=r"sh010: .* is of another job") as caught:
        found.complain()
    assert "plan again as before, with --overwrite" in caught.value.hint
    assert (found.frames, found.bad) == (40, 21)
    assert report_of(plans["sh020"]).bad == 1
    page = found.page.read_text("utf-8")
    parsed(found.page)
    for words in ("21 of 40 frames are not right", "not checked", "is of another job"):
        assert words in page
    plans["sh010"].unlink()
    with pytest.raises(InputError, match="There is no plan"):
        app(["check", str(path.parent), "--progress", "none"], standalone_mode=False)
    out = capsys.readouterr().out
    assert "There is no plan" in out
    assert "bad         sh020: 1 of 20 frames" in out


def test_a_single_shot_that_was_planned_anew_is_refused(
    farm: tuple[Path, dict[str, Path]],
) -> None:
    path, plans = farm
    plan = FarmPlan.load(path)
    alone = plan.model_copy(update={"shots": plan.shots[:1], "bins": plan.bins[:2]})
    alone.save(path)
    plans["sh010"].unlink()
    with pytest.raises(InputError, match="There is no plan"):
        checked(path)


def test_commands_are_whole_however_many_frames_are_bad(
    farm: tuple[Path, dict[str, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, plans = farm
    monkeypatch.setattr(shot_check, "_FAULTS", 5)
    for number in range(FIRST, LAST + 1):
        file_of(plans["sh010"], number).unlink()
    found = checked(path)
    assert [one.rpartition(" ")[2] for one in found.repairs] == ["0", "1"]
    assert (found.bad, len(report_of(plans["sh010"]).bad_frames)) == (20, 5)


def test_commands_can_be_pasted_anywhere(
    farm: tuple[Path, dict[str, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, plans = farm
    file_of(plans["sh020"], 1013).unlink()
    spaced = tmp_path / "my mattes"
    path.parent.rename(spaced)
    monkeypatch.chdir(tmp_path)
    found = check_plan(Path("my mattes/plan.json"), {"plates": tmp_path / "a b"}, silent)
    words = shlex.split(found.repairs[0])
    assert words == [
        *("robust-matte", "key", "--plan", str(spaced / "plan.json"), "--bin", "3"),
        *("--root", f"plates={tmp_path / 'a b'}"),
    ]


def test_a_bad_result_is_not_told_as_finished(
    farm: tuple[Path, dict[str, Path]], capfd: pytest.CaptureFixture[str]
) -> None:
    path, plans = farm
    file_of(plans["sh020"], 1013).unlink()
    try:
        with pytest.raises(BadResultError):
            app(["check", str(path), "--progress", "jsonl"], standalone_mode=False)
    finally:
        leave_stdout()
    said = capfd.readouterr()
    assert '"event": "finished"' not in said.out
    assert '"event": "stage"' in said.out
    assert "39 right and 1 bad" in said.out + said.err
