"""The example of a host in plain Python, with the worker and with its stand-in."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import psutil
import pytest

STUB = Path(__file__).with_name("stub_worker.py")
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def plate(tmp_path: Path) -> str:
    """Three small frames, 1001-1003."""
    for number in range(1001, 1004):
        channels = {name: np.full((48, 64), 0.2, np.float32) for name in "RGB"}
        header = {"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.scanlineimage}
        OpenEXR.File(header, channels).write(str(tmp_path / f"plate.{number}.exr"))
    return "plate.####.exr"


@pytest.fixture
def run(root: Path, tmp_path: Path) -> Run:
    """Start the example in the plate's folder, with a worker that is named by the variable."""

    def begin(
        *arguments: str, worker: str = f"'{sys.executable}' '{STUB}'", **variables: str
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, str(root / "nodes" / "client" / "example.py"), *arguments],
            cwd=tmp_path,
            env={**os.environ, "ROBUST_MATTE_WORKER": worker, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


def test_example_bakes_with_the_worker(run: Run, root: Path, plate: str, tmp_path: Path) -> None:
    engine = tmp_path / "engine.py"
    places = [str(root / "plugin"), str(root / "rvm")]
    engine.write_text(
        f"import sys; sys.path[:0] = {places!r}\nfrom robust_matte.__main__ import main\nmain()\n",
        "utf-8",
    )
    started = run(plate, "out", worker=f"'{sys.executable}' '{engine}'")
    out, error = started.communicate(timeout=120)
    assert started.returncode == 0, error
    assert out.splitlines() == [
        *(f"frame {1000 + done}, {done} of 3" for done in (1, 2, 3)),
        str(tmp_path / "out" / "plate_matte.####.exr"),
    ]
    assert [path.name for path in sorted((tmp_path / "out").glob("*.exr"))] == [
        f"plate_matte.{number}.exr" for number in range(1001, 1004)
    ]


@pytest.mark.parametrize(
    ("arguments", "fault", "told"),
    [
        pytest.param(("gone.####.exr", "out"), "", "gone.####.exr does not exist", id="plate"),
        pytest.param(("plate.####.exr", "out"), "full:1002", "is full", id="full disk"),
        pytest.param(("plate.####.exr", "out"), "kill:1002", "killed by signal 9", id="killed"),
    ],
)
def test_example_tells_why_it_failed(
    run: Run, plate: str, arguments: tuple[str, str], fault: str, told: str
) -> None:
    assert plate
    started = run(*arguments, ROBUST_MATTE_STUB_FAULT=fault)
    _, error = started.communicate(timeout=60)
    assert started.returncode == 1
    assert told in error
    assert "Traceback" not in error


@pytest.mark.parametrize("arguments", [(), ("a",), ("a", "b", "c")])
def test_example_says_what_it_takes(run: Run, arguments: tuple[str, ...]) -> None:
    started = run(*arguments)
    out, error = started.communicate(timeout=60)
    assert (started.returncode, out) == (2, "")
    assert error == "usage: python3 example.py PLATE OUTPUT\n"


def test_example_says_where_it_looked_for_a_worker(run: Run) -> None:
    started = run("a", "b", worker="/gone/robust-matte")
    _, error = started.communicate(timeout=60)
    assert started.returncode == 1
    assert error == (
        "The worker /gone/robust-matte, which ROBUST_MATTE_WORKER names, is not there or cannot "
        "be run. Name the program robust-matte, or a Python that has it; `python3 "
        "install/bootstrap.py blender` installs both.\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_example_ends_with_its_worker_on_ctrl_c(run: Run, plate: str, tmp_path: Path) -> None:
    started = run(plate, "out", ROBUST_MATTE_STUB_PACE="0.5")
    assert started.stdout is not None
    assert started.stdout.readline() == "frame 1001, 1 of 3\n"
    (worker,) = psutil.Process(started.pid).children()
    started.send_signal(signal.SIGINT)
    _, error = started.communicate(timeout=60)
    assert (started.returncode, error) == (130, "")
    assert not worker.is_running()
    assert not list((tmp_path / "out").glob("*1003*"))
