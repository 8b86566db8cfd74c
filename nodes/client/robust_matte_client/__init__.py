"""What every host shares: find the worker, start it, talk to it; standard library only.

A host never imports torch. It starts `robust-matte serve` as a process of its own and exchanges
lines of JSON with it; `Worker` does that without ever blocking the host's thread.
"""

from .discovery import config_file, find_worker
from .errors import ClientError, MessageError, WorkerGone, WorkerMissing
from .events import (
    Cancelled,
    Done,
    Ended,
    Event,
    Failed,
    Frame,
    Ready,
    Stage,
    Warned,
)
from .messages import PROTOCOL
from .worker import Worker

__all__ = [
    "PROTOCOL",
    "Cancelled",
    "ClientError",
    "Done",
    "Ended",
    "Event",
    "Failed",
    "Frame",
    "MessageError",
    "Ready",
    "Stage",
    "Warned",
    "Worker",
    "WorkerGone",
    "WorkerMissing",
    "config_file",
    "find_worker",
]
