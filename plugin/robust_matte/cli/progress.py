"""Progress as it is asked for: a bar, lines of a log, or a dialect that a machine reads."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

if TYPE_CHECKING:
    from robust_matte.jobs.progress import Event, Listener

__all__ = ["Progress", "ProgressStyle", "progress_option", "show_progress"]


class ProgressStyle(StrEnum):
    """How progress is shown; `auto` is `rich` on a terminal and `plain` elsewhere."""

    AUTO = "auto"
    RICH = "rich"
    PLAIN = "plain"
    JSONL = "jsonl"
    OPENJD = "openjd"
    TRACTOR = "tractor"
    DEADLINE = "deadline"
    NONE = "none"


def progress_option(panel: str | None = None) -> Any:
    """Build the flag that says how progress is shown, for commands that sort theirs in panels."""
    text = (
        "How progress is shown: rich, plain and none on stderr, beside the summary on stdout; "
        "jsonl and an engine's words alone on stdout, all else on stderr."
    )
    return typer.Option(help=text, rich_help_panel=panel)


Progress = Annotated[ProgressStyle, progress_option()]


@contextmanager
def show_progress(style: ProgressStyle, work: str = "keying") -> "Iterator[Listener]":
    """Give a listener that shows events in the chosen style while the context lasts.

    Args:
        style: How.
        work: The stage that the command is about, as `StageReached` names it: it takes most of
            the way to 100 percent.
    """
    if style is ProgressStyle.AUTO:
        style = ProgressStyle.RICH if sys.stderr.isatty() else ProgressStyle.PLAIN
    if style is ProgressStyle.RICH:
        from robust_matte.cli.bars import rich_bar

        with rich_bar() as listener:
            yield listener
    elif style is ProgressStyle.NONE:
        from robust_matte.jobs.progress import silent

        yield silent
    else:
        from robust_matte.cli.lines import PlainLines
        from robust_matte.cli.speaking import dialect

        with _never_silent(dialect(style, work) or PlainLines()) as listener:
            yield listener


class _Voice(Protocol):
    """What writes lines of progress."""

    def tell(self, event: "Event") -> bool: ...
    def still(self, text: str) -> None: ...
    def finish(self) -> None: ...


@contextmanager
def _never_silent(voice: _Voice) -> "Iterator[Listener]":
    """Hand events to a voice, and let it say what goes on still once it had nothing to say."""
    from robust_matte.cli.lines import clock
    from robust_matte.jobs.heartbeat import Heartbeat

    doing = "starting"

    def beat(seconds: float) -> None:
        voice.still(f"still {doing}, {clock(seconds)} so far")

    heart = Heartbeat(beat)

    def listen(event: "Event") -> None:
        nonlocal doing
        doing = _doing(event) or doing
        heart.happened()
        if voice.tell(event):
            heart.told()

    with heart:
        yield listen
    voice.finish()


def _doing(event: "Event") -> str:
    """Say what is probably going on after an event."""
    from robust_matte.jobs.progress import FrameWritten, StageReached

    if isinstance(event, FrameWritten):
        return f"keying, after frame {event.number}"
    if not isinstance(event, StageReached):
        return ""
    after = f" after frame {event.number}" if event.number is not None else ""
    count = f", {event.done} of {event.total} done" if event.total else ""
    return f"{event.stage}: {event.text}{after}{count}"
