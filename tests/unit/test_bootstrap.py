"""The first file a bare Python meets: refusals, the dry run and exit codes, in real processes."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import bootstrap
import pytest
from environments import Environment
from packages import PROBE, has_nvidia_driver
from processes import SystemRunner, child_environment

OLD = ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10"]


@pytest.fixture
def script(root: Path) -> Path:
    return root / "install" / "bootstrap.py"


def find_python(version: str) -> Path | None:
    """Return an interpreter of that version that starts; pyenv keeps them beside its shims."""
    shim = shutil.which(f"python{version}")
    if shim is None:
        return None
    places = [Path(shim), *Path(shim).parents[1].glob(f"versions/{version}.*/bin/python")]
    for place in places:
        if subprocess.run([place, "-c", ""], capture_output=True, check=False).returncode == 0:
            return place
    return None


def run(
    python: Path | str, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *arguments], env=environment, capture_output=True, text=True, check=False
    )


# --- the guard


def test_guard_holds_no_syntax_that_an_old_python_cannot_read(script: Path) -> None:
    source = script.read_text("ascii")  # Python 2.7 refuses other bytes
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match, ast.Nonlocal, ast.Await)
    for node in ast.walk(ast.parse(source)):
        assert not isinstance(node, newer)
        if isinstance(node, ast.FunctionDef):
            spots = [*node.args.args, *node.args.kwonlyargs]
            assert node.returns is None
            assert not node.args.kwonlyargs
            assert not [spot for spot in spots if spot.annotation]


@pytest.mark.parametrize("version", OLD)
def test_old_python_names_one_that_fits(script: Path, tmp_path: Path, version: str) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    fitting = tmp_path / "python3.12"
    fitting.symlink_to(sys.executable)
    broken = tmp_path / "python3.13"
    broken.write_text("#!/bin/sh\nexit 127\n", "utf-8")
    broken.chmod(0o755)
    done = run(python, script, "key", "a b.mov", environment={"PATH": str(tmp_path)})
    assert done.returncode == 7
    assert done.stdout == ""
    assert f"Python {version} ({python}) is too old" in done.stderr
    assert "needs 3.11, 3.12 or 3.13" in done.stderr
    assert f'    python3.12 {script} key "a b.mov"\n' in done.stderr
    assert "python3.13 " not in done.stderr


def test_without_a_fitting_python_the_download_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    text = bootstrap.refusal((3, 10), ["test"])
    assert "Install one from https://www.python.org/downloads" in text
    assert text.endswith(" test")


def test_newer_python_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "TESTED", ((3, 9),))
    monkeypatch.setattr(bootstrap, "NEWEST", (3, 10))
    assert bootstrap.main(["test"]) == 7
    assert "is too new" in capsys.readouterr().err


def test_untested_python_goes_on_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "TESTED", ((3, 9),))
    monkeypatch.setattr(bootstrap, "NEWEST", (3, 99))
    assert bootstrap.main(["--help"]) == 0
    said = capsys.readouterr()
    assert "is not tested yet" in said.err
    assert "--dry-run" in said.out


# --- the dry run


def dry_run(script: Path, *arguments: str | Path) -> list[str]:
    done = run(sys.executable, "-I", script, "--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="the commands of Linux")
def test_dry_run_prints_the_exact_commands_and_makes_nothing(
    script: Path, root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "env"
    lines = dry_run(script, "--venv", folder, "key", "my clip.mov", "--torch=cpu", "-o", "out")
    inside = f"{folder}/bin/python -P -m"
    pip = f"{inside} pip install"
    index = "https://download.pytorch.org/whl/cpu"
    constrained = f"{pip} --constraint {root}/install/constraints.txt"
    assert lines == [
        f"{sys.executable} -m venv {folder}",
        f"{pip} --no-deps torch==2.13.0+cpu",
        "# or, if that finds nothing:",
        f"{pip} --no-deps --index-url {index} torch==2.13.0+cpu",
        f"{constrained} hatchling",
        f"{constrained} --no-build-isolation --editable {root}",
        f"{inside} robust_matte key 'my clip.mov' -o out",
    ]
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the commands of Linux")
def test_dry_run_of_test_adds_the_tools_and_the_checks(script: Path, tmp_path: Path) -> None:
    lines = dry_run(script, "test", "-x", "--venv", tmp_path / "env", "--torch", "cpu")
    assert [line for line in lines if "--editable" in line and "ruff==0.17.5" in line] != []
    assert [line for line in lines if "[demo,edl,train]" in line] != []  # tests need them
    tail = [line.split("/bin/")[-1] for line in lines[-5:]]
    assert tail == [
        "python -P -m ruff check .",
        "python -P -m ruff format --check .",
        "python -P -m mypy",
        "lint-imports --no-logo",
        "python -P -m pytest -n auto --dist loadfile --no-loadscope-reorder -m 'not full' -x",
    ]
    wheels = [line for line in lines if "bpy==" in line]
    assert len(wheels) == 2
    assert f"{tmp_path}/env.blenders/5.2/bin/python " in wheels[1]


def test_dry_run_of_test_without_hosts_fetches_no_blender(script: Path, tmp_path: Path) -> None:
    flags = ["--venv", str(tmp_path / "env"), "--torch", "cpu"]
    lines = dry_run(script, "test", "--full", "--without-hosts", *flags)
    assert [line for line in lines if "blenders" in line] == []
    assert lines[-1].endswith("--dist loadfile --no-loadscope-reorder")
    assert len([one for one in dry_run(script, "test", "--full", *flags) if "bpy==" in one]) == 4


# --- what is started, and what it answers


def test_the_programs_exit_code_is_ours(root: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(root / 'install')!r})\n"
        "from processes import SystemRunner\n"
        "SystemRunner().hand_over([sys.executable, '-c', 'import sys; sys.exit(5)'])"
    )
    assert run(sys.executable, "-c", code).returncode == 5


def test_a_program_that_cannot_start_answers_127(tmp_path: Path) -> None:
    assert SystemRunner().capture([str(tmp_path / "python")]).code == 127


def test_a_program_that_hangs_is_ended_and_answers_124() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    answer = SystemRunner().capture(command, timeout_s=0.2)
    assert (answer.code, answer.text) == (124, "no answer for 0.2 s")


def test_foreign_python_settings_do_not_reach_the_engine() -> None:
    names = {"PYTHONPATH": "/opt/nuke", "PYTHONHOME": "/opt/nuke", "PIP_TARGET": "/x", "HOME": "/h"}
    assert child_environment(names) == {"HOME": "/h", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def test_the_probe_names_version_and_kind_of_torch() -> None:
    import torch

    answer = SystemRunner().capture([sys.executable, "-P", "-c", PROBE])
    kind = "cuda" if torch.version.cuda or torch.version.hip else "cpu"
    assert answer.text.split() == [torch.__version__.partition("+")[0], kind]


def test_nvidia_driver_is_seen_by_its_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / ("nvidia-smi.exe" if os.name == "nt" else "nvidia-smi")
    program.write_text("", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert has_nvidia_driver()


def test_ci_runs_the_command_of_the_readme(root: Path) -> None:
    command = "python3 install/bootstrap.py test"
    assert f"\nexec {command}" in (root / ".ci" / "run").read_text("utf-8")
    assert f"\n{command}" in (root / "README.md").read_text("utf-8")
    assert os.access(root / ".ci" / "run", os.X_OK)


def test_environment_is_below_the_repository_unless_named(root: Path) -> None:
    environment = Environment(root=root, folder=root / ".venv")
    assert environment.python.is_relative_to(root / ".venv")
