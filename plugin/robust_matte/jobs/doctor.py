"""Looking over an installation: each check on its own, so that one failing hides no other."""

import logging
from collections.abc import Iterator, Sequence

from robust_matte.errors import RobustMatteError
from robust_matte.jobs.checks_machine import check_cores, check_memory, check_python, check_torch
from robust_matte.jobs.checks_media import check_colour, check_movies, check_stills
from robust_matte.jobs.checks_model import check_weights
from robust_matte.jobs.checks_output import check_output
from robust_matte.jobs.examination import Check, Examination
from robust_matte.jobs.findings import Finding, State

__all__ = ["CHECKS", "examine"]

log = logging.getLogger(__name__)

CHECKS = (
    Check("Python", check_python, 1),
    Check("torch", check_torch, 5),
    Check("cores", check_cores, 1),
    Check("memory", check_memory, 5),
    Check("weights", check_weights, 5),
    Check("movies", check_movies, 3),
    Check("stills", check_stills, 3),
    Check("colour", check_colour, 3),
    Check("output", check_output, 6),
)

_AGAIN = "Run python3 install/bootstrap.py setup again"
_REPORT = "Run robust-matte doctor -v and report what it prints"


def examine(examination: Examination, checks: Sequence[Check] = CHECKS) -> Iterator[Finding]:
    """Run checks one after another; whatever one of them raises becomes a problem of its own."""
    for check in checks:
        try:
            yield from check.run(examination)
        except RobustMatteError as error:
            yield _problem(check.name, error.what, error.hint, error.exit_code)
        except ImportError as error:
            log.debug("traceback", exc_info=error)
            said = f"a library it needs cannot be loaded: {_first_line(error)}"
            yield _problem(check.name, said, _AGAIN, check.exit_code)
        except Exception as error:  # whatever is wrong with a library is a finding
            log.debug("traceback", exc_info=error)
            said = f"this check itself failed: {_first_line(error)}"
            yield _problem(check.name, said, _REPORT, check.exit_code)


def _problem(name: str, said: str, todo: str, exit_code: int) -> Finding:
    return Finding(
        name=name,
        state=State.PROBLEM,
        said=said.rstrip("."),
        todo=todo.rstrip("."),
        exit_code=exit_code,
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
