"""Progress as a bar on a terminal; resets, notes and warnings scroll above it."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from robust_matte.cli.lines import clock
from robust_matte.jobs.progress import Event, FrameWritten, Listener, Noted, PartReached, Warned

__all__ = ["rich_bar"]


@contextmanager
def rich_bar() -> Iterator[Listener]:
    """Show a bar while the context lasts."""
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

        def listen(event: Event) -> None:
            if isinstance(event, Warned):
                bar.console.print(f"warning: {event.text}", style="yellow", markup=False)
            elif isinstance(event, Noted):
                bar.console.print(f"note: {event.text}", markup=False, highlight=False)
            elif isinstance(event, PartReached):
                text = f"{event.text}: {event.done + 1} of {event.total}"
                bar.console.print(text, markup=False, highlight=False)
            elif isinstance(event, FrameWritten):
                text = f"frame {event.number}  {event.fps:.1f} fps  {clock(event.eta_s)} to go"
                show("keying", event.done, event.total, text)
                if event.reset:
                    bar.console.print(f"frame {event.number}: state reset, {event.reset}")
            else:
                at = "" if event.number is None else f", at frame {event.number}"
                to_go = "" if event.eta_s is None else f"  {clock(event.eta_s)} to go"
                show(event.stage, event.done, event.total, f"{event.text}{at}{to_go}")

        yield listen
