"""Being told to stop: begun frames are finished, and the exit code says by whom."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from robust_matte.errors import Cancelled, Preempted

__all__ = ["NOTHING_CHANGED", "stopping_softly"]

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

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as shells start what runs in the background
            signal.signal(number, stop)
    try:
        yield heed
        heed()
    except BaseException as error:
        if came:
            raise _told(came[0], hint) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _told(number: int, hint: str) -> Cancelled | Preempted:
    if number == signal.SIGTERM:
        return Preempted("Stopped by SIGTERM.", hint=hint)
    return Cancelled("Stopped.", hint=hint)
