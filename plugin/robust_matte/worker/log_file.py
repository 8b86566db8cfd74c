"""The worker's log: on stderr, and in a file of bounded size."""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from platformdirs import user_log_path

__all__ = ["default_log", "logging_to", "remove_old_logs"]

_FORM = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
_LARGEST = 1 << 20  # bytes of a file, of which there are
_KEPT = 3  # old ones
_MOST_FILES = 20  # in the folder for logs, of all workers that there were


class _File(RotatingFileHandler):
    """A log file that costs nobody their job: what cannot be written to it is left out."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as logging calls it
        """Say nothing: stderr has the line."""


def default_log() -> Path:
    """Return the file that this worker logs to unless it is told another.

    It has the process in its name: workers of several hosts would rename each other's file, which
    Windows refuses.
    """
    return user_log_path("robust-matte", appauthor=False) / f"worker-{os.getpid()}.log"


def remove_old_logs(folder: Path) -> None:
    """Remove what workers have logged to a folder by default, but for the newest files."""
    with contextlib.suppress(OSError):  # another worker does so, too
        files = [(path.stat().st_mtime_ns, path) for path in folder.glob("worker-*.log*")]
        for _, path in sorted(files, reverse=True)[_MOST_FILES:]:
            with contextlib.suppress(OSError):  # in use, on Windows
                path.unlink()


@contextmanager
def logging_to(file: Path | None, level: int = logging.INFO) -> Iterator[None]:
    """Log on stderr, and to a file, while the context lasts.

    What Python's libraries warn of is logged, too. A file that cannot be written is said on
    stderr, and done without.

    Args:
        file: The file, or None for stderr alone.
        level: What is logged of this program; of others it is warnings.
    """
    root, own = logging.getLogger(), logging.getLogger("robust_matte")
    before = own.level
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    trouble = None
    if file is not None:
        try:
            handlers.append(_open(file))
        except OSError as error:
            trouble = error
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORM))
        root.addHandler(handler)
    own.setLevel(level)
    if trouble is not None:
        own.info("no log is kept in %s: %s", file, trouble.strerror)
    with warnings.catch_warnings():  # gives back how they were shown, too
        logging.captureWarnings(capture=True)
        try:
            yield
        finally:
            logging.captureWarnings(capture=False)
            own.setLevel(before)
            for handler in handlers:
                root.removeHandler(handler)
                handler.close()


def _open(file: Path) -> _File:
    file.parent.mkdir(parents=True, exist_ok=True)
    return _File(
        file, maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8", errors="backslashreplace"
    )
