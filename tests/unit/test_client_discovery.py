"""Where a host finds its worker, and what it says where there is none."""

import json
import os
import sys
from pathlib import Path

import pytest
from robust_matte_client import WorkerMissing, config_file, find_worker

RUN = ("-I", "-m", "robust_matte")


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user without a worker: an empty home, an empty PATH."""
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("ROBUST_MATTE_WORKER", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", "utf-8")
    path.chmod(0o755)
    return path


def configure(command: object, version: object = 1) -> Path:
    file = config_file()
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"version": version, "command": command}), "utf-8")
    return file


@pytest.mark.parametrize(
    ("system", "variables", "where"),
    [
        pytest.param("linux", {}, "home/.config/robust-matte", id="linux"),
        pytest.param("linux", {"XDG_CONFIG_HOME": "xdg"}, "xdg/robust-matte", id="xdg"),
        pytest.param("darwin", {}, "home/Library/Application Support/robust-matte", id="macos"),
        pytest.param("win32", {"APPDATA": "roaming"}, "roaming/robust-matte", id="windows"),
        pytest.param("win32", {}, "home/AppData/Roaming/robust-matte", id="bare windows"),
    ],
)
def test_config_file_is_where_each_system_keeps_them(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    system: str,
    variables: dict[str, str],
    where: str,
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.delenv("APPDATA", raising=False)
    for name, folder in variables.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    assert config_file() == tmp_path / where / "worker.json"


def test_relative_xdg_folder_is_void(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    assert config_file() == tmp_path / "home/.config/robust-matte/worker.json"


def test_each_place_comes_before_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    on_path = program(tmp_path / "path/robust-matte")
    assert find_worker() == (str(on_path),)
    python = program(tmp_path / "env/bin/python")
    configure([str(python), *RUN])
    assert find_worker() == (str(python), *RUN)
    named = program(tmp_path / "named/robust-matte")
    monkeypatch.setenv("ROBUST_MATTE_WORKER", str(named))
    assert find_worker("  ") == (str(named),)
    assert find_worker(str(python)) == (str(python), *RUN)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param("python", RUN, id="python"),
        pytest.param("python3.11", RUN, id="with a version"),
        pytest.param("python.exe", RUN, id="windows"),
        pytest.param("Python", RUN, id="macos"),
        pytest.param("robust-matte", (), id="program"),
        pytest.param("python-wrapper", (), id="no python"),
    ],
)
def test_python_is_told_what_to_run(tmp_path: Path, name: str, arguments: tuple[str, ...]) -> None:
    path = program(tmp_path / "with a space" / name)
    assert find_worker(str(path)) == (str(path), *arguments)


def test_link_into_an_environment_is_kept(tmp_path: Path) -> None:
    real = program(tmp_path / "usr/python3.11")
    link = tmp_path / "env/bin/python"
    link.parent.mkdir(parents=True)
    link.symlink_to(real)
    assert find_worker(str(link))[0] == str(link)


def test_relative_and_home_names_become_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = program(tmp_path / "home/bin/robust-matte")
    assert find_worker("~/bin/robust-matte") == (str(path),)
    monkeypatch.chdir(tmp_path / "home")
    assert find_worker("bin/robust-matte") == (str(path),)


def test_name_on_the_path_is_found(tmp_path: Path) -> None:
    path = program(tmp_path / "path/matte-of-the-studio")
    assert find_worker("matte-of-the-studio") == (str(path),)


def test_command_line_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = program(tmp_path / "a b/python3")
    monkeypatch.setenv("ROBUST_MATTE_WORKER", f"'{path}' /opt/stub.py --slow")
    assert find_worker() == (str(path), "/opt/stub.py", "--slow")


def test_no_worker_names_all_places(tmp_path: Path) -> None:
    with pytest.raises(WorkerMissing) as caught:
        find_worker()
    assert caught.value.what == (
        "No worker is found: ROBUST_MATTE_WORKER is not set, "
        f"{tmp_path}/home/.config/robust-matte/worker.json is not there, "
        "and robust-matte is not on the PATH."
    )
    assert "python3 install/bootstrap.py blender" in caught.value.hint
    assert "ROBUST_MATTE_WORKER" in caught.value.hint


@pytest.mark.parametrize("how", ["chosen", "variable"])
def test_named_worker_is_never_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    program(tmp_path / "path/robust-matte")
    gone = str(tmp_path / "gone/robust-matte")
    if how == "variable":
        monkeypatch.setenv("ROBUST_MATTE_WORKER", gone)
    with pytest.raises(WorkerMissing, match=gone) as caught:
        find_worker(gone if how == "chosen" else "")
    place = (
        "which is chosen in the preferences"
        if how == "chosen"
        else "which ROBUST_MATTE_WORKER names"
    )
    assert place in caught.value.what


@pytest.mark.parametrize("text", ["'", "a 'b", "\0", "~nobody-here/x", "/", "-", "python3 x"])
def test_strange_names_are_told_as_missing(text: str) -> None:
    with pytest.raises(WorkerMissing):
        find_worker(text)


def test_file_that_cannot_be_run_is_no_worker(tmp_path: Path) -> None:
    path = program(tmp_path / "robust-matte")
    path.chmod(0o644)
    with pytest.raises(WorkerMissing, match="cannot be run"):
        find_worker(str(path))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("{", "cannot be read", id="half a file"),
        pytest.param("[" * 100_000, "cannot be read", id="deep"),
        pytest.param("[]", "is not of version 1", id="a list"),
        pytest.param('{"version": 2, "command": ["/x"]}', "is not of version 1", id="version"),
        pytest.param('{"version": 1}', "holds no command", id="no command"),
        pytest.param('{"version": 1, "command": []}', "holds no command", id="empty"),
        pytest.param('{"version": 1, "command": "/x"}', "holds no command", id="text"),
        pytest.param('{"version": 1, "command": ["/x", 1]}', "holds no command", id="number"),
        pytest.param(
            '{"version": 1, "command": ["/gone/python", "-I"]}', "/gone/python, which", id="gone"
        ),
        pytest.param('{"version": 1, "command": ["a\\u0000b"]}', "is not there", id="zero byte"),
    ],
)
def test_installers_file_that_is_no_use_is_said(tmp_path: Path, content: str, told: str) -> None:
    file = config_file()
    file.parent.mkdir(parents=True)
    file.write_text(content, "utf-8")
    with pytest.raises(WorkerMissing, match=told) as caught:
        find_worker()
    assert str(file) in caught.value.what
    on_path = program(tmp_path / "path/robust-matte")
    assert find_worker() == (str(on_path),)


def test_installers_file_that_is_a_folder_is_said() -> None:
    config_file().mkdir(parents=True)
    with pytest.raises(WorkerMissing, match="cannot be read"):
        find_worker()


def test_finding_changes_nothing(tmp_path: Path) -> None:
    before = dict(os.environ)
    with pytest.raises(WorkerMissing):
        find_worker()
    assert list(tmp_path.rglob("*")) == []
    assert dict(os.environ) == before
