"""From what a job tells its listener to the events of the protocol."""

import threading
import time
from collections.abc import Callable

from robust_matte.jobs.overall import Overall
from robust_matte.jobs.progress import (
    Event,
    FrameWritten,
    Noted,
    PartReached,
    StageReached,
    Warned,
)
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.worker import events
from robust_matte.worker.events import Stage, StageName
from robust_matte.worker.texts import shown

__all__ = ["BEAT_S", "Teller"]

BEAT_S = 0.75
"""Seconds of silence after which the last stage is told again."""

_EVERY_S = 0.25  # between two events of one stage: often enough for a bar
_STAGES: dict[str, StageName] = {
    "loading": "loading",
    "fetching": "loading",
    "opening": "planning",
    "planning": "planning",
    "checking": "planning",
    "warming up": "warming",
    "rolling": "warming",
    "showing": "writing",
    "hinting": "writing",
    "reviewing": "writing",
}
_UNSAID = {"warming up": "for ", "rolling": "from "}  # stages whose text only goes on from the name


class Teller:
    """A listener that tells a host; warnings may come from any thread, the rest from the job's.

    Where the job does not look for a stop by itself, as while it plans, this does at each step.

    Args:
        job: What the host calls the job.
        say: Sends an event.
        stop: Ends the job.
        work: The stage that the job is about, for `Overall`.

    Attributes:
        notes: What was taken where nothing was asked.
        warnings: What was unexpected.
    """

    def __init__(
        self,
        job: str,
        say: Callable[[events.Event], None],
        stop: StopRequest,
        work: str = "keying",
    ) -> None:
        self._job = job
        self._say = say
        self._stop = stop
        self._overall = Overall(work)
        self._lock = threading.RLock()
        self._stage = Stage(
            id=job, stage="planning", done=0, total=0, text="starting", percent=0.0, eta_s=None
        )
        self._said_s = 0.0
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def begin(self) -> None:
        """Say that the job has begun."""
        with self._lock:
            self._tell(self._stage)

    def __call__(self, event: Event) -> None:
        """Take an event of the job.

        Raises:
            Cancelled: The job is to end, and does not look for itself.
            Preempted: Likewise.
        """
        with self._lock:
            match event:
                case Noted():
                    self.notes.append(event.text)
                case Warned():
                    self.warnings.append(event.text)
                    self._tell(events.Warned(id=self._job, text=shown(event.text)))
                case FrameWritten():
                    self._tell_frame(event)
                case StageReached() | PartReached():
                    self._reach(event)
        if isinstance(event, StageReached | PartReached) and not self._stop.is_heeded:
            self._stop.heed()

    def beat(self) -> None:
        """Say the last stage again, if nothing has been said for a while."""
        with self._lock:
            if time.monotonic() - self._said_s >= BEAT_S:
                self._tell(self._stage)

    def _reach(self, event: StageReached | PartReached) -> None:
        percent, before = round(self._overall.take(event), 2), self._stage
        self._stage = self._reached(event, percent)
        is_new = (self._stage.stage, self._stage.text) != (before.stage, before.text)
        is_last = event.done == event.total > 0
        if is_new or is_last or time.monotonic() - self._said_s >= _EVERY_S:
            self._tell(self._stage)

    def _reached(self, event: StageReached | PartReached, percent: float) -> Stage:
        stage, text, eta_s = self._stage.stage, event.text, None
        if isinstance(event, StageReached):
            stage, eta_s = _STAGES.get(event.stage, "planning"), event.eta_s
            text = event.text or event.stage
            if text.startswith(_UNSAID.get(event.stage, "\n")):
                text = f"{event.stage} {text}"
        return Stage(
            id=self._job,
            stage=stage,
            done=event.done,
            total=event.total,
            text=shown(text),
            percent=percent,
            eta_s=eta_s,
        )

    def _tell_frame(self, event: FrameWritten) -> None:
        percent = round(self._overall.take(event), 2)
        self._stage = Stage(
            id=self._job,
            stage="keying",
            done=event.done,
            total=event.total,
            text=f"keying, after frame {event.number}",
            percent=percent,
            eta_s=event.eta_s,
        )
        self._tell(
            events.Frame(
                id=self._job,
                number=event.number,
                done=event.done,
                total=event.total,
                fps=round(event.fps, 3),
                eta_s=round(event.eta_s, 2),
                percent=percent,
                files=tuple(map(str, event.files)),
                reset=event.reset,
            )
        )

    def _tell(self, event: events.Event) -> None:
        self._said_s = time.monotonic()
        self._say(event)
