"""A job from EXR to EXR against its own stages run one after another.

Usage: python benchmarks/stages.py [--plate CLIP] [--weights FILE] [--frames 48] [--runs 3]

Writes an EXR plate of the frames, then keys it in turn with `key` as it is, where decoding, the
network and encoding overlap, and with the same code whose queues do each task when it is handed
over. Prints the share of each stage in the second, the median wall time of both, and their ratio.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a script sees its own folder only

from benchmarks.memory import write_weights  # noqa: E402
from benchmarks.speed import views_of  # noqa: E402

_T = TypeVar("_T")
_STAGES = ("decode", "prepare", "cuts", "network", "foreground", "encode")


class InTurn(Generic[_T]):
    """Stands in for `ReadAhead` and `WriteBehind`: each task is done when it is handed over."""

    def __init__(self, tasks: Iterable[Callable[[], _T]] = (), **_: int) -> None:
        self._tasks = tasks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __iter__(self) -> Iterator[_T]:
        return (task() for task in self._tasks)

    def submit(self, work: Callable[[], _T]) -> list[_T]:
        """Do the work."""
        return [work()]

    def drain(self) -> list[_T]:
        """Return nothing: all work is done."""
        return []


class Clock:
    """Adds up the seconds spent in stages; a stage inside another counts once, as the inner one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = 0.0

    def time(self, place: Any, name: str, stage: str) -> None:
        """Put a clock on a function or method."""
        function = getattr(place, name)

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            before, self._inner = self._inner, 0.0
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                took = time.perf_counter() - started
                self.seconds[stage] += took - self._inner
                self._inner = before + took

        setattr(place, name, timed)


def put_in_turn(clock: Clock) -> None:
    """Take the overlap out of `key`, and put clocks on its stages."""
    from robust_matte.jobs import finishing, key, outputs, survey
    from robust_matte.keying import network, prepared, rolling
    from robust_matte.media import plates

    for module, name in (
        (rolling, "ReadAhead"),
        (survey, "ReadAhead"),
        (key, "WriteBehind"),
    ):
        setattr(module, name, InTurn)
    clock.time(plates, "read_frame", "decode")
    clock.time(prepared.Preparation, "prepare", "prepare")
    clock.time(survey, "_signed", "cuts")
    for name in ("shrink", "roll", "matte"):
        clock.time(network.Network, name, "network")
    clock.time(finishing, "finish_matte", "foreground")
    clock.time(outputs.Outputs, "write", "encode")


def run_child(options: argparse.Namespace) -> None:
    """Key the plate once and print what it took."""
    from robust_matte.keying.cores import share_cores
    from robust_matte.keying.heap import keep_heap

    share_cores()
    keep_heap()
    from robust_matte import KeySettings, key

    clock = Clock()
    if options.child == "in turn":
        put_in_turn(clock)
    started = time.perf_counter()
    key(KeySettings.model_validate_json(options.job))
    print(json.dumps({"wall": time.perf_counter() - started, "stages": clock.seconds}))


def write_plate(folder: Path, options: argparse.Namespace) -> str:
    """Write the frames as half float EXR and return their pattern."""
    from robust_matte.media.exr_write import to_half, write_exr
    from robust_matte.media.windows import Window

    folder.mkdir()
    for number, view in enumerate(views_of(options, options.frames), start=1001):
        light = np.where(view <= 0.04045, view / 12.92, ((view + 0.055) / 1.055) ** 2.4)
        window = Window(0, 0, view.shape[1], view.shape[0])
        write_exr(
            folder / f"plate.{number}.exr",
            {name: to_half(light[..., index])[0] for index, name in enumerate("RGB")},
            data_window=window,
            display_window=window,
            pixel_aspect=1.0,
            attributes={},
        )
    return str(folder / "plate.####.exr")


def run_once(child: str, plate: str, weights: Path, output: Path) -> dict[str, Any]:
    """Key the plate in a process of its own."""
    from robust_matte import KeySettings

    job = KeySettings(
        plate=plate, output=str(output), model=str(weights), contact_sheet="none", cuts="auto"
    )
    command = [sys.executable, __file__, "--child", child, "--job", job.model_dump_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Run both kinds in turn and print."""
    plate = write_plate(folder / "plate", options)
    weights = options.weights or folder / "weights.safetensors"
    if options.weights is None:
        write_weights(weights)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for index in range(options.runs):
        for child in ("overlapped", "in turn"):
            output = folder / f"{child} {index}"
            found[child].append(run_once(child, plate, weights, output))
    walls = {child: statistics.median(one["wall"] for one in runs) for child, runs in found.items()}
    print(f"{options.frames} frames, {options.runs} runs of each, medians")
    for stage in _STAGES:
        seconds = statistics.median(one["stages"].get(stage, 0.0) for one in found["in turn"])
        share = seconds / walls["in turn"]
        print(f"{stage:>12}: {seconds / options.frames * 1e3:6.1f} ms a frame  {share:5.1%}")
    for child, wall in walls.items():
        print(f"{child:>12}: {wall / options.frames * 1e3:6.1f} ms a frame, {wall:.1f} s in all")
    print(f"overlapped to in turn: {walls['overlapped'] / walls['in turn']:.3f}")


def main() -> None:
    """Measure and print, or be one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plate")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_child(options)
        return
    with tempfile.TemporaryDirectory() as name:
        measure(options, Path(name))


if __name__ == "__main__":
    main()
