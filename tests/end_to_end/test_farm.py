"""Plan, then key its bins: the same files, byte for byte, as by `key` alone.

tmp_path/
├── plates/sh010/ sh020/   two EXR shots with cuts
├── plates/take.mov        a movie with a cut
├── whole/                 what `key` writes of each
└── out/                   the plan, and what its bins write
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import (
    InputError,
    ModelError,
    RobustMatteError,
    SettingsError,
    WeightsMissingError,
    WouldOverwriteError,
)
from robust_matte.farm.chosen_pieces import pieces_of_bin, pieces_of_segment
from robust_matte.farm.farm_plan import FarmPlan
from robust_matte.farm.found_shots import find_shots
from robust_matte.farm.keying import key_pieces
from robust_matte.farm.planning import FarmRequest, FarmResult, plan_farm
from robust_matte.farm.shot_runs import FarmRun, ShotResults
from robust_matte.jobs.key import key
from robust_matte.jobs.key_result import KeyResult
from robust_matte.jobs.progress import Event, Warned, silent
from robust_matte.jobs.shared_model import share_model
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network
from robust_matte.media.movies import Movie
from robust_matte.settings.key_settings import KeySettings

Image = NDArray[np.float32]
CUTS = {"sh010": "1003,1006", "sh020": "off", "take": "3"}
COUNTS = {"sh010": 7, "sh020": 2, "take": 3}


def write_exr(path: Path, pixels: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = oiio.ImageOutput.create(str(path))
    assert image is not None
    assert image.open(str(path), oiio.ImageSpec(pixels.shape[1], pixels.shape[0], 3, "half"))
    assert image.write_image(np.ascontiguousarray(pixels))
    image.close()


def write_movie(path: Path, frames: Mapping[int, Image]) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mjpeg", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for pixels in frames.values():
            codes = (np.clip(pixels, 0, 1) * 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(codes, format="rgb24")))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def shared(filled_weights: Path) -> dict[str, Any]:
    """Settings of all shots."""
    return {"model": str(filled_weights), "threads": 1, "downsample": "48px", "warm_up": 1}


@pytest.fixture(scope="module")
def open_model() -> ModelOpener:
    """Load the network once for all tests."""
    return share_model(Network)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, shared: Any, open_model: Any) -> Path:
    """A folder with the plates, and with what `key` writes of each by itself."""
    folder = tmp_path_factory.mktemp("studio")
    rng = np.random.default_rng(3)
    light = np.repeat(np.repeat(rng.uniform(0, 1, (6, 8, 3)), 8, 0), 8, 1).astype(np.float32)
    for name in ("sh010", "sh020"):
        for at in range(COUNTS[name]):
            path = folder / "plates" / name / f"{name}.{1001 + at}.exr"
            write_exr(path, np.roll(light, 3 * at, axis=1))
    movie = folder / "plates" / "take.mov"
    write_movie(movie, {at: np.roll(light, 3 * at, axis=0) for at in range(COUNTS["take"])})
    for name, cuts in CUTS.items():
        plate = folder / "plates" / (name if name != "take" else "take.mov")
        values: dict[str, Any] = {"output": folder / "whole" / name, "contact_sheet": "none"}
        settings = KeySettings(plate=str(plate), cuts=cuts, **values, **shared)
        key(settings, open_model=open_model)
    return folder


@pytest.fixture
def plates(tmp_path: Path, studio: Path) -> Path:
    """A folder of three shots of a test's own."""
    return Path(shutil.copytree(studio / "plates", tmp_path / "plates"))


@pytest.fixture
def whole(studio: Path) -> dict[str, str]:
    """What `key` writes of each shot by itself, as hashes."""
    return hashes(studio / "whole")


@pytest.fixture
def listed(plates: Path) -> Path:
    """A list of the shots with their cuts."""
    path = plates.parent / "shots.csv"
    names = {name: plates / (name if name != "take" else "take.mov") for name in CUTS}
    lines = [
        f'{name},{names[name].relative_to(path.parent)},"{cuts}"' for name, cuts in CUTS.items()
    ]
    path.write_text("\n".join(["name,plate,cuts", *lines]))
    return path


