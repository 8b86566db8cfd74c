"""`robust-matte train` as a user runs it: it learns, stops, goes on, and says what is wrong.

tmp_path/
├── mattes/fgr/shape/0000.png …  an ellipse with a weave on it, that walks
├── mattes/pha/shape/0000.png …  its alpha
├── backs/waves/0000.png …       soft colours that move
├── run.toml
└── run/                         what the run writes
"""

import csv
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from robust_matte.cli.app import main
from robust_matte_rvm import load_network

FRAMES, HEIGHT, WIDTH = 12, 64, 96
CONFIG = """
seed = 1
average = 0.9
checkpoint_every = {checkpoints}
validate_every = 100
log_every = {logs}

[validation]
data = {{shape = 1.0}}
clips = 4
frames = 3
size = [64, 96]
view = 96

[data.shape]
kind = "mattes"
folder = "mattes"
backgrounds = "backs"
closest = 0.9
widest = 1.0

[[stages]]
name = "shape"
steps = {steps}
batch = {batch}
frames = 2
size = [64, 96]
rate = 0.004
last_rate = 0.0004
data = {{shape = 1.0}}
segmentation = 1.0
"""

PROGRESS = ("opening: ", "training: ")

Train = Callable[..., "subprocess.CompletedProcess[str]"]


