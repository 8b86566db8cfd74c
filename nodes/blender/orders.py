"""What is asked of the worker, and what is told of it while it runs."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Order", "Phase", "Run"]


class Phase(enum.Enum):
    """Where a run is; the last three are ends."""

    QUEUED = "queued"
    RENDERING = "rendering"  # the plate, out of the comp or the timeline
    STARTING = "starting"  # the worker
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class Order:
    """One thing to make: a bake or a preview, of a node or of a strip; or a test of the worker.

    Attributes:
        key: Whose it is: the uid of a node group, or of a strip. One run a key.
        label: Its name, for messages: `node "Robust Matte"`.
        job: Called once the plate is there and the worker is known; returns the job document. May
            raise HostError. None asks only whether the worker starts.
        finish: Called on the main thread when the worker is done: looks its datablocks up anew
            and wires what the run's `manifest` says was made. May raise HostError.
        render: Returns an iterator that renders the plate, a frame a step, and is closed when
            given up; None where the plate is there.
        frames: How many frames it renders, for the progress.
        preview: The plate's frame of a preview; None is a bake.
        scene_frame: The scene's frame that the preview is for, where it is known.
        quick: Whether the preview may be approximate.
        folder: Where a preview's files go; called after `job`.
        again: Called where the worker refuses the job's folder because another job is in it: says
            whether `job` has another one to try.
        ended: Called whenever the run is over, however it ended, after `finish`.
    """

    key: str
    label: str
    job: Callable[[Run], dict[str, Any]] | None
    finish: Callable[[Run], None]
    render: Callable[[], Iterator[object]] | None = None
    frames: int = 0
    preview: int | None = None
    scene_frame: int | None = None
    quick: bool = False
    folder: Callable[[], str] | None = None
    again: Callable[[], bool] | None = None
    ended: Callable[[Run], None] | None = None


@dataclass
class Run:
    """An order that was taken, and all that a panel shows of it.

    Attributes:
        order: What is made.
        phase: Where it is.
        text: The same in words.
        factor: How much is done, 0 to 1.
        eta_s: Seconds that are left, or None where that is not known yet.
        warnings: What the source and the worker warn of.
        what: What went wrong, one sentence.
        hint: The way out.
        code: The worker's word for it.
        details: Last lines of a worker that died.
        worker: What the worker said of itself: version, devices and models.
        manifest: What was made, in the worker's words; of a test, the same as `worker`.
    """

    order: Order
    phase: Phase = Phase.QUEUED
    text: str = "Waits for the run before it"
    factor: float = 0.0
    eta_s: float | None = None
    warnings: list[str] = field(default_factory=list)
    what: str = ""
    hint: str = ""
    code: str = ""
    details: tuple[str, ...] = ()
    worker: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.phase in (Phase.DONE, Phase.CANCELLED, Phase.FAILED)

    def warn(self, text: str) -> None:
        """Keep a warning, once."""
        if text and text not in self.warnings:
            self.warnings.append(text)

    def progress(self, text: str, percent: float | None, eta_s: float | None) -> None:
        """Keep how far it is; the bar never goes back."""
        self.text = text or self.text
        if percent is not None:
            self.factor = max(self.factor, min(percent / 100, 1.0))
        self.eta_s = eta_s

    def end(self, phase: Phase, what: str, hint: str = "", code: str = "") -> None:
        """Keep how it ended."""
        self.phase, self.code, self.eta_s = phase, code, None
        if phase is Phase.DONE:
            self.factor, self.text = 1.0, what
            return
        self.what, self.hint = what, hint
        self.text = what
