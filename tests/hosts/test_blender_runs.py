"""What runs Blender in tests is held to its word as well: crashes, hangs and strays are red."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

Run = Callable[..., Any]

STRAY = """
import subprocess, sys, time
command = [sys.executable, "-c", "import time; time.sleep(600)"]
child = subprocess.Popen(command, start_new_session=True)
open(sys.argv[1], "w").write(str(child.pid))
print("it hangs", flush=True)
time.sleep(600)
"""


@pytest.fixture
def any_blender(blenders: Mapping[str, Path]) -> Path:
    """One version; skips where there is none."""
    if not blenders:
        pytest.skip("no Python with bpy")
    return next(iter(blenders.values()))


def is_alive(number: int) -> bool:
    """Tell whether a process runs; one that nobody waits for stays as a zombie."""
    try:
        return bool(psutil.Process(number).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_script_sees_nothing_of_this_shell(
    any_blender: Path, run_in_blender: Run, tmp_path: Path
) -> None:
    script = (
        "import bpy, json, os, sys\n"
        "told = [bpy.utils.resource_path('USER'), sys.argv[1:], os.environ.get('PYTHONPATH'),"
        " os.environ['HOME'], os.environ['X']]\n"
        "print('FOUND ' + json.dumps(told))"
    )
    ran = run_in_blender(any_blender, script, "a b", environment={"X": "y"})
    homes = [str(tmp_path / name) for name in ("resources", "home")]
    assert ran.found() == [homes[0], ["a b"], None, homes[1], "y"]


@pytest.mark.full
def test_hang_is_killed_with_all_that_it_started(
    any_blender: Path, run_in_blender: Run, tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    with pytest.raises(pytest.fail.Exception, match=r"busy after 40 s:\n(?s:.*)it hangs"):
        run_in_blender(any_blender, STRAY, note, timeout=40)  # and its start
    assert not is_alive(int(note.read_text("utf-8")))


def test_crash_is_told_with_its_last_lines(any_blender: Path, run_in_blender: Run) -> None:
    script = "import os; print('before', flush=True); os.abort()"
    with pytest.raises(pytest.fail.Exception, match=r"ended with -6:\n(?s:.*)before"):
        run_in_blender(any_blender, script)
    assert run_in_blender(any_blender, "raise SystemExit(3)", code=3).code == 3
