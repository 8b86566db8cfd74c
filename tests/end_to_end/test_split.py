"""Splitting long segments: pieces keyed from states write what an uninterrupted run writes.

The real draft network, because what is compared are its last bits.

tmp_path/
├── plate/     17 frames, cut into segments of 9 and 8
├── whole/     what `key` writes
└── out/       the plan, its states, and what its bins write
"""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from robust_matte.errors import Cancelled, InputError, OtherPinsError, Preempted
from robust_matte.farm.chosen_pieces import pieces_of_bin
from robust_matte.farm.farm_plan import FarmPlan
from robust_matte.farm.found_shots import find_shots
from robust_matte.farm.keying import key_pieces
from robust_matte.farm.planning import FarmRequest, plan_farm
from robust_matte.farm.rolling import roll_pieces, split_pieces
from robust_matte.farm.shot_runs import FarmRun, ShotResults, run_shots
from robust_matte.jobs import settled_pins, states
from robust_matte.jobs.folder_door import LockTimes
from robust_matte.jobs.key import key
from robust_matte.jobs.key_result import KeyResult
from robust_matte.jobs.lock_files import own_record
from robust_matte.jobs.progress import Event, Listener, Noted, StageReached, Warned, silent
from robust_matte.jobs.shared_model import share_model
from robust_matte.jobs.states import StatesResult
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network
from robust_matte.settings.key_settings import KeySettings

SETTINGS: dict[str, Any] = {"model": "draft", "threads": 1, "warm_up": 3, "cuts": "1010"}


def hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of each image below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.exr"))
    }


@pytest.fixture(scope="module")
def open_model() -> ModelOpener:
    """Load the network once for all tests."""
    return share_model(Network)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, open_model: ModelOpener) -> Path:
    """A folder with the plate, and with what `key` writes of it."""
    folder = tmp_path_factory.mktemp("studio")
    (folder / "plate").mkdir()
    rng = np.random.default_rng(3)
    light = np.repeat(np.repeat(rng.uniform(0, 1, (6, 8, 3)), 8, 0), 8, 1).astype(np.float32)
    for number in range(1001, 1018):
        path = str(folder / "plate" / f"plate.{number}.exr")
        image = oiio.ImageOutput.create(path)
        assert image is not None
        assert image.open(path, oiio.ImageSpec(64, 48, 3, "half"))
        assert image.write_image(np.ascontiguousarray(np.roll(light, 3 * number, axis=1)))
        image.close()
    plate, output = str(folder / "plate"), str(folder / "whole")
    settings = KeySettings(plate=plate, output=output, contact_sheet="none", **SETTINGS)
    key(settings, open_model=open_model)
    return folder


@pytest.fixture
def whole(studio: Path) -> dict[str, str]:
    return hashes(studio / "whole")


@pytest.fixture
def plan_here(
    tmp_path: Path, studio: Path, open_model: ModelOpener
) -> Callable[..., tuple[FarmRun, FarmPlan]]:
    """Plan the plate into out/, split."""

    def run(split: int, bins: int = 2, **settings: Any) -> tuple[FarmRun, FarmPlan]:
        plate = shutil.copytree(studio / "plate", tmp_path / "plate", dirs_exist_ok=True)
        request = FarmRequest(
            shots=find_shots([str(plate)]),
            output=str(tmp_path / "out"),
            settings=SETTINGS | settings,
            bins=bins,
            split=split,
        )
        planned = plan_farm(request, open_model=open_model)
        return FarmRun(path=planned.path, threads=1), planned.plan

    return run


@pytest.fixture
def roll(open_model: ModelOpener) -> Callable[..., StatesResult]:
    """Make all states of a plan, or those of a bin."""

    def run(
        planned: tuple[FarmRun, FarmPlan],
        number: int | None = None,
        listener: Listener = silent,
        stop: StopRequest | None = None,
    ) -> StatesResult:
        pieces = split_pieces(planned[1], number)
        done = roll_pieces(*planned, pieces, listener, open_model=open_model, stop=stop)
        if done.faults:
            raise done.faults[0]
        return next(iter(done.results.values()), StatesResult(0, 0, 0, 0.0))

    return run


