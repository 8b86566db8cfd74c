"""The loop of a run: draw, step, write down, and go on where it was stopped."""

import time
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor

from robust_matte_rvm.errors import DivergenceError, TrainingMemoryError
from robust_matte_rvm.training.batches import StepBatches, draw_ahead
from robust_matte_rvm.training.checkpoint import Checkpoint, save_checkpoint
from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.config import TrainConfig
from robust_matte_rvm.training.events import Listener, Trained
from robust_matte_rvm.training.journal import Journal
from robust_matte_rvm.training.objective import TERMS, Objective
from robust_matte_rvm.training.sample_sheet import Sample, write_sheet
from robust_matte_rvm.training.schedule import Schedule, StepPlace, learning_rate
from robust_matte_rvm.training.student import StudentOutput
from robust_matte_rvm.training.trained_model import TrainedModel
from robust_matte_rvm.training.validation import Validation

__all__ = ["Trainer"]

_SAMPLES = 4
_PROCESSOR = "DefaultCPUAllocator"  # all that torch says of who ran out of memory there


class Trainer:
    """A run at some step.

    Args:
        config: What it is told.
        folder: Where it writes; it must exist.
        acc: Where and how it runs.
        model: What is trained.
        objective: What is made small.
        batches: The clips of each step, from `step` on.
        validation: What it is held against.
        identity: What checkpoints say that it is.
        step: Steps that are done.
        seconds: How long they took.
        listener: Told of progress; in other processes than the first one it hears nothing.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: Path,
        acc: Accelerator,
        model: TrainedModel,
        objective: Objective,
        batches: StepBatches,
        validation: Validation,
        *,
        identity: dict[str, object],
        step: int,
        seconds: float,
        listener: Listener,
    ) -> None:
        self._config, self._folder, self._acc = config, folder, acc
        self._model, self._objective, self._validation = model, objective, validation
        self._batches, self._identity, self._listener = batches, identity, listener
        self._schedule = Schedule(config.stages)
        self._began = time.monotonic() - seconds
        self._first, self._first_at = step, time.monotonic()
        self._seen: dict[str, list[Tensor]] = {}
        self._loss: float | None = None
        self.step = step
        self._saved = step
        self._journal = Journal(folder, step) if acc.is_main_process else None

    @property
    def steps(self) -> int:
        """How many steps the run has."""
        return self._schedule.steps

    @property
    def seconds(self) -> float:
        """How long the steps so far took."""
        return time.monotonic() - self._began

    def run(self, is_stopped: Callable[[], bool]) -> bool:
        """Train until the end, or until it is stopped; either way the last step is kept.

        Args:
            is_stopped: Asked after each step; one process that is stopped stops all of them.

        Returns:
            Whether the run is at its end.

        Raises:
            DivergenceError: The numbers have run away; the last checkpoint is from before that.
            TrainingMemoryError: A step needs more memory than there is.
            RunFolderError: Something cannot be written.
            DataSetError: A clip cannot be read.
        """
        try:
            self._train_until(is_stopped)
        finally:
            if self._journal:
                self._journal.close()
        return self.step == self.steps

    def _train_until(self, is_stopped: Callable[[], bool]) -> None:
        pins = self._acc.device.type == "cuda"
        for clip in draw_ahead(self._batches, self._config.workers, pins=pins):
            place = self._schedule.place(self.step)
            try:
                self._train(place, clip)
            except (MemoryError, RuntimeError) as error:
                if not _is_memory(error):
                    raise
                raise TrainingMemoryError(
                    f"A step of the stage {place.stage.name} needs more memory than the "
                    f"{self._acc.device.type} device has.",
                    "Lower batch, frames or size of the stage; the last checkpoint is kept.",
                ) from error
            if self._agree(is_stopped()):
                break
        self._save()

    def _train(self, place: StepPlace, drawn: Clip) -> None:
        """Take one step, and whatever is due after it."""
        clip = Clip(*(planes.to(self._acc.device, non_blocking=True) for planes in drawn))
        view = place.view((clip.src.shape[3], clip.src.shape[4]))
        learns = place.stage.norms == "learn"
        said = self._model.matte(clip.src, view, refines=view is not None, norms_learn=learns)
        terms = self._objective.terms(place, clip, said)
        loss = sum(terms.values(), torch.zeros((), device=self._acc.device))
        if not self._model.learn(loss, place.stage, place.index):
            raise self._diverged(place, terms)
        self.step += 1
        for name, term in (terms | {"total": loss}).items():
            self._seen.setdefault(name, []).append(term.detach())
        self._after(place, clip, said)

    def _after(self, place: StepPlace, clip: Clip, said: StudentOutput) -> None:
        """Write down what is due."""
        config, is_last = self._config, self.step == self.steps
        if self._is_due(config.log_every) or is_last:
            self._write_losses(place)
        if self._is_due(config.sheet_every) or place.is_last:
            self._write_sheet(place, clip, said)
        if self._is_due(config.validate_every) or is_last:
            self._validate()
        if self._is_due(config.checkpoint_every):
            self._save()
        self._tell(place)

    def _is_due(self, every: int) -> bool:
        return self.step % every == 0

    def _agree(self, is_stopped: bool) -> bool:
        """Return whether any process is stopped, in all of them."""
        if self._acc.num_processes == 1:
            return is_stopped
        told = torch.tensor(float(is_stopped), device=self._acc.device)
        return bool(self._acc.reduce(told, reduction="sum") > 0)

    def _write_losses(self, place: StepPlace) -> None:
        """Write the means of the terms since the row before."""
        means = {name: float(torch.stack(seen).mean()) for name, seen in self._seen.items()}
        self._seen, self._loss = {}, means["total"]
        if self._journal:
            row: dict[str, float | str] = {
                "stage": place.stage.name,
                "rate": learning_rate(place.stage, place.index),
                "seconds": round(self.seconds, 1),
            }
            row |= {name: means.get(name, 0.0) for name in ("total", *TERMS)}
            self._journal.write("losses", self.step, row)

    def _write_sheet(self, place: StepPlace, clip: Clip, said: StudentOutput) -> None:
        if self._acc.is_main_process:
            name = f"{self.step:08d}_{place.stage.name}.png"
            is_mask = place.batch.objective == "segmentation"
            write_sheet(self._folder / "sheets" / name, _sample(clip, said, is_mask=is_mask))

    def _validate(self) -> None:
        if self._journal and len(self._validation):
            row = {"seconds": round(self.seconds, 1)}
            row |= self._validation.measure(self._model.averaged)
            self._journal.write("validation", self.step, row)

    def _save(self) -> None:
        """Keep the run as it is, unless that is done already."""
        if self._acc.is_main_process and self._saved != self.step:
            save_checkpoint(
                self._folder,
                Checkpoint(
                    step=self.step,
                    seconds=self.seconds,
                    identity=self._identity,
                    **self._model.states(),
                ),
            )
        self._saved = self.step

    def _tell(self, place: StepPlace) -> None:
        done = self._schedule.cost(self._first, self.step)
        to_go = self._schedule.cost(self.step, self.steps)
        eta_s = (time.monotonic() - self._first_at) * to_go / done
        self._listener(Trained(self.step, self.steps, place.stage.name, self._loss, eta_s))

    def _diverged(self, place: StepPlace, terms: dict[str, Tensor]) -> DivergenceError:
        listed = ", ".join(f"{name} {float(term.detach()):.3g}" for name, term in terms.items())
        return DivergenceError(
            f"At step {self.step + 1}, in the stage {place.stage.name}, the gradient is no number: "
            f"{listed}.",
            f"The checkpoint after step {self._saved} is kept. Lower the rate of the stage in a "
            "new run, or look for clips with odd values in the data.",
        )


def _is_memory(error: Exception) -> bool:
    """Return whether memory ran out; of the CPU's, torch has no class of its own."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or _PROCESSOR in str(error)


def _sample(clip: Clip, said: StudentOutput, *, is_mask: bool) -> list[Sample]:
    """Return the last frames of some clips."""
    if is_mask:
        fgr, pha = clip.src, said.seg.sigmoid()
    elif said.full is not None:
        fgr, pha = said.full[:, :, :3], said.full[:, :, 3:]
    else:
        fgr, pha = said.fgr, said.pha
    return [
        Sample(src=clip.src[at, -1], pha=clip.pha[at, -1], fgr=fgr[at, -1], said=pha[at, -1])
        for at in range(min(_SAMPLES, len(clip.src)))
    ]
