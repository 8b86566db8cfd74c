"""What is trained, with its optimiser and the running mean of its weights."""

from collections.abc import Mapping
from typing import Any, cast, get_args

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from robust_matte_rvm.network import MattingNetwork
from robust_matte_rvm.training.config import Part, StageConfig
from robust_matte_rvm.training.schedule import learning_rate
from robust_matte_rvm.training.student import Student, StudentOutput

__all__ = ["TrainedModel"]

_MOST_GRADIENT = 1.0
_PARTS = get_args(Part)
_PROJECTIONS = "project_"  # small, and of the decoder: RVM trains them at its rate


class TrainedModel:
    """A student on its device, and all that changes with it from step to step.

    Args:
        student: Fresh, on the CPU.
        acc: Where and how it is trained.
        weight_decay: Of AdamW, for convolutions alone.
        average: How much of the running mean stays at each step.
    """

    def __init__(
        self, student: Student, acc: Accelerator, *, weight_decay: float, average: float
    ) -> None:
        self._acc = acc
        self._network = student.network
        student.to(acc.device)
        student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        groups = _group(student, weight_decay)
        optimizer = torch.optim.AdamW(groups, lr=0.0)
        self._average = AveragedModel(
            student.network,
            multi_avg_fn=get_ema_multi_avg_fn(average),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
        self._student, self._optimizer = acc.prepare(student, optimizer)

    @property
    def averaged(self) -> MattingNetwork:
        """The running mean: what is validated and exported, in eval mode."""
        return cast(MattingNetwork, self._average.module.eval())

    def matte(
        self, src: Tensor, view: tuple[int, int] | None, *, refines: bool, norms_learn: bool = True
    ) -> StudentOutput:
        """Matte clips while training; see `Student`.

        Args:
            src: As there.
            view: As there.
            refines: As there.
            norms_learn: Whether batches are normalised by their own statistics, which are learned.
        """
        self._student.train()
        if not norms_learn:
            for module in self._student.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        said: StudentOutput = self._student(src, view, refines)
        return said

    def learn(self, loss: Tensor, stage: StageConfig, index: int) -> bool:
        """Take a step down the gradient, unless that is no number.

        Args:
            loss: Shape ().
            stage: Whose learning rates are taken.
            index: Steps of the stage before this one.

        Returns:
            Whether the step was taken; the same in all processes, whose gradients are one.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(stage, index, group["part"])
        self._acc.backward(loss)
        norm = self._acc.clip_grad_norm_(self._student.parameters(), _MOST_GRADIENT)
        is_sound = norm is None or bool(torch.isfinite(norm))
        if is_sound:
            self._optimizer.step()
            self._average.update_parameters(self._network)
        self._optimizer.zero_grad(set_to_none=True)
        return is_sound

    def states(self) -> dict[str, dict[str, Any]]:
        """Return all that a checkpoint needs, by name."""
        return {
            "student": self._acc.unwrap_model(self._student).state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": self._average.state_dict(),
        }

    def restore(
        self,
        student: Mapping[str, Any],
        optimizer: Mapping[str, Any],
        average: Mapping[str, Any],
    ) -> None:
        """Take over what `states` gave."""
        self._acc.unwrap_model(self._student).load_state_dict(student)
        self._optimizer.load_state_dict(optimizer)
        self._average.load_state_dict(average)


def _group(student: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return the optimiser's groups: each part, its convolutions apart from norms and biases."""
    groups: dict[tuple[Part | None, bool], list[nn.Parameter]] = {}
    for name, parameter in student.named_parameters():
        groups.setdefault((_part(name), parameter.ndim > 1), []).append(parameter)
    return [
        {"params": found, "part": part, "weight_decay": weight_decay if is_decayed else 0.0}
        for (part, is_decayed), found in groups.items()
    ]


def _part(name: str) -> Part | None:
    """Return the part of the network that a parameter is of; None for a student's own."""
    owner, inner, *_ = name.split(".")
    if owner == "network" and inner.startswith(_PROJECTIONS):
        return "decoder"
    return next((part for part in _PARTS if (owner, inner) == ("network", part)), None)
