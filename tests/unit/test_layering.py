"""Who may import whom, and that importing does nothing else."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

NEWER_THAN_39 = {"tomllib"}  # standard library, but not in the oldest host's Python
STDLIB = frozenset(sys.stdlib_module_names)
HOST_MODULES: dict[str, set[str]] = {
    "client": set(),
    "nuke": {"nuke", "nukescripts"},
    "blender": {"bpy"},
    "fusion": {"BlackmagicFusion", "fusionscript"},
}
NETWORK_MODULES = {"torch", "numpy", "safetensors", "robust_matte_rvm"}
# What the extra train installs, and what the engine needs anyway.
EXTRA_MODULES = {"scipy", "matplotlib", "accelerate", "PIL"} | {"pydantic", "pydantic_core", "av"}


# --- nodes/, install/ and the network: an AST check


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Yield the top-level name of every absolute import, at any depth of the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def node_violations(nodes: Path) -> list[str]:
    """Return what in nodes/ is not Python 3.9 or imports more than its host and the client."""
    found = []
    for path in sorted(nodes.rglob("*.py")):
        name = path.relative_to(nodes).as_posix()
        host = name.partition("/")[0]
        if host not in HOST_MODULES:
            found.append(f"{name}: {host} is no host")
            continue
        try:
            tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 9))
        except SyntaxError as error:
            found.append(f"{name}: {error.msg}")
            continue
        allowed = (STDLIB - NEWER_THAN_39) | HOST_MODULES[host] | {"robust_matte_client"}
        found += [f"{name}: {module}" for module in imported_modules(tree) if module not in allowed]
    return found


def foreign_imports(folder: Path, allowed: frozenset[str]) -> list[str]:
    """Return every import below a folder that is not allowed there."""
    return [
        f"{path.relative_to(folder).as_posix()}: {module}"
        for path in sorted(folder.rglob("*.py"))
        for module in imported_modules(ast.parse(path.read_text("utf-8")))
        if module not in allowed
    ]


def write_tree(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_nodes_import_only_stdlib_host_and_client_in_python_39(root: Path) -> None:
    assert node_violations(root / "nodes") == []


def test_install_imports_only_the_standard_library(root: Path) -> None:
    folder = root / "install"
    own = {path.stem for path in folder.glob("*.py")}
    assert own >= {"bootstrap", "launcher"}
    assert foreign_imports(folder, STDLIB | own) == []


def test_network_imports_only_torch_numpy_and_safetensors(root: Path) -> None:
    folder = root / "rvm" / "robust_matte_rvm"
    found = foreign_imports(folder, STDLIB | NETWORK_MODULES)
    assert [one for one in found if not one.startswith(("evaluation/", "training/"))] == []
    assert {one.rpartition(" ")[2] for one in found} == EXTRA_MODULES


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        pytest.param("nuke/a.py", "import torch", ["nuke/a.py: torch"], id="torch in a host"),
        pytest.param("nuke/a.py", "import bpy", ["nuke/a.py: bpy"], id="another host"),
        pytest.param("client/a.py", "import nuke", ["client/a.py: nuke"], id="a host in client"),
        pytest.param("fusion/a.py", "import tomllib", ["fusion/a.py: tomllib"], id="newer stdlib"),
        pytest.param(
            "nuke/a.py",
            "def f():\n    from PySide6 import QtWidgets\n    return QtWidgets",
            ["nuke/a.py: PySide6"],
            id="Qt inside a function",
        ),
        pytest.param("maya/a.py", "import os", ["maya/a.py: maya is no host"], id="unknown host"),
        pytest.param(
            "nuke/menu.py", "import nuke, json\nfrom robust_matte_client import x", [], id="allowed"
        ),
        pytest.param("blender/a.py", "from . import b", [], id="relative import in an extension"),
    ],
)
def test_node_check_finds_planted_imports(
    tmp_path: Path, name: str, text: str, found: list[str]
) -> None:
    assert node_violations(write_tree(tmp_path, {name: text})) == found


def test_node_check_finds_newer_syntax(tmp_path: Path) -> None:
    write_tree(tmp_path, {"nuke/a.py": "match 1:\n    case 1:\n        pass\n"})
    assert [line for line in node_violations(tmp_path) if "3.10" in line] != []


def test_install_check_finds_a_planted_import(tmp_path: Path) -> None:
    write_tree(tmp_path, {"bootstrap.py": "import os\nimport requests\n"})
    assert foreign_imports(tmp_path, STDLIB) == ["bootstrap.py: requests"]


# --- the packages: import-linter

PLANTS = {
    "layers": ("plugin/robust_matte/settings/planted.py", "from robust_matte import jobs"),
    "network": ("rvm/robust_matte_rvm/planted.py", "import robust_matte.errors"),
    "door": ("plugin/robust_matte/cli/planted.py", "import robust_matte_rvm"),
    "evaluation": ("rvm/robust_matte_rvm/planted_too.py", "import robust_matte_rvm.evaluation"),
    "training": ("rvm/robust_matte_rvm/planted_three.py", "import robust_matte_rvm.training.clips"),
    "train": ("plugin/robust_matte/jobs/planted.py", "import scipy"),
    "torch": ("plugin/robust_matte/media/planted.py", "import torch"),
    "heavy": ("plugin/robust_matte/colour/planted.py", "import cv2"),
}


@pytest.fixture(scope="module")
def copied_tree(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what import-linter reads, as it is."""
    copy = tmp_path_factory.mktemp("layers")
    skip = shutil.ignore_patterns("__pycache__")
    for folder in ("plugin", "rvm"):
        shutil.copytree(root / folder, copy / folder, ignore=skip)
    shutil.copy(root / "pyproject.toml", copy)
    return copy


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a copy; its sources come before the installed ones."""
    places = os.pathsep.join([str(tree / "plugin"), str(tree / "rvm")])
    call = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", call, "--no-cache", "--no-logo"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": places, "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def contract_names(root: Path) -> dict[str, str]:
    """Return the name of every contract by its id."""
    text = (root / "pyproject.toml").read_text("utf-8")
    return dict(re.findall(r'^id = "(\w+)"\nname = "([^"]+)"$', text, re.MULTILINE))


def test_every_contract_is_kept(copied_tree: Path) -> None:
    done = lint_imports(copied_tree)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(PLANTS)} kept, 0 broken" in done.stdout


def test_every_contract_breaks_on_a_planted_import(root: Path, copied_tree: Path) -> None:
    names = contract_names(root)
    assert names.keys() == PLANTS.keys()
    for name, text in PLANTS.values():
        (copied_tree / name).write_text(f'"""Planted."""\n\n{text}\n', "utf-8")
    done = lint_imports(copied_tree)
    for name, _ in PLANTS.values():
        (copied_tree / name).unlink()
    kept = [name for name in names.values() if f"{name} BROKEN" not in done.stdout]
    assert kept == [], done.stdout


def test_a_module_without_a_layer_breaks_the_layers(root: Path, copied_tree: Path) -> None:
    planted = copied_tree / "plugin" / "robust_matte" / "planted.py"
    planted.write_text('"""Planted."""\n', "utf-8")
    done = lint_imports(copied_tree)
    planted.unlink()
    assert f"{contract_names(root)['layers']} BROKEN" in done.stdout, done.stdout
    assert "robust_matte.planted" in done.stdout


def test_every_folder_of_the_packages_is_a_package(root: Path) -> None:
    bare = [
        str(folder.relative_to(root))
        for package in (root / "plugin" / "robust_matte", root / "rvm" / "robust_matte_rvm")
        for folder in [package, *package.rglob("*/")]
        if any(folder.glob("*.py")) and not (folder / "__init__.py").is_file()
    ]
    assert bare == []  # import-linter would not see what is inside


# --- nothing happens at import

# Third parties first: what they do at import is theirs. Then our modules under an audit hook.
IMPORT_PROBE = """
import importlib, json, logging, os, pkgutil, sys
for name in json.loads(sys.argv[2]):
    importlib.import_module(name)
