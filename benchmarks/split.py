"""Wall time of a split segment in two bins against the same segment whole, take by take.

Usage: python benchmarks/split.py [--frames 48] [--size 1920x1080] [--takes 3] [--split 12]
           [--bins 2] [--threads 1]

Keys one segment of noise with the draft network: whole, in one process; and split, in as many
processes at once as there are bins, from states that a pass before made. All processes have the
same number of threads, because another number gives other bits. Takes are paired, one after the
other, so that both see the same machine; prints the medians of the pairs' ratios, with the pass
counted and without, and whether all files are the same. On a machine that has more to do, two
processes get more of it than one, which flatters the bins: the processors' time, summed over all
processes, tells what splitting costs.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script sees its own folder only

from benchmarks.planning import write_plate

ROOT = Path(__file__).resolve().parents[1]


def start(*words: str) -> subprocess.Popen[bytes]:
    """Start the program."""
    paths = os.pathsep.join(str(ROOT / name) for name in ("plugin", "rvm"))
    return subprocess.Popen(
        [sys.executable, "-m", "robust_matte", *words, "--progress", "none"],
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
    )


def seconds_of(*commands: list[str]) -> tuple[float, float]:
    """Run commands side by side; returns seconds on the clock, and those of all processors."""
    began, work = time.monotonic(), 0.0
    for process in [start(*words) for words in commands]:
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"a command failed with {os.waitstatus_to_exitcode(status)}")
        work += usage.ru_utime + usage.ru_stime
    return time.monotonic() - began, work


def hashes(folder: Path) -> list[str]:
    """Return the sha256 of each frame, in order."""
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.exr"))]


def plan(plate: str, out: Path, threads: str, *words: str) -> str:
    """Plan one segment and return the plan's file; nothing of that is measured."""
    usual = ["--cuts", "off", "--model", "draft", "--threads", threads]
    seconds_of(["plan", plate, "-o", str(out), *usual, *words])
    return str(out / "plan.json")


def main() -> None:
    """Measure the takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--takes", type=int, default=3)
    parser.add_argument("--split", type=int, default=12)
    parser.add_argument("--bins", type=int, default=2)
    parser.add_argument("--threads", default="1")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    threads, bins = arguments.threads, arguments.bins
    with_pass, without, work = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plate").mkdir()
        plate = write_plate(folder / "plate", arguments.frames, width, height)
        for take in range(arguments.takes):
            whole = plan(plate, folder / "whole", threads, "--bins", "1")
            parts = ["--split", f"states:{arguments.split}", "--bins", str(bins)]
            split = plan(plate, folder / "split", threads, *parts)
            one, own = seconds_of(["key", "--plan", whole, "--bin", "0"])
            states, passing = seconds_of(["states", split])
            tasks = (["key", "--plan", split, "--bin", str(number)] for number in range(bins))
            both, keying = seconds_of(*tasks)
            are_same = hashes(folder / "whole") == hashes(folder / "split")
            with_pass.append((states + both) / one)
            without.append(both / one)
            work.append((passing + keying) / own)
            print(
                f"take {take + 1}: whole {one:.1f} s ({own:.1f} of processors), "
                f"states {states:.1f} s ({passing:.1f}), {bins} bins {both:.1f} s ({keying:.1f}); "
                f"files {'are the same' if are_same else 'DIFFER'}",
                flush=True,
            )
            for place in ("whole", "split"):
                shutil.rmtree(folder / place)
    print(f"{bins} bins to one: {statistics.median(without):.2f}", end="")
    print(f", with the pass: {statistics.median(with_pass):.2f}", end="")
    print(f"; processors' time: {statistics.median(work):.2f}")


if __name__ == "__main__":
    main()
