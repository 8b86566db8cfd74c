"""Logged warnings as events of a job."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robust_matte.jobs.progress import Listener

__all__ = ["relayed_warnings"]


class _Relay(logging.Handler):
    """Tells each logged warning once, as an event; a plate repeats them for every frame."""

    def __init__(self, listener: "Listener") -> None:
        super().__init__(logging.WARNING)
        self._listener = listener
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        from robust_matte.jobs.progress import Warned  # not while the command line is imported

        text = str(record.msg)
        if text not in self._told:
            self._told.add(text)
            self._listener(Warned(record.getMessage()))


@contextmanager
def relayed_warnings(listener: "Listener") -> Iterator[None]:
    """Hand the library's logged warnings to a listener while the context lasts."""
    relay, library = _Relay(listener), logging.getLogger("robust_matte")
    library.addHandler(relay)
    try:
        yield
    finally:
        library.removeHandler(relay)
