"""A run from its configuration to its weights: opening, going on, handing out."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs

from robust_matte_rvm.checkpoints import load_network
from robust_matte_rvm.encoder_weights import load_encoder
from robust_matte_rvm.errors import RunFolderError, TrainConfigError
from robust_matte_rvm.network import MattingNetwork
from robust_matte_rvm.training.batches import StepBatches
from robust_matte_rvm.training.checkpoint import find_checkpoint
from robust_matte_rvm.training.clips import ClipSource
from robust_matte_rvm.training.config import TrainConfig
from robust_matte_rvm.training.data_config import FootageData
from robust_matte_rvm.training.events import Listener, Noted, Prepared, Warned, silent
from robust_matte_rvm.training.export import Export, export_network
from robust_matte_rvm.training.identity import check_identity, file_sha256, identify
from robust_matte_rvm.training.labels import RememberingTeacher
from robust_matte_rvm.training.objective import Objective
from robust_matte_rvm.training.run_folder import (
    LABELS,
    WEIGHTS,
    check_folder,
    claim_folder,
    unwritten,
)
from robust_matte_rvm.training.schedule import Schedule
from robust_matte_rvm.training.sources import open_source
from robust_matte_rvm.training.student import Student
from robust_matte_rvm.training.teacher import Teacher
from robust_matte_rvm.training.trained_model import TrainedModel
from robust_matte_rvm.training.trainer import Trainer
from robust_matte_rvm.training.validation import Validation
from robust_matte_rvm.training.validation_clips import collect_clips

__all__ = ["FinishedRun", "Run"]

_PATIENCE = timedelta(days=1)  # that others wait for the first one, which asks the teacher


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """What came of a run.

    Attributes:
        folder: Where everything is.
        steps: How many steps were taken, in all.
        seconds: How long they took, in all.
        weights: The file of the weights; None in other processes than the first one.
        export: What became of the weights there; likewise.
    """

    folder: Path
    steps: int
    seconds: float
    weights: Path | None
    export: Export | None


class Run:
    """A run that is opened: begun, or found where it was stopped.

    Where `torchrun` or `accelerate launch` has started several processes, each opens the same run;
    the first one writes and tells, the others do neither.

    Args:
        config: What it is told.
        folder: Where it writes.
        device: `auto` takes CUDA where there is some, `cpu` never does.
        threads: Of each process on the CPU; 0 leaves torch's own choice.
        file: The configuration's file, a copy of which is kept.
        listener: Told of progress.
        open_data: Opens a data set; see `open_source`.

    Attributes:
        model: What is trained.

    Raises:
        TrainConfigError: `start` is of another network.
        CheckpointError: `start` or `teacher` cannot be used.
        DataSetError: A data set cannot be used.
        RunFolderError: The folder is not this run's, or cannot be written.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: Path,
        *,
        device: str = "auto",
        threads: int = 0,
        file: Path | None = None,
        listener: Listener = silent,
        open_data: Callable[..., ClipSource] = open_source,
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        self._config, self._folder = config, folder
        check_folder(folder)
        self._acc = _accelerate(config, device)
        self._listener = listener if self._acc.is_main_process else silent
        self._open_data = open_data
        _check_workers(config, self._acc.device)
        self._identity = identify(config, self._acc.num_processes)
        checkpoint = find_checkpoint(folder, self._listener) if folder.exists() else None
        step = checkpoint.step if checkpoint else 0
        if checkpoint:
            begun = _begun(folder, config, step)
            check_identity(folder, checkpoint.identity, self._identity, begun)
            self._listener(Noted(f"The run goes on after step {step}."))
        if self._acc.is_main_process:
            claim_folder(folder, self._identity, file.read_bytes() if file else None)
        torch.manual_seed(config.seed)
        network, self._started_refining = _make_network(config)
        teacher = self._open_teacher()
        model = self._make_model(network, teacher)
        if checkpoint:
            model.restore(checkpoint.student, checkpoint.optimizer, checkpoint.average)
        self.model = model
        self._trainer = self._make_trainer(
            model, teacher, step, checkpoint.seconds if checkpoint else 0.0
        )

    @property
    def device(self) -> str:
        """Where it runs, such as `cpu` or `cuda`."""
        return str(self._acc.device.type)

    @property
    def processes(self) -> int:
        """How many processes train together."""
        return int(self._acc.num_processes)

    @property
    def step(self) -> int:
        """Steps that are done."""
        return self._trainer.step

    def train(self, is_stopped: Callable[[], bool] = lambda: False) -> FinishedRun | None:
        """Train to the end and hand out the weights.

        Args:
            is_stopped: Asked after each step.

        Returns:
            What came of it; None where it was stopped before the end. The same run opened again
            goes on.

        Raises:
            DivergenceError: The numbers have run away.
            CheckpointError: Half precision cannot hold the weights.
            DataSetError: A clip cannot be read.
            RunFolderError: Something cannot be written.
        """
        if not self._trainer.run(is_stopped):
            return None
        is_main = self._acc.is_main_process
        export = self._export() if is_main else None
        self._acc.end_training()
        return FinishedRun(
            folder=self._folder,
            steps=self._trainer.step,
            seconds=self._trainer.seconds,
            weights=self._folder / WEIGHTS if is_main else None,
            export=export,
        )

    def _open_teacher(self) -> Teacher | None:
        if self._config.teacher is None:
            return None
        return RememberingTeacher(self._config.teacher, self._acc.device, self._folder / LABELS)

    def _make_model(self, network: MattingNetwork, teacher: Teacher | None) -> TrainedModel:
        channels: tuple[int, ...] | None = teacher.channels if teacher else None
        if teacher and any(stage.hidden for stage in self._config.stages):
            channels = (*teacher.channels, teacher.hidden_channels)
        return TrainedModel(
            Student(network, channels),
            self._acc,
            weight_decay=self._config.weight_decay,
            average=self._config.average,
        )

    def _make_trainer(
        self, model: TrainedModel, teacher: Teacher | None, step: int, seconds: float
    ) -> Trainer:
        config, acc = self._config, self._acc
        with acc.main_process_first():  # who asks the teacher; the others remember
            sources = {name: self._open(name, teacher) for name in config.data}
            clips = collect_clips(config, sources, teacher) if acc.is_main_process else []
        validation = Validation(clips, config.validation.view, acc.device)
        batches = StepBatches(
            Schedule(config.stages), sources, seed=config.seed, rank=acc.process_index, first=step
        )
        return Trainer(
            config,
            self._folder,
            acc,
            model,
            Objective(teacher),
            batches,
            validation,
            identity=self._identity,
            step=step,
            seconds=seconds,
            listener=self._listener,
        )

    def _open(self, name: str, teacher: Teacher | None) -> ClipSource:
        self._listener(Prepared(f"the data set {name}"))
        return self._open_data(name, self._config.data[name], teacher)

    def _export(self) -> Export:
        """Write the weights of the running mean."""
        config, file = self._config, self._folder / WEIGHTS
        words = {"seed": str(config.seed), "steps": str(self._trainer.step)}
        for role, weights in (
            ("start", config.start),
            ("encoder", config.encoder),
            ("teacher", config.teacher),
        ):
            if weights:  # not its path, which is nobody's business where the weights go
                words[role] = f"sha256 {file_sha256(weights)}"
        refines = self._started_refining or _refines(config)
        if not refines:
            self._listener(
                Warned("No stage has trained the deep guided filter: the weights are without it.")
            )
        try:
            return export_network(self.model.averaged, file, words | config.words, refines=refines)
        except OSError as error:
            raise unwritten(file, error) from error


