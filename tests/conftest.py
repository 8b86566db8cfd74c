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
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
MEDIA_VARIABLE = "ROBUST_MATTE_TEST_MEDIA"
NO_MEDIA = f"{MEDIA_VARIABLE} does not name a folder with test footage"

sys.path.insert(0, str(ROOT / "install"))  # its files import each other by name, as scripts do

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see keying/cores.py

hypothesis.settings.register_profile("local", deadline=None, max_examples=60)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


def media_folder() -> Path | None:
    """Return the folder with test footage, if there is one."""
    name = os.environ.get(MEDIA_VARIABLE, "")
    return Path(name) if name and Path(name).is_dir() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs footage where there is none."""
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


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator of random numbers, the same in every run."""
    return np.random.default_rng(0)
