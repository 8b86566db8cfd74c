"""What is public: `__all__` says it, and says it truly."""

import ast
import importlib
import types
from pathlib import Path

import pytest

PACKAGES = {"robust_matte": "plugin", "robust_matte_rvm": "rvm"}
NOT_PUBLIC = {"log"}  # every module's logger


def module_files(root: Path, package: str) -> dict[str, Path]:
    """Return the file of every module of a package, by its dotted name."""
    source = root / PACKAGES[package]
    files = {}
    for path in sorted((source / package).rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def bound_names(node: ast.stmt) -> list[str]:
    """Return the names that one statement of a module defines; imports define none."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    else:
        return []
    return [
        name.id
        for target in targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    ]


def public_definitions(source: str) -> set[str]:
    """Return the public names that a module defines itself."""
    names = {name for node in ast.parse(source).body for name in bound_names(node)}
    return {name for name in names if not name.startswith("_")} - NOT_PUBLIC


def package_names(source: str) -> set[str]:
    """Return what a package offers: own definitions and what it takes from our modules.

    Also what it takes `if TYPE_CHECKING`: a package may import on first use.
    """
    tree = ast.parse(source)
    names = public_definitions(source)
    names |= {"__version__"} & {name for node in tree.body for name in bound_names(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("robust_matte"):
            names |= {alias.asname or alias.name for alias in node.names}
    return {name for name in names if name == "__version__" or not name.startswith("_")}


def declared(module: types.ModuleType) -> list[str]:
    return list(getattr(module, "__all__", []))


def check_module(name: str, source: str, module: types.ModuleType) -> list[str]:
    """Return how `__all__` and the definitions of a module differ."""
    said, meant = set(declared(module)), public_definitions(source)
    missing = [f"{name}: {item} is public, but not in __all__" for item in sorted(meant - said)]
    return missing + [
        f"{name}: {item} is in __all__, but not defined there" for item in sorted(said - meant)
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_declares_exactly_its_own_public_names(root: Path, package: str) -> None:
    files = module_files(root, package)
    assert len(files) > 5
    found = []
    for name, path in files.items():
        if path.stem not in ("__init__", "__main__"):
            source = path.read_text("utf-8")
            found += check_module(name, source, importlib.import_module(name))
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("package", PACKAGES)
def test_package_declares_exactly_its_namespace(root: Path, package: str) -> None:
    found = []
    for name, path in module_files(root, package).items():
        if path.stem == "__init__":
            said = set(declared(importlib.import_module(name)))
            different = said ^ package_names(path.read_text("utf-8"))
            found += [f"{name}: {item}" for item in sorted(different)]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_declared_name_of_the_package_is_there(package: str) -> None:
    module = importlib.import_module(package)
    assert [name for name in declared(module) if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_not_empty(package: str) -> None:
    assert declared(importlib.import_module(package)) != []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param("__all__ = ['f']\ndef f(): ...", [], id="right"),
        pytest.param("def f(): ...", ["m: f is public, but not in __all__"], id="no __all__"),
        pytest.param(
            "__all__ = ['f', 'os']\nimport os\ndef f(): ...",
            ["m: os is in __all__, but not defined there"],
            id="lists an import",
        ),
        pytest.param("_X = 1\nlog = 1\nfrom os import path", [], id="private, logger, imports"),
        pytest.param(
            "A: int = 1\nB, C = 1, 2",
            [f"m: {c} is public, but not in __all__" for c in "ABC"],
            id="constants",
        ),
    ],
)
def test_module_check_finds_planted_differences(source: str, found: list[str]) -> None:
    module = types.ModuleType("m")
    exec(source, module.__dict__)  # noqa: S102 - the cases above
    assert check_module("m", source, module) == found


@pytest.mark.parametrize(
    ("source", "names"),
    [
        pytest.param("from robust_matte.errors import WriteError", {"WriteError"}, id="import"),
        pytest.param("from typing import Any\nimport os", set(), id="not ours"),
        pytest.param("__version__ = '1'\n_HOMES = {}", {"__version__"}, id="version"),
        pytest.param(
            "if TYPE_CHECKING:\n    from robust_matte.jobs.key import key as run",
            {"run"},
            id="imported on first use",
        ),
    ],
)
def test_package_names_are_what_it_takes_from_our_modules(source: str, names: set[str]) -> None:
    assert package_names(source) == names
