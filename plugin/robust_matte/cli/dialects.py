"""Progress in the words that a farm's engine or a program reads, alone on stdout.

What the engines take was read in their sources: OpenJD's action filter, the filter of Tractor's
blade, and the stdout handler of Deadline 10's plug-in CommandLine.
"""

import json
import re
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import Any, TextIO

from robust_matte.cli.lines import PlainLines, frame_line, stage_line
from robust_matte.errors import Cancelled, Preempted, RobustMatteError
from robust_matte.jobs.overall import Overall
from robust_matte.jobs.private_stdout import PrivateStdout
from robust_matte.jobs.progress import Event, FrameWritten, Noted, PartReached, StageReached, Warned

__all__ = [
    "DeadlineLines",
    "Dialect",
    "JsonLines",
    "OpenJDLines",
    "QuotedStream",
    "TractorLines",
    "quote_stderr",
]

_EVERY_S = 2.0
_LOG_EVERY_S = 10.0  # of the same stage on stderr: engines put both into one log
# OpenJD fails a task for a line that begins like one of its own, in any case and after any blanks.
_LIKE_OPENJD = re.compile(r"(^|[\r\n])([^\S\r\n]*)(?=openjd_)", re.IGNORECASE)


class Dialect(ABC):
    """Lines on stdout for a machine.

    Args:
        out: The process's stdout, for this alone.
        work: The stage that the command is about, for `Overall`.
    """

    def __init__(self, out: PrivateStdout, work: str = "keying") -> None:
        self.out = out
        self._overall = Overall(work)
        self._last = 0.0
        self._stage = ""

    @abstractmethod
    def tell(self, event: Event) -> bool:
        """Write what is to be said of an event, and return whether there was anything."""

    @abstractmethod
    def still(self, text: str) -> None:
        """Say what goes on all the same, after a long silence."""

    @abstractmethod
    def finish(self) -> None:
        """Say that all went well."""

    @abstractmethod
    def fail(self, error: RobustMatteError) -> None:
        """Say what the process ends with, if the dialect has a word for it."""


class _EngineLines(Dialect):
    """Percent and words for an engine, and a log for people on stderr."""

    def __init__(self, out: PrivateStdout, work: str = "keying") -> None:
        super().__init__(out, work)
        self._log = PlainLines(_LOG_EVERY_S)

    def tell(self, event: Event) -> bool:
        """Write what is to be said of an event, and return whether there was anything."""
        percent = self._overall.take(event)
        is_logged = self._log.tell(event)
        if isinstance(event, Noted | Warned | PartReached):
            return is_logged
        stage = "keying" if isinstance(event, FrameWritten) else event.stage
        is_last = event.done == event.total > 0
        if stage == self._stage and not is_last and time.monotonic() - self._last < _EVERY_S:
            return is_logged
        self._stage, self._last = stage, time.monotonic()
        text = frame_line(event) if isinstance(event, FrameWritten) else stage_line(event)
        self._write(percent, text)
        return True

    def still(self, text: str) -> None:
        """Say what goes on all the same, after a long silence."""
        self._log.still(text)
        self._write(self._overall.percent, text)

    def finish(self) -> None:
        """Say that all went well."""
        self._write(self._overall.finish(), "finished")

    def fail(self, error: RobustMatteError) -> None:
        """Say what the process ends with, if the dialect has a word for it."""

    @abstractmethod
    def _write(self, percent: float, text: str) -> None:
        """Write a line: how much is done, and what."""


class OpenJDLines(_EngineLines):
    """`openjd_progress`, `openjd_status` and, at most once, `openjd_fail`."""

    def fail(self, error: RobustMatteError) -> None:
        """Say why the task failed; one that was told to stop has not."""
        is_told = isinstance(error, Cancelled | Preempted)
        self.out.line(f"{'openjd_status' if is_told else 'openjd_fail'}: {error}")

    def _write(self, percent: float, text: str) -> None:
        self.out.line(f"openjd_progress: {percent:.1f}")
        self.out.line(f"openjd_status: {text}")


class TractorLines(_EngineLines):
    """`TR_PROGRESS`, in whole percent."""

    def _write(self, percent: float, text: str) -> None:  # noqa: ARG002 - it takes no words
        self.out.line(f"TR_PROGRESS {percent:.0f}")


class DeadlineLines(_EngineLines):
    """`Progress: 41%`, which CommandLine looks for; what follows is for people."""

    def _write(self, percent: float, text: str) -> None:
        self.out.line(f"Progress: {percent:.0f}%, {text}")


class JsonLines(Dialect):
    """Events as one JSON object each; its `event` is the kind.

    Each frame that is written has one, the files of a stage one every two seconds: a job of 10 000
    frames in 64 bins looks at 640 000 headers.
    """

    _KINDS = {  # noqa: RUF012 - a constant
        StageReached: "stage",
        FrameWritten: "frame",
        PartReached: "part",
        Noted: "note",
        Warned: "warning",
    }

    def tell(self, event: Event) -> bool:
        """Write an event, and return whether it was due."""
        percent = self._overall.take(event)
        if isinstance(event, StageReached) and not self._is_due(event):
            return False
        has_percent = isinstance(event, StageReached | FrameWritten | PartReached)
        more = {"percent": round(percent, 2)} if has_percent else {}
        self._object(self._KINDS[type(event)], asdict(event) | more)
        return True

    def _is_due(self, event: StageReached) -> bool:
        is_new = event.text != self._stage or event.done == event.total > 0
        if not is_new and time.monotonic() - self._last < _EVERY_S:
            return False
        self._stage, self._last = event.text, time.monotonic()
        return True

    def still(self, text: str) -> None:
        """Say what goes on all the same, after a long silence."""
        self._object("still", {"text": text, "percent": round(self._overall.percent, 2)})

    def finish(self) -> None:
        """Say that all went well."""
        self._object("finished", {"percent": self._overall.finish()})

    def fail(self, error: RobustMatteError) -> None:
        """Say what the process ends with, in the fields of the error."""
        fields = {"code": error.exit_code, "what": error.what, "hint": error.hint}
        self._object("failed", fields | {"frame": error.frame})

    def _object(self, kind: str, fields: dict[str, Any]) -> None:
        self.out.line(json.dumps({"event": kind} | fields, default=str))


class QuotedStream:
    """A text stream on which no line looks like one of OpenJD's.

    Engines merge stderr into stdout, where a plate's name or a tag after a line break must not set
    a variable of the session, nor fail the task. Lines are held until they are whole.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._held = ""

    def write(self, text: str) -> int:
        """Take text, and write the lines that are whole."""
        whole, line_break, self._held = (self._held + text).rpartition("\n")
        self._stream.write(_LIKE_OPENJD.sub(r"\1\2> ", whole + line_break))
        return len(text)

    def flush(self) -> None:
        """Write what is held, too."""
        held, self._held = self._held, ""
        self._stream.write(_LIKE_OPENJD.sub(r"\1\2> ", held))
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def quote_stderr() -> None:
    """Let nothing that Python writes look like a line of OpenJD's."""
    quoted: Any = QuotedStream(sys.stderr)
    sys.stdout = sys.stderr = quoted