def _accelerate(config: TrainConfig, device: str) -> Accelerator:
    """Return where and how to run; on the CPU alone it has to be asked for."""
    on_cpu = device == "cpu" or not torch.cuda.is_available()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of drivers, and of threads that nobody set
        return Accelerator(
            cpu=on_cpu,
            mixed_precision=config.precision,
            kwargs_handlers=[
                # The refiner and the segmentation head have no part in some passes.
                DistributedDataParallelKwargs(find_unused_parameters=True),
                InitProcessGroupKwargs(timeout=_PATIENCE),
            ],
        )


def _begun(folder: Path, config: TrainConfig, step: int) -> int:
    """Return how many stages a run has begun."""
    schedule = Schedule(config.stages)
    if step > schedule.steps:
        raise RunFolderError(
            f"The run in {folder} has {step} steps already, more than the {schedule.steps} that "
            "the configuration asks for.",
            "Set the stages back to go on; or name another folder with --out, to begin anew.",
        )
    return schedule.begun(step)


def _make_network(config: TrainConfig) -> tuple[MattingNetwork, bool]:
    """Return the network with weights of `start` and `encoder` as far as they go, else drawn ones.

    Beside it, whether `start` has a deep guided filter.
    """
    network, refines = MattingNetwork(config.variant), False
    if config.start:
        loaded = load_network(config.start)
        if loaded.variant != config.variant:
            raise TrainConfigError(
                f"{config.start} is a network {loaded.variant}, {config.variant} is to be trained.",
                f'Write variant = "{loaded.variant}", or name other weights to start with.',
            )
        network.load_state_dict(loaded.network.state_dict(), strict=False)
        refines = loaded.refiner == "deep_guided_filter"
    if config.encoder:
        load_encoder(network.backbone, config.encoder)
    return network, refines


def _check_workers(config: TrainConfig, device: torch.device) -> None:
    """Raise TrainConfigError where a teacher would be asked by processes that have no card."""
    if device.type == "cpu" or not config.workers:
        return
    for name, data in config.data.items():
        if isinstance(data, FootageData):
            raise TrainConfigError(
                f"The data set {name} is matted on the {device.type} device while clips are drawn, "
                f"which the {config.workers} workers cannot do.",
                "Write workers = 0, or key the footage first and make it a data set of mattes.",
            )


def _refines(config: TrainConfig) -> bool:
    """Return whether any pass trains the refiner."""
    return any(
        stage.find_pass(name).view is not None for stage in config.stages for name in stage.order
    )