@pytest.fixture
def key_bins(open_model: ModelOpener) -> Callable[..., list[ShotResults[KeyResult]]]:
    """Key bins of a plan, the last one first."""

    def run(
        planned: tuple[FarmRun, FarmPlan], listener: Listener = silent
    ) -> list[ShotResults[KeyResult]]:
        done = []
        for number in reversed(range(len(planned[1].bins))):
            pieces = pieces_of_bin(planned[1], number)
            done.append(key_pieces(*planned, pieces, listener, open_model=open_model))
        return done

    return run


def names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.rglob("states/*"))


def rolled(told: list[Event]) -> list[int]:
    """Return the frames that were fed for the state alone."""
    stages = [one for one in told if isinstance(one, StageReached) and one.stage == "rolling"]
    return [one.number for one in stages if one.number is not None]


@pytest.mark.parametrize(
    ("split", "bins"),
    [
        pytest.param(7, 2, id="7"),
        pytest.param(1, 3, id="every frame"),  # so early, warm-up still counts
        pytest.param(4, 3, id="4", marks=pytest.mark.full),
        pytest.param(8, 2, id="one segment alone", marks=pytest.mark.full),
    ],
)
def test_pieces_write_what_an_uninterrupted_run_writes(
    tmp_path: Path,
    whole: dict[str, str],
    plan_here: Any,
    roll: Any,
    key_bins: Any,
    split: int,
    bins: int,
) -> None:
    planned = plan_here(split, bins)
    done = roll(planned)
    firsts = {piece.first for piece in planned[1].pieces} - {1001, 1010}
    assert done.written == len(firsts) > 0
    assert {int(name.partition("_")[2].partition(".")[0]) for name in names(tmp_path)} == firsts
    told: list[Event] = []
    results = key_bins(planned, told.append)
    assert [fault for one in results for fault in one.faults] == []
    assert rolled(told) == []
    assert hashes(tmp_path / "out") == whole
    assert len(whole) == 17


def test_lacking_states_are_made_up_for_by_rolling(
    tmp_path: Path, whole: dict[str, str], plan_here: Any, roll: Any, key_bins: Any
) -> None:
    planned = plan_here(3, 6)
    roll(planned)
    (tmp_path / "out/plate_matte.robust_matte/states/1001_1007.safetensors").unlink()
    damaged = tmp_path / "out/plate_matte.robust_matte/states/1010_1016.safetensors"
    content = bytearray(damaged.read_bytes())
    content[-9] ^= 1
    damaged.write_bytes(content)
    told: list[Event] = []
    results = key_bins(planned, told.append)
    assert [fault for one in results for fault in one.faults] == []
    notes = [one.text for one in told if isinstance(one, Noted)]
    lacking = [text for text in notes if text.startswith("there is no state before frame")]
    words = "there is no state before frame {}, so it is rolled to from frame {}; "
    pairs = [(1007, 1004), (1016, 1013)]
    wanted = [words.format(*pair) + "robust-matte states makes it" for pair in pairs]
    assert sorted(lacking) == wanted
    assert hashes(tmp_path / "out") == whole


def test_without_states_the_result_is_the_same(
    tmp_path: Path, whole: dict[str, str], plan_here: Any, key_bins: Any
) -> None:
    planned = plan_here(7, 4)
    told: list[Event] = []
    assert [fault for one in key_bins(planned, told.append) for fault in one.faults] == []
    assert any("there is no state before frame 1008" in str(one) for one in told)
    assert hashes(tmp_path / "out") == whole


