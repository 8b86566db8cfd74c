"""What a host tells a worker: one JSON object a line, at most 1 MiB long."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .errors import MessageError

__all__ = [
    "MAX_LINE",
    "PROTOCOL",
    "bake_message",
    "cancel_message",
    "preview_message",
    "probe_message",
    "quit_message",
]

PROTOCOL = 1
MAX_LINE = 1 << 20  # bytes, the end of the line included

Job = Mapping[str, Any]


def probe_message(job_id: str, job: Job | None = None) -> bytes:
    """Return the line that asks for the machine and, with a job, its plate."""
    return _line("probe", job_id, {} if job is None else {"job": dict(job)})


def bake_message(job_id: str, job: Job) -> bytes:
    """Return the line that starts a bake."""
    return _line("bake", job_id, {"job": dict(job)})


def preview_message(
    job_id: str, job: Job, frame: int, quick: bool = False, folder: str | None = None
) -> bytes:
    """Return the line that asks for one frame; `quick` allows an approximate one."""
    more: dict[str, Any] = {"job": dict(job), "frame": frame}
    if quick:
        more["quick"] = True
    if folder is not None:
        more["folder"] = folder
    return _line("preview", job_id, more)


def cancel_message(job_id: str) -> bytes:
    """Return the line that cancels a job."""
    return _line("cancel", job_id, {})


def quit_message() -> bytes:
    """Return the line that ends the worker."""
    return _line("quit", None, {})


def _line(do: str, job_id: str | None, more: Mapping[str, Any]) -> bytes:
    """Return one message as a line.

    Raises:
        MessageError: It is too long, or holds what JSON does not know.
    """
    head: dict[str, Any] = {"v": PROTOCOL, "do": do}
    if job_id is not None:
        head["id"] = job_id
    try:
        line = json.dumps({**head, **more}, allow_nan=False).encode("ascii") + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageError(
            f"The job cannot be written as JSON: {error}.",
            "A job holds text, numbers, true, false and null alone; write paths as text.",
        ) from error
    if len(line) > MAX_LINE:
        raise MessageError(
            f"The job takes {len(line)} bytes as JSON, and the worker reads {MAX_LINE} at most.",
            "Name files and folders in the job in place of long lists.",
        )
    return line