@pytest.fixture
def plan_here(
    tmp_path: Path, listed: Path, shared: dict[str, Any], open_model: ModelOpener
) -> Callable[..., FarmResult]:
    """Plan the shots of the list, or others, into out/."""

    def run(plate: Path | None = None, told: Any = None, **values: Any) -> FarmResult:
        settings = shared | values.pop("settings", {})
        output = values.pop("output", tmp_path / "out")
        shots = find_shots([str(plate or listed)], values.pop("name", None))
        request = FarmRequest(shots=shots, output=str(output), settings=settings, **values)
        listener = told.append if told is not None else silent
        return plan_farm(request, listener, open_model=open_model)

    return run


@pytest.fixture
def key_bin(filled_weights: Path, open_model: ModelOpener) -> Callable[..., ShotResults[KeyResult]]:
    """Key a bin of a plan, or all of them."""

    def run(path: Path, number: int | None = None, **values: Any) -> ShotResults[KeyResult]:
        plan = FarmPlan.load(path)
        usual: dict[str, Any] = {"model": str(filled_weights), "threads": 1}
        pieces = plan.pieces if number is None else pieces_of_bin(plan, number)
        run = FarmRun(path=path, **(usual | values))
        return key_pieces(run, plan, pieces, open_model=open_model)

    return run


@pytest.fixture
def key_whole(
    tmp_path: Path, shared: dict[str, Any], open_model: ModelOpener
) -> Callable[..., None]:
    """Key a plate by itself, into whole/."""

    def run(plate: Path, **values: Any) -> None:
        usual = {"output": str(tmp_path / "whole"), "contact_sheet": "none"}
        settings = KeySettings(plate=str(plate), **(usual | shared | values))
        key(settings, open_model=open_model)

    return run


def hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of each image below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.exr"))
    }


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("bins", [1, 2, 5])
def test_all_bins_write_what_key_writes(
    tmp_path: Path, whole: dict[str, str], plan_here: Any, key_bin: Any, bins: int
) -> None:
    planned = plan_here(bins=bins)
    assert len(whole) == sum(COUNTS.values())
    assert [len(pieces) > 0 for pieces in planned.plan.bins] == [True] * bins
    plans = {path: path.read_bytes() for path in (tmp_path / "out").rglob("plan.json")}
    assert len(plans) == 4
    for number in reversed(range(bins)):
        done = key_bin(planned.path, number)
        assert not done.faults
        frames = sum(one.frames for one in planned.plan.bins[number])
        assert sum(one.written for one in done.results.values()) == frames
    assert hashes(tmp_path / "out") == whole
    assert {path: path.read_bytes() for path in plans} == plans
    assert not list((tmp_path / "out").rglob("*.png"))


def test_a_bin_keys_its_own_frames_and_keeps_right_ones(
    tmp_path: Path, plan_here: Any, key_bin: Any
) -> None:
    planned = plan_here(bins=2)
    key_bin(planned.path, 1)
    before = files(tmp_path / "out")
    mine = {
        f"{one.shot}.{number}"
        for one in planned.plan.bins[1]
        for number in range(one.first, one.last + 1)
    }
    found = {
        f"{path.parent.name}.{int(path.name.split('.')[1])}"
        for path in (tmp_path / "out").rglob("*.exr")
    }
    assert found == mine
    times = {path: Path(path).stat().st_mtime_ns for path in before if path.endswith(".exr")}
    again = key_bin(planned.path, 1)
    assert all(one.written == 0 for one in again.results.values())
    assert {path: Path(path).stat().st_mtime_ns for path in times} == times


def test_one_segment_is_keyed_by_itself(
    tmp_path: Path, plan_here: Any, shared: Any, open_model: Any
) -> None:
    planned = plan_here()
    run = FarmRun(path=planned.path, model=shared["model"], threads=1)
    pieces = pieces_of_segment(planned.plan, "sh010:1")
    key_pieces(run, planned.plan, pieces, open_model=open_model)
    found = [path.name for path in sorted((tmp_path / "out").rglob("*.exr"))]
    assert found == [f"sh010_matte.{number}.exr" for number in range(1003, 1006)]


