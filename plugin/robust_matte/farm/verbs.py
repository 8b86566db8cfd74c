"""The program's verbs on a farm as words of a command line, for every engine the same."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from robust_matte.farm.farm_job import FarmJob
from robust_matte.farm.farm_plan import PLAN_NAME
from robust_matte.farm.plan_parameters import is_file

__all__ = ["Manner", "Places", "as_shell", "bin_task", "places_of", "planned", "segment_task"]


def bin_task(number: object, bins: object) -> tuple[str, str]:
    """Return the words for a bin, whose number counts from 1."""
    return "--bin", f"{number}/{bins}"


def segment_task(shot: str, index: int) -> tuple[str, str]:
    """Return the words for a segment of a shot."""
    return "--segment", f"{shot}:{index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an engine wants its tasks to speak and to end.

    Attributes:
        progress: The dialect of progress lines.
        on_term: How a task ends after SIGTERM: `exit75`, or by the `signal`.
    """

    progress: str
    on_term: str = "exit75"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things are, in an engine's own spelling, and how tasks behave there.

    Attributes:
        plates: The root `plates`.
        out: The root `out`.
        device: What the network runs on; `auto` is not written, so that it can be added.
        manner: How tasks speak and end.
        weights: The weights' file, or None where they are found by their name.
    """

    plates: str
    out: str
    device: str
    manner: Manner
    weights: str | None = None

    @property
    def plan(self) -> str:
        """The plan's file."""
        return f"{self.out}/{PLAN_NAME}"

    def plan_words(
        self, plate: str, bins: str, split: str | None, options: Sequence[str]
    ) -> list[str]:
        """Return the words of `plan`: what is keyed, into how many bins, and how."""
        splitting = ["--split", f"states:{split}"] if split else []
        return [
            *("plan", f"{self.plates}/{plate}", "--output", self.out),
            *("--root", f"plates={self.plates}", "--bins", bins),
            *splitting,
            *options,
            "--offline",
            *self._manners,
        ]

    def states_words(self, task: Sequence[str]) -> list[str]:
        """Return the words of `states` for one bin: for the segments that begin in it."""
        return ["states", self.plan, *task, *self._roots, *self._running]

    def key_words(self, task: Sequence[str]) -> list[str]:
        """Return the words of `key` for one bin or segment, such as `--bin 3`."""
        return ["key", "--plan", self.plan, *task, *self._roots, *self._running]

    def check_words(self) -> list[str]:
        """Return the words of `check`."""
        return ["check", self.plan, *self._roots, "--progress", self.manner.progress]

    @property
    def _roots(self) -> list[str]:
        return ["--root", f"plates={self.plates}", "--root", f"out={self.out}"]

    @property
    def _running(self) -> list[str]:
        weights = ["--model", self.weights] if self.weights else []
        device = ["--device", self.device] if self.device != "auto" else []
        return [*weights, *device, "--offline", *self._manners]

    @property
    def _manners(self) -> list[str]:
        return ["--progress", self.manner.progress, "--on-term", self.manner.on_term]


def places_of(job: FarmJob, manner: Manner) -> Places:
    """Return the places of a job for an engine that takes them as they are."""
    return Places(
        plates=job.plates,
        out=job.out,
        device=job.machine.device,
        manner=manner,
        weights=job.model if is_file(job.model) else None,
    )


def planned(job: FarmJob, places: Places) -> list[str]:
    """Return the words of `plan` for a job whose values are settled."""
    split = str(job.split) if job.split else None
    options = ["--model", job.model, *job.option_words]
    return [*job.program, *places.plan_words(job.plate, str(job.bins), split, options)]


def as_shell(words: Sequence[str]) -> str:
    """Return words as one line for a POSIX shell."""
    return shlex.join(words)
