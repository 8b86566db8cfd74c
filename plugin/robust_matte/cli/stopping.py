"""Being told to stop: begun frames are finished, and the exit code says by whom."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from robust_matte.errors import Cancelled, Preempted

__all__ = ["stopping_softly"]

_HINT = "Finished frames are kept; the same command goes on from there."


class _Terminated(BaseException):
    """SIGTERM came; no Exception, so that nothing on the way swallows it."""


@contextmanager
def stopping_softly(hint: str = _HINT) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into errors of ours while the context lasts.

    Args:
        hint: What to tell of the work so far.

    Raises:
        Cancelled: The user pressed Ctrl-C.
        Preempted: SIGTERM came, as from a farm that wants the machine.
    """
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except KeyboardInterrupt as error:  # here, because click would make it exit code 1
        raise Cancelled("Stopped.", hint=hint) from error
    except _Terminated as error:
        raise Preempted("Stopped by SIGTERM.", hint=hint) from error
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - as signal calls it
    raise _Terminated