def test_a_second_pass_writes_nothing(tmp_path: Path, plan_here: Any, roll: Any) -> None:
    planned = plan_here(4)
    assert roll(planned).written == 3
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("states/*")}
    again = roll(planned)
    assert (again.written, again.kept, again.rolled) == (0, 3, 0)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("states/*")} == before


def test_a_pass_that_was_stopped_goes_on(tmp_path: Path, plan_here: Any, roll: Any) -> None:
    planned = plan_here(2)
    stop, told = StopRequest(), []

    def listener(event: Event) -> None:
        told.append(event)
        if isinstance(event, StageReached) and event.number == 1005:
            stop.ask()

    with pytest.raises(Cancelled):
        roll(planned, listener=listener, stop=stop)
    assert rolled(told) == [1001, 1002, 1003, 1004, 1005]
    rest: list[Event] = []
    roll(planned, listener=rest.append)
    assert rolled(rest)[:2] in ([1005, 1006], [1006, 1007])
    made = {path.name: path.read_bytes() for path in tmp_path.rglob("states/*_*")}
    shutil.rmtree(tmp_path / "out/plate_matte.robust_matte/states")
    roll(planned)
    fresh = {path.name: path.read_bytes() for path in tmp_path.rglob("states/*_*")}
    assert fresh.items() <= made.items()
    assert len(fresh) == 4 + 3


def test_the_tasks_of_all_bins_roll_through_each_segment_once(
    tmp_path: Path, plan_here: Any, roll: Any
) -> None:
    planned = plan_here(3, 3)
    told: list[Event] = []
    assert sum(roll(planned, number, told.append).written for number in range(3)) == 4
    frames = rolled(told)
    assert sorted(frames) == [*range(1001, 1007), *range(1010, 1016)]
    assert len(names(tmp_path)) == 4


def test_a_cold_job_is_split_where_it_starts(
    tmp_path: Path, plan_here: Any, roll: Any, key_bins: Any, open_model: Any
) -> None:
    cold = {"cold": True, "frames": "1003-1017"}
    planned = plan_here(3, **cold)
    roll(planned)
    assert [fault for one in key_bins(planned) for fault in one.faults] == []
    values: dict[str, Any] = {"output": str(tmp_path / "whole"), "contact_sheet": "none"}
    settings = KeySettings(plate=str(tmp_path / "plate"), **(SETTINGS | values | cold))
    key(settings, open_model=open_model)
    assert hashes(tmp_path / "out") == hashes(tmp_path / "whole")
    assert len(hashes(tmp_path / "out")) == 15


def test_states_settle_what_the_segment_is_keyed_with(
    plan_here: Any, roll: Any, open_model: Any
) -> None:
    run, plan = plan_here(7)
    roll((run, plan))
    other = FarmRun(path=run.path, threads=2)
    done = key_pieces(other, plan, pieces_of_bin(plan, 0), open_model=open_model)
    assert [type(fault) for fault in done.faults] == [OtherPinsError]


def test_states_that_no_piece_can_start_from_are_made_again(
    tmp_path: Path, whole: dict[str, str], plan_here: Any, roll: Any, key_bins: Any
) -> None:
    run, plan = plan_here(4)
    assert roll((run, plan)).written == 3
    (torn, other_place, _) = sorted(tmp_path.rglob("states/*_*"))
    sound = {path: path.read_bytes() for path in (torn, other_place)}
    torn.write_bytes(sound[torn][:-1])
    other_place.write_bytes(sound[torn])
    again = roll((run, plan))
    assert (again.written, again.kept) == (2, 1)
    assert {path: path.read_bytes() for path in sound} == sound
    assert [fault for one in key_bins((run, plan)) for fault in one.faults] == []
    assert hashes(tmp_path / "out") == whole


