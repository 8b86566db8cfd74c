"""What every test gets: quiet logs, the same random numbers, and test media where they are at hand.

tests/
├── conftest.py     this file: fixtures that more than one test file needs
├── data/           small files that tests read, listed in its README
├── property/       test_<noun>.py: hypothesis, arithmetic and round trips
└── unit/           test_<module>.py: mirrors plugin/, rvm/ and install/
"""

import logging
import os
import random
import re
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import hypothesis
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
# The files that take longest, longest first: begun last, one of them would keep one core alone.
LONGEST = [
    f"test_{name}.py" for name in ("docs", "train", "footage", "demo", "openjd", "kill", "memory")
]
MEDIA_VARIABLE = "ROBUST_MATTE_TEST_MEDIA"
NO_MEDIA = f"{MEDIA_VARIABLE} does not name a folder with test footage"

sys.path.insert(0, str(ROOT / "install"))  # its files import each other by name, as scripts do

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see keying/cores.py
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

hypothesis.settings.register_profile("local", deadline=None, max_examples=60)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


def media_folder() -> Path | None:
    """Return the folder with test footage, if there is one."""
    name = os.environ.get(MEDIA_VARIABLE, "")
    return Path(name) if name and Path(name).is_dir() else None


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call() -> Generator[None]:
    """Let a test that spoke a dialect in this process give stdout back, before it is captured."""
    try:
        return (yield)
    finally:
        speaking = sys.modules.get("robust_matte.cli.speaking")
        if speaking is not None:
            speaking.leave_stdout()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, and skip what needs footage where there is none."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))
    if media_folder() is None:
        for item in items:
            if item.get_closest_marker("media") is not None:
                item.add_marker(pytest.mark.skip(reason=NO_MEDIA))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder with test footage; skips where there is none."""
    folder = media_folder()
    if folder is None:
        pytest.skip(NO_MEDIA)
    return folder


class ErrorRecords(logging.Handler):
    """Keeps the messages of level ERROR and above."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.messages.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def no_logs_gte_error(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that logged an error, unless it looks at the log itself through `caplog`."""
    records = ErrorRecords()
    logging.getLogger().addHandler(records)
    yield
    logging.getLogger().removeHandler(records)
    if records.messages and "caplog" not in request.fixturenames:
        pytest.fail(f"errors were logged: {records.messages}")


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Start every test from the same random numbers, also in code that uses the global ones."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the global generator is what is being pinned
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@dataclass
class FileServer:
    """Serves files over HTTP on 127.0.0.1, as badly as a test wants.

    `faults` are taken one a request. An int is a status to answer with; a float says after how many
    bytes to close the connection or, if negative, to fall silent.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[int | float] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"first"'})
    has_ranges: bool = True
    heeds_if_range: bool = True
    address: str = ""
    requests: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range
    begun: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.requests.append((handler.path, handler.headers["Range"]))
        self.begun.set()
        fault = self.faults.pop(0) if self.faults else None
        body = self.files.get(handler.path.rpartition("/")[2])
        if isinstance(fault, int) or body is None:
            handler.send_error(int(fault or 404))
            return
        start = self._start(handler)
        if start >= len(body):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(body) - start))
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        for item in self.headers.items():
            handler.send_header(*item)
        handler.end_headers()
        end = len(body) if fault is None else start + abs(int(fault))
        handler.wfile.write(body[start:end])
        if fault is not None and fault < 0:
            self.released.wait()

    def _start(self, handler: BaseHTTPRequestHandler) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", handler.headers["Range"] or "")
        is_same = handler.headers["If-Range"] in self.headers.values()
        wanted = found is not None and self.has_ranges and (is_same or not self.heeds_if_range)
        return int(found[1]) if found and wanted else 0


@pytest.fixture
def serve_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FileServer]]:
    """Start servers that last as long as the test; proxies of this machine are left alone."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ExitStack() as stack:

        def serve(**values: object) -> FileServer:
            files = FileServer(**values)  # type: ignore[arg-type]

            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    files.answer(self)

                def log_message(self, *_: object) -> None:
                    pass

            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            stack.callback(files.released.set)
            files.address = f"http://127.0.0.1:{server.server_port}/v1"
            return files

        yield serve


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator of random numbers, the same in every run."""
    return np.random.default_rng(0)
