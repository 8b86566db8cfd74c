"""What the bootstrap does in which order, with a fake that starts nothing."""

import errno
import os
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

    def run(self, command: Sequence[str], *, cwd: Path) -> int:
        raise AssertionError(f"not a check: {command} in {cwd}")

    def record(self, command: Sequence[str], log: Path) -> Answer:
        assert log == self.environment.log
        name = self._short(command)
        self.done.append(name)
        if name in self.failing:
            return Answer(1, "\n".join(["pip begins", *map(str, range(50)), "pip says why"]))
        if name == "venv":
            self.environment.python.parent.mkdir(parents=True)
            self.environment.python.touch()
        elif "torch==" in name:
            self.torch = "9.8.7 cpu" if "+cpu" in name else "9.8.7 cuda"
        else:
            assert name.startswith("install -c ")
        return Answer(0, f"all is well with {name}")

    def capture(self, command: Sequence[str], *, timeout_s: float | None = None) -> Answer:
        assert timeout_s is None
        python = str(self.environment.python)
        if list(command) == [python, "-c", REPORT_VERSION]:
            return Answer(0, "3.11\n") if self.environment.python.exists() else Answer(127, "")
        if list(command) == [python, "-P", "-m", "pip", "--version"]:
            return Answer(0, "pip 23.2.1")
        if command[-1] == PROBE:
            return Answer(0, self.torch) if self.torch else Answer(1, "No module named 'torch'")
        raise AssertionError(f"not a question: {command}")

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


