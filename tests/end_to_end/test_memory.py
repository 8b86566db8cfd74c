"""Memory does not grow with the length of the clip."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(os.name == "nt", reason="Windows has no resource module")
@pytest.mark.parametrize(
    ("frames", "size"),
    [
        pytest.param("12,96", "480x270", id="small"),
        pytest.param("100,400", "1920x1080", id="1080p", marks=pytest.mark.full),
    ],
)
def test_peak_of_a_long_clip_is_within_5_percent_of_a_short_ones(
    frames: str, size: str, root: Path
) -> None:
    """84 more small frames would be 500 MiB, if they were kept."""
    done = subprocess.run(
        [sys.executable, root / "benchmarks" / "memory.py", "--frames", frames, "--size", size],
        capture_output=True,
        text=True,
        check=True,
    )
    ratio = re.search(r"last to first: ([\d.]+)", done.stdout)
    assert ratio is not None, done.stdout
    assert float(ratio[1]) <= 1.05, done.stdout
