"""Progress on stderr: a bar for people, lines for logs, JSON for programs."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robust_matte.jobs.progress import Event, Listener

__all__ = ["ProgressStyle", "relayed_warnings", "show_progress"]

_LINE_EVERY_S = 2.0


class ProgressStyle(StrEnum):
    """How progress is shown; `auto` is `rich` on a terminal and `plain` elsewhere."""

    AUTO = "auto"
    RICH = "rich"
    PLAIN = "plain"
    JSONL = "jsonl"
    NONE = "none"


class _Relay(logging.Handler):
    """Tells each logged warning once, as an event; a plate repeats them for every frame."""

    def __init__(self, listener: "Listener") -> None:
        super().__init__(logging.WARNING)
        self._listener = listener
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        from robust_matte.jobs.progress import Warned

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


@contextmanager
def show_progress(style: ProgressStyle) -> "Iterator[Listener]":
    """Give a listener that shows events in the chosen style while the context lasts."""
    from robust_matte.jobs.progress import silent

    if style is ProgressStyle.AUTO:
        style = ProgressStyle.RICH if sys.stderr.isatty() else ProgressStyle.PLAIN
    if style is ProgressStyle.RICH:
        with _rich_bar() as listener:
            yield listener
    elif style is ProgressStyle.PLAIN:
        yield _PlainLines()
    else:
        yield _print_json if style is ProgressStyle.JSONL else silent


def _print_json(event: "Event") -> None:
    """Print an event as one line of JSON; its `event` is the kind."""
    from robust_matte.jobs.progress import FrameWritten, Noted, StageReached, Warned

    kinds = {StageReached: "stage", FrameWritten: "frame", Noted: "note", Warned: "warning"}
    _say(json.dumps({"event": kinds[type(event)]} | asdict(event), default=str))


class _PlainLines:
    """A line every two seconds, and one for each reset, note, warning and new stage."""

    def __init__(self) -> None:
        self._last = 0.0
        self._stage = ""

    def __call__(self, event: "Event") -> None:
        from robust_matte.jobs.progress import FrameWritten, Noted, Warned

        if isinstance(event, Noted | Warned):
            kind = "note" if isinstance(event, Noted) else "warning"
            _say(f"{kind}: {event.text}")
        elif isinstance(event, FrameWritten):
            is_due = event.reset is not None or event.done == event.total
            if self._is_time() or is_due:
                _say(_frame_line(event))
        elif self._is_time() or event.text != self._stage or event.done == event.total > 0:
            self._stage, self._last = event.text, time.monotonic()
            count = f" {event.done}/{event.total}" if event.total else ""
            _say(f"{event.stage}: {event.text}{_at(event.number)}{count}{_to_go(event.eta_s)}")

    def _is_time(self) -> bool:
        now = time.monotonic()
        is_time = now - self._last >= _LINE_EVERY_S
        self._last = now if is_time else self._last
        return is_time


def _frame_line(event: "Event") -> str:
    from robust_matte.jobs.progress import FrameWritten

    if not isinstance(event, FrameWritten):
        return ""
    reset = f"  state reset: {event.reset}" if event.reset else ""
    return (
        f"keying: frame {event.number}  {event.done}/{event.total}  "
        f"{event.fps:.1f} fps  {_clock(event.eta_s)} to go{reset}"
    )


@contextmanager
def _rich_bar() -> "Iterator[Listener]":
    """Show a bar; resets, notes and warnings scroll above it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn

    from robust_matte.jobs.progress import FrameWritten, Noted, Warned

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[text]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=None, count="", text="")

        def show(stage: str, done: int, total: int, text: str) -> None:
            bar.tasks[0].total = total or None  # `update` takes None for no change; None pulses
            count = f"{done}/{total}" if total else ""
            bar.update(task, description=stage, completed=done, count=count, text=escape(text))

        def listen(event: "Event") -> None:
            if isinstance(event, Warned):
                bar.console.print(f"warning: {event.text}", style="yellow", markup=False)
            elif isinstance(event, Noted):
                bar.console.print(f"note: {event.text}", markup=False, highlight=False)
            elif isinstance(event, FrameWritten):
                text = f"frame {event.number}  {event.fps:.1f} fps  {_clock(event.eta_s)} to go"
                show("keying", event.done, event.total, text)
                if event.reset:
                    bar.console.print(f"frame {event.number}: state reset, {event.reset}")
            else:
                text = f"{event.text}{_at(event.number)}{_to_go(event.eta_s)}"
                show(event.stage, event.done, event.total, text)

        yield listen


def _at(number: int | None) -> str:
    return "" if number is None else f", at frame {number}"


def _to_go(seconds: float | None) -> str:
    return "" if seconds is None else f"  {_clock(seconds)} to go"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