def draw_frame(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return foreground, alpha and background, (H, W, 3) and (H, W) in [0, 1]."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    left, top = x - 30 - 3 * number, y - 32 - 5 * np.sin(number / 2)
    alpha = np.clip((1.1 - np.hypot(left / 16, top / 22)) * 6, 0, 1)
    weave = 0.5 + 0.5 * np.sin(left / 2) * np.sin(top / 2)
    colour = np.stack([0.75 + 0.2 * weave, 0.3 + 0.45 * weave, 0.25 + 0 * weave], 2)
    waves = [
        0.3 + 0.1 * one + 0.2 * np.sin(x / 9 + number / 5 + one) * np.cos(y / (7 + one))
        for one in range(3)
    ]
    return colour, alpha, np.stack(waves, 2)


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the clip and its background, and go there."""
    for number in range(FRAMES):
        names = ("mattes/fgr/shape", "mattes/pha/shape", "backs/waves")
        for name, picture in zip(names, draw_frame(number), strict=True):
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
            codes = np.round(picture * 255).astype(np.uint8)
            Image.fromarray(codes).save(tmp_path / name / f"{number:04d}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def environment(root: Path) -> Mapping[str, str]:
    sources = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))
    return os.environ | {"PYTHONPATH": sources, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}


@pytest.fixture
def configure(studio: Path) -> Callable[..., None]:
    """Write run.toml."""

    def configure(
        steps: int = 4,
        batch: int = 1,  # most cases ask what is written, not what is learnt
        checkpoints: int = 1000,
        edit: tuple[str, str] = ("", ""),
    ) -> None:
        logs = 20 if batch > 1 else 4
        text = CONFIG.format(steps=steps, batch=batch, checkpoints=checkpoints, logs=logs)
        (studio / "run.toml").write_text(text.replace(*edit), "utf-8")

    return configure


@pytest.fixture
def train(configure: Callable[..., None], environment: Mapping[str, str]) -> Train:
    """Write run.toml and run the command in the studio."""

    def train(*words: str, **settings: Any) -> "subprocess.CompletedProcess[str]":
        configure(**settings)
        command = [sys.executable, "-m", "robust_matte", "train", *(words or ("run.toml",))]
        return subprocess.run(
            [*command, "--device", "cpu"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return train


def rows(path: Path) -> list[dict[str, float]]:
    with path.open(encoding="utf-8", newline="") as opened:
        return [
            {name: float(value) for name, value in row.items() if name != "stage"}
            for row in csv.DictReader(opened)
        ]


def test_it_learns_one_clip_by_heart(train: Train, studio: Path) -> None:
    done = train(steps=100, batch=4)
    assert done.returncode == 0, done.stderr
    losses = [row["total"] for row in rows(studio / "run" / "losses.csv")]
    assert losses[0] > 1.5
    assert losses[-1] < 0.8
    last = rows(studio / "run" / "validation.csv")[-1]
    assert last["mad"] < 0.05  # without a matte it is 0.17, at a tenth of the rate 0.058
    assert last["iou_median"] > 0.9
    with Image.open(studio / "run" / "sheets" / "00000100_shape.png") as sheet:
        assert sheet.height == 4 * 256 + 3 * 4


def test_it_says_what_it_does_and_what_came_of_it(train: Train, studio: Path) -> None:
    done = train()
    assert done.returncode == 0, done.stderr
    assert re.search(r"^opening: the data set shape$", done.stderr, re.MULTILINE)
    assert re.search(r"^training: stage shape, loss [\d.]+ 4/4  0:00 to go$", done.stderr, re.M)
    weights = studio / "run" / "weights.safetensors"
    assert f"weights   {weights} (2.0 MB)" in done.stdout
    assert (studio / "run" / "config.toml").read_bytes() == (studio / "run.toml").read_bytes()
    assert load_network(weights).variant == "draft"


SIGNALS = [
    pytest.param(signal.SIGTERM, 75, "Stopped by SIGTERM.", id="farm"),
    pytest.param(signal.SIGINT, 130, "Stopped.", id="ctrl-c"),
]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
@pytest.mark.parametrize(("number", "code", "what"), SIGNALS)
def test_a_signal_keeps_the_step_and_the_command_goes_on(
    train: Train,
    configure: Callable[..., None],
    studio: Path,
    environment: Mapping[str, str],
    number: signal.Signals,
    code: int,
    what: str,
) -> None:
    configure(steps=30)
    command = [sys.executable, "-m", "robust_matte", "train", "run.toml", "--device", "cpu"]
    going = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert going.stderr is not None
    lines: list[str] = []
    while "training:" not in (line := going.stderr.readline()):
        assert line != "", lines
        lines.append(line)
    going.send_signal(number)
    _, told = going.communicate()
    assert going.returncode == code
    assert told.splitlines()[-2:] == [
        what,
        "The last step is kept in a checkpoint; the same command goes on from there.",
    ]
    (kept,) = (studio / "run").glob("checkpoint_*.pt")
    assert 0 < int(kept.stem.rpartition("_")[2]) < 30
    done = train(steps=30)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^note: The run goes on after step \d+\.$", done.stderr, re.MULTILINE)
    assert (studio / "run" / "weights.safetensors").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
def test_a_signal_to_all_processes_keeps_the_step(
    configure: Callable[..., None], studio: Path, environment: Mapping[str, str]
) -> None:
    configure(steps=400, edit=("seed = 1", "seed = 1\nworkers = 2"))
    command = [sys.executable, "-m", "robust_matte", "train", "run.toml", "--device", "cpu"]
    going = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert going.stderr is not None
    while "loss" not in (line := going.stderr.readline()):  # both workers draw by now
        assert line != ""
    os.killpg(going.pid, signal.SIGTERM)  # as a farm does, or a terminal at Ctrl-C
    _, told = going.communicate()
    assert going.returncode == 75, told
    assert "Stopped by SIGTERM." in told
    assert len(list((studio / "run").glob("checkpoint_*.pt"))) == 1


def test_a_killed_run_goes_on_as_if_it_were_not(
    train: Train, studio: Path, environment: Mapping[str, str]
) -> None:
    assert train("run.toml", "--out", "whole", steps=16, checkpoints=3).returncode == 0
    command = [sys.executable, "-m", "robust_matte", "train", "run.toml", "--device", "cpu"]
    going = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert going.stderr is not None
    while "loss" not in (line := going.stderr.readline()):  # after step 4
        assert line != ""
    going.kill()
    going.communicate()
    assert train(steps=16, checkpoints=3).returncode == 0
    name = "weights.safetensors"
    assert (studio / "run" / name).read_bytes() == (studio / "whole" / name).read_bytes()


def test_of_a_damaged_checkpoint_the_one_before_is_taken(train: Train, studio: Path) -> None:
    assert train(checkpoints=2).returncode == 0
    newest = studio / "run" / "checkpoint_00000004.pt"
    newest.write_bytes(newest.read_bytes()[:1000])
    done = train(checkpoints=2)
    assert done.returncode == 0, done.stderr
    assert f"warning: The checkpoint {newest} is damaged;" in done.stderr
    assert "note: The run goes on after step 2." in done.stderr


@pytest.mark.parametrize(
    ("words", "edit", "code", "what"),
    [
        pytest.param(("gone.toml",), ("", ""), 2, "configuration gone.toml cannot", id="config"),
        pytest.param((), ("steps", "step"), 2, "has stages[1].step, which is not", id="key"),
        pytest.param((), ('"mattes"', '"clips"'), 2, "data.shape.kind cannot", id="kind"),
        pytest.param((), ('"backs"', '"gone"'), 3, "There is no folder", id="folder"),
        pytest.param(
            (),
            ("seed = 1", 'start = "run.toml"'),
            5,
            "run.toml is neither a safetensors",
            id="start",
        ),
        pytest.param(
            ("run.toml", "--out", "mattes"), ("", ""), 6, "mattes holds fgr, pha, and no", id="out"
        ),
    ],
)
def test_a_mistake_is_two_sentences_and_a_code(
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    edit: tuple[str, str],
    code: int,
    what: str,
) -> None:
    configure(edit=edit)
    command = ["robust-matte", "train", *(words or ("run.toml",)), "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == code, said
    assert_two_sentences(said, what)


def test_a_loss_that_is_no_number_ends_the_run(train: Train) -> None:
    done = train(edit=("rate = 0.004", "rate = 1e30"))
    assert done.returncode == 5, done.stderr
    assert_two_sentences(done.stderr, "the gradient is no number")


def assert_two_sentences(said: str, what: str) -> None:
    told = [line for line in said.splitlines() if not line.startswith(PROGRESS)]
    assert len(told) == 2, said
    assert what in told[0]
    assert told[1].endswith(".")


def test_a_changed_run_is_refused(train: Train) -> None:
    assert train().returncode == 0
    done = train(edit=("seed = 1", "seed = 2"))
    assert done.returncode == 6
    assert "began with seed = 1, not with seed = 2." in done.stderr


def test_what_is_not_installed_is_named(root: Path) -> None:
    program = (
        "from robust_matte.cli import extras\n"
        "found = extras.find_spec\n"
        "extras.find_spec = lambda name: None if name == 'accelerate' else found(name)\n"
        "from robust_matte.cli.app import main\n"
        "main()\n"
    )
    sources = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))
    done = subprocess.run(
        [sys.executable, "-c", program, "train", "run.toml"],
        env=os.environ | {"PYTHONPATH": sources},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7
    assert "robust-matte train needs what is not installed here: accelerate." in done.stderr
    assert 'pip install "robust-matte[train]"' in done.stderr


def test_two_processes_speak_with_one_voice(
    configure: Callable[..., None], studio: Path, environment: Mapping[str, str]
) -> None:
    configure()
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, "-m", "robust_matte", "train", "run.toml"],
        env={**environment, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("weights   ") == 1
    assert done.stderr.count(" 4/4 ") == 1
    assert "Warning" not in done.stderr
    assert load_network(studio / "run" / "weights.safetensors").variant == "draft"
