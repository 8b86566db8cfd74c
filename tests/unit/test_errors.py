"""Every error has its exit code, is raised somewhere, and tells the way out."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from robust_matte import errors
from robust_matte.errors import RobustMatteError

WITHOUT_HINT = {"Cancelled"}  # nothing went wrong, so there is no way out to name


def all_errors(base: type[RobustMatteError] = RobustMatteError) -> Iterator[type[RobustMatteError]]:
    yield base
    for error in base.__subclasses__():
        yield from all_errors(error)


def drawn_tree() -> dict[str, tuple[int, str]]:
    """Return exit code and base of every class as the docstring of the module draws them."""
    drawn: dict[str, tuple[int, str]] = {}
    stack: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^ {4}([│├└─ ]*)(\w+) *(\d*)", line)
        if match is None:
            continue
        depth = len(match[1]) // 4
        del stack[depth:]
        base = stack[-1] if stack else "Exception"
        drawn[match[2]] = (int(match[3]) if match[3] else drawn[base][0], base)
        stack.append(match[2])
    return drawn


def error_calls(source: str, names: set[str]) -> Iterator[ast.Call]:
    """Yield where the code makes one of the errors, under whatever module prefix."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in names:
                yield node


def called_name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def without_hint(source: str, names: set[str]) -> list[str]:
    """Return the errors that are made without a hint, with their lines."""
    found = []
    for call in error_calls(source, names - WITHOUT_HINT):
        hints = [word.value for word in call.keywords if word.arg == "hint"]
        if not hints or (isinstance(hints[0], ast.Constant) and not hints[0].value):
            found.append(f"{call.lineno}: {called_name(call)}")
    return found


@pytest.fixture
def sources(root: Path) -> dict[str, str]:
    """Every file of the engine but the one that defines the errors."""
    folder = root / "plugin" / "robust_matte"
    files = [path for path in sorted(folder.rglob("*.py")) if path != folder / "errors.py"]
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in files}


def test_the_drawn_tree_is_the_real_one() -> None:
    real = {error.__name__: (error.exit_code, error.__mro__[1].__name__) for error in all_errors()}
    assert drawn_tree() == real


def test_every_error_is_defined_in_one_module() -> None:
    assert {error.__module__ for error in all_errors()} == {errors.__name__}
    classes = {name for name, _ in inspect.getmembers(errors, inspect.isclass)} - {"Path"}
    assert {error.__name__ for error in all_errors()} == classes == set(errors.__all__)


def test_every_error_without_a_more_exact_one_is_raised(sources: dict[str, str]) -> None:
    leaves = {error.__name__ for error in all_errors() if not error.__subclasses__()}
    made = {called_name(call) for text in sources.values() for call in error_calls(text, leaves)}
    assert leaves - made == set()


def test_every_error_names_the_way_out(sources: dict[str, str]) -> None:
    names = {error.__name__ for error in all_errors()}
    found = [
        f"{path}:{line}" for path, text in sources.items() for line in without_hint(text, names)
    ]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param("raise WriteError('a', hint='b')", [], id="with"),
        pytest.param("raise WriteError('a')", ["1: WriteError"], id="without"),
        pytest.param("raise errors.WriteError('a')", ["1: WriteError"], id="module prefix"),
        pytest.param("x = 1\nraise WriteError('a', hint='')", ["2: WriteError"], id="empty"),
        pytest.param("raise Cancelled('a')", [], id="cancelled"),
    ],
)
def test_hint_check_finds_planted_errors(source: str, found: list[str]) -> None:
    assert without_hint(source, {"WriteError", "Cancelled"}) == found


def test_message_is_what_and_hint() -> None:
    error = RobustMatteError("Frame 7 is torn.", hint="Render it again.", frame=7)
    assert str(error) == "Frame 7 is torn. Render it again."
    assert (error.what, error.hint, error.frame, error.path) == (
        "Frame 7 is torn.",
        "Render it again.",
        7,
        None,
    )
