"""From a line of a host to a message, or to the words for why it is none."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from robust_matte.errors import ProtocolError, RobustMatteError
from robust_matte.settings.strict_json import LONGEST, parse_strict_json
from robust_matte.worker.messages import LONGEST_ID, MESSAGES, VERSION, Message

__all__ = ["parse_message", "too_long"]

_SHOWN = 60  # characters of what a host wrote that a message repeats
_HELP = "docs/worker.md describes the messages; robust-matte serve --schema prints their form."
_JOBS = ("probe", "bake", "preview")


def parse_message(line: bytes) -> Message:
    """Return the message that a line is.

    Raises:
        ProtocolError: It is none. Its `job` is what the host calls the job that it did not begin.
    """
    document = parse_strict_json(line, _not_understood)
    if not isinstance(document, dict):
        raise ProtocolError("A line is no JSON object.", hint=_HELP)
    version = document.get("v")
    if type(version) is not int or version != VERSION:
        raise ProtocolError(
            f"A message has the version {_shown(version)}, and this worker speaks {VERSION}.",
            hint=f'Write "v": {VERSION}; another version of the program may speak another.',
            job=_job_of(document),
        )
    do = document.get("do")
    if not isinstance(do, str) or do not in MESSAGES:
        raise ProtocolError(
            f"A message asks to do {_shown(do)}, which this worker cannot.",
            hint=f"Write {', '.join(MESSAGES)} after do.",
        )
    try:
        return MESSAGES[do].model_validate(document)
    except ValidationError as error:
        raise _refused(do, error.errors()[0], _job_of(document)) from None


def too_long() -> ProtocolError:
    """Return what is said of a line that is longer than any message."""
    return ProtocolError(
        f"A line is longer than {LONGEST} bytes.", hint="Put the job into a file, as job_file."
    )


def _not_understood(reason: str) -> RobustMatteError:
    return ProtocolError(f"A line cannot be understood: {reason}.", hint=_HELP)


def _refused(do: str, complaint: ErrorDetails, job: str | None) -> ProtocolError:
    """Build the error for the first of pydantic's complaints."""
    key = ".".join(str(part) for part in complaint["loc"])[:_SHOWN]
    match complaint["type"]:
        case "missing":
            what = f"The message {do} lacks {key}."
        case "extra_forbidden":
            what = f"The message {do} has no key {key}."
        case "value_error":
            what = f"The message {do} has both job and job_file, or neither."
        case _:
            what = f"In the message {do}, {key} cannot be {_shown(complaint['input'])}."
    return ProtocolError(what, hint=_HELP, job=job)


def _job_of(document: dict[str, Any]) -> str | None:
    """Return what a host calls the job that it meant to begin; None for all other messages.

    A failure with the id of a job that runs already would be taken for the end of that one.
    """
    job = document.get("id")
    is_short = isinstance(job, str) and 0 < len(job) <= LONGEST_ID
    return job if is_short and document.get("do") in _JOBS else None


def _shown(value: object) -> str:
    """Write what a host wrote, briefly."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
