"""What the wheel holds, read from a wheel that is built here, without the network."""

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from blender_zip import extension_files, read_version

TREE = ("plugin", "rvm", "nodes", "tests")
FILES = ("pyproject.toml", "hatch_build.py", "LICENSE", "README.md", ".gitignore")
DRAFT = "weights/draft.safetensors"
MOST_BYTES = 4_000_000  # of the weights in the package
PLANTED = ("client/__init__.py", "nuke/menu.py", "fusion/Robust Matte.fuse")
NOT_SHIPPED = ("blender/robust_matte_client.pyi", "nuke/__pycache__/menu.cpython-311.pyc")


def copy_sources(root: Path, folder: Path) -> Path:
    """Copy what a build sees, with a few host files, whatever hosts exist today."""
    for name in TREE:
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / name, folder / name, ignore=skip)
    for name in FILES:
        shutil.copy(root / name, folder)
    for name in (*PLANTED, *NOT_SHIPPED):
        path = folder / "nodes" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
    return folder


@pytest.fixture(scope="module")
def sources(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_sources(root, tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def wheel(sources: Path) -> Path:
    """A wheel, built as pip builds it."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    done = subprocess.run(command, cwd=sources, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next((sources / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a folder of its own, as `pip install --target` leaves it."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_isolated(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code that sees the unpacked wheel before any installed copy, and not the repository."""
    start = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    command = [sys.executable, "-I", "-c", start + code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_top_level_names_are_the_two_packages(names: list[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    metadata = {name for name in tops if name.endswith(".dist-info")}
    assert len(metadata) == 1
    assert tops - metadata == {"robust_matte", "robust_matte_rvm"}


def test_no_tests_and_no_weights_but_drafts(names: list[str]) -> None:
    endings = (".safetensors", ".pth", ".pt", ".onnx", ".npz", ".pyc")
    unwanted = [
        n for n in names if n.endswith(endings) or Path(n).name.startswith(("test_", "conftest"))
    ]
    assert unwanted == [f"robust_matte/{DRAFT}"]


def test_draft_is_in_the_wheel_and_found_there(unpacked: Path, root: Path) -> None:
    path = unpacked / "robust_matte" / DRAFT
    assert path.read_bytes() == (root / "plugin" / "robust_matte" / DRAFT).read_bytes()
    assert path.stat().st_size <= MOST_BYTES
    code = (
        "from robust_matte.weights.known import KNOWN\n"
        "from robust_matte.weights.places import find_weights\n"
        "print(find_weights(KNOWN['draft']), 'torch' in sys.modules)"
    )
    done = run_isolated(unpacked, code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(path), "False"]


def test_draft_is_in_the_source_distribution(sources: Path, root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist"]
    done = subprocess.run(command, cwd=sources, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.unpack_archive(next((sources / "dist").glob("*.tar.gz")), tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    inside = Path("plugin", "robust_matte", DRAFT)
    assert (folder / inside).read_bytes() == (root / inside).read_bytes()


def test_every_module_of_both_packages_is_inside(sources: Path, names: list[str]) -> None:
    wanted = {
        path.relative_to(sources / folder).as_posix()
        for folder in ("plugin", "rvm")
        for path in (sources / folder).rglob("*.py")
    }
    assert wanted - set(names) == set()


def test_every_template_is_inside(sources: Path, names: list[str]) -> None:
    plugin = sources / "plugin"
    wanted = {p.relative_to(plugin).as_posix() for p in plugin.rglob("templates/*")}
    assert wanted
    assert wanted - set(names) == set()


def test_the_templates_of_pages_are_inside_and_are_filled_in_from_there(
    sources: Path, names: list[str], unpacked: Path
) -> None:
    folder = sources / "plugin" / "robust_matte" / "jobs" / "templates"
    wanted = {f"robust_matte/jobs/templates/{path.name}" for path in folder.iterdir()}
    assert len(wanted) >= 3
    assert wanted - set(names) == set()
    code = (
        "from robust_matte.farm.overview import render_overview\n"
        "print('<table' in render_overview([]))"
    )
    done = run_isolated(unpacked, code)
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


def test_every_file_of_nodes_is_inside(sources: Path, names: list[str]) -> None:
    nodes = sources / "nodes"
    wanted = {p.relative_to(nodes).as_posix() for p in nodes.rglob("*") if p.is_file()}
    assert wanted >= {*PLANTED, *NOT_SHIPPED}
    wanted -= set(NOT_SHIPPED)
    prefix = "robust_matte/_nodes/"
    assert {n.removeprefix(prefix) for n in names if n.startswith(prefix)} == wanted


def test_blenders_extension_can_be_made_of_the_wheel(unpacked: Path, root: Path) -> None:
    engine = unpacked / "robust_matte"
    made = extension_files(engine / "_nodes", read_version(engine))
    version = read_version(root / "plugin" / "robust_matte")
    assert made == extension_files(root / "nodes", version)


def test_licence_is_inside(names: list[str], unpacked: Path, root: Path) -> None:
    [name] = [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
    assert (unpacked / name).read_bytes() == (root / "LICENSE").read_bytes()


def test_entry_points_are_in_the_wheel(names: list[str], unpacked: Path) -> None:
    [name] = [name for name in names if name.endswith(".dist-info/entry_points.txt")]
    parser = configparser.ConfigParser()
    parser.read_string((unpacked / name).read_text("utf-8"))
    assert dict(parser["console_scripts"]) == {"robust-matte": "robust_matte.__main__:main"}
    module, _, function = parser["console_scripts"]["robust-matte"].partition(":")
    assert module.replace(".", "/") + ".py" in names
    code = f"import {module} as m; print(m.__file__); m.{function}"
    done = run_isolated(unpacked, code)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(unpacked)


def test_unpacked_wheel_imports(unpacked: Path) -> None:
    code = "import robust_matte as a, robust_matte_rvm as b\nprint(a.__file__, b.__file__)"
    done = run_isolated(unpacked, code)
    assert done.returncode == 0, done.stderr
    assert all(Path(path).is_relative_to(unpacked) for path in done.stdout.split())


def test_unpacked_wheel_runs_as_a_program(unpacked: Path) -> None:
    code = (
        "import runpy; sys.argv = ['robust-matte', '--help']\n"
        "runpy.run_module('robust_matte', run_name='__main__', alter_sys=True)"
    )
    done = run_isolated(unpacked, code)
    assert done.returncode == 0, done.stderr
    assert "key" in done.stdout


def test_editable_build_holds_no_copy_of_the_nodes(sources: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from hatchling.build import build_editable; print(build_editable(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=sources, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / done.stdout.strip()) as archive:
        assert [name for name in archive.namelist() if "_nodes" in name] == []
