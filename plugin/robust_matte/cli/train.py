"""`robust-matte train`: train a network, or go on with one's own mattes."""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robust_matte.cli.extras import require_train
from robust_matte.cli.progress import Progress, ProgressStyle, show_progress
from robust_matte.cli.stopping import noting_signals, stopped_by, stopping_softly
from robust_matte.cli.tables import Row, print_rows
from robust_matte.errors import (
    InputError,
    ModelError,
    OutOfMemoryError,
    OutputError,
    RobustMatteError,
    SettingsError,
    WeightsDamagedError,
)
from robust_matte.keying.cores import default_threads, share_cores
from robust_matte.keying.heap import keep_heap

if TYPE_CHECKING:
    from robust_matte.jobs.progress import Event, Listener
    from robust_matte_rvm.training.events import Event as TrainingEvent
    from robust_matte_rvm.training.run import FinishedRun, Run

__all__ = ["TrainingDevice", "train_command"]

_STANDS = "No step was taken; the same command goes on from where the run stood."
_GOES_ON = "The last step is kept in a checkpoint; the same command goes on from there."


class TrainingDevice(StrEnum):
    """What is trained on; a named one never falls back."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def train_command(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="A TOML file that describes the run.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the run writes, and goes on; by default the name of CONFIG without its "
            "ending, here.",
        ),
    ] = None,
    device: Annotated[
        TrainingDevice, typer.Option(help="A named one never falls back.")
    ] = TrainingDevice.AUTO,
    threads: Annotated[
        int,
        typer.Option(
            min=0,
            help="Threads on the CPU; 0 is one a core, and of several processes what "
            "OMP_NUM_THREADS says.",
        ),
    ] = 0,
    progress: Progress = ProgressStyle.AUTO,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each step.")] = False,
) -> None:
    """Train a network as CONFIG says: checkpoints, curves, sample sheets, and the weights.

    The same command goes on where the run was stopped. Several processes train together under
    torchrun --nproc-per-node N -m robust_matte train CONFIG. Needs the extra called train.
    """
    if verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    require_train("train", "accelerate", "tensorboard", "PIL", "scipy")
    _prepare_process()
    is_first = os.environ.get("RANK", "0") == "0"
    style = progress if is_first else ProgressStyle.NONE
    with (
        stopping_softly(_STANDS) as heed,
        show_progress(style, "training") as listener,
        _translated(is_first=is_first),
    ):
        run = _open(config, out, device, threads, listener)
        heed()
        with noting_signals() as came:
            finished = run.train(lambda: bool(came))
    if finished is None:
        error = stopped_by(came, _GOES_ON)
        raise error if is_first else typer.Exit(error.exit_code)
    if is_first:
        print_rows(_rows(finished))


def _prepare_process() -> None:
    """Set what has to be set before torch is imported, and leave out what it says in vain."""
    share_cores()
    keep_heap()
    # Of parameters that have no part in some passes, which is as it should be.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    warnings.filterwarnings("ignore", message="Grad strides do not match")


def _open(
    config: Path, out: Path | None, device: TrainingDevice, threads: int, listener: "Listener"
) -> "Run":
    """Open the run; the folder is by default the configuration's name, here."""
    from robust_matte.keying.devices import choose_device
    from robust_matte_rvm.training.config_file import read_config
    from robust_matte_rvm.training.run import Run

    told = read_config(config)
    if device is not TrainingDevice.AUTO:
        choose_device(device.value)
    is_alone = os.environ.get("WORLD_SIZE", "1") == "1"
    return Run(
        told,
        (out or Path(config.stem)).absolute(),
        device=device.value,
        threads=threads or (default_threads() if is_alone else 0),
        file=config,
        listener=_relay(listener),
    )


@contextmanager
def _translated(*, is_first: bool) -> Iterator[None]:
    """Turn the training's errors into ours.

    All processes meet the same ones at the same time, so the first one tells them; but a clip may
    be drawn by one process alone.
    """
    from robust_matte_rvm.errors import (
        CheckpointError,
        DataSetError,
        DivergenceError,
        NetworkError,
        RunFolderError,
        TrainConfigError,
        TrainingMemoryError,
    )

    classes: dict[type[NetworkError], type[RobustMatteError]] = {
        TrainConfigError: SettingsError,
        DataSetError: InputError,
        CheckpointError: WeightsDamagedError,
        DivergenceError: ModelError,
        TrainingMemoryError: OutOfMemoryError,
        RunFolderError: OutputError,
    }
    try:
        yield
    except NetworkError as error:
        ours = classes[type(error)](error.what, hint=error.hint)
        if is_first or isinstance(error, DataSetError | TrainingMemoryError):
            raise ours from error
        raise typer.Exit(ours.exit_code) from error


def _relay(listener: "Listener") -> "Callable[[TrainingEvent], None]":
    """Return a listener that hands on the training's events in the words of all commands."""

    def listen(event: "TrainingEvent") -> None:
        listener(_reword(event))

    return listen


def _reword(event: "TrainingEvent") -> "Event":
    from robust_matte.jobs.progress import Noted, StageReached, Warned
    from robust_matte_rvm.training import events

    match event:
        case events.Noted():
            return Noted(event.text)
        case events.Warned():
            return Warned(event.text)
        case events.Prepared():
            return StageReached("opening", 0, 0, event.text)
    loss = "" if event.loss is None else f", loss {event.loss:.4g}"
    text = f"stage {event.stage}{loss}"
    return StageReached("training", event.step, event.steps, text, eta_s=event.eta_s)


def _rows(finished: "FinishedRun") -> Iterator[Row]:
    yield Row("run", str(finished.folder), "bold")
    minutes, seconds = divmod(round(finished.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    yield Row("steps", f"{finished.steps} in {hours}:{minutes:02d}:{seconds:02d}")
    if finished.export:
        size = finished.export.size / 1e6
        yield Row("weights", f"{finished.weights} ({size:.1f} MB)")
        yield Row("sha256", finished.export.sha256)
