"""What a worker tells its host, as frozen dataclasses; they print as a line for a log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Cancelled",
    "Done",
    "Ended",
    "Event",
    "Failed",
    "Frame",
    "Ready",
    "Stage",
    "Warned",
    "how_it_ended",
    "is_last",
]


class Event:
    """Anything that `Worker.poll` returns.

    A job ends with exactly one of `Done`, `Cancelled` and `Failed`, also where its worker dies.
    """

    def __repr__(self) -> str:
        """Return what a log should show: the kind, the job and what matters."""
        job = getattr(self, "id", None)
        of_job = f" {job}" if job else ""
        return f"<{type(self).__name__}{of_job}: {self._told()}>"

    def _told(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Ready(Event):
    """The worker takes jobs.

    Attributes:
        version: The engine's version.
        protocols: Versions of the protocol that it speaks.
        devices: What it could work on, each with `name` and `label`.
        models: What it could work with, each with `name` and `present`.
    """

    version: str
    protocols: tuple[int, ...]
    devices: tuple[Mapping[str, Any], ...] = ()
    models: tuple[Mapping[str, Any], ...] = ()

    def _told(self) -> str:
        devices = ", ".join(str(device.get("name")) for device in self.devices)
        return f"version {self.version}, {devices or 'no device'}"


@dataclass(frozen=True, repr=False)
class Stage(Event):
    """How far a job is; comes at least every 2 s.

    Attributes:
        id: The job.
        stage: loading, planning, warming, keying or writing.
        done: Steps of this stage that are done.
        total: Steps of this stage; 0 where that is not known.
        text: What is being done, for people.
        percent: How much of the whole job is done, 0 to 100; None where that is not known.
        eta_s: Seconds until the whole job is done, likewise.
    """

    id: str | None
    stage: str
    done: int = 0
    total: int = 0
    text: str = ""
    percent: float | None = None
    eta_s: float | None = None

    def _told(self) -> str:
        return f"{self.stage} {self.done}/{self.total}{_share(self.percent)} {self.text}".rstrip()


@dataclass(frozen=True, repr=False)
class Frame(Event):
    """A frame is written.

    Attributes:
        id: The job.
        number: The plate's frame number.
        done: Frames done.
        total: Frames of the job.
        fps: Frames a second, or None where too few are done to say.
        eta_s: Seconds until the job is done, likewise.
        percent: How much of the whole job is done, 0 to 100.
        files: What was written, as absolute paths.
        reset: Why the network's state was dropped before this frame, or None.
    """

    id: str | None
    number: int
    done: int
    total: int
    fps: float | None = None
    eta_s: float | None = None
    percent: float | None = None
    files: tuple[str, ...] = ()
    reset: str | None = None

    def _told(self) -> str:
        rate = "" if self.fps is None else f", {self.fps:.2f} fps"
        left = "" if self.eta_s is None else f", {self.eta_s:.0f} s left"
        return f"{self.number}, {self.done}/{self.total}{_share(self.percent)}{rate}{left}"


@dataclass(frozen=True, repr=False)
class Warned(Event):
    """Something that an artist should know; the job goes on.

    Attributes:
        id: The job, or None where it is about none.
        text: The warning.
    """

    id: str | None
    text: str

    def _told(self) -> str:
        return self.text


@dataclass(frozen=True, repr=False)
class Done(Event):
    """A job is finished.

    Attributes:
        id: The job.
        manifest: What it made. Of a bake: outputs (a pattern by layer), frames, written, kept,
            held, black, segments, model, weights, job_folder, approximate, warnings, notes,
            seconds. Of a preview: files (by layer), frame, approximate, rolled, seconds. Of a
            probe: machine, plate.
    """

    id: str | None
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def _told(self) -> str:
        known = (key for key in ("frames", "frame") if key in self.manifest)
        about = [f"{key} {self.manifest[key]}" for key in known]
        return ", ".join(about) or "done"


@dataclass(frozen=True, repr=False)
class Cancelled(Event):
    """A job was cancelled.

    Attributes:
        id: The job.
        resumable: Whether the same job goes on where it stopped.
        what: How far it came, for people.
        hint: How to go on.
    """

    id: str | None
    resumable: bool = True
    what: str = ""
    hint: str = ""

    def _told(self) -> str:
        return _sentences(self.what, self.hint) or "cancelled"


@dataclass(frozen=True, repr=False)
class Failed(Event):
    """A job failed, or, without a job, the worker or what it says.

    Attributes:
        id: The job, or None.
        code: settings, input, missing_frames, model, output, host, preempted, internal, busy or
            protocol.
        what: What is wrong, for people.
        hint: The way out.
        frame: The frame number it is about, or None.
        tail: Last lines of the worker's stderr, where it died.
    """

    id: str | None
    code: str
    what: str
    hint: str = ""
    frame: int | None = None
    tail: tuple[str, ...] = ()

    def _told(self) -> str:
        at = "" if self.frame is None else f" at frame {self.frame}"
        return f"{self.code}{at}: {_sentences(self.what, self.hint)}"


@dataclass(frozen=True, repr=False)
class Ended(Event):
    """The process is gone; nothing comes after this.

    Attributes:
        code: Its exit code, negative for a signal; None where nobody could learn it.
        tail: Last lines of its stderr, at most 20.
        asked: Whether the host had asked it to leave.
    """

    code: int | None
    tail: tuple[str, ...] = ()
    asked: bool = False

    def _told(self) -> str:
        last = f": {self.tail[-1]}" if self.tail and not self.asked else ""
        return f"{how_it_ended(self.code)}{', as asked' if self.asked else ''}{last}"


def is_last(event: Event) -> bool:
    """Return whether an event is the last one of its job."""
    return isinstance(event, (Done, Cancelled, Failed)) and event.id is not None


def how_it_ended(code: int | None) -> str:
    """Return an exit code in words."""
    if code is None:
        return "with an exit code that is not known"
    if code >= 0:
        return f"with exit code {code}"
    why = ", as the system does where memory runs out" if code == -9 else ""
    return f"killed by signal {-code}{why}"


def _share(percent: float | None) -> str:
    return "" if percent is None else f", {percent:.1f} %"


def _sentences(*texts: str) -> str:
    return " ".join(text for text in texts if text)
