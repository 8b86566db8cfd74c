"""Being told to stop: begun frames are finished, and the exit code says by whom."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from types import FrameType

from robust_matte.errors import Cancelled, Preempted, RobustMatteError
from robust_matte.jobs.stop_request import GOES_ON, StopRequest

__all__ = [
    "NOTHING_CHANGED",
    "OnTerm",
    "end_as_told",
    "noting_signals",
    "stopped_by",
    "stopping_softly",
]

NOTHING_CHANGED = "Nothing was changed; the same command starts over."

# Windows has no SIGTERM for other processes; a farm sends Ctrl-Break there.
_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if sys.platform == "win32":
    _SIGNALS.append(signal.SIGBREAK)


class OnTerm(StrEnum):
    """How the process ends that a farm has told to stop, for its parent to see."""

    EXIT75 = "exit75"
    SIGNAL = "signal"


class _Stopped(BaseException):
    """A signal came; no Exception, so that nothing on the way swallows it.

    Nor KeyboardInterrupt: once that has passed through compiled code, Python ends by the signal
    in place of the exit code, even if it was caught.
    """


@contextmanager
def stopping_softly(
    hint: str = GOES_ON,
    *,
    request: StopRequest | None = None,
    on_term: OnTerm = OnTerm.EXIT75,
) -> Iterator[Callable[[], None]]:
    """Turn Ctrl-C and SIGTERM into errors of ours while the context lasts.

    A library that is being imported may make an ImportError of a signal, or lose it. So what the
    context ends with does not count once a signal came, and the function that is given stops what
    goes on after imports.

    Args:
        hint: What to tell of the work so far.
        request: Heeded by work that ends its step by itself: while it promises to, it is asked
            and nothing is broken off, until Ctrl-C comes once more. Work that was at its last
            step, and ends well, is not told to have been stopped.
        on_term: How the process ends after SIGTERM; see `end_as_told`.

    Raises:
        Cancelled: The user pressed Ctrl-C.
        Preempted: SIGTERM came, as from a farm that wants the machine.
    """
    came: list[int] = []
    must_end = False  # and has not only been asked to, which what is finished need not heed

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal calls it
        nonlocal must_end
        came.append(number)
        is_again = number == signal.SIGINT and len(came) > 1
        if request is None or not request.is_heeded or is_again:
            must_end = True
            raise _Stopped
        request.ask(stopped_by(came, hint))

    def heed() -> None:
        if must_end:
            raise _Stopped

    with _handling(stop):
        try:
            yield heed
            heed()
        except BaseException as error:
            if came:
                raise _ended(came, hint, on_term) from error
            raise


@contextmanager
def noting_signals() -> Iterator[list[int]]:
    """Give a list of the Ctrl-C and SIGTERM that came while the context lasts, and go on.

    For work that finishes its step by itself, and raises `stopped_by` then.
    """
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal calls it
        came.append(number)

    with _handling(note):
        yield came


def stopped_by(came: list[int], hint: str) -> Cancelled | Preempted:
    """Build the error for the first of some signals.

    Args:
        came: Their numbers; none where another process was told to stop, as by a farm.
        hint: What to tell of the work so far.
    """
    if came and came[0] == signal.SIGINT:
        return Cancelled("Stopped.", hint=hint)
    number = signal.Signals(came[0]) if came else signal.SIGTERM
    return Preempted(f"Stopped by {number.name}.", hint=hint)


def end_as_told(error: RobustMatteError) -> None:
    """End by the signal that stopped the work, if that was asked for, so that the parent sees it.

    All has been cleaned up and told by now; what is printed must not be lost.
    """
    if not isinstance(error, Preempted) or error.signal is None:
        return
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    signal.signal(error.signal, signal.SIG_DFL)
    signal.raise_signal(error.signal)


def _ended(came: list[int], hint: str, on_term: OnTerm) -> Cancelled | Preempted:
    error = stopped_by(came, hint)
    if isinstance(error, Preempted) and on_term is OnTerm.SIGNAL:
        error.signal = came[0]
    return error


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have a function called at Ctrl-C and SIGTERM while the context lasts."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, old in before.items():
        if old is not signal.SIG_IGN:  # as shells start what runs in the background
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
