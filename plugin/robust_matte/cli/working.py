"""What long commands of a farm begin with: cores, memory, signals, progress."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from robust_matte.cli.progress import show_progress
from robust_matte.cli.stopping import stopping_softly
from robust_matte.jobs.relayed_warnings import relayed_warnings
from robust_matte.jobs.stop_request import GOES_ON, StopRequest
from robust_matte.keying.cores import share_cores
from robust_matte.keying.heap import keep_heap

if TYPE_CHECKING:
    from robust_matte.jobs.progress import Listener

__all__ = ["at_work"]


@contextmanager
def at_work(
    options: Mapping[str, Any],
    stage: str,
    *,
    hint: str = GOES_ON,
    request: StopRequest | None = None,
) -> "Iterator[tuple[Callable[[], None], Listener]]":
    """Set up a process that keys, plans or rolls, and show its progress while the context lasts.

    Args:
        options: The flags `--verbose`, `--on-term` and `--progress`, by their names in Python.
        stage: What the command is about; see `show_progress`.
        hint: As for `stopping_softly`.
        request: Likewise.

    Returns:
        What is called once torch has been imported, as of `stopping_softly`, and a listener.
    """
    if options["verbose"]:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    share_cores()
    keep_heap()
    with (
        stopping_softly(hint, request=request, on_term=options["on_term"]) as heed,
        show_progress(options["progress"], stage) as listener,
        relayed_warnings(listener),
    ):
        yield heed, listener
