"""Who has stdout: people, or the one machine that reads a dialect of progress there."""

from collections.abc import Sequence
from itertools import pairwise

from robust_matte.cli.dialects import (
    DeadlineLines,
    Dialect,
    JsonLines,
    OpenJDLines,
    TractorLines,
    quote_stderr,
)
from robust_matte.cli.progress import ProgressStyle
from robust_matte.errors import Cancelled, Preempted, RobustMatteError, SettingsError
from robust_matte.jobs.private_stdout import PrivateStdout

__all__ = [
    "dialect",
    "leave_stdout",
    "refuse_json_twice",
    "take_stdout",
    "tell_failure",
    "worker_stdout",
]


_FLAG = "--progress"
_WORKER = "serve"
_WORKER_PRINTS = {"--schema", "--help"}
_DIALECTS: dict[str, type[Dialect]] = {
    ProgressStyle.JSONL: JsonLines,
    ProgressStyle.OPENJD: OpenJDLines,
    ProgressStyle.TRACTOR: TractorLines,
    ProgressStyle.DEADLINE: DeadlineLines,
}
_taken: dict[str, PrivateStdout] = {}  # a process has one stdout, so at most one, by its dialect


def take_stdout(words: Sequence[str]) -> None:
    """Take stdout from everybody else if a command line asks for a dialect.

    It looks for the flag itself: a mistake in the command line is told in the dialect, too, and
    nothing that is imported has printed anything yet.
    """
    leave_stdout()
    if words[:1] == [_WORKER] and not _WORKER_PRINTS & set(words):
        worker_stdout()
        return
    style = ""
    for word, after in pairwise([*words, ""]):
        if word == _FLAG:
            style = after
        elif word.startswith(f"{_FLAG}="):
            style = word.partition("=")[2]
    if style in _DIALECTS:
        _take(style)


def worker_stdout() -> PrivateStdout:
    """Return the worker's stdout, where nothing but its events may be."""
    if _WORKER not in _taken:
        leave_stdout()
        _taken[_WORKER] = PrivateStdout()
    return _taken[_WORKER]


def leave_stdout() -> None:
    """Give stdout back, if it was taken: one process may run several commands."""
    while _taken:
        _taken.popitem()[1].give_back()


def dialect(style: ProgressStyle, work: str) -> Dialect | None:
    """Return what speaks a dialect on stdout; None where the style is none."""
    if style not in _DIALECTS:
        return None
    if style not in _taken:
        leave_stdout()
        _take(style)
    return _DIALECTS[style](_taken[style], work)


def tell_failure(error: RobustMatteError) -> None:
    """Say in the dialect, if one is spoken, what the process ends with."""
    for style, out in _taken.items():
        if style == _WORKER:
            _tell_host(out, error)
        else:
            _DIALECTS[style](out).fail(error)


def refuse_json_twice(asked: ProgressStyle) -> None:
    """Refuse a dialect beside --json.

    Raises:
        SettingsError: It is one.
    """
    if asked in _DIALECTS:
        raise SettingsError(
            f"Both --json and --progress {asked} want stdout for themselves.",
            hint="Take --progress plain, rich or none beside --json.",
        )


def _tell_host(out: PrivateStdout, error: RobustMatteError) -> None:
    """Say as the worker does why there is none, unless it was told to end."""
    from robust_matte.worker.events import event_line
    from robust_matte.worker.failing import failed

    if not isinstance(error, Cancelled | Preempted):
        out.line(event_line(failed(error, None)))


def _take(style: str) -> None:
    _taken[style] = PrivateStdout()
    if style == ProgressStyle.OPENJD:
        quote_stderr()
