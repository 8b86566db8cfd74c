"""Writes docs/reference/: a page for every command, out of the command line itself.

    python docs/command_pages.py docs/reference

`python3 install/bootstrap.py docs` does that before it builds the site.
"""

import sys
from pathlib import Path
from typing import Any, cast

import typer
from typer.cli import get_docs_for_click
from typer.core import TyperGroup
from typer.main import get_command

from robust_matte.cli.app import app

__all__ = ["command_pages", "write_pages"]

PROGRAM = "robust-matte"


def command_pages() -> dict[str, str]:
    """Return the Markdown of each command's page by the command's name."""
    program = cast(TyperGroup, get_command(app))
    context = typer.Context(program, info_name=PROGRAM)
    return {
        name: _page(command, context, f"{PROGRAM} {name}").strip() + "\n"
        for name, command in sorted(program.commands.items())
    }


def _page(command: Any, context: typer.Context, name: str, depth: int = 0) -> str:
    """Return a command's section; a group's has those of its commands in place of a cut list."""
    if not isinstance(command, TyperGroup):
        return get_docs_for_click(obj=command, ctx=context, name=name, indent=depth)
    parts = [f"{'#' * (depth + 1)} `{name}`\n\n{command.help}\n\n"]
    for word, one in command.commands.items():
        parts.append(_page(one, context, f"{name} {word}", depth + 1))
    return "".join(parts)


def write_pages(folder: Path) -> None:
    """Write the pages into a folder; those of commands that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{name}.md": text for name, text in command_pages().items()}
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
