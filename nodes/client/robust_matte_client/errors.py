"""What the client raises; what a worker does wrong is an event instead.

ClientError
├── WorkerMissing   no worker is found, or it cannot be started
├── WorkerGone      the worker that is spoken to does not run
└── MessageError    a message that the worker could not read
"""

from __future__ import annotations

__all__ = ["ClientError", "MessageError", "WorkerGone", "WorkerMissing"]


class ClientError(Exception):
    """A sentence about what is wrong, and one with the way out.

    Attributes:
        what: What is wrong, with the values.
        hint: What to do about it.
    """

    def __init__(self, what: str, hint: str) -> None:
        """Keep both sentences; as text the error is both."""
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        """Return both sentences."""
        return f"{self.what} {self.hint}".strip()


class WorkerMissing(ClientError):  # noqa: N818 - reads as what is wrong
    """No worker is found, or what is there cannot be started."""


class WorkerGone(ClientError):  # noqa: N818 - likewise
    """The worker does not run: not yet, or no more."""


class MessageError(ClientError):
    """A message is too long for a line, or holds what JSON does not know."""
