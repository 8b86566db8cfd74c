"""Planning ten thousand frames takes the memory of planning a thousand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.full
@pytest.mark.skipif(os.name == "nt", reason="Windows has no resource module")
def test_memory_of_planning_does_not_grow_with_the_plate(root: Path) -> None:
    """9000 more frames, if one image of each were kept, would be 300 MiB on 320."""
    program = root / "benchmarks" / "planning.py"
    words = ["--sizes", "64x48", "--frames", "1000,10000", "--takes", "1", "--split", "240"]
    done = subprocess.run(
        [sys.executable, program, *words], capture_output=True, text=True, check=True
    )
    ratio = re.search(r"last to first: ([\d.]+)", done.stdout)
    assert ratio is not None, done.stdout
    assert float(ratio[1]) <= 1.15, done.stdout
    sizes = [int(size) for size in re.findall(r"plan.json (\d+) KiB", done.stdout)]
    assert max(sizes) < 100
