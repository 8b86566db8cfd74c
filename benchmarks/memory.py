"""Peak memory of a job against the length of its clip: it must not grow.

Usage: python benchmarks/memory.py [--frames 100,400] [--size 1920x1080]

Keys a plate of equal EXR frames with an untrained network, each length in a process of its own, and
prints the peak resident set of each and the ratio of the last to the first.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
_MEASURED = """
import resource, sys
from robust_matte.keying.heap import keep_heap
keep_heap()  # as the command does
from robust_matte import KeySettings, key
key(KeySettings.model_validate_json(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write_plate(folder: Path, count: int, width: int, height: int) -> str:
    """Write one frame of noise in half float, and link it `count` times."""
    from robust_matte.media.exr_write import write_exr
    from robust_matte.media.windows import Window

    rng = np.random.default_rng(1)
    window = Window(0, 0, width, height)
    first = folder / "plate.0001.exr"
    write_exr(
        first,
        {name: rng.random((height, width), np.float32).astype(np.float16) for name in "RGB"},
        data_window=window,
        display_window=window,
        pixel_aspect=1.0,
        attributes={},
    )
    for number in range(2, count + 1):
        os.link(first, folder / f"plate.{number:04d}.exr")
    return str(folder / "plate.####.exr")


def write_weights(path: Path) -> None:
    """Save an untrained network."""
    from safetensors.torch import save_file

    from robust_matte_rvm import MattingNetwork

    save_file(MattingNetwork("mobilenetv3", "fast_guided_filter").state_dict(), path)


def peak_mib(folder: Path, count: int, width: int, height: int) -> float:
    """Key `count` frames in a new process and return its peak resident set, in MiB."""
    from robust_matte import KeySettings

    plates, weights = folder / f"plate{count}", folder / "weights.safetensors"
    plates.mkdir()
    if not weights.exists():
        write_weights(weights)
    job = KeySettings(
        plate=write_plate(plates, count, width, height),
        output=str(folder / f"out{count}"),
        model=weights,
        contact_sheet="none",
        threads=1,  # two on a busy machine wait for each other more than they work
    )
    paths = os.pathsep.join(str(ROOT / name) for name in ("plugin", "rvm"))
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, job.model_dump_json()],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", default="100,400")
    parser.add_argument("--size", default="1920x1080")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    sys.path[:0] = [str(ROOT / "plugin"), str(ROOT / "rvm")]
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        for count in map(int, options.frames.split(",")):
            peaks.append(peak_mib(Path(name), count, width, height))
            print(f"{count} frames of {options.size}: {peaks[-1]:.0f} MiB", flush=True)
    print(f"last to first: {peaks[-1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()