def test_a_plate_alone_is_written_where_key_writes_it(
    tmp_path: Path, plates: Path, plan_here: Any, key_bin: Any, key_whole: Any
) -> None:
    cuts = {"cuts": "1004"}
    planned = plan_here(plates / "sh010", settings=cuts, output=tmp_path / "out" / "m.####.exr")
    assert planned.path == tmp_path / "out" / "plan.json"
    key_bin(planned.path)
    key_whole(plates / "sh010", output=str(tmp_path / "whole" / "m.####.exr"), **cuts)
    assert hashes(tmp_path / "out") == hashes(tmp_path / "whole")
    assert len(hashes(tmp_path / "out")) == COUNTS["sh010"]


def test_planning_again_changes_nothing(tmp_path: Path, plan_here: Any) -> None:
    first = plan_here(bins=2)
    before = {path: Path(path).stat().st_mtime_ns for path in files(tmp_path / "out")}
    again = plan_here(bins=2)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.plan == first.plan
    assert {path: Path(path).stat().st_mtime_ns for path in files(tmp_path / "out")} == before


def test_no_absolute_path_is_in_a_plan(tmp_path: Path, plates: Path, plan_here: Any) -> None:
    write_exr(tmp_path / "masks" / "m.exr", np.zeros((48, 64, 3), np.float32))
    planned = plan_here(plates, settings={"cuts": "off", "garbage": str(tmp_path / "masks/m.exr")})
    text = planned.path.read_text()
    assert str(tmp_path) not in text
    document = json.loads(text)
    assert document["plates"] == "../plates"
    assert [one["plate"] for one in document["shots"]] == ["sh010", "sh020", "take.mov"]
    assert {one["settings"]["garbage"] for one in document["shots"]} == {"../masks/m.exr"}


def test_a_plan_is_changed_only_until_a_bin_is_begun(
    tmp_path: Path, listed: Path, plan_here: Any, key_bin: Any
) -> None:
    plan_here(bins=4)
    planned = plan_here(bins=2)
    assert planned.is_new
    key_bin(planned.path, 0)
    before = files(tmp_path / "out")
    with pytest.raises(WouldOverwriteError) as caught:
        plan_here(bins=3)
    assert "in --bins: it has 2, not 3." in caught.value.what
    with pytest.raises(WouldOverwriteError, match="--split: it has none, not states:2"):
        plan_here(bins=2, split=2)
    rows = listed.read_text().splitlines()
    listed.write_text("\n".join(rows[:-1]))
    with pytest.raises(WouldOverwriteError, match="the shots: it has take"):
        plan_here(bins=2)
    assert files(tmp_path / "out") == before
    listed.write_text("\n".join(rows))
    assert len(plan_here(bins=3, settings={"overwrite": True}).plan.bins) == 3
    kept = [path for path in before if path.endswith(".exr")]
    assert all(Path(path).read_bytes() == before[path] for path in kept)


def test_folders_that_a_refused_bin_leaves_empty_are_no_beginning(
    tmp_path: Path, plan_here: Any
) -> None:
    planned = plan_here(bins=4)
    folder = tmp_path / "out" / "sh010" / "sh010_matte.robust_matte"
    for name in ("lock", "states"):
        (folder / name).mkdir()
    assert plan_here(bins=2).is_new
    (folder / "states" / "x").write_bytes(b"x")
    with pytest.raises(WouldOverwriteError, match="is in use"):
        plan_here(bins=3)
    assert planned.path.exists()


def test_a_root_that_does_not_hold_the_plates_is_refused(
    tmp_path: Path, plates: Path, plan_here: Any
) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(
        SettingsError, match=r"The plate .*sh020 is not in the root plates, .*other"
    ):
        plan_here(plates / "sh020", plates=tmp_path / "other")
    with pytest.raises(InputError, match="where there is no folder"):
        plan_here(plates / "sh020", plates=tmp_path / "gone")
    assert not (tmp_path / "out").exists()
    plan_here(plates / "sh020", plates=plates)


