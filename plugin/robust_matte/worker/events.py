"""What the worker says to a host: one JSON object a line.

Later versions of the program may add keys to events within version 1 of the protocol; hosts pass
over those that they do not know.
"""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

__all__ = [
    "EVENTS",
    "BakeManifest",
    "Cancelled",
    "Code",
    "Device",
    "Done",
    "Event",
    "Failed",
    "Frame",
    "Manifest",
    "Model",
    "PreviewManifest",
    "PreviewSeconds",
    "ProbeManifest",
    "Ready",
    "Stage",
    "StageName",
    "Warned",
    "event_line",
]

StageName = Literal["loading", "planning", "warming", "keying", "writing"]
Code = Literal[
    "settings",
    "input",
    "missing_frames",
    "model",
    "output",
    "host",
    "preempted",
    "internal",
    "busy",
    "protocol",
]

_STRICT = ConfigDict(frozen=True, extra="forbid")


class Device(BaseModel):
    """What a network can run on here.

    Attributes:
        name: What a job's `device` takes.
        label: What people call it.
    """

    model_config = _STRICT
    name: str
    label: str


class Model(BaseModel):
    """Weights that are known by name.

    Attributes:
        name: What a job's `model` takes.
        present: Whether they are here; others are fetched when a job names them.
    """

    model_config = _STRICT
    name: str
    present: bool


class BakeManifest(BaseModel):
    """What a bake made.

    Attributes:
        outputs: The files of each layer, in full, with #### for the frame number.
        frames: Which frames the job was to write, such as `1001-1040`.
        written: Frames written in this run.
        kept: Frames that were right already.
        held: Those written that repeat the frame before a hole of the plate.
        black: Those written that are transparent black, for a hole.
        segments: Segments of the plate.
        model: The network, such as `mobilenetv3`.
        weights: sha256 of its weights.
        job_folder: The folder with plan, checkpoints and records, in full.
        approximate: Whether frames differ from those of the whole plate's run.
        warnings: What was unexpected, in the order it was told.
        notes: What was taken where nothing was asked.
        seconds: From start to end.
    """

    model_config = _STRICT
    outputs: dict[str, str]
    frames: str
    written: int
    kept: int
    held: int
    black: int
    segments: int
    model: str
    weights: str
    job_folder: str
    approximate: bool
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float


class PreviewSeconds(BaseModel):
    """Where the time of a preview went, in seconds.

    Attributes:
        plan: Opening and planning the plate, loading the model.
        roll: Feeding the frames before it.
        key: Decoding and keying the frame itself.
        write: Finishing and writing it.
    """

    model_config = _STRICT
    plan: float
    roll: float
    key: float
    write: float


class PreviewManifest(BaseModel):
    """What a preview made.

    Attributes:
        files: The file of each layer, in full.
        frame: The frame, in the plate's own numbers.
        approximate: Whether it differs from the bake's frame.
        rolled: Frames that were fed for the state alone.
        seconds: Where the time went.
        warnings: What was unexpected, in the order it was told.
        notes: What was taken where nothing was asked.
    """

    model_config = _STRICT
    files: dict[str, str]
    frame: int
    approximate: bool
    rolled: int
    seconds: PreviewSeconds
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ProbeManifest(BaseModel):
    """What was found.

    Attributes:
        machine: The machine and the program.
        plate: The plate of the job, as `robust-matte info --json` prints it, or None.
    """

    model_config = _STRICT
    machine: dict[str, Any]
    plate: dict[str, Any] | None


Manifest = BakeManifest | PreviewManifest | ProbeManifest


class Ready(BaseModel):
    """The first event: the worker takes messages from now on."""

    model_config = _STRICT
    v: Literal[1] = 1
    event: Literal["ready"] = "ready"
    version: str
    protocols: tuple[int, ...]
    devices: tuple[Device, ...]
    models: tuple[Model, ...]


class Stage(BaseModel):
    """Work of one kind goes on; at least every two seconds while there is a job.

    Attributes:
        id: The job.
        stage: What kind.
        done: Finished units of what `text` names.
        total: Units in all; 0 where that is unknown.
        text: What is being done, for people.
        percent: How far the whole job is, from 0 to 100, and never back.
        eta_s: Seconds to go; None where nobody knows.
    """

    model_config = _STRICT
    v: Literal[1] = 1
    event: Literal["stage"] = "stage"
    id: str
    stage: StageName
    done: int
    total: int
    text: str
    percent: float
    eta_s: float | None


class Frame(BaseModel):
    """A frame is complete under its final name.

    Attributes:
        id: The job.
        number: The frame, in the plate's own numbers.
        done: Frames finished in this run.
        total: Frames to finish in this run.
        fps: Frames a second since the first one.
        eta_s: Seconds to go.
        percent: How far the whole job is.
        files: Its files, in full.
        reset: Why the state was dropped before it, or None.
    """

    model_config = _STRICT
    v: Literal[1] = 1
    event: Literal["frame"] = "frame"
    id: str
    number: int
    done: int
    total: int
    fps: float
    eta_s: float
    percent: float
    files: tuple[str, ...]
    reset: str | None


class Warned(BaseModel):
    """Something was unexpected, and the work goes on."""

    model_config = _STRICT
    v: Literal[1] = 1
    event: Literal["warning"] = "warning"
    id: str | None
    text: str


class Done(BaseModel):
    """A job went well."""

    model_config = _STRICT
    v: Literal[1] = 1
    event: Literal["done"] = "done"
    id: str
    manifest: Manifest


class Cancelled(BaseModel):
    """A job was told to end, and did.

    Attributes:
        id: The job.
        resumable: Whether the same job goes on from here.
        what: One sentence.
        hint: One sentence with what becomes of it.
    """

    model_config = _STRICT
    v: Literal[1] = 1
    event: Literal["cancelled"] = "cancelled"
    id: str
    resumable: bool
    what: str
    hint: str


class Failed(BaseModel):
    """A job, or a line, came to nothing; the worker takes the next one.

    Attributes:
        id: The job; None where a line was none, or none that could be told.
        code: Whose fault it is.
        what: One sentence naming the thing and its values.
        hint: One sentence with the way out.
        frame: The frame concerned, or None.
    """

    model_config = _STRICT
    v: Literal[1] = 1
    event: Literal["failed"] = "failed"
    id: str | None
    code: Code
    what: str
    hint: str
    frame: int | None = None


Event = Ready | Stage | Frame | Warned | Done | Cancelled | Failed

EVENTS: dict[str, type[Event]] = {
    "ready": Ready,
    "stage": Stage,
    "frame": Frame,
    "warning": Warned,
    "done": Done,
    "cancelled": Cancelled,
    "failed": Failed,
}
"""The events by the word in `event`."""


def event_line(event: Event) -> str:
    r"""Return an event as it is written, without the end of the line.

    It is ASCII: what a file's name holds beside UTF-8 is kept as an escape such as `\udce9`, which
    Python's `os.fsencode` turns back.
    """
    return json.dumps(event.model_dump(), allow_nan=False, separators=(",", ":"))
