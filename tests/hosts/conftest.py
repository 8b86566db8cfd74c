"""Real Blenders for the tests of its node: Pythons that can `import bpy`, one of each version.

They are named by ROBUST_MATTE_BLENDERS, a list of Pythons as PATH is one, else they are what
`install/bootstrap.py test` made beside the environment. Without them the tests skip.

tmp_path/
├── home/         HOME of what runs in Blender, so that nobody's own files are seen or touched
└── resources/    Blender's folder of a user; with `extension`, Robust Matte is installed there
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
from blender_wheels import VARIABLE, folder_beside
from blender_zip import extension_files, read_version, write_zip
from filelock import FileLock

collect_ignore = ["scripts"]  # run by Blender's Python, in which alone they can be imported

MODULE = "bl_ext.user_default.robust_matte"
MARK = "ROBUST_MATTE_TEST_RUN"  # in the environment of all that a script starts
LAST_LINES = 40
LEAVING_S = 10.0  # for processes that outlive their Blender, to end on their own
BESIDE = folder_beside(Path(sys.prefix))
FOUND = "FOUND "

# What every script is run by: the extension first, as in a Blender where it is enabled.
START = """
import runpy, sys
module, script, *arguments = sys.argv[1:]
sys.argv = [script, *arguments]
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
if module:
    assert bpy.ops.preferences.addon_enable(module=module) == {"FINISHED"}
    assert module in bpy.context.preferences.addons, "the extension could not be enabled"
runpy.run_path(script, run_name="__main__")
"""

INSTALL = """
import sys
import bpy

said = bpy.ops.extensions.package_install_files(
    filepath=sys.argv[1], repo="user_default", enable_on_install=True
)
assert said == {"FINISHED"}, said
"""


@dataclass(frozen=True)
class Ran:
    """What a script in Blender left.

    Args:
        code: Its exit code; negative for a signal, as `subprocess` has it.
        text: All it wrote, stdout and stderr together.
    """

    code: int
    text: str

    def found(self) -> Any:
        """Return what the script told with `print("FOUND " + json.dumps(...))`, once."""
        lines = [line for line in self.text.splitlines() if line.startswith(FOUND)]
        assert len(lines) == 1, self.text
        return json.loads(lines[0].removeprefix(FOUND))


@dataclass(frozen=True)
class Extension:
    """Robust Matte, installed as an artist would.

    Args:
        resources: Blender's folder of the user, for BLENDER_USER_RESOURCES.
        module: The add-on's name in Blender.
        archive: The zip it came from.
    """

    resources: Path
    module: str
    archive: Path


def bpy_version(python: Path) -> str:
    """Return the version of Blender that a Python can import, e.g. `4.5`, or an empty text."""
    code = "from importlib.metadata import version; print(version('bpy'))"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    return ".".join(done.stdout.split(".")[:2]) if done.returncode == 0 else ""


@pytest.fixture(scope="session")
def blenders() -> Mapping[str, Path]:
    """The Pythons that can `import bpy`, by Blender's version."""
    listed = os.environ.get(VARIABLE, "")
    if listed:
        pythons = [Path(one) for one in listed.split(os.pathsep) if one]
    else:
        inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        pythons = sorted(BESIDE.glob(f"*/{inside}"))
    return {version: python for python in pythons if (version := bpy_version(python))}


def why_not(version: str) -> str:
    """Return why there is no such Python; the bootstrap leaves a line where it tried."""
    told = BESIDE / f"{version}.txt"
    if not os.environ.get(VARIABLE) and told.is_file():
        return told.read_text("utf-8").strip()
    return f"no Python with bpy {version}: name it in {VARIABLE}, or run install/bootstrap.py test"


VERSIONS = ["4.5", "5.2", *(pytest.param(one, marks=pytest.mark.full) for one in ("4.2", "5.0"))]


@pytest.fixture(params=VERSIONS)
def blender(request: pytest.FixtureRequest, blenders: Mapping[str, Path]) -> Path:
    """A Python that can `import bpy`, of each version; skips where there is none."""
    if request.param not in blenders:
        pytest.skip(why_not(request.param))
    return blenders[request.param]


Run = Callable[..., Ran]


@pytest.fixture
def run_in_blender(tmp_path: Path) -> Run:
    """Run a script in Blender: see `run_script`."""

    def run(
        python: Path,
        script: str | Path,
        *arguments: str | Path,
        timeout: float = 120,
        environment: Mapping[str, str] | None = None,
        extension: Extension | None = None,
        code: int | None = 0,
    ) -> Ran:
        module = extension.module if extension else ""
        resources = extension.resources if extension else tmp_path / "resources"
        if isinstance(script, str):
            file = tmp_path / f"script_{uuid.uuid4().hex[:8]}.py"
            file.write_text(script, "utf-8")
        else:
            file = script
        command = [str(python), "-I", "-c", START, module, str(file), *map(str, arguments)]
        base = clean_environment(tmp_path / "home", resources)
        return run_command(command, timeout, base | dict(environment or {}), code)

    return run


