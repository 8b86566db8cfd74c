"""The program's first lines, by its name or as `python -m robust_matte`.

The command line and what it imports take half a second, and many where Python is on a slow share.
Until that is there, being told to stop is heeded here; `cli.stopping` takes over for the work.
"""

import os
import signal
import sys
from itertools import pairwise
from types import FrameType

__all__ = ["main"]

_PREEMPTED, _CANCELLED = 75, 130  # as in errors.py, which costs an import of its own
_HINT = "The same command starts over; what is finished is kept."
_TERMS = [signal.SIGTERM]
if sys.platform == "win32":
    _TERMS.append(signal.SIGBREAK)


def main() -> None:
    """Heed signals, then run the command line."""
    process = os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal calls it
        # A forked child of a library is told to end by its parent, and says nothing.
        if os.getpid() != process or (number in _TERMS and _is_to_die(sys.argv)):
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        name = signal.Signals(number).name
        what = "Stopped." if number == signal.SIGINT else f"Stopped by {name}."
        os.write(2, f"{what}\n{_HINT}\n".encode())  # unbuffered: print may be what was interrupted
        os._exit(_CANCELLED if number == signal.SIGINT else _PREEMPTED)

    for number in _TERMS:
        if signal.getsignal(number) is signal.SIG_DFL:  # not ignored, as by nohup
            signal.signal(number, stop)
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)

    from robust_matte.cli.app import main as run

    signal.signal(signal.SIGINT, before)
    run()


def _is_to_die(words: list[str]) -> bool:
    """Say whether a command line asks for an end by the signal."""
    return "--on-term=signal" in words or ("--on-term", "signal") in pairwise(words)


if __name__ == "__main__":
    main()
