"""Bakes and previews that run: one warm worker, one line of orders, and what is told of each."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Order", "Phase", "Run", "Runs", "runs"]


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
    """One thing to make: a bake or a preview, of a node or of a strip.

    Attributes:
        key: Whose it is: the uid of a node group, or of a strip. One run a key.
        label: Its name, for messages: `node "Robust Matte"`.
        job: Called once the plate is there; returns the job document. May raise HostError.
        finish: Called on the main thread with the finished run, whose `manifest` says what was
            made; looks its datablocks up anew, wires them, and may raise HostError.
        render: Returns an iterator that renders the plate, a frame a step, and is closed when
            given up; None where the plate is there.
        frames: How many frames it renders, for the progress.
        preview: The plate's frame of a preview; None is a bake.
        quick: Whether the preview may be approximate.
        folder: Where a preview's files go.
    """

    key: str
    label: str
    job: Callable[[], dict[str, Any]]
    finish: Callable[[Run], None]
    render: Callable[[], Iterator[object]] | None = None
    frames: int = 0
    preview: int | None = None
    quick: bool = False
    folder: str | None = None


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
        manifest: What was made, in the worker's words.
    """

    order: Order
    phase: Phase = Phase.QUEUED
    text: str = ""
    factor: float = 0.0
    eta_s: float | None = None
    warnings: list[str] = field(default_factory=list)
    what: str = ""
    hint: str = ""
    code: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.phase in (Phase.DONE, Phase.CANCELLED, Phase.FAILED)


class Runs:
    """The line of orders, and the worker that is kept warm between them."""

    def start(self, order: Order) -> Run:
        """Take an order; it runs at once, or after those before it.

        Raises:
            HostError: The same node is baked or waits already.
        """
        raise NotImplementedError

    def of(self, key: str) -> Run | None:
        """Return the latest run of a node or strip, finished or not."""
        raise NotImplementedError

    def cancel(self, key: str) -> None:
        """Stop a run after the frame in work; one that waits is taken out of the line."""
        raise NotImplementedError

    def pump(self) -> bool:
        """Do one step, never waiting; return whether there is more to do."""
        raise NotImplementedError

    def finish(self, run: Run, say: Callable[[str], None] = print) -> None:
        """Wait until a run is over, telling its progress: for background mode.

        Raises:
            HostError: It failed or was cancelled.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End everything: runs are cancelled, the worker is gone when this returns."""
        raise NotImplementedError


runs = Runs()
