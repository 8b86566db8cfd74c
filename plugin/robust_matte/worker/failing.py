"""From an error to the event that tells a host of it."""

from robust_matte.errors import BusyError, ProtocolError, RobustMatteError
from robust_matte.worker.events import Code, Failed
from robust_matte.worker.texts import shown

__all__ = ["failed", "failed_inside"]

_CODES: dict[int, Code] = {
    1: "internal",
    2: "settings",
    3: "input",
    4: "missing_frames",
    5: "model",
    6: "output",
    7: "host",
    75: "preempted",
}


def failed(error: RobustMatteError, job: str | None) -> Failed:
    """Return the event for an error that was raised on purpose.

    Args:
        error: What was raised.
        job: The job that it ended, or None.
    """
    return Failed(
        id=job,
        code=_code(error),
        what=shown(error.what),
        hint=shown(error.hint),
        frame=error.frame,
    )


def failed_inside(error: BaseException, job: str | None) -> Failed:
    """Return the event for an error that nobody foresaw; its traceback is for the log."""
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    return Failed(
        id=job,
        code="internal",
        what=shown(f"This is a fault of the program: {said}."),
        hint="Report it with what the worker's log says; the worker takes the next job.",
    )


def _code(error: RobustMatteError) -> Code:
    if isinstance(error, ProtocolError):
        return "protocol"
    if isinstance(error, BusyError):
        return "busy"
    return _CODES.get(error.exit_code, "internal")