def clean_environment(home: Path, resources: Path) -> dict[str, str]:
    """Return the variables of a script: nothing of this shell that could lead it elsewhere."""
    home.mkdir(exist_ok=True)
    resources.mkdir(exist_ok=True)  # one that is not there is passed over by Blender
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "BLENDER_USER_RESOURCES": str(resources),
        "PYTHONUNBUFFERED": "1",
    }


def run_command(
    command: list[str], timeout_s: float, environment: Mapping[str, str], code: int | None
) -> Ran:
    """Run a program in a group of its own; nothing that it started is left afterwards.

    Args:
        command: What to run.
        timeout_s: After this it is killed, and the test fails.
        environment: All its variables.
        code: The exit code it must have; any if None.

    Returns:
        What it left.

    A crash, a hang and a process that is still there when Blender has gone fail the test, with
    the last lines of the output.
    """
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        command,
        env={**environment, MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    text, is_late = "", False
    try:
        text, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        is_late = True
    finally:
        left = [] if is_late else stay_behind(mark)
        kill_all(process, mark)
    if is_late:
        text, _ = process.communicate()
        pytest.fail(f"Blender was still busy after {timeout_s:g} s:\n{last_lines(text)}")
    if left:
        pytest.fail(f"processes outlived Blender: {left}\n{last_lines(text)}")
    if code is not None and process.returncode != code:
        pytest.fail(f"Blender ended with {process.returncode}:\n{last_lines(text)}")
    return Ran(process.returncode, text)


def last_lines(text: str) -> str:
    """Return the end of an output, where the reason is."""
    return "\n".join(text.splitlines()[-LAST_LINES:])


def marked(mark: str) -> Iterator[psutil.Process]:
    """Yield the processes that carry a run's mark in their environment."""
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get(MARK) == mark
            if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except psutil.Error:
            continue


def stay_behind(mark: str) -> list[str]:
    """Return the commands of processes that do not end on their own, after a while."""
    deadline = time.monotonic() + LEAVING_S
    while found := list(marked(mark)):
        if time.monotonic() > deadline:
            return [" ".join(process.cmdline()) for process in found if process.is_running()]
        time.sleep(0.1)
    return []


def kill_all(process: "subprocess.Popen[str]", mark: str) -> None:
    """Kill a run's own group, and what it started in other groups."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    others = list(marked(mark))
    for other in others:
        with suppress(psutil.Error):
            other.kill()
    psutil.wait_procs(others, timeout=5)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "blender"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def extension_zip(root: Path, shared_folder: Path) -> Path:
    """The extension as it is in the tree, as one zip."""
    archive = shared_folder / "robust_matte.zip"
    with FileLock(shared_folder / "zip.lock"):
        if not archive.exists():
            version = read_version(root / "plugin" / "robust_matte")
            write_zip(extension_files(root / "nodes", version), archive)
    return archive


@pytest.fixture
def extension(blender: Path, extension_zip: Path, shared_folder: Path, tmp_path: Path) -> Extension:
    """Robust Matte in a folder of this test, for the version of `blender`; installed once."""
    kept = shared_folder / str(blender).strip(os.sep).replace(os.sep, "_")
    lock = FileLock(f"{kept}.lock") if not kept.exists() else nullcontext()
    with lock:
        if not kept.exists():
            fresh = kept.with_name(f"{kept.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            environment = clean_environment(shared_folder / "home", fresh)
            command = [str(blender), "-I", "-c", INSTALL, str(extension_zip)]
            run_command(command, 120, environment, 0)
            fresh.rename(kept)
    resources = tmp_path / "resources"
    shutil.copytree(kept, resources)
    return Extension(resources, MODULE, extension_zip)


WITHOUT_BPY = "blender_without_bpy"


@pytest.fixture(scope="session")
def part(root: Path) -> Callable[[str], Any]:
    """Import a module of the extension that needs no Blender, without the package's `__init__`."""
    if WITHOUT_BPY not in sys.modules:
        package = ModuleType(WITHOUT_BPY)
        package.__path__ = [str(root / "nodes" / "blender")]
        sys.modules[WITHOUT_BPY] = package
        client = import_module("robust_matte_client")  # the zip has it inside
        sys.modules[f"{WITHOUT_BPY}.robust_matte_client"] = client
    return lambda name: import_module(f"{WITHOUT_BPY}.{name}")