def test_a_shot_that_cannot_be_planned_is_named_and_the_others_kept(
    tmp_path: Path, plates: Path, plan_here: Any
) -> None:
    (plates / "sh015").mkdir()
    (plates / "sh015" / "a.1001.exr").write_bytes(b"no exr")
    told: list[Event] = []
    with pytest.raises(InputError) as caught:
        plan_here(plates, told, settings={"cuts": "off"})
    assert caught.value.what == "1 of 4 shots cannot be planned: sh015."
    warnings = [event.text for event in told if isinstance(event, Warned)]
    assert any(text.startswith("sh015 cannot be planned: ") for text in warnings)
    assert not (tmp_path / "out" / "plan.json").exists()
    assert len(list((tmp_path / "out").rglob("plan.json"))) == 3
    skipped = plan_here(plates, settings={"cuts": "off"}, skip_bad=True)
    assert [shot.name for shot in skipped.plan.shots] == ["sh010", "sh020", "take"]
    assert [fault.what.partition(":")[0] for fault in skipped.skipped] == ["sh015"]


def test_one_bad_plate_alone_is_told_as_key_tells_it(tmp_path: Path, plan_here: Any) -> None:
    with pytest.raises(InputError, match=r"gone\.mov does not exist"):
        plan_here(tmp_path / "gone.mov")


def test_a_shot_that_fails_does_not_stop_the_others(
    tmp_path: Path, plates: Path, whole: dict[str, str], plan_here: Any, key_bin: Any
) -> None:
    planned = plan_here(bins=1)
    (plates / "sh010" / "sh010.1005.exr").unlink()
    done = key_bin(planned.path, 0)
    assert [type(fault) for fault in done.faults] != []
    assert done.faults[0].what.startswith("sh010: ")
    assert set(done.results) == {"sh020", "take"}
    assert hashes(tmp_path / "out").items() <= whole.items()
    assert len(hashes(tmp_path / "out")) == COUNTS["sh020"] + COUNTS["take"]


def test_moved_roots_give_the_same_bytes(
    tmp_path: Path, whole: dict[str, str], plates: Path, plan_here: Any, key_bin: Any
) -> None:
    planned = plan_here(bins=2)
    key_bin(planned.path, 0)
    shutil.copytree(tmp_path / "out", tmp_path / "there" / "results")
    plates.rename(tmp_path / "mounted")
    with pytest.raises(InputError, match="The root plates is to be"):
        key_bin(tmp_path / "there" / "results" / "plan.json", 1)
    moved = {"plates": tmp_path / "mounted"}
    key_bin(tmp_path / "there" / "results" / "plan.json", 1, moved=moved)
    assert hashes(tmp_path / "there" / "results") == whole
    moved["out"] = tmp_path / "there" / "results"
    again = key_bin(planned.path, moved=moved)
    assert sum(one.kept for one in again.results.values()) == len(whole)


def test_a_whole_tree_that_moved_is_the_same_job(
    tmp_path: Path, whole: dict[str, str], plan_here: Any, key_bin: Any
) -> None:
    plan_here(bins=2)
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("plates", "out"):
        (tmp_path / name).rename(moved / name)
    done = key_bin(moved / "out" / "plan.json")
    assert not done.faults
    assert hashes(moved / "out") == whole


