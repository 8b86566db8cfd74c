"""Blenders for tests: made once, one line where one cannot be had, and never a must."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from blender_wheels import VARIABLE, WHEELS, find_python, make_blenders
from environments import Environment
from processes import Answer

DEFAULT = [wheel for wheel in WHEELS if not wheel.is_full]


class FakeRunner:
    """Plays Pythons, venv and pip.

    Args:
        pythons: The versions that this machine has, by the command that starts them.
        failing: Words of commands that fail, with what they say.
    """

    def __init__(self, pythons: dict[str, str], failing: dict[str, str] | None = None) -> None:
        self.pythons = pythons
        self.failing = failing or {}
        self.done: list[str] = []

    def run(self, command: Sequence[str], *, cwd: Path) -> int:
        raise AssertionError(f"not a check: {command} in {cwd}")

    def hand_over(self, command: Sequence[str]) -> int:
        raise AssertionError(f"nothing is handed over to {command}")

    def record(self, command: Sequence[str], log: Path) -> Answer:
        assert log.parent.is_dir()
        text = " ".join(command)
        self.done.append(text)
        if answer := self._failure(text):
            return answer
        if command[1:3] == ["-m", "venv"]:
            Path(command[3], "bin").mkdir(parents=True)
            self.pythons[f"{command[3]}/bin/python"] = self.pythons[command[0]]
        return Answer(0, "")

    def capture(self, command: Sequence[str], *, timeout_s: float | None = None) -> Answer:
        assert timeout_s is None
        text = " ".join(command)
        if answer := self._failure(text):
            return answer
        version = self.pythons.get(command[0])
        return Answer(0, f"{version}\n") if version else Answer(127, "no such program")

    def _failure(self, text: str) -> Answer | None:
        said = [words for part, words in self.failing.items() if part in text]
        return Answer(1, f"first\n{said[0]}\n") if said else None


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment that exists; no Python on PATH."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    return Environment(root=tmp_path, folder=tmp_path / "env")


def both() -> dict[str, str]:
    return {"python3.11": "3.11", "python3.13": "3.13"}


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the folders of Linux and macOS")


def test_each_version_is_made_once_beside_the_environment(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = FakeRunner(both())
    make_blenders(environment, runner, full=False)
    beside = environment.folder.with_name("env.blenders")
    assert sorted(path.name for path in beside.iterdir()) == ["4.5", "5.2"]
    assert len(runner.done) == 4
    assert runner.done[0] == f"python3.11 -m venv {beside}/4.5"
    assert f"{beside}/5.2/bin/python -I -m pip install" in runner.done[3]
    assert "bpy==5.2.3" in runner.done[3]
    assert (
        "Blender 5.2.3 for the tests of its node, some 400 MB, 1 GB in" in capsys.readouterr().err
    )
    make_blenders(environment, runner, full=False)
    assert len(runner.done) == 4
    make_blenders(environment, runner, full=True)
    assert [line for line in runner.done[4:] if "bpy==4.2.23" in line or "bpy==5.0.1" in line]
    assert len(runner.done) == 8


def test_everything_installed_is_pinned() -> None:
    for wheel in WHEELS:
        assert all(len(one.split("==")) == 2 for one in wheel.requirements)


@pytest.mark.parametrize(
    ("failing", "why"),
    [
        pytest.param(
            {"pip install": "ERROR: no route"}, "could not be had: ERROR: no route", id="no network"
        ),
        pytest.param(
            {"import bpy": "ImportError: libXi.so.6: cannot open shared object file"},
            "apt install libx11-6 libxi6",
            id="no library",
        ),
    ],
)
def test_what_cannot_be_had_is_one_line_and_a_note_for_the_tests(
    environment: Environment, capsys: pytest.CaptureFixture[str], failing: dict[str, str], why: str
) -> None:
    runner = FakeRunner(both(), failing)
    make_blenders(environment, runner, full=False)
    said = [line for line in capsys.readouterr().err.splitlines() if "will skip" in line]
    note = environment.folder.with_name("env.blenders") / "4.5.txt"
    assert [why in line for line in said] == [True, True]
    assert why in note.read_text("utf-8")
    runner.failing.clear()
    make_blenders(environment, runner, full=False)
    assert not note.exists()


def test_a_missing_python_leaves_that_version_out(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    make_blenders(environment, FakeRunner({"python3.11": "3.11"}), full=False)
    line = "tests in Blender 5.2 will skip: there is no Python 3.13, which Blender 5.2 is built for"
    assert line in capsys.readouterr().err


def test_blenders_that_are_named_are_used_instead(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "/opt/bpy/bin/python")
    runner = FakeRunner(both())
    make_blenders(environment, runner, full=False)
    assert runner.done == []


def test_a_name_that_only_prints_an_error_leads_to_what_is_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "shims" / "python3.13"
    real = tmp_path / "versions" / "3.13.0" / "bin" / "python"
    for path in (shim, real):
        path.parent.mkdir(parents=True)
        path.touch()
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent))
    runner = FakeRunner({sys.executable: "3.12", str(real): "3.13"})
    assert find_python("3.13", runner) == [str(real)]
    assert find_python("3.12", runner) == [sys.executable]
    assert find_python("3.10", runner) == []
