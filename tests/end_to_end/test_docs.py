"""The documents: every command and line of Python in them runs, every link leads somewhere."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)\)")


def _documents(root: Path) -> list[Path]:
    return [root / "README.md", root / "CHANGELOG.md", *sorted((root / "docs").glob("*.md"))]


def _blocks(root: Path, language: str) -> list[str]:
    texts = [document.read_text(encoding="utf-8") for document in _documents(root)]
    return [body for text in texts for kind, body in _FENCE.findall(text) if kind == language]


@pytest.fixture
def studio(
    root: Path, tmp_path: Path, moving_frames: Any, write_exr_plate: Any, filled_weights: Path
) -> Path:
    """A folder with what the documents name: a plate, weights, and the command on the path."""
    frames = moving_frames(range(1001, 1101), height=18, width=32)
    write_exr_plate(frames, name="plate", kind="half")
    shutil.copy(filled_weights, tmp_path / "plate" / "rvm_mobilenetv3.pth")
    (tmp_path / "plate" / "install").symlink_to(root / "install")
    command = tmp_path / "bin" / "robust-matte"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m robust_matte "$@"\n')
    command.chmod(0o755)
    return tmp_path


def _environment(root: Path, studio: Path) -> dict[str, str]:
    sources = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))
    path = f"{studio / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PYTHONPATH": sources, "PATH": path}


@pytest.mark.skipif(os.name == "nt", reason="the documents' commands are written for a POSIX shell")
def test_shell_commands_run(root: Path, studio: Path) -> None:
    blocks = _blocks(root, "sh")
    assert len(blocks) >= 3
    bash = shutil.which("bash")
    assert bash is not None
    for block in blocks:
        # Setting up an environment is tested elsewhere; here the command line is checked alone.
        text = block.replace("bootstrap.py ", "bootstrap.py --dry-run ")
        done = subprocess.run(
            [bash, "-euo", "pipefail", "-c", text],
            cwd=studio / "plate",
            env=_environment(root, studio),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    assert len(list((studio / "plate").glob("sh010_matte.1*.exr"))) == 100


def test_python_runs(root: Path, studio: Path) -> None:
    blocks = _blocks(root, "python")
    assert blocks
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-c", block],
            cwd=studio / "plate",
            env=_environment(root, studio),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "100" in done.stdout


def test_links_lead_somewhere(root: Path) -> None:
    for document in _documents(root):
        for target in _LINK.findall(document.read_text(encoding="utf-8")):
            if not target.startswith("https://"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_option_of_key_is_one_a_reader_can_find(root: Path) -> None:
    """What the documents call an option of `key` is one."""
    from typer.main import get_command

    from robust_matte.cli.app import app

    command = get_command(app).commands["key"]  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in parameter.opts}
    of_bootstrap = {"--torch", "--dry-run", "--venv", "--full", "--help"}
    for document in _documents(root):
        named = set(re.findall(r"`?(--[a-z][a-z-]+)", document.read_text(encoding="utf-8")))
        assert named <= known | of_bootstrap, document.name
