"""The documents as a site: built as `bootstrap.py docs` does, where every warning is an error."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from environments import Environment
from stages import list_docs_commands


def run_here(root: Path, cwd: Path, command: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run one of the bootstrap's commands with the Python of the tests."""
    sources = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))
    return subprocess.run(
        [sys.executable, *command[1:]],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": sources},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def commands(root: Path) -> list[list[str]]:
    return list_docs_commands(Environment(root=root, folder=root / ".venv"))


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """What the site is built from, where it can be broken::

    checkout/
    ├── docs/
    ├── CHANGELOG.md
    └── plugin/robust_matte/__init__.py
    """
    folder = tmp_path / "checkout"
    shutil.copytree(root / "docs", folder / "docs")
    for name in ("CHANGELOG.md", "plugin/robust_matte/__init__.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, folder / name)
    return folder


def test_the_site_is_built_without_a_warning(
    root: Path, checkout: Path, commands: list[list[str]]
) -> None:
    done = run_here(root, checkout, commands[-1])
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""
    site = checkout / "build" / "docs"
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    for source in (root / "docs").rglob("*.md"):
        assert source.relative_to(root / "docs").with_suffix(".html").as_posix() in pages


def test_the_site_loads_nothing_from_the_network(
    root: Path, checkout: Path, commands: list[list[str]]
) -> None:
    assert run_here(root, checkout, commands[-1]).returncode == 0
    loading = re.compile(
        r'<(?:script|img|iframe)\b[^>]* src="(?:https?:)?//|<link\b[^>]* href="(?:https?:)?//'
    )
    pages = list((checkout / "build" / "docs").rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        assert loading.findall(page.read_text("utf-8")) == [], page.name
    for sheet in (checkout / "build" / "docs").rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//|@import", sheet.read_text("utf-8"))


@pytest.mark.parametrize(
    ("page", "text", "complaint"),
    [
        pytest.param("key.md", "[gone](gone.md)\n", "gone.md", id="link to no page"),
        pytest.param("key.md", "[gone](colour.md#gone)\n", "gone", id="link to no heading"),
        pytest.param("key.md", "![gone](pictures/gone.png)\n", "gone.png", id="no picture"),
        pytest.param("lonely.md", "# Lonely\n", "lonely", id="page that nothing leads to"),
    ],
)
def test_a_planted_fault_stops_the_build(
    root: Path, checkout: Path, commands: list[list[str]], page: str, text: str, complaint: str
) -> None:
    with (checkout / "docs" / page).open("a", encoding="utf-8") as file:
        file.write(f"\n{text}")
    done = run_here(root, checkout, commands[-1])
    assert done.returncode != 0
    assert complaint in done.stderr


def test_the_pages_of_commands_are_those_of_the_program(
    root: Path, tmp_path: Path, commands: list[list[str]]
) -> None:
    *command, folder = commands[0]
    assert folder == "docs/reference"
    done = run_here(root, root, [*command, str(tmp_path / "made")])
    assert done.returncode == 0, done.stderr
    kept, made = (
        {path.name: path.read_text("utf-8") for path in place.iterdir()}
        for place in (root / folder, tmp_path / "made")
    )
    stale = {name for name in kept.keys() | made.keys() if kept.get(name) != made.get(name)}
    assert stale == set(), "python3 install/bootstrap.py docs writes them anew"


def test_pages_of_commands_that_are_gone_are_removed(
    root: Path, tmp_path: Path, commands: list[list[str]]
) -> None:
    (tmp_path / "gone.md").touch()
    assert run_here(root, root, [*commands[0][:-1], str(tmp_path)]).returncode == 0
    assert not (tmp_path / "gone.md").exists()
    assert "--downsample" in (tmp_path / "key.md").read_text("utf-8")
