"""What each run of `key` did, on disk in the job's folder, for the report to sum up.

Times and the machine's name are told here and never in an image file: the same job gives the same
images, wherever and whenever it runs.
"""

import logging
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from robust_matte.errors import Cancelled, OutputError, Preempted
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.pins import Pins, pins_of
from robust_matte.jobs.plan import Plan, WeightsRecord
from robust_matte.jobs.progress import Event, FrameWritten, Listener, Warned
from robust_matte.keying.model import ModelIdentity
from robust_matte.media.atomic import write_atomically
from robust_matte.media.sequences import frame_ranges

__all__ = ["RunRecord", "RunRecorder", "RunRecords", "load_runs", "recording_run"]

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_STRICT = ConfigDict(frozen=True, extra="forbid")
_MOST = 100  # runs that one file keeps: a task that a farm starts again and again


class RunRecord(BaseModel):
    """One run of `key` over some frames of one job.

    Attributes:
        job: The plan's hash.
        output: The result's name as a pattern, without its folder.
        started: When, in UTC, to the second.
        host: The machine's name.
        frames: The frames that it was to see to, as fileseq writes them.
        written: Those that it wrote; the others were right already, or it was stopped before them.
        resumed_at: Where it went on from a saved state.
        ended: `done`, `preempted`, `cancelled`, or the first sentence of the error.
        seconds: From the first frame to the end.
        keying_s: Of them, in reading and in the network.
        waiting_s: Of them, in finishing and in waiting for what writes.
        weights: The weights, their network and the refiner.
        pins: What it ran with.
        warnings: What was unexpected.
    """

    model_config = _STRICT
    job: str
    output: str
    started: str
    host: str
    frames: str
    written: str = ""
    resumed_at: tuple[int, ...] = ()
    ended: str = "done"
    seconds: float = 0.0
    keying_s: float = 0.0
    waiting_s: float = 0.0
    weights: WeightsRecord
    pins: Pins
    warnings: tuple[str, ...] = ()


class RunRecords(BaseModel):
    """The runs over the same frames, the oldest first.

    Attributes:
        version: Version of this document's form.
        runs: What each did.
    """

    model_config = _STRICT
    version: Literal[1] = 1
    runs: tuple[RunRecord, ...] = ()


class RunRecorder:
    """Counts what a run does, as a listener on the way to another one; used on one thread.

    Args:
        start: What is known before the first frame.
        listener: Told all that this one is told.
        warnings: What was unexpected before.
    """

    def __init__(self, start: RunRecord, listener: Listener, warnings: Sequence[str] = ()) -> None:
        self._start = start
        self._listener = listener
        self._warnings = list(warnings)
        self._written: list[int] = []
        self._resumed_at: list[int] = []
        self._began = time.monotonic()
        self._keying_s = 0.0

    def __call__(self, event: Event) -> None:
        """Count an event and hand it on."""
        if isinstance(event, FrameWritten):
            self._written.append(event.number)
        elif isinstance(event, Warned):
            self._warnings.append(event.text)
        self._listener(event)

    def resumed(self, number: int) -> None:
        """Take down that the work goes on from a saved state before this frame."""
        self._resumed_at.append(number)

    def timed(self, works: Iterator[_T]) -> Iterator[_T]:
        """Hand works on, taking the time that each needs to come: of reading and network."""
        while True:
            began = time.monotonic()
            try:
                work = next(works)
            except StopIteration:
                return
            finally:
                self._keying_s += time.monotonic() - began
            yield work

    def record(self, ended: str) -> RunRecord:
        """Return what there is to tell at the end."""
        seconds = time.monotonic() - self._began
        return self._start.model_copy(
            update={
                "written": frame_ranges(sorted(self._written)),
                "resumed_at": tuple(self._resumed_at),
                "ended": ended,
                "seconds": round(seconds, 3),
                "keying_s": round(self._keying_s, 3),
                "waiting_s": round(max(seconds - self._keying_s, 0.0), 3),
                "warnings": tuple(dict.fromkeys(self._warnings)),
            }
        )


@contextmanager
def recording_run(
    outputs: Outputs,
    plan: Plan,
    identity: ModelIdentity,
    numbers: Sequence[int],
    listener: Listener,
    warnings: Sequence[str] = (),
) -> Iterator[RunRecorder]:
    """Take down what a run does while the context lasts, and write it at its end or stop.

    A run that cannot write its record is not spoilt by that: it is told in the log alone.

    Args:
        outputs: Where the result goes.
        plan: The job's plan.
        identity: Model and device.
        numbers: The frames that the run is to see to, ascending.
        listener: Called with every event.
        warnings: What was unexpected before the first frame.
    """
    start = RunRecord(
        job=plan.job,
        output=outputs.pattern.shown_name,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        host=platform.node(),
        frames=frame_ranges(numbers),
        weights=plan.request.weights,
        pins=pins_of(identity),
    )
    recorder, ended = RunRecorder(start, listener, warnings), "done"
    try:
        yield recorder
    except BaseException as error:
        ended = _spoken(error)
        raise
    finally:
        if numbers:
            path = outputs.job_folder / "runs" / f"{numbers[0]}-{numbers[-1]}.json"
            _append(path, recorder.record(ended))


def load_runs(folder: Path) -> tuple[RunRecord, ...]:
    """Return all runs of a job's folder, the oldest first; what cannot be read is left out."""
    paths = [path for path in (folder / "runs").glob("*.json") if path.name[0] != "."]  # left ones
    runs = [run for path in sorted(paths) for run in _load(path).runs]
    return tuple(sorted(runs, key=lambda run: run.started))


def _spoken(error: BaseException) -> str:
    if isinstance(error, Preempted):
        return "preempted"
    if isinstance(error, Cancelled):
        return "cancelled"
    if isinstance(error, Exception):
        return str(error) or type(error).__name__
    return "stopped"  # a signal on its way to the command line


def _append(path: Path, record: RunRecord) -> None:
    """Add a run to a file; one that found all frames right adds nothing to what is known."""
    known = _load(path).runs
    if known and not record.written and record.ended == "done":
        return
    runs = RunRecords(runs=(*known, record)[-_MOST:])
    try:
        write_atomically(path, runs.model_dump_json(indent=1).encode())
    except OutputError as error:
        log.info("the run is not recorded: %s", error)


def _load(path: Path) -> RunRecords:
    try:
        return RunRecords.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        if not isinstance(error, FileNotFoundError):
            log.debug("%s is no record of runs: %s", path, error)
        return RunRecords()
