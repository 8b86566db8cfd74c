"""What a worker says, read on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import IO

from .events import Event, Failed, Ready
from .lines import Lines
from .messages import MAX_LINE, PROTOCOL
from .parsing import BadLine, OtherProtocol, event_of

__all__ = ["Listener"]

CHUNK = 1 << 16
BAD_LINES = 50  # one after the other: this is no worker
BAD_BYTES = 64 << 20  # of one line without an end, likewise


class Listener:
    """Turns lines into events; what is no event becomes `Failed` of code `protocol`."""

    def __init__(
        self, pipe: IO[bytes], heard: Callable[[Event], None], give_up: Callable[[Failed], None]
    ) -> None:
        """Take over a pipe; `thread` is to be started.

        Args:
            pipe: The worker's stdout.
            heard: Gets each event, on this thread.
            give_up: Gets the reason where whoever speaks is no worker of ours, perhaps again and
                again.
        """
        self._pipe = pipe
        self._heard = heard
        self._give_up = give_up
        self._bad_lines = 0
        self.thread = threading.Thread(target=self._run, name="robust-matte-stdout", daemon=True)

    def _run(self) -> None:
        lines = Lines(MAX_LINE - 1)
        with self._pipe:
            while chunk := self._pipe.read(CHUNK):
                for line in lines.feed(chunk):
                    self._hear(line)
                if lines.skipped > BAD_BYTES:
                    self._give_up(_nonsense())
        if lines.rest():
            self._refuse("it breaks off", lines.rest())

    def _hear(self, line: bytes) -> None:
        try:
            event = event_of(line)
        except OtherProtocol as other:
            self._give_up(_other_protocol(str(other)))
        except BadLine as bad:
            self._refuse(str(bad), line)
        else:
            self._bad_lines = 0
            if isinstance(event, Ready) and PROTOCOL not in event.protocols:
                self._give_up(_other_protocol(", ".join(map(str, event.protocols)) or "none"))
            else:
                self._heard(event)

    def _refuse(self, why: str, line: bytes) -> None:
        self._bad_lines += 1
        if self._bad_lines > BAD_LINES:
            self._give_up(_nonsense())
        else:
            self._heard(_unreadable(why, line[:60].decode("utf-8", "replace")))


def _unreadable(why: str, begun: str) -> Failed:
    return Failed(
        id=None,
        code="protocol",
        what=f"A line of the worker cannot be read, {why}: {begun!r}.",
        hint="The job goes on; where it does not end, cancel it and look at the worker's log.",
    )


def _other_protocol(version: str) -> Failed:
    return Failed(
        id=None,
        code="protocol",
        what=f"The worker speaks version {version} of the protocol, and this node {PROTOCOL}.",
        hint="Bring the node and the engine to the same release: install both again.",
    )


def _nonsense() -> Failed:
    return Failed(
        id=None,
        code="protocol",
        what="The program that was started as the worker does not speak as one.",
        hint="Name robust-matte, or a Python that has it, as the worker.",
    )