def test_tasks_do_not_count_a_movie_again(
    plates: Path, plan_here: Any, key_bin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan_here(plates / "take.mov", settings={"cuts": "3"}, bins=2)
    counted = []
    count = Movie._count_frames

    def noted(movie: Movie, listener: Any) -> Any:
        counted.append(movie.path)
        return count(movie, listener)

    monkeypatch.setattr(Movie, "_count_frames", noted)
    assert not key_bin(planned.path, 0).faults
    assert counted == []
    os.utime(plates / "take.mov", (1, 1))  # it may be another movie
    assert not key_bin(planned.path, 1).faults
    assert counted == [plates / "take.mov"]


def test_other_weights_are_refused(
    tmp_path: Path, plan_here: Any, key_bin: Any, monkeypatch: pytest.MonkeyPatch, shared: Any
) -> None:
    planned = plan_here()
    with pytest.raises(ModelError, match="is not what the plan was made with") as caught:
        key_bin(planned.path, 0, model="draft")
    assert caught.value.exit_code == 5
    with pytest.raises(WeightsMissingError, match=r"filled\.safetensors that the plan was made"):
        key_bin(planned.path, 0, model=None)
    store = tmp_path / "store"
    store.mkdir()
    monkeypatch.setenv("ROBUST_MATTE_WEIGHTS", str(store))
    shutil.copy(shared["model"], store)
    assert not key_bin(planned.path, 0, model=None).faults


def test_a_plate_that_changed_since_is_refused(
    tmp_path: Path, plates: Path, plan_here: Any, key_bin: Any
) -> None:
    planned = plan_here(plates / "sh020", settings={"cuts": "off"})
    before = files(tmp_path / "out")
    write_exr(plates / "sh020" / "sh020.1002.exr", np.full((48, 64, 3), 0.3, np.float32))
    (fault,) = key_bin(planned.path, 0).faults
    assert isinstance(fault, RobustMatteError)
    assert "changed" in fault.what or "differ" in fault.what
    assert "plan again" in fault.hint
    assert files(tmp_path / "out") == before


def test_a_shot_planned_anew_since_is_refused(
    tmp_path: Path, plates: Path, plan_here: Any, key_bin: Any, key_whole: Any
) -> None:
    planned = plan_here(plates / "sh020", settings={"cuts": "off"})
    key_whole(plates / "sh020", output=str(tmp_path / "out"), cuts="1002", overwrite=True)
    (fault,) = key_bin(planned.path, 0).faults
    assert "was made anew since the bins were packed." in fault.what
    assert "with --overwrite" in fault.hint
    with pytest.raises(WouldOverwriteError):
        plan_here(plates / "sh020", settings={"cuts": "off"})
    again = plan_here(plates / "sh020", settings={"cuts": "off", "overwrite": True})
    assert again.path == planned.path
    assert key_bin(planned.path, 0).faults == ()


def test_a_frame_that_is_gone_is_told_with_what_can_be_typed(
    plates: Path, plan_here: Any, key_bin: Any
) -> None:
    planned = plan_here(plates / "sh010", settings={"cuts": "off"})
    (plates / "sh010" / "sh010.1003.exr").unlink()
    (fault,) = key_bin(planned.path, 0).faults
    assert "lacks the frame 1003 of 1001-1007." in fault.what
    assert fault.hint.startswith("Render them and run this again, or plan again with --missing")


def test_files_of_others_are_not_replaced(tmp_path: Path, plan_here: Any, key_bin: Any) -> None:
    planned = plan_here(bins=2)
    foreign = tmp_path / "out" / "sh010" / "sh010_matte.1005.exr"
    foreign.write_bytes(b"mine")
    done = [key_bin(planned.path, number) for number in range(2)]
    faults = [fault for one in done for fault in one.faults]
    assert ["exists and was not written by this job" in fault.what for fault in faults] == [True]
    assert foreign.read_bytes() == b"mine"


def test_empty_bins_do_nothing(plan_here: Any, key_bin: Any) -> None:
    planned = plan_here(bins=9)
    empty = [number for number, pieces in enumerate(planned.plan.bins) if not pieces]
    assert empty
    done = key_bin(planned.path, empty[0], model="/gone")
    assert (done.results, done.faults) == ({}, ())


@pytest.mark.parametrize("plate", ["all", "one"])
def test_stereo_views_are_shots_of_their_own(
    tmp_path: Path, plan_here: Any, key_bin: Any, key_whole: Any, plate: str
) -> None:
    for seed, view in enumerate(("left", "right")):
        for number in (1, 2):
            pixels = np.full((48, 64, 3), 0.2 * number + 0.1 * seed, np.float32)
            write_exr(tmp_path / "stereo" / f"sh.{view}.{number:04d}.exr", pixels)
    name = str(tmp_path / "stereo" / "sh.%V.####.exr")
    view = "all" if plate == "all" else "right"
    planned = plan_here(Path(name), settings={"view": view, "cuts": "off"})
    shots = [shot.name for shot in planned.plan.shots]
    assert shots == (["sh_left", "sh_right"] if plate == "all" else ["sh"])
    key_bin(planned.path)
    key_whole(Path(name), view=view, cuts="off")
    assert hashes(tmp_path / "out") == hashes(tmp_path / "whole")
    assert len(hashes(tmp_path / "out")) == 2 * len(shots)


@pytest.mark.parametrize("missing", ["hold", "black"])
def test_holes_are_filled_as_by_key(
    tmp_path: Path, plates: Path, plan_here: Any, key_bin: Any, key_whole: Any, missing: str
) -> None:
    for number in (1002, 1004, 1005, 1006):  # a short hole, and one that resets
        (plates / "sh010" / f"sh010.{number}.exr").unlink()
    values = {"cuts": "off", "missing": missing, "frames": "999-1008"}
    planned = plan_here(plates / "sh010", settings=values, bins=2)
    assert sorted(piece.frames for piece in planned.plan.pieces) == [2, 8]
    for number in range(2):
        assert not key_bin(planned.path, number).faults
    key_whole(plates / "sh010", **values)
    assert hashes(tmp_path / "out") == hashes(tmp_path / "whole")
    assert len(hashes(tmp_path / "out")) == 10


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("plate,gian\na.mov,1", "line 1: there is no column gian.", id="column"),
        pytest.param("name,gain\na,1", "line 1: there is no column plate.", id="no plate"),
        pytest.param("plate,plate\na,b", "line 1: the column plate is there twice.", id="twice"),
        pytest.param("plate,device\na,cpu", "line 1: there is no column device.", id="not its own"),
        pytest.param(
            "plate,gain\na.mov,0\nb.mov,bright", "line 3, column gain: ", id="a cell that is wrong"
        ),
        pytest.param(
            "plate,warm-up\na.mov,999",
            "line 2, column warm_up: The setting warm_up cannot be",
            id="out of range",
        ),
        pytest.param(
            "plate,cuts,cuts_rate\na.mov,e.edl,24\nb.mov,e.edl,fast",
            "line 3, column cuts_rate: ",
            id="a cell that needs another",
        ),
        pytest.param(
            "plate,downsample,framing\na.mov,0.5,full-body", "line 2: ", id="two that clash"
        ),
        pytest.param("plate,name\na.mov,x/y", "line 2, column name: A shot cannot be", id="name"),
        pytest.param("plate\na.mov,1", "line 2: there are 2 cells for 1 columns.", id="too many"),
        pytest.param("plate,name\n,x", "line 2, column plate: there is none.", id="no cell"),
        pytest.param("", "is empty.", id="empty"),
        pytest.param("plate,gain\n\n", "names no shot.", id="no rows"),
        pytest.param("plate\na/x.mov\nb/X.mov", "Two shots are called x: ", id="same names"),
    ],
)
def test_a_list_is_checked_before_anything_is_planned(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "shots.csv"
    path.write_text(text)
    with pytest.raises((InputError, SettingsError)) as caught:
        find_shots([str(path)])
    assert what in caught.value.what
    assert caught.value.hint


def test_lists_of_spreadsheets_are_read(tmp_path: Path) -> None:
    path = tmp_path / "shots.csv"
    rows = ["plate;Name;--plate-space;cuts", "a/x.####.exr;sh010;ACEScg;1004,1010", "", "b.mov;;;"]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(rows).encode())
    first, second = find_shots([str(path)])
    assert (first.name, first.plate) == ("sh010", str(tmp_path / "a" / "x.####.exr"))
    assert first.own == {"plate_space": "ACEScg", "cuts": "1004,1010"}
    assert (second.name, second.own) == ("b", {})


def test_folders_of_shots_hold_folders_and_movies(tmp_path: Path) -> None:
    for name in (
        "sh010/a.1.exr",
        "sh020/x.mov",
        "sh030/x.mov",
        "sh030/y.mov",
        "b.mp4",
        "audio/a.wav",
        ".x/a.1.exr",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [shot.name for shot in find_shots([str(tmp_path)])]
    assert names == ["b", "sh010", "sh020", "sh030_x", "sh030_y"]
    (shot,) = find_shots([str(tmp_path / "sh010")], "hero")
    assert (shot.name, shot.is_alone) == ("hero", True)
    with pytest.raises(SettingsError, match="is for one plate, and 5 shots are named"):
        find_shots([str(tmp_path)], "hero")
    with pytest.raises(InputError, match="holds no shots"):
        find_shots([str(tmp_path / "audio")])


def test_the_plan_of_a_read_only_folder_is_told(
    tmp_path: Path, plates: Path, plan_here: Any
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(RobustMatteError) as caught:
        plan_here(plates / "sh020")
    assert caught.value.exit_code == 6
