"""How long a host waits for a preview, and where that time goes.

Usage: python benchmarks/preview.py [--plate CLIP] [--weights FILE] [--threads 0] [--takes 5]

Keys single frames of the first hundred of a movie, and of an EXR sequence that is made of it, with
a warm model as a worker has it: the next frame, the same one again with another shaping, a step of
nine frames back, one to a frame twenty behind a state, a cold seek to the ninetieth, and a quick
one. Prints the median over the takes on the clock, its parts, and the processors' time, which other
programs on the machine disturb less.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a script sees its own folder only

_COUNT = 100  # frames of the plate that are used
_PARTS = ("decode", "prepare", "network", "foreground", "encode", "state")


class Spent:
    """Adds up the processor's time of the threads that were in some functions, by part."""

    def __init__(self) -> None:
        self.by_part: dict[str, float] = defaultdict(float)

    def counting(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same, and counts."""

        @wraps(function)
        def counted(*args: Any, **words: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*args, **words)
            finally:
                self.by_part[part] += time.thread_time() - began

        return counted


@contextmanager
def counted_parts() -> Iterator[Spent]:
    """Count what the parts of a preview take while the context lasts; none is inside another."""
    from robust_matte.jobs import finishing, layer_files
    from robust_matte.keying.network import Network
    from robust_matte.keying.prepared import Preparation
    from robust_matte.media.movies import Movie
    from robust_matte.media.plates import SequencePlate

    spent = Spent()
    places: list[tuple[str, Any, str]] = [
        ("decode", SequencePlate, "_read"),
        ("decode", Movie, "_convert"),
        ("prepare", Preparation, "prepare"),
        ("network", Network, "shrink"),
        ("network", Network, "roll"),
        ("network", Network, "matte"),
        ("foreground", finishing, "finish_matte"),
        ("encode", layer_files, "write_exr"),
        ("state", Network, "state_bytes"),
        ("state", Network, "load_state"),
    ]
    before = [(owner, name, getattr(owner, name)) for _, owner, name in places]
    for part, owner, name in places:
        setattr(owner, name, spent.counting(part, getattr(owner, name)))
    try:
        yield spent
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def write_sequence(plate: str, folder: Path) -> str:
    """Write the movie's frames as half float EXR, as scene-linear light; returns the pattern."""
    import numpy as np

    from robust_matte.colour.transforms import transform
    from robust_matte.media.exr_write import write_exr
    from robust_matte.media.plates import open_plate
    from robust_matte.settings.choices import Compression, PlateSpace

    movie = open_plate(plate)
    for task in movie.tasks(movie.numbers[:_COUNT]):
        frame = task()
        light = transform(frame.pixels, PlateSpace.GAMMA24_REC709, PlateSpace.LINEAR_REC709)
        window = frame.header.data_window
        write_exr(
            folder / f"plate.{1000 + frame.number}.exr",
            {
                name: np.ascontiguousarray(light[..., at], np.float16)
                for at, name in enumerate("RGB")
            },
            data_window=window,
            display_window=window,
            pixel_aspect=1.0,
            attributes={},
            compression=Compression.ZIPS,
        )
    return str(folder / "plate.####.exr")


def measure(plate: str, weights: str, threads: int, takes: int, folder: Path) -> dict[str, Any]:
    """Preview one plate in all ways; returns what each took, by way."""
    from robust_matte.jobs.preview import Previewer
    from robust_matte.jobs.shared_model import share_model
    from robust_matte.keying.heap import keep_heap
    from robust_matte.keying.network import Network
    from robust_matte.settings.key_settings import KeySettings

    keep_heap()  # as the command does
    opened = share_model(Network)
    first = 1 if plate.endswith((".mp4", ".mov")) else 1001
    job = KeySettings(
        plate=plate, output=str(folder / "out"), model=weights, threads=threads, cuts="off"
    )
    shaped = [job.model_copy(update={"matte_gamma": 1.0 + at / 100}) for at in range(1, takes + 1)]
    found: dict[str, list[dict[str, float]]] = defaultdict(list)

    def take(way: str, previewer: Previewer, at: int, settings: Any = job, **words: Any) -> None:
        with counted_parts() as spent:
            work, began = time.process_time(), time.monotonic()
            result = previewer.preview(settings, first + at, folder=folder / "previews", **words)
            wall = time.monotonic() - began
        found[way].append(
            {"wall": wall, "work": time.process_time() - work, "fed": result.rolled}
            | result.seconds
            | {part: spent.by_part[part] for part in _PARTS}
        )

    warm = Previewer(opened)
    take("the first", warm, 0)
    for at in range(takes):
        previewer = warm if at == 0 else Previewer(opened)
        if at:
            previewer.preview(job, first, folder=folder / "previews")  # planned, nothing rolled
        take("cold seek to the 90th of 100", previewer, 89)
        take("next frame", previewer, 90)
        take("the same, other shaping", previewer, 90, shaped[at])
        take("nine frames back", previewer, 81)
        take("back to 24 behind a state", previewer, 73)
        take("quick", Previewer(opened), 50, quick=True)
    return dict(found)


def medians(takes: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {name: statistics.median(one[name] for one in takes) for name in takes[0]}


def main() -> None:
    """Measure movie and sequence, each in a process of its own, and print a table of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plate", required=True, metavar="CLIP", help="a movie of 100 frames")
    parser.add_argument("--weights", default="draft", metavar="FILE")
    parser.add_argument("--threads", type=int, default=0, metavar="N")
    parser.add_argument("--takes", type=int, default=5, metavar="N")
    parser.add_argument("--inside", metavar="FOLDER", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        found = measure(args.plate, args.weights, args.threads, args.takes, Path(args.inside))
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "plate").mkdir()
        sequence = write_sequence(args.plate, Path(name) / "plate")
        for kind, plate in (("EXR sequence", sequence), ("movie", args.plate)):
            show(kind, run(args, plate, Path(name) / kind))


def run(args: argparse.Namespace, plate: str, folder: Path) -> dict[str, Any]:
    """Measure one plate in a process of its own."""
    command = [sys.executable, __file__, "--plate", plate, "--inside", str(folder)]
    command += ["--weights", args.weights, "--threads", str(args.threads)]
    command += ["--takes", str(args.takes)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(kind: str, found: dict[str, list[dict[str, float]]]) -> None:
    """Print medians in milliseconds: on the clock, of the processors, and by part."""
    columns = ("wall", "work", "plan", "roll", "key", "write", *_PARTS)
    print(f"\n{kind}, ms")
    print(f"{'':30}{'fed':>5}" + "".join(f"{name:>11}" for name in columns))
    for way, takes in found.items():
        one = medians(takes)
        figures = "".join(f"{1000 * one[name]:11.0f}" for name in columns)
        print(f"{way:30}{one['fed']:5.0f}{figures}")


if __name__ == "__main__":
    main()