SETUP = Request(command="setup")
PROJECT = ["install -c hatchling", "install -c --no-build-isolation --editable ROOT"]
TOOLS = [PROJECT[0], f"{PROJECT[1]}[demo,edl,train] ruff==0.17.5"]


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
        pytest.param(["setup", "now"], "setup has no use for now.", id="words after setup"),
        pytest.param(["docs", "a", "b"], "docs has no use for a b.", id="words after docs"),
    ],
)
def test_wrong_command_line_is_a_usage_error(
    words: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launcher.main(words) == 2
    assert what in capsys.readouterr().err


@pytest.mark.parametrize("words", [["setup", "--help"], ["docs", "-h"], ["--help"]])
def test_help_of_what_is_the_bootstraps_own_is_its_usage(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert launcher.main(words) == 0
    assert capsys.readouterr().out == launcher.USAGE


# --- installing


def test_first_start_installs_torch_before_the_project(
    environment: Environment, runner: FakeRunner
) -> None:
    prepare(environment, SETUP, runner)
    assert runner.done == ["venv", CPU_OWN, *PROJECT]


def test_second_start_does_nothing(environment: Environment, runner: FakeRunner) -> None:
    prepare(environment, Request(command="test"), runner)
    runner.done.clear()
    for command in ("test", "docs", "key", "demo", "evaluate", "train", "setup"):
        prepare(environment, Request(command=command), runner)
    prepare(environment, Request(command="setup", torch="cpu"), runner)
    assert runner.done == []


def test_tools_are_added_for_test_and_kept_from_then_on(
    environment: Environment, runner: FakeRunner
) -> None:
    prepare(environment, SETUP, runner)
    runner.done.clear()
    prepare(environment, Request(command="test"), runner)
    assert runner.done == TOOLS
    environment.constraints.write_text("torch==9.8.7\nnumpy==2.4.6\n", "utf-8")
    runner.done.clear()
    prepare(environment, SETUP, runner)
    assert runner.done == TOOLS


def test_what_a_command_needs_is_added_and_kept(
    environment: Environment, runner: FakeRunner
) -> None:
    prepare(environment, Request(command="demo"), runner)
    assert runner.done[-1] == f"{PROJECT[1]}[demo]"
    prepare(environment, Request(command="evaluate"), runner)
    assert runner.done[-1] == f"{PROJECT[1]}[demo,train]"
    runner.done.clear()
    for command in ("demo", "key", "evaluate", "train"):
        prepare(environment, Request(command=command), runner)
    assert runner.done == []


@pytest.mark.parametrize("damage", ["stamp", "interpreter"])
def test_interrupted_environment_is_completed(
    environment: Environment, runner: FakeRunner, damage: str
) -> None:
    prepare(environment, SETUP, runner)
    runner.done.clear()
    if damage == "stamp":
        (environment.folder / STAMP).unlink()
    else:
        environment.python.unlink()
        runner.torch = ""
    prepare(environment, SETUP, runner)
    assert runner.done == (PROJECT if damage == "stamp" else ["venv", CPU_OWN, *PROJECT])


def test_another_torch_is_installed_on_request_only(
    environment: Environment, runner: FakeRunner
) -> None:
    prepare(environment, SETUP, runner)
    runner.done.clear()
    prepare(environment, Request(command="setup", torch="cuda"), runner)
    assert runner.done == [CUDA_OWN, *PROJECT]
    runner.done.clear()
    prepare(environment, SETUP, runner)  # auto keeps what is there
    assert runner.done == []


def test_second_source_is_asked_where_the_first_has_none(environment: Environment) -> None:
    runner = FakeRunner(environment, failing=[CPU_OWN])
    prepare(environment, SETUP, runner)
    assert runner.done == ["venv", CPU_OWN, CPU_INDEX, *PROJECT]


def test_unreachable_torch_names_both_sources_and_the_way_out(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = FakeRunner(environment, failing=[CPU_OWN, CPU_INDEX])
    with pytest.raises(InstallError) as caught:
        prepare(environment, SETUP, runner)
    assert "torch 9.8.7 (cpu) for Python 3.11" in caught.value.what
    assert "pip configuration" in caught.value.what
    assert "https://download.pytorch.org/whl/cpu" in caught.value.what
    assert "PIP_FIND_LINKS" in caught.value.hint
    said = capsys.readouterr().err
    assert said.count("pip says why") == 2
    assert "pip begins" not in said
    assert environment.read_stamp() is None
    runner.failing.clear()
    runner.done.clear()
    prepare(environment, SETUP, runner)  # goes on: the environment is there
    assert runner.done == [CPU_OWN, *PROJECT]


def test_failing_project_leaves_no_stamp_and_shows_why(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = FakeRunner(environment, failing=[PROJECT[1]])
    with pytest.raises(InstallError, match="could not install the project"):
        prepare(environment, SETUP, runner)
    assert environment.read_stamp() is None
    assert capsys.readouterr().err.endswith("49\npip says why\n")


def test_a_line_a_step_and_none_of_pips(
    environment: Environment, runner: FakeRunner, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(environment, SETUP, runner)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"Setting up {environment.folder} (log: {environment.log})"
    assert [line.split(",")[0] for line in lines[1:-1]] == [
        "  a virtual environment",
        "  torch 9.8.7 (cpu) for Python 3.11",
        "  Robust Matte and its libraries",
    ]
    assert lines[-1].startswith("  done in ")
    prepare(environment, SETUP, runner)
    assert capsys.readouterr().err == ""


def test_what_is_not_there_is_told_before_anything_is_installed(
    environment: Environment, runner: FakeRunner, tmp_path: Path
) -> None:
    words = ["key", str(tmp_path / "gone.mov"), "--venv", str(environment.folder)]
    assert launcher.main(words, runner) == 3
    assert runner.done == []
    assert not environment.folder.exists()


def test_a_full_disk_is_told_in_two_sentences(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(FakeRunner):
        def record(self, command: Sequence[str], log: Path) -> Answer:
            assert command
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(log))

    assert launcher.main(["setup", "--venv", str(environment.folder)], Full(environment)) == 7
    said = capsys.readouterr().err.splitlines()
    assert said[-2] == f"{environment.log} cannot be used: No space left on device."
    assert "the same command again" in said[-1]


def test_torch_that_does_not_import_is_said(environment: Environment) -> None:
    class Broken(FakeRunner):
        def capture(self, command: Sequence[str], *, timeout_s: float | None = None) -> Answer:
            assert timeout_s is None
            if command[-1] == PROBE:
                return Answer(1, "ImportError: GLIBC_2.28 not found")
            return super().capture(command)

    with pytest.raises(InstallError, match=r"GLIBC_2\.28 not found"):
        prepare(environment, SETUP, Broken(environment))
    assert environment.read_stamp() is None


def test_two_starts_at_once_install_once(environment: Environment, runner: FakeRunner) -> None:
    starts = [threading.Thread(target=prepare, args=(environment, SETUP, runner)) for _ in range(2)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(30)
    assert runner.done == ["venv", CPU_OWN, *PROJECT]


# --- commands and exit codes


@pytest.mark.parametrize(
    "command",
    ["key", "shape", "assemble", "demo", "info", "doctor", "weights", "evaluate", "train"],
)
def test_commands_of_the_engine_become_it_and_return_its_code(
    environment: Environment, runner: FakeRunner, tmp_path: Path, command: str
) -> None:
    words = [command, str(tmp_path), "--venv", str(environment.folder)]
    assert launcher.main(words, runner) == 5
    assert runner.done[-1] == f"become robust_matte {command} {tmp_path}"


def test_setup_ends_with_the_environment(environment: Environment, runner: FakeRunner) -> None:
    assert launcher.main(["setup", "--venv", str(environment.folder)], runner) == 0
    assert runner.done[-1] == PROJECT[-1]


def test_own_failure_is_7(environment: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    runner = FakeRunner(environment, failing=[CPU_OWN, CPU_INDEX])
    assert launcher.main(["setup", "--venv", str(environment.folder)], runner) == 7
    assert "Traceback" not in capsys.readouterr().err


def test_interrupt_is_130(environment: Environment) -> None:
    class Interrupted(FakeRunner):
        def record(self, command: Sequence[str], log: Path) -> Answer:
            super().record(command, log)
            raise KeyboardInterrupt

    words = ["setup", "--venv", str(environment.folder)]
    assert launcher.main(words, Interrupted(environment)) == 130


def test_docs_are_built_with_the_tools(
    environment: Environment, runner: FakeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "build_docs", lambda *_: 1)
    assert launcher.main(["docs", "--venv", str(environment.folder)], runner) == 1
    assert runner.done == ["venv", CPU_OWN, *TOOLS]
