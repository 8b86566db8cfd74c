"""Whole runs of the draft network on clips of noise: stopped, gone on with, refused, diverged."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.random import Generator
from PIL import Image
from safetensors.torch import load_file

from robust_matte_rvm import MattingNetwork, load_network
from robust_matte_rvm.errors import (
    DataSetError,
    DivergenceError,
    RunFolderError,
    TrainConfigError,
    TrainingMemoryError,
)
from robust_matte_rvm.tensor_files import read_words
from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.config import TrainConfig
from robust_matte_rvm.training.events import Event, Noted, Trained, Warned, silent
from robust_matte_rvm.training.run import FinishedRun, Run

STAGE = {
    "name": "first",
    "steps": 4,
    "batch": 2,
    "frames": 2,
    "size": [32, 48],
    "rate": 0.002,
    "data": {"clips": 1.0},
    "segmentation": 1.0,
}
MASKS = {"objective": "segmentation", "batch": 1, "size": [32, 32], "data": {"masks": 1.0}}
LAST = {**STAGE, "name": "last", "steps": 3, "smallest": [48, 48], "size": [64, 64], "view": 0.5}
LAST |= {"passes": {"masks": MASKS}, "order": ["main", "masks"], "rates": {"refiner": 0.01}}


def config(**values: Any) -> TrainConfig:
    usual = {
        "seed": 5,
        "average": 0.5,
        "log_every": 2,
        "checkpoint_every": 2,
        "validate_every": 3,
        "sheet_every": 3,
        "validation": {"data": {"clips": 1.0}, "clips": 2, "frames": 2, "size": [32, 32]},
        "data": {name: {"kind": "footage", "folder": name} for name in ("clips", "masks")},
        "stages": [STAGE, LAST],
    }
    return TrainConfig.model_validate(usual | values)


@dataclass
class Noise:
    """Clips of noise, brighter within; what is asked for is kept."""

    asked: list[tuple[int, tuple[int, int]]] = field(default_factory=list)
    spoils: bool = False
    refuses: DataSetError | None = None

    def draw(self, rng: Generator, frames: int, size: tuple[int, int]) -> Clip:
        self.asked.append((frames, size))
        if self.refuses:
            raise self.refuses
        pha = torch.zeros(frames, 1, *size)
        left = int(rng.integers(4, size[1] // 2))
        pha[..., 8:24, left : left + 12] = 1
        src = torch.from_numpy(rng.random((frames, 3, *size), dtype=np.float32)) * 0.5 + pha * 0.4
        if self.spoils:
            src[..., 0, 0] = torch.nan
        return Clip(src=src, fgr=src, pha=pha)


Sources = dict[str, Noise]
Begin = Callable[..., Run]


@pytest.fixture
def sources() -> Sources:
    return {"clips": Noise(), "masks": Noise()}


@pytest.fixture
def begin(sources: Sources, tmp_path: Path) -> Begin:
    """Open a run in tmp_path/out."""

    def begin(told: TrainConfig | None = None, **values: Any) -> Run:
        usual: dict[str, Any] = {"device": "cpu", "threads": 1}
        usual |= {"open_data": lambda name, *_: sources[name]}
        return Run(told or config(), values.pop("folder", tmp_path / "out"), **(usual | values))

    return begin


def after(run: Run, step: int) -> Callable[[], bool]:
    return lambda: run.step >= step


def finish(run: Run) -> FinishedRun:
    finished = run.train()
    assert finished is not None
    return finished


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def state(folder: Path) -> dict[str, Any]:
    newest = max(folder.glob("checkpoint_*.pt"))
    loaded: dict[str, Any] = torch.load(newest, weights_only=True)
    return loaded


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    noise = {"clips": Noise(), "masks": Noise()}
    run = Run(config(), folder, device="cpu", threads=1, open_data=lambda name, *_: noise[name])
    assert run.train() is not None
    return folder


def test_a_run_leaves_what_it_promises(whole: Path) -> None:
    names = {path.relative_to(whole).as_posix() for path in whole.rglob("*")}
    boards = {name for name in names if name.startswith("tensorboard/")}
    assert len(boards) == 1
    assert names - boards == {
        "checkpoint_00000006.pt",
        "checkpoint_00000007.pt",
        "losses.csv",
        "run.json",
        "sheets",
        "sheets/00000003_first.png",
        "sheets/00000004_first.png",
        "sheets/00000006_last.png",
        "sheets/00000007_last.png",
        "tensorboard",
        "validation.csv",
        "weights.safetensors",
    }
    assert json.loads((whole / "run.json").read_text("utf-8"))["seed"] == 5


def test_losses_are_written_with_every_term(whole: Path) -> None:
    found = rows(whole / "losses.csv")
    assert [row["step"] for row in found] == ["2", "4", "6", "7"]
    assert [row["stage"] for row in found] == ["first", "first", "last", "last"]
    for row in found:
        assert float(row["total"]) > 0
        assert float(row["alpha"]) > 0
        assert float(row["segmentation"]) > 0
        assert float(row["f3"]) == 0
    assert [row["step"] for row in rows(whole / "validation.csv")] == ["3", "6", "7"]
    assert set(rows(whole / "validation.csv")[0]) >= {"iou", "iou_median", "mad", "dtssd"}


def test_the_total_is_the_sum_of_its_terms(whole: Path) -> None:
    first = rows(whole / "losses.csv")[0]
    terms = ("alpha", "pyramid", "temporal", "foreground", "foreground_temporal", "segmentation")
    total = sum(float(first[name]) for name in terms)
    assert float(first["total"]) == pytest.approx(total, rel=1e-5)


def test_the_weights_are_the_running_mean_with_words(whole: Path) -> None:
    file = whole / "weights.safetensors"
    words = read_words(file.read_bytes())
    assert (words["seed"], words["steps"], words["variant"]) == ("5", "7", "draft")
    assert load_network(file).variant == "draft"
    kept = state(whole)["average"]
    for name, tensor in load_file(file).items():
        mean = kept[f"module.{name}"]
        assert torch.equal(tensor, mean.half() if mean.is_floating_point() else mean)


@pytest.mark.parametrize("stops", [[1], [2], [4], [3, 6]], ids=str)
def test_a_run_that_was_stopped_ends_as_if_it_were_not(
    begin: Begin, whole: Path, tmp_path: Path, stops: list[int]
) -> None:
    for step in stops:
        run = begin()
        assert run.train(after(run, step)) is None
        assert not (tmp_path / "out" / "weights.safetensors").exists()
    finish(begin())
    ours, theirs = state(tmp_path / "out"), state(whole)
    for name in ("step", "identity", "student", "optimizer", "average"):
        assert same(ours[name], theirs[name]), name
    name = "weights.safetensors"
    assert (tmp_path / "out" / name).read_bytes() == (whole / name).read_bytes()


def test_what_a_killed_run_wrote_after_its_checkpoint_is_written_once(
    begin: Begin, whole: Path, tmp_path: Path
) -> None:
    def kill() -> bool:
        if run.step == 5:
            raise KeyboardInterrupt
        return False

    run = begin()
    with pytest.raises(KeyboardInterrupt):
        run.train(kill)
    with (tmp_path / "out" / "losses.csv").open("a") as file:
        file.write("6,first,0.1")  # cut off in the middle of a row
    told: list[Event] = []
    finish(begin(listener=told.append))
    assert Noted("The run goes on after step 4.") in told
    for name in ("losses.csv", "validation.csv"):
        ours, theirs = rows(tmp_path / "out" / name), rows(whole / name)
        for row in (*ours, *theirs):
            row.pop("seconds")
        assert ours == theirs


def test_a_finished_run_is_finished(begin: Begin, sources: Sources, tmp_path: Path) -> None:
    finish(begin())
    weights = tmp_path / "out" / "weights.safetensors"
    before = weights.read_bytes()
    weights.unlink()
    sources["clips"].asked.clear()
    assert finish(begin(config(validation={}))).steps == 7
    assert weights.read_bytes() == before
    assert sources["clips"].asked == []


def test_a_run_may_be_made_longer_by_a_stage(begin: Begin, tmp_path: Path) -> None:
    finish(begin())
    more = config(stages=[STAGE, LAST, {**STAGE, "name": "more", "steps": 2}])
    assert finish(begin(more)).steps == 9
    assert rows(tmp_path / "out" / "losses.csv")[-1]["stage"] == "more"


def test_a_changed_run_does_not_go_on(begin: Begin, tmp_path: Path) -> None:
    run = begin()
    run.train(after(run, 1))
    before = {path: path.read_bytes() for path in (tmp_path / "out").glob("*.*")}
    with pytest.raises(RunFolderError, match="seed = 5, not with seed = 6"):
        begin(config(seed=6))
    with pytest.raises(RunFolderError, match=r"\.steps = 4, not with stages\[1\]\.steps = 2"):
        begin(config(stages=[{**STAGE, "steps": 2}]))
    assert {path: path.read_bytes() for path in (tmp_path / "out").glob("*.*")} == before


def test_a_shorter_run_than_what_is_done_is_refused(begin: Begin) -> None:
    finish(begin())
    with pytest.raises(RunFolderError, match="has 7 steps already, more than the 4"):
        begin(config(stages=[STAGE]))


def test_a_folder_of_something_else_is_left_alone(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "matte.1001.exr").touch()
    with pytest.raises(RunFolderError, match=r"holds matte\.1001\.exr, and no training run"):
        begin()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["matte.1001.exr"]


def test_what_systems_leave_in_a_folder_does_not_count(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".DS_Store").touch()
    assert begin().step == 0


def test_a_folder_that_cannot_be_made_is_named(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="out cannot be"):
        begin(folder=tmp_path / "file" / "out")


def test_passes_ask_for_what_they_are_told(begin: Begin, sources: Sources) -> None:
    finish(begin(config(validation={})))
    clips, masks = sources["clips"].asked, sources["masks"].asked
    assert (
        clips[:8]
        == [(2, (32, 48))] * 2 + [(2, (48, 32))] * 2 + [(2, (32, 48))] * 2 + [(2, (48, 32))] * 2
    )
    assert masks == [(1, (32, 32))]
    assert {frames for frames, _ in clips[8:]} == {2}
    assert all(48 <= side <= 64 for _, size in clips[8:] for side in size)


def test_a_pass_of_masks_teaches_masks_alone(begin: Begin, tmp_path: Path) -> None:
    stage = {**LAST, "order": ["masks"], "steps": 2, "rates": {}}
    finish(begin(config(stages=[stage], weight_decay=0.0)))
    (row,) = rows(tmp_path / "out" / "losses.csv")
    assert float(row["total"]) == float(row["segmentation"]) > 0
    assert float(row["alpha"]) == 0
    torch.manual_seed(5)
    drawn, trained = MattingNetwork("draft").state_dict(), state(tmp_path / "out")["student"]
    name = "project_mat.conv.weight"
    assert torch.equal(trained[f"network.{name}"], drawn[name])
    assert not torch.equal(
        trained["network.project_seg.conv.weight"], drawn["project_seg.conv.weight"]
    )


def test_a_part_without_a_rate_stays_as_it_was(begin: Begin, tmp_path: Path) -> None:
    stage = {**LAST, "rates": {"backbone": 0.0, "refiner": 0.0}, "order": ["main"], "steps": 2}
    finish(begin(config(stages=[stage])))
    torch.manual_seed(5)
    drawn = MattingNetwork("draft").state_dict()
    trained = state(tmp_path / "out")["student"]
    changed = {
        name.split(".")[0]
        for name, tensor in drawn.items()
        if "running_" not in name
        and "num_batches" not in name
        and not torch.equal(tensor, trained[f"network.{name}"])
    }
    assert changed == {"aspp", "decoder", "project_mat", "project_seg"}


def test_weights_to_start_with_are_taken(begin: Begin, whole: Path, tmp_path: Path) -> None:
    still = {**STAGE, "steps": 1, "rate": 0.0}
    finish(begin(config(start=whole / "weights.safetensors", stages=[still])))
    words = read_words((tmp_path / "out" / "weights.safetensors").read_bytes())
    known = sha256((whole / "weights.safetensors").read_bytes()).hexdigest()
    assert words["start"] == f"sha256 {known}"  # and no path of this machine
    started, trained = load_file(whole / "weights.safetensors"), state(tmp_path / "out")["student"]
    for name, tensor in started.items():
        if name.endswith("weight"):
            assert torch.equal(trained[f"network.{name}"], tensor.float())


def test_an_encoder_to_begin_with_is_taken(begin: Begin, tmp_path: Path) -> None:
    file = tmp_path / "encoder.pth"
    drawn = MattingNetwork("draft").backbone.state_dict()
    torch.save(drawn, file)
    still = {**STAGE, "steps": 1, "rate": 0.0}
    finish(begin(config(encoder=file, stages=[still])))
    trained = state(tmp_path / "out")["student"]
    weights = [name for name in drawn if name.endswith("weight")]
    assert all(torch.equal(trained[f"network.backbone.{name}"], drawn[name]) for name in weights)
    words = read_words((tmp_path / "out" / "weights.safetensors").read_bytes())
    assert words["encoder"] == f"sha256 {sha256(file.read_bytes()).hexdigest()}"


@pytest.mark.parametrize("norms", ["learn", "keep"])
def test_norms_that_are_kept_learn_no_statistics(begin: Begin, tmp_path: Path, norms: str) -> None:
    finish(begin(config(stages=[{**STAGE, "steps": 2, "norms": norms}])))
    trained = state(tmp_path / "out")["student"]
    name = "network.backbone.stem.1"
    assert int(trained[f"{name}.num_batches_tracked"]) == (2 if norms == "learn" else 0)
    assert bool((trained[f"{name}.running_mean"] != 0).any()) == (norms == "learn")


def test_weights_of_another_network_are_refused(begin: Begin, whole: Path) -> None:
    told = config(start=whole / "weights.safetensors", variant="mobilenetv3")
    with pytest.raises(TrainConfigError, match="is a network draft, mobilenetv3 is to be"):
        begin(told)


def test_a_gradient_that_is_no_number_stops_the_run(
    begin: Begin, sources: Sources, tmp_path: Path
) -> None:
    run = begin()
    run.train(after(run, 3))
    before = state(tmp_path / "out")
    sources["clips"].spoils = True
    with pytest.raises(DivergenceError, match="At step 4, in the stage first, the gradient is no"):
        begin().train()
    assert same(state(tmp_path / "out"), before)
    sources["clips"].spoils = False
    finish(begin())


def test_it_is_said_where_the_refiner_was_never_trained(begin: Begin) -> None:
    told: list[Event] = []
    finish(begin(config(stages=[STAGE]), listener=told.append))
    assert [event.text for event in told if isinstance(event, Warned)] == [
        "No stage has trained the deep guided filter: the weights are without it."
    ]
    steps = [event for event in told if isinstance(event, Trained)]
    assert [event.step for event in steps] == [1, 2, 3, 4]
    assert [event.loss is None for event in steps] == [True, False, False, False]
    assert steps[-1].eta_s == 0


@pytest.mark.parametrize("workers", [0, 2])
def test_a_clip_that_cannot_be_drawn_is_told_in_our_words(
    begin: Begin, sources: Sources, workers: int
) -> None:
    sources["clips"].refuses = DataSetError("a.png is gone.", "Put it back.")
    with pytest.raises(DataSetError) as caught:
        finish(begin(config(workers=workers, validation={})))
    assert (caught.value.what, caught.value.hint) == ("a.png is gone.", "Put it back.")


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(torch.OutOfMemoryError("CUDA out of memory."), id="card"),
        pytest.param(RuntimeError("DefaultCPUAllocator: can't allocate memory"), id="processor"),
    ],
)
def test_memory_that_runs_out_names_the_stage(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, error: RuntimeError
) -> None:
    def run_out(*_: object, **__: object) -> None:
        raise error

    run = begin()
    monkeypatch.setattr(run.model, "matte", run_out)
    with pytest.raises(TrainingMemoryError, match="A step of the stage first needs more memory"):
        run.train()


def test_clips_drawn_ahead_are_the_same_clips(begin: Begin, whole: Path, tmp_path: Path) -> None:
    finish(begin(config(workers=2)))
    assert same(state(tmp_path / "out")["student"], state(whole)["student"])


# --- a teacher


def save_weights(path: Path) -> Path:
    torch.manual_seed(1)
    torch.save(MattingNetwork("draft").state_dict(), path)
    return path


@pytest.fixture
def photographed(tmp_path: Path) -> TrainConfig:
    """A run on photographs, of which one is held out."""
    folder = tmp_path / "people"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        pixels = rng.integers(0, 255, (40, 56, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    data = {"kind": "photographs", "folder": folder, "held_out": ["b.png"]}
    stage = {**STAGE, "steps": 2, "data": {"people": 1.0}, "features": 0.5, "hidden": 0.5}
    teacher = save_weights(tmp_path / "teacher.pth")
    return config(teacher=teacher, data={"people": data}, stages=[stage], validation={})


def test_photographs_are_matted_once(photographed: TrainConfig, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run = Run(photographed, folder, device="cpu", threads=1)
    kept = {path: path.stat().st_mtime_ns for path in (folder / "labels").iterdir()}
    assert len(kept) == 3
    run.train(after(run, 1))
    damaged = min(kept)
    damaged.write_bytes(b"cut off")
    finish(Run(photographed, folder, device="cpu", threads=1))
    now = {path: path.stat().st_mtime_ns for path in (folder / "labels").iterdir()}
    assert now.keys() == kept.keys()
    assert {path for path in now if now[path] != kept[path]} == {damaged}
    first = rows(folder / "losses.csv")[0]
    assert min(float(first[name]) for name in ("f3", "f4", "hidden")) > 0
    assert rows(folder / "validation.csv")[0]["step"] == "2"

    finish(Run(photographed, tmp_path / "anew", device="cpu", threads=1))
    assert same(state(folder)["student"], state(tmp_path / "anew")["student"])


# --- several processes

TOGETHER = """
import os, sys, torch
from pathlib import Path
from robust_matte_rvm.training.config import TrainConfig
from robust_matte_rvm.training.run import Run
folder = Path(sys.argv[1])
told = TrainConfig.model_validate_json((folder / "config.json").read_text())
rank = os.environ["RANK"]
for steps in (2, 99):
    run = Run(told, folder / "out", device="cpu", threads=1, listener=print)
    # Only the last process is told to stop: all of them do.
    finished = run.train(lambda: rank == "1" and run.step >= steps)
    # In a file of its own: two processes on one pipe write into each other's lines.
    with (folder / f"{rank}.txt").open("a") as told_here:
        print("ended", rank, run.processes, run.step, finished is not None, file=told_here)
    weights = {name: one for name, one in run.model.states()["student"].items()}
    torch.save(weights, folder / f"{rank}.pt")
"""


def test_processes_train_one_network(photographed: TrainConfig, root: Path, tmp_path: Path) -> None:
    stage = {**photographed.stages[0].model_dump(), "steps": 4}
    together = photographed.model_copy(update={"stages": (type(photographed.stages[0])(**stage),)})
    (tmp_path / "config.json").write_text(together.model_dump_json(), "utf-8")
    (tmp_path / "run.py").write_text(TOGETHER, "utf-8")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, str(tmp_path / "run.py"), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(root / "rvm"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ended = [line for rank in "01" for line in (tmp_path / f"{rank}.txt").read_text().splitlines()]
    assert ended == [f"ended {rank} 2 {end}" for rank in "01" for end in ("2 False", "4 True")]
    assert done.stdout.count("Trained(step=4,") == 1
    one, other = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in "01")
    learned = [name for name in one if "running_" not in name]
    assert all(torch.equal(one[name], other[name]) for name in learned)

    alone = Run(together, tmp_path / "alone", device="cpu", threads=1, listener=silent)
    finish(alone)
    single = state(tmp_path / "alone")["student"]
    assert any(not torch.equal(one[name], single[name]) for name in learned)
