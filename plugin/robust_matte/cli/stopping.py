"""Being told to stop: begun frames are finished, and the exit code says by whom."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from robust_matte.errors import Cancelled, Preempted

__all__ = ["NOTHING_CHANGED", "noting_signals", "stopped_by", "stopping_softly"]

NOTHING_CHANGED = "Nothing was changed; the same command starts over."
_HINT = "Finished frames are kept; the same command goes on from there."


class _Stopped(BaseException):
    """A signal came; no Exception, so that nothing on the way swallows it.

    Nor KeyboardInterrupt: once that has passed through compiled code, Python ends by the signal
    in place of the exit code, even if it was caught.
    """


@contextmanager
def stopping_softly(hint: str = _HINT) -> Iterator[Callable[[], None]]:
    """Turn Ctrl-C and SIGTERM into errors of ours while the context lasts.

    A library that is being imported may make an ImportError of a signal, or lose it. So what the
    context ends with does not count once a signal came, and the function that is given stops what
    goes on after imports.

    Args:
        hint: What to tell of the work so far.

    Raises:
        Cancelled: The user pressed Ctrl-C.
        Preempted: SIGTERM came, as from a farm that wants the machine.
    """
    came: list[int] = []

    def stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - as signal calls it
        came.append(number)
        raise _Stopped

    def heed() -> None:
        if came:
            raise _Stopped

    with _handling(stop):
        try:
            yield heed
            heed()
        except BaseException as error:
            if came:
                raise stopped_by(came, hint) from error
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
    return Preempted("Stopped by SIGTERM.", hint=hint)


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have a function called at Ctrl-C and SIGTERM while the context lasts."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, old in before.items():
        if old is not signal.SIG_IGN:  # as shells start what runs in the background
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