watched = {"os.mkdir", "os.putenv", "os.unsetenv", "os.remove", "os.rename", "socket.connect",
           "socket.getaddrinfo", "subprocess.Popen", "os.system", "signal.signal"}
events = []
def hook(event, args):
    writes = event == "open" and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event in watched:
        events.append([event, repr(args)])
sys.addaudithook(hook)
def state():
    loggers = [logging.getLogger()] + [
        entry for entry in logging.root.manager.loggerDict.values()
        if isinstance(entry, logging.Logger)
    ]
    handlers = sorted(repr(h) for entry in loggers for h in entry.handlers)
    return [dict(os.environ), handlers, logging.root.level]
before = state()
sys.path[:0] = json.loads(sys.argv[1])
seen = []
for package in ("robust_matte", "robust_matte_rvm") if len(sys.argv) < 4 else sys.argv[3:]:
    module = importlib.import_module(package)
    for entry in pkgutil.walk_packages(getattr(module, "__path__", []), package + "."):
        if not entry.name.endswith("__main__"):
            importlib.import_module(entry.name)
            seen.append(entry.name)
print(json.dumps({"seen": seen, "events": events, "changed": state() != before}))
"""


def third_parties(root: Path) -> list[str]:
    """Return every module from outside that the two packages import, with its dots."""
    names = set()
    for folder in (root / "plugin", root / "rvm"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.add(node.module)
    return sorted(name for name in names if not name.startswith("robust_matte"))


def probe_import(places: list[Path], others: list[str], *packages: str) -> dict[str, object]:
    arguments = [json.dumps([str(place) for place in places]), json.dumps(others), *packages]
    done = subprocess.run(
        [sys.executable, "-B", "-W", "ignore", "-c", IMPORT_PROBE, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout)
    return result


def test_importing_does_nothing_else(root: Path) -> None:
    result = probe_import([root / "plugin", root / "rvm"], third_parties(root))
    assert isinstance(result["seen"], list)
    assert len(result["seen"]) > 20
    assert result["events"] == []
    assert result["changed"] is False


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param("open('planted.txt', 'w')", "events", id="writes a file"),
        pytest.param("import os; os.environ['PLANTED'] = '1'", "changed", id="environment"),
        pytest.param(
            "import logging; logging.getLogger('a').addHandler(logging.NullHandler())",
            "changed",
            id="log handler",
        ),
        pytest.param("import subprocess; subprocess.run(['true'])", "events", id="a program"),
    ],
)
def test_import_check_finds_planted_effects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path, {"planted.py": text})
    assert probe_import([tmp_path], [], "planted")[kind]
