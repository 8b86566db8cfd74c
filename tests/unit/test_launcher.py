"""What the bootstrap does in which order, with a fake that starts nothing."""

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import launcher
import pytest
from environments import REPORT_VERSION, STAMP, Environment
from failures import InstallError
from launcher import Request, parse_request, prepare
from packages import PROBE
from processes import Answer
from stages import run_stages
from torch_builds import Machine

PYPROJECT = '[dependency-groups]\ndev = ["ruff==0.17.5"]\n'
LINUX = Machine(system="Linux", processor="x86_64", python=(3, 11), has_nvidia=False)
CPU_OWN = "install --no-deps torch==9.8.7+cpu"
CPU_INDEX = "install --no-deps --index-url https://download.pytorch.org/whl/cpu torch==9.8.7+cpu"
CUDA_OWN = "install --no-deps torch===9.8.7"


class FakeRunner:
    """Plays venv, pip and the interpreter on an almost empty folder; knows no other program.

    Args:
        environment: Where the commands work.
        failing: Commands, as `done` shows them, that fail.
    """

    def __init__(self, environment: Environment, failing: Sequence[str] = ()) -> None:
        self.environment = environment
        self.failing = list(failing)
        self.done: list[str] = []
        self.torch = ""

    def _short(self, command: Sequence[str]) -> str:
        """Return the command as tests name it."""
        inside = [str(self.environment.python), "-P", "-m"]
        if list(command[:3]) == inside:
            words = [word for word in command[3:] if word != "pip"]
            text = " ".join(words).replace(f"{self.environment.root}", "ROOT")
            return text.replace("--constraint ROOT/install/constraints.txt", "-c")
        if list(command) == [sys.executable, "-m", "venv", str(self.environment.folder)]:
            return "venv"
        raise AssertionError(f"not a command of the bootstrap: {command}")

    def run(self, command: Sequence[str], *, cwd: Path | None = None, aside: bool = False) -> int:
        assert (cwd, aside) == (None, True)
        name = self._short(command)
        self.done.append(name)
        if name in self.failing:
            return 1
        if name == "venv":
            self.environment.python.parent.mkdir(parents=True)
            self.environment.python.touch()
        elif "torch==" in name:
            self.torch = "9.8.7 cpu" if "+cpu" in name else "9.8.7 cuda"
        else:
            assert name.startswith("install -c ")
        return 0

    def capture(self, command: Sequence[str]) -> Answer:
        python = str(self.environment.python)
        if list(command) == [python, "-c", REPORT_VERSION]:
            return Answer(0, "3.11\n") if self.environment.python.exists() else Answer(127, "")
        if list(command) == [python, "-P", "-m", "pip", "--version"]:
            return Answer(0, "pip 23.2.1")
        if command[-1] == PROBE:
            return Answer(0, self.torch) if self.torch else Answer(1, "No module named 'torch'")
        return Answer(self.run(command, aside=True), "pip says why")

    def hand_over(self, command: Sequence[str]) -> int:
        self.done.append(f"become {self._short(command)}")
        return 5


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment that is not made yet, on a Linux machine without a GPU."""
    install = tmp_path / "root" / "install"
    install.mkdir(parents=True)
    (install / "constraints.txt").write_text("torch==9.8.7\n", "utf-8")
    (tmp_path / "root" / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    monkeypatch.setattr("packages.detect_machine", lambda _python: LINUX)
    monkeypatch.setattr(launcher, "ROOT", tmp_path / "root")
    return Environment(root=tmp_path / "root", folder=tmp_path / "env")


@pytest.fixture
def runner(environment: Environment) -> FakeRunner:
    return FakeRunner(environment)


PROJECT = ["install -c hatchling", "install -c --no-build-isolation --editable ROOT"]
TOOLS = [PROJECT[0], f"{PROJECT[1]} ruff==0.17.5"]


# --- the command line


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["key", "a.mov"], Request(command="key", arguments=("a.mov",)), id="plain"),
        pytest.param(
            ["--torch", "cpu", "--dry-run", "key", "a.mov"],
            Request(command="key", arguments=("a.mov",), torch="cpu", is_dry=True),
            id="flags before",
        ),
        pytest.param(
            ["key", "a.mov", "--torch=cuda", "-o", "out", "--venv", "/e"],
            Request(
                command="key", arguments=("a.mov", "-o", "out"), torch="cuda", folder=Path("/e")
            ),
            id="flags after",
        ),
        pytest.param(
            ["key", "--", "--torch", "--dry-run"],
            Request(command="key", arguments=("--torch", "--dry-run")),
            id="nothing is ours after --",
        ),
        pytest.param(["key", "-h"], Request(command="key", arguments=("-h",)), id="help of key"),
        pytest.param(
            ["test", "--full", "-k", "x"],
            Request(command="test", arguments=("--full", "-k", "x")),
            id="test",
        ),
    ],
)
def test_command_line_is_split(words: list[str], expected: Request) -> None:
    assert parse_request(words) == expected


@pytest.mark.parametrize(
    ("words", "what"),
    [
        pytest.param(["bake", "a.mov"], "bake is no command", id="unknown command"),
        pytest.param(["--dry-run"], "No command was given", id="no command"),
        pytest.param(["key", "--torch"], "--torch has no value", id="flag without value"),
        pytest.param(["key", "--torch", "rocm"], "--torch rocm is not known", id="unknown build"),
    ],
)
def test_wrong_command_line_is_a_usage_error(
    words: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launcher.main(words) == 2
    assert what in capsys.readouterr().err


# --- installing


def test_first_start_installs_torch_before_the_project(
    environment: Environment, runner: FakeRunner
) -> None:
    prepare(environment, Request(command="key"), runner)
    assert runner.done == ["venv", CPU_OWN, *PROJECT]


def test_second_start_does_nothing(environment: Environment, runner: FakeRunner) -> None:
    prepare(environment, Request(command="test"), runner)
    runner.done.clear()
    for command in ("test", "key", "setup"):
        prepare(environment, Request(command=command), runner)
    prepare(environment, Request(command="key", torch="cpu"), runner)
    assert runner.done == []


def test_tools_are_added_for_test_and_kept_from_then_on(
    environment: Environment, runner: FakeRunner
) -> None:
    prepare(environment, Request(command="key"), runner)
    runner.done.clear()
    prepare(environment, Request(command="test"), runner)
    assert runner.done == TOOLS
    environment.constraints.write_text("torch==9.8.7\nnumpy==2.4.6\n", "utf-8")
    runner.done.clear()
    prepare(environment, Request(command="key"), runner)
    assert runner.done == TOOLS


@pytest.mark.parametrize("damage", ["stamp", "interpreter"])
def test_interrupted_environment_is_completed(
    environment: Environment, runner: FakeRunner, damage: str
) -> None:
    prepare(environment, Request(command="key"), runner)
    runner.done.clear()
    if damage == "stamp":
        (environment.folder / STAMP).unlink()
    else:
        environment.python.unlink()
        runner.torch = ""
    prepare(environment, Request(command="key"), runner)
    assert runner.done == (PROJECT if damage == "stamp" else ["venv", CPU_OWN, *PROJECT])


def test_another_torch_is_installed_on_request_only(
    environment: Environment, runner: FakeRunner
) -> None:
    prepare(environment, Request(command="key"), runner)
    runner.done.clear()
    prepare(environment, Request(command="key", torch="cuda"), runner)
    assert runner.done == [CUDA_OWN, *PROJECT]
    runner.done.clear()
    prepare(environment, Request(command="key"), runner)  # auto keeps what is there
    assert runner.done == []


def test_second_source_is_asked_where_the_first_has_none(environment: Environment) -> None:
    runner = FakeRunner(environment, failing=[CPU_OWN])
    prepare(environment, Request(command="key"), runner)
    assert runner.done == ["venv", CPU_OWN, CPU_INDEX, *PROJECT]


def test_unreachable_torch_names_both_sources_and_the_way_out(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = FakeRunner(environment, failing=[CPU_OWN, CPU_INDEX])
    with pytest.raises(InstallError) as caught:
        prepare(environment, Request(command="key"), runner)
    assert "torch 9.8.7 (cpu) for Python 3.11" in caught.value.what
    assert "pip configuration" in caught.value.what
    assert "https://download.pytorch.org/whl/cpu" in caught.value.what
    assert "PIP_FIND_LINKS" in caught.value.hint
    assert "pip says why" in capsys.readouterr().err
    assert environment.read_stamp() is None
    runner.failing.clear()
    runner.done.clear()
    prepare(environment, Request(command="key"), runner)  # goes on: the environment is there
    assert runner.done == [CPU_OWN, *PROJECT]


def test_failing_project_leaves_no_stamp(environment: Environment) -> None:
    runner = FakeRunner(environment, failing=[PROJECT[1]])
    with pytest.raises(InstallError, match="could not install the project"):
        prepare(environment, Request(command="key"), runner)
    assert environment.read_stamp() is None


def test_torch_that_does_not_import_is_said(environment: Environment) -> None:
    class Broken(FakeRunner):
        def capture(self, command: Sequence[str]) -> Answer:
            if command[-1] == PROBE:
                return Answer(1, "ImportError: GLIBC_2.28 not found")
            return super().capture(command)

    with pytest.raises(InstallError, match=r"GLIBC_2\.28 not found"):
        prepare(environment, Request(command="key"), Broken(environment))
    assert environment.read_stamp() is None


def test_two_starts_at_once_install_once(environment: Environment, runner: FakeRunner) -> None:
    starts = [
        threading.Thread(target=prepare, args=(environment, Request(command="key"), runner))
        for _ in range(2)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join(30)
    assert runner.done == ["venv", CPU_OWN, *PROJECT]


# --- commands and exit codes


def test_key_becomes_the_engine_and_returns_its_code(
    environment: Environment, runner: FakeRunner
) -> None:
    assert launcher.main(["key", "a.mov", "--venv", str(environment.folder)], runner) == 5
    assert runner.done[-1] == "become robust_matte key a.mov"


def test_setup_ends_with_the_environment(environment: Environment, runner: FakeRunner) -> None:
    assert launcher.main(["setup", "--venv", str(environment.folder)], runner) == 0
    assert runner.done[-1] == PROJECT[-1]


def test_own_failure_is_7(environment: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    runner = FakeRunner(environment, failing=[CPU_OWN, CPU_INDEX])
    assert launcher.main(["setup", "--venv", str(environment.folder)], runner) == 7
    assert "Traceback" not in capsys.readouterr().err


def test_interrupt_is_130(environment: Environment) -> None:
    class Interrupted(FakeRunner):
        def run(
            self, command: Sequence[str], *, cwd: Path | None = None, aside: bool = False
        ) -> int:
            super().run(command, cwd=cwd, aside=aside)
            raise KeyboardInterrupt

    words = ["setup", "--venv", str(environment.folder)]
    assert launcher.main(words, Interrupted(environment)) == 130


class StageRunner(FakeRunner):
    """Runs checks only, in the repository."""

    def run(self, command: Sequence[str], *, cwd: Path | None = None, aside: bool = False) -> int:
        assert (cwd, aside) == (self.environment.root, False)
        name = " ".join(word for word in command[1:] if word not in ("-P", "-m"))
        self.done.append(name or "lint")
        return 1 if name in self.failing else 0


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
    runner = StageRunner(environment, failing)
    assert run_stages(environment, ["-x"], runner, full=True) == code
    assert runner.done == [
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "--no-logo",
        "pytest -x",
    ]
    said = capsys.readouterr().out
    assert said.endswith(f"=== {summary}\n")
    assert said.count("===") == 6


def test_full_runs_what_the_default_leaves_out(environment: Environment) -> None:
    lines = {}
    for full in (False, True):
        runner = StageRunner(environment)
        run_stages(environment, [], runner, full=full)
        lines[full] = runner.done[-1]
    assert lines == {False: "pytest not full", True: "pytest"}
