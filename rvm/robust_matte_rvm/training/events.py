"""What a running training tells whoever listens, such as a terminal."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Event", "Listener", "Noted", "Prepared", "Trained", "Warned", "silent"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Work before the first step goes on.

    Attributes:
        text: What is being done.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Trained:
    """A step is done.

    Attributes:
        step: Steps that are done.
        steps: Steps of the run.
        stage: Name of the stage.
        loss: The last one that was written down; None before that.
        eta_s: Seconds to go.
    """

    step: int
    steps: int
    stage: str
    loss: float | None
    eta_s: float


@dataclass(frozen=True, slots=True)
class Noted:
    """What is good to know, said once."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """The run goes on, but something was unexpected."""

    text: str


Event = Prepared | Trained | Noted | Warned
Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """Take no notice of `event`."""
