"""The checks and the documents: which commands, in which order, and what counts as failed."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from environments import Environment
from processes import Answer
from stages import build_docs, run_stages


class FakeRunner:
    """Runs nothing, in the repository.

    Args:
        failing: Commands, as `done` shows them, that fail.
    """

    def __init__(self, root: Path, failing: Sequence[str] = ()) -> None:
        self.root = root
        self.failing = failing
        self.done: list[str] = []

    def run(self, command: Sequence[str], *, cwd: Path) -> int:
        assert cwd == self.root
        self.done.append(" ".join(word for word in command[1:] if word not in ("-P", "-m")))
        return 1 if self.done[-1] in self.failing else 0

    def record(self, command: Sequence[str], log: Path) -> Answer:
        raise AssertionError(f"nothing is installed here: {command}, {log}")

    def capture(self, command: Sequence[str], *, timeout_s: float | None = None) -> Answer:
        assert timeout_s is None
        raise AssertionError(f"nothing is asked here: {command}")

    def hand_over(self, command: Sequence[str]) -> int:
        raise AssertionError(f"nothing becomes the engine here: {command}")


PYTEST = "pytest -n auto --dist loadfile --no-loadscope-reorder"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(root=tmp_path / "root", folder=tmp_path / "env")


@pytest.mark.parametrize(
    ("failing", "code", "summary"),
    [
        pytest.param([], 0, "all passed", id="all pass"),
        pytest.param(["mypy"], 1, "failed: mypy", id="one fails"),
        pytest.param(["ruff check .", "mypy"], 1, "failed: ruff check, mypy", id="two fail"),
    ],
)
def test_every_check_runs_and_one_failure_counts(
    environment: Environment,
    capsys: pytest.CaptureFixture[str],
    failing: list[str],
    code: int,
    summary: str,
) -> None:
    runner = FakeRunner(environment.root, failing)
    assert run_stages(environment, ["-x"], runner, full=True) == code
    assert runner.done == [
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "--no-logo",
        f"{PYTEST} -x",
    ]
    said = capsys.readouterr().out
    assert said.endswith(f"=== {summary}\n")
    assert said.count("===") == 6


def test_full_runs_what_the_default_leaves_out(environment: Environment) -> None:
    lines = {}
    for full in (False, True):
        runner = FakeRunner(environment.root)
        run_stages(environment, [], runner, full=full)
        lines[full] = runner.done[-1]
    assert lines == {False: f"{PYTEST} not full", True: PYTEST}


PAGES = "docs/command_pages.py docs/reference"
SITE = "sphinx -W --keep-going -q -d build/doctrees docs build/docs"


@pytest.mark.parametrize(
    ("failing", "code", "done"),
    [
        pytest.param([], 0, [PAGES, SITE], id="built"),
        pytest.param([SITE], 1, [PAGES, SITE], id="a warning"),
        pytest.param([PAGES], 1, [PAGES], id="no pages"),
    ],
)
def test_documents_are_built_and_their_place_is_printed(
    environment: Environment,
    capsys: pytest.CaptureFixture[str],
    failing: list[str],
    code: int,
    done: list[str],
) -> None:
    runner = FakeRunner(environment.root, failing)
    assert build_docs(environment, runner) == code
    assert runner.done == done
    place = environment.root / "build" / "docs" / "index.html"
    assert capsys.readouterr().out == ("" if code else f"{place}\n")