def test_repinned_states_are_made_and_settled_anew(
    tmp_path: Path, plan_here: Any, roll: Any, open_model: Any
) -> None:
    run, plan = plan_here(4)
    roll((run, plan))
    with pytest.raises(OtherPinsError):
        roll((FarmRun(path=run.path, threads=2), plan))
    repinned = FarmRun(path=run.path, threads=2, repin=True)
    assert roll((repinned, plan)).written == 3
    assert roll((repinned, plan)).written == 0
    mine = FarmRun(path=run.path, threads=2)
    told: list[Event] = []
    done = key_pieces(mine, plan, pieces_of_bin(plan, 1), told.append, open_model=open_model)
    assert done.faults == ()
    assert rolled(told) == []
    assert sorted(path.name for path in tmp_path.rglob("pins/*")) == ["1001.json", "1010.json"]


def _locked(folder: Path, first: int, last: int) -> Callable[[float], None]:
    """Write the lock of a worker elsewhere; what is returned is its next beat."""
    folder.mkdir(parents=True, exist_ok=True)
    record = own_record(first, last).model_copy(update={"host": "farm07", "machine": "farm07"})
    path = folder / f"{first}-{last}.lock"
    path.write_bytes(record.to_bytes())

    def beat(_: float) -> None:
        path.write_bytes(record.model_copy(update={"beats": 1}).to_bytes())

    return beat


def test_two_passes_through_one_segment_do_not_both_roll(
    tmp_path: Path, plan_here: Any, roll: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan_here(4)
    locks = tmp_path / "out/plate_matte.robust_matte/lock"
    beat = _locked(locks / "states", 1001, 1009)
    monkeypatch.setattr(states, "LockTimes", lambda: LockTimes(sleep=beat))
    with pytest.raises(Preempted, match="1001-1009 are being keyed by farm07"):
        roll(planned)
    (locks / "states/1001-1009.lock").unlink()
    _locked(locks, 1005, 1008)  # somebody keys a piece, which disturbs nobody
    assert roll(planned).written == 3


def test_states_are_not_repinned_beside_somebody_who_keys(
    tmp_path: Path, plan_here: Any, roll: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, plan = plan_here(4)
    roll((run, plan))
    beat = _locked(tmp_path / "out/plate_matte.robust_matte/lock", 1005, 1008)
    monkeypatch.setattr(settled_pins, "LockTimes", lambda: LockTimes(sleep=beat))
    before = {path: path.read_bytes() for path in tmp_path.rglob("states/*_*")}
    with pytest.raises(Preempted, match="1005-1008 are being keyed by farm07"):
        roll((FarmRun(path=run.path, threads=2, repin=True), plan))
    assert {path: path.read_bytes() for path in tmp_path.rglob("states/*_*")} == before


def test_a_stop_during_the_last_frame_of_a_pass_is_no_stop(plan_here: Any, roll: Any) -> None:
    planned, stop = plan_here(4), StopRequest()

    def listener(event: Event) -> None:
        match event:
            case StageReached(stage="rolling", done=done, total=total) if done == total:
                stop.ask()

    assert roll(planned, listener=listener, stop=stop).written == 3
    assert stop.is_asked


def test_faults_of_shots_before_a_stop_are_told(plan_here: Any) -> None:
    run, plan = plan_here(4)
    first = plan.shots[0]
    plan = plan.model_copy(update={"shots": (first, first.model_copy(update={"name": "other"}))})
    pieces = [plan.pieces[0], plan.pieces[0].model_copy(update={"shot": "other"})]
    told: list[Event] = []
    acts = iter([InputError("The plate is gone."), Preempted("Stopped by SIGTERM.")])

    def act(*_: object) -> None:
        raise next(acts)

    with pytest.raises(Preempted):
        run_shots(run, plan, pieces, told.append, act)
    assert [one.text for one in told if isinstance(one, Warned)] == [
        f"{first.name}: The plate is gone."
    ]


def test_whole_segments_need_no_states(plan_here: Any, roll: Any, tmp_path: Path) -> None:
    planned = plan_here(9)
    assert split_pieces(planned[1]) == []
    assert roll(planned).written == 0
    assert names(tmp_path) == []
