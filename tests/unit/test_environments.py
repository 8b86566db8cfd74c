"""The virtual environment on disk: real interpreters, no package index."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from environments import LOCK, STAMP, Environment, Stamp, lock, make_environment
from failures import InstallError
from processes import SystemRunner


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment that is not made yet, for a repository with the least files::

    root/
    ├── pyproject.toml
    └── install/ constraints.txt  a.py
    """
    install = tmp_path / "root" / "install"
    install.mkdir(parents=True)
    (install / "constraints.txt").write_text("torch==9.8.7\n", "utf-8")
    (install / "a.py").write_text("", "utf-8")
    (tmp_path / "root" / "pyproject.toml").write_text("", "utf-8")
    return Environment(root=tmp_path / "root", folder=tmp_path / "env")


def make_bare(environment: Environment) -> None:
    command = [sys.executable, "-m", "venv", "--without-pip", str(environment.folder)]
    subprocess.run(command, check=True)


def has_pip(environment: Environment) -> bool:
    return SystemRunner().capture(environment.module("pip", "--version")).code == 0


# --- repairs


def test_missing_pip_is_put_back(environment: Environment) -> None:
    make_bare(environment)
    kept = environment.folder / "kept.txt"
    kept.touch()
    make_environment(environment, SystemRunner())
    assert has_pip(environment)
    assert kept.exists()  # the interpreter worked, so nothing was deleted


@pytest.mark.skipif(sys.platform == "win32", reason="no links to interpreters on Windows")
def test_dead_interpreter_is_made_anew(environment: Environment) -> None:
    make_bare(environment)
    for link in environment.python.parent.glob("python*"):
        link.unlink()
    environment.python.symlink_to("/nonexistent/python3.11")
    (environment.folder / LOCK).touch()
    environment.log.write_text("what went wrong before\n", "utf-8")
    rubbish = environment.folder / "lib" / "half.txt"
    rubbish.parent.mkdir(exist_ok=True)
    rubbish.touch()
    make_environment(environment, SystemRunner())
    assert has_pip(environment)
    assert not rubbish.exists()
    assert (environment.folder / LOCK).exists()
    assert environment.log.read_text("utf-8").startswith("what went wrong before\n\n$ ")


def test_interpreter_of_another_version_is_left_alone(environment: Environment) -> None:
    program = environment.python
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 3.9\n", "utf-8")
    program.chmod(0o755)
    with pytest.raises(InstallError, match=r"is for Python 3\.9") as caught:
        make_environment(environment, SystemRunner())
    assert "--venv" in caught.value.hint
    assert program.exists()


@pytest.mark.parametrize("name", ["venv", "ensurepip"])
def test_missing_module_is_explained_in_two_sentences(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InstallError, match=rf"lacks the module {name}") as caught:
        make_environment(environment, SystemRunner())
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"sudo apt install python{version}-venv" in caught.value.hint


# --- safety of what exists


def test_folder_with_other_files_is_refused_and_kept(environment: Environment) -> None:
    environment.folder.mkdir()
    precious = environment.folder / "thesis.txt"
    precious.touch()
    with pytest.raises(InstallError, match="holds other files"), lock(environment):
        pass
    assert [path.name for path in environment.folder.iterdir()] == ["thesis.txt"]


def test_file_in_the_way_is_refused(environment: Environment) -> None:
    environment.folder.touch()
    with pytest.raises(InstallError, match="is not a folder"), lock(environment):
        pass


def test_folder_that_cannot_be_made_is_explained(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = Environment(root=environment.root, folder=tmp_path / "file" / "env")
    with pytest.raises(InstallError, match="cannot be written") as caught, lock(below):
        pass
    assert "--venv" in caught.value.hint


# --- one at a time


def test_second_start_gives_up_with_a_message(environment: Environment) -> None:
    with lock(environment), pytest.raises(InstallError, match="Another bootstrap"):  # noqa: SIM117
        with lock(environment, patience_s=0):
            pytest.fail("two at once")
    with lock(environment, patience_s=0):
        assert (environment.folder / LOCK).exists()


def test_second_start_waits_for_the_first(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    order: list[str] = []

    def second() -> None:
        with lock(environment):
            order.append("second")

    with lock(environment):
        waiter = threading.Thread(target=second)
        waiter.start()
        waiter.join(0.2)
        order.append("first")
    waiter.join(30)
    assert order == ["first", "second"]
    assert "waiting for it" in capsys.readouterr().err


# --- the stamp


STAMPED = Stamp(digest="d", torch="cpu", parts=frozenset({"demo", "dev"}))


def test_stamp_comes_back(environment: Environment) -> None:
    environment.folder.mkdir()
    environment.write_stamp(STAMPED)
    assert environment.read_stamp() == STAMPED
    environment.drop_stamp()
    assert environment.read_stamp() is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param('{"digest": "d"', id="cut off"),
        pytest.param("[]", id="a list"),
        pytest.param('{"digest": "d"}', id="in part"),
        pytest.param('{"digest": "d", "torch": "cpu", "dev": true}', id="of an older bootstrap"),
    ],
)
def test_damaged_stamp_counts_as_none(environment: Environment, text: str) -> None:
    environment.folder.mkdir()
    (environment.folder / STAMP).write_text(text, "utf-8")
    assert environment.read_stamp() is None


@pytest.mark.parametrize("name", ["pyproject.toml", "install/constraints.txt", "install/a.py"])
def test_digest_follows_what_decides_the_packages(environment: Environment, name: str) -> None:
    before = environment.digest()
    assert environment.digest() == before
    (environment.root / name).write_text("changed\n", "utf-8")
    assert environment.digest() != before


def test_moved_checkout_has_another_digest(environment: Environment) -> None:
    before = environment.digest()
    moved = environment.root.rename(environment.root.with_name("moved"))
    assert Environment(root=moved, folder=environment.folder).digest() != before
