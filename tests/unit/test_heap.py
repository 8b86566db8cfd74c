"""Keeping freed memory: seen in the page faults of a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from robust_matte.keying.heap import keep_heap

_FAULTS = """
import resource, sys
import numpy as np
from robust_matte.keying.heap import keep_heap
is_kept = sys.argv[1] == "keep" and keep_heap()
if sys.argv[1] == "keep" and not is_kept:
    sys.exit(77)
def fill():
    np.ones(16 << 20, np.float32)  # 64 MiB, 16384 pages
fill()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    fill()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(root: Path, word: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _FAULTS, word],
        env={"PYTHONPATH": str(root / "plugin")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip("this system's C library has no mallopt")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told to keep memory")
def test_large_blocks_are_touched_once(root: Path) -> None:
    given_back, kept = _faults(root, "leave"), _faults(root, "keep")
    assert kept < given_back / 10


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told to keep memory")
def test_an_older_library_is_given_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {}

    class Before235:
        """glibc up to 2.34, by mallopt(3): no larger blocks than 32 MiB."""

        @staticmethod
        def mallopt(option: int, value: int) -> int:
            if option == -3 and value > 32 << 20:
                return 0
            taken[option] = value
            return 1

    monkeypatch.setattr("ctypes.CDLL", lambda _: Before235)
    assert keep_heap()
    assert taken[-3] == 32 << 20
