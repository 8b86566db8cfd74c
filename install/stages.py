"""The project's checks and its documents: what `bootstrap.py test` and `docs` run."""

import sys
from collections.abc import Sequence

from environments import Environment
from processes import Runner

__all__ = ["EXIT_FAILED", "build_docs", "list_docs_commands", "list_stages", "run_stages"]

EXIT_FAILED = 1


def list_stages(
    environment: Environment, arguments: Sequence[str], *, full: bool
) -> list[tuple[str, list[str]]]:
    """Return the name and the command of every check.

    Args:
        environment: Holds the tools.
        arguments: For pytest, after ours, so that they win.
        full: Also the long matrices.
    """
    selection = [] if full else ["-m", "not full"]
    # A file's fixtures are made once; tests/conftest.py puts the longest files first.
    spread = ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]
    scripts = environment.python.parent  # import-linter cannot be run as a module
    return [
        ("ruff check", environment.module("ruff", "check", ".")),
        ("ruff format", environment.module("ruff", "format", "--check", ".")),
        ("mypy", environment.module("mypy")),
        ("import-linter", [str(scripts / "lint-imports"), "--no-logo"]),
        ("pytest", environment.module("pytest", *spread, *selection, *arguments)),
    ]


def run_stages(
    environment: Environment, arguments: Sequence[str], runner: Runner, *, full: bool
) -> int:
    """Run every check, also after one has failed, and sum up.

    Returns:
        0 if all passed, else 1.
    """
    failed = []
    for name, command in list_stages(environment, arguments, full=full):
        sys.stdout.write(f"\n=== {name}\n")
        if runner.run(command, cwd=environment.root) != 0:
            failed.append(name)
    sys.stdout.write(f"\n=== {'failed: ' + ', '.join(failed) if failed else 'all passed'}\n")
    return EXIT_FAILED if failed else 0


def list_docs_commands(environment: Environment) -> list[list[str]]:
    """Return the commands that write the pages on commands anew and build the site.

    A warning, such as a link that leads nowhere, is an error; the network is not asked.
    """
    python = [str(environment.python), "-P"]
    site = ["-W", "--keep-going", "-q", "-d", "build/doctrees", "docs", "build/docs"]
    return [
        [*python, "docs/command_pages.py", "docs/reference"],
        environment.module("sphinx", *site),
    ]


def build_docs(environment: Environment, runner: Runner) -> int:
    """Build the documents and print where they are.

    Returns:
        0, or 1 if they have a fault.
    """
    for command in list_docs_commands(environment):
        if runner.run(command, cwd=environment.root) != 0:
            return EXIT_FAILED
    sys.stdout.write(f"{environment.root / 'build' / 'docs' / 'index.html'}\n")
    return 0
