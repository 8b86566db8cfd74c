"""How fast plates are planned, and how much memory that takes.

Usage: python benchmarks/planning.py [--sizes 1920x1080,3840x2160] [--frames 48] [--takes 3]
       python benchmarks/planning.py --sizes 32x18 --frames 1000,10000 --takes 1

Plans EXR plates of noise, each take in a process of its own and into a folder of its own, then the
same once more, as a farm does that starts a task again. Prints the frames per second from finding
the plate to the saved plan, without the start of the program and of the network, the processors'
time that takes, and the peak resident set; medians over the takes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
_MEASURED = """
import json, resource, sys, time
from robust_matte.keying.heap import keep_heap
keep_heap()  # as the command does
from robust_matte.farm.found_shots import find_shots
from robust_matte.farm.planning import FarmRequest, plan_farm
from robust_matte.jobs.shared_model import share_model
from robust_matte.keying.network import Network
plate, output, split = sys.argv[1:]
open_model = share_model(Network)
spent = []
def opened(*args, **words):
    began = time.monotonic()
    try:
        return open_model(*args, **words)
    finally:
        spent.append(time.monotonic() - began)
def plan():
    spent.clear()
    began = time.monotonic()
    shots = find_shots([plate])
    settings = {"model": "draft", "threads": 1}
    request = FarmRequest(shots=shots, output=output, settings=settings, split=int(split) or None)
    result = plan_farm(request, open_model=opened)
    return time.monotonic() - began - sum(spent), result
work = time.process_time()
first, result = plan()
work = time.process_time() - work
again, _ = plan()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
size = result.path.stat().st_size
found = {"first": first, "again": again, "work": work, "peak": peak, "size": size}
print(json.dumps(found))
"""


def write_plate(folder: Path, count: int, width: int, height: int) -> str:
    """Write a few frames of noise in half float, ZIP, and link them to `count` frames."""
    from robust_matte.media.exr_write import write_exr
    from robust_matte.media.windows import Window

    rng = np.random.default_rng(1)
    window = Window(0, 0, width, height)
    originals = []
    for number in range(1, min(count, 4) + 1):
        path = folder / f"plate.{number:05d}.exr"
        write_exr(
            path,
            {name: rng.random((height, width), np.float32).astype(np.float16) for name in "RGB"},
            data_window=window,
            display_window=window,
            pixel_aspect=1.0,
            attributes={},
        )
        originals.append(path)
    for number in range(len(originals) + 1, count + 1):
        os.link(originals[number % len(originals)], folder / f"plate.{number:05d}.exr")
    return str(folder / "plate.#####.exr")


def measure(plate: str, output: Path, split: int) -> dict[str, float]:
    """Plan a plate twice in a new process; returns seconds, peak KiB and bytes of the plan."""
    paths = os.pathsep.join(str(ROOT / name) for name in ("plugin", "rvm"))
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, plate, str(output), str(split)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure every size and length."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1920x1080,3840x2160")
    parser.add_argument("--frames", default="48")
    parser.add_argument("--takes", type=int, default=3)
    parser.add_argument("--split", type=int, default=0, help="frames of a piece")
    arguments = parser.parse_args()
    peaks = []
    for size in arguments.sizes.split(","):
        width, height = map(int, size.split("x"))
        for count in map(int, arguments.frames.split(",")):
            with tempfile.TemporaryDirectory() as name:
                (Path(name) / "plate").mkdir()
                plate = write_plate(Path(name) / "plate", count, width, height)
                takes = [
                    measure(plate, Path(name) / f"out{take}", arguments.split)
                    for take in range(arguments.takes)
                ]
            first, again, work, peak = (
                statistics.median(one[key] for one in takes)
                for key in ("first", "again", "work", "peak")
            )
            peaks.append(peak)
            print(
                f"{size} {count:6d} frames: {count / first:7.1f} fps, again {count / again:8.1f} "
                f"fps, {1000 * work / count:.1f} ms of processors a frame, "
                f"peak {peak / 1024:6.0f} MiB, plan.json {takes[0]['size'] / 1024:.0f} KiB",
                flush=True,
            )
    print(f"peak, last to first: {peaks[-1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()
