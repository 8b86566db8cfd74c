"""Network and refiner against a rival, frame by frame.

Usage: python benchmarks/speed.py [--rival draft] [--plate CLIP] [--weights FILE] [--takes 6]
           [--size 1920x1080]

Two processes key the same ten frames in turn, take after take, so that both see the same machine.
One runs mobilenetv3 as `robust-matte key` does. The rival is a plain eager forward of the same
modules: batch normalisations left as they are, fresh tensors for every result, the guided filter in
separate passes over planes of the plate's size, and torch's and the C library's own defaults. Or it
is the draft network, run as `robust-matte key` does, at its own view's size. Against the plain
forward both take the fast guided filter, whatever the weights hold. Prints the median time a frame
of each, the median of the takes' ratios, and how far apart alphas and foregrounds are. The first
take warms up and is compared, not measured.

Without --plate the frames are moving noise, without --weights the network is untrained: the times
are the same.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robust_matte.keying.cores import default_threads

if TYPE_CHECKING:  # the parent process has no use for torch
    from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a script sees its own folder only

_Image = NDArray[np.float32]
_Keyer = Callable[[_Image], tuple[_Image, _Image]]
_FRAMES = 10
_SETTLING = 2  # frames of each take: the other process's threads spin for a while after their last


def ours(weights: Path, low: tuple[int, int], threads: int, refiner: str) -> _Keyer:
    """Return a network as `robust-matte key` runs it."""
    from robust_matte.keying.cores import share_cores
    from robust_matte.keying.heap import keep_heap

    share_cores()
    keep_heap()
    from robust_matte.keying.model import Weights
    from robust_matte.keying.network import Network
    from robust_matte.media.windows import Size
    from robust_matte.settings.choices import Refiner

    size = Size(low[1], low[0])
    network = Network(
        Weights(weights, sha256=""),
        refiner=Refiner(refiner),
        device="cpu",
        threads=threads,
    )
    return lambda view: network.matte(view, network.shrink(view, size))


def plain(weights: Path, low: tuple[int, int], threads: int) -> _Keyer:
    """Return a plain eager forward: each line of the method a torch call with a fresh result."""
    import torch
    from torch import nn

    from robust_matte_rvm import RecurrentState, load_network, low_res_view

    torch.set_num_threads(threads)
    network = load_network(weights, "fast_guided_filter").network
    for module in network.modules():
        if isinstance(module, nn.ReLU | nn.Hardswish):
            module.inplace = False
    state = RecurrentState.empty()

    @torch.inference_mode()
    def key(view: _Image) -> tuple[_Image, _Image]:
        nonlocal state
        src = torch.from_numpy(view).permute(2, 0, 1).unsqueeze(0).contiguous()
        small = low_res_view(src, low)
        matte, state = network.low_res_pass(small, state)
        planes = filter_plainly(src, small, torch.cat([matte.fgr_residual, matte.pha], 1))
        fgr, pha = (planes[:, :3] + src).clamp(0, 1), planes[:, 3:].clamp(0, 1)
        return fgr[0].permute(1, 2, 0).numpy(), pha[0, 0].numpy()

    return key


def filter_plainly(src: "Tensor", small: "Tensor", y: "Tensor") -> "Tensor":
    """Lift a matte, (1, 4, h, w), to the size of `src` by the fast guided filter as published."""
    import torch
    from torch.nn import functional

    row = torch.full((4, 1, 1, 3), 1 / 3)

    def mean(plane: "Tensor") -> "Tensor":
        plane = functional.conv2d(plane, row, padding=(0, 1), groups=4)
        return functional.conv2d(plane, row.transpose(2, 3), padding=(1, 0), groups=4)

    def guide(view: "Tensor") -> "Tensor":
        return torch.cat([view, view.mean(1, keepdim=True)], 1)

    def enlarge(plane: "Tensor") -> "Tensor":
        size = (src.shape[2], src.shape[3])
        return functional.interpolate(plane, size, mode="bilinear", align_corners=False)

    x = guide(small)
    mean_x, mean_y = mean(x), mean(y)
    a = (mean(x * y) - mean_x * mean_y) / (mean(x * x) - mean_x * mean_x + 1e-5)
    return enlarge(a) * guide(src) + enlarge(mean_y - a * mean_x)


def open_keyer(options: argparse.Namespace, size: tuple[int, int]) -> _Keyer:
    """Return the network of this process, for frames of a height and a width."""
    from robust_matte.weights.known import AUTO, DRAFT, KNOWN
    from robust_matte.weights.places import find_weights

    is_draft = options.child == "draft"
    known = KNOWN[DRAFT if is_draft else AUTO]
    scale = known.usual_side / max(size)
    low = (round(size[0] * scale), round(size[1] * scale))
    weights: Path = (find_weights(known) if is_draft else None) or options.weights
    if options.child == "plain":
        return plain(weights, low, options.threads)
    # The plain forward knows this filter alone; against it, nothing else may differ.
    refiner = "fast_guided_filter" if options.rival == "plain" else "auto"
    return ours(weights, low, options.threads, refiner)


def serve(options: argparse.Namespace) -> None:
    """Key the frames of a file one by one, as the parent process asks for them."""
    views: NDArray[np.float32] = np.load(options.views, mmap_mode="r")
    key = open_keyer(options, (views.shape[1], views.shape[2]))
    for take, _ in enumerate(sys.stdin):
        seconds = []
        for index, stored in enumerate(views):
            view = np.array(stored)  # decoding is not what is measured
            started = time.perf_counter()
            fgr, alpha = key(view)
            seconds.append(time.perf_counter() - started)
            if take == 0:
                np.savez(options.results / f"{options.child}{index}.npz", fgr=fgr, alpha=alpha)
        print(*seconds, flush=True)


def start(child: str, options: argparse.Namespace, folder: Path) -> subprocess.Popen[str]:
    """Start one of the two processes."""
    command = [sys.executable, __file__, "--child", child, "--rival", options.rival]
    command += ["--threads", str(options.threads)]
    command += ["--weights", str(options.weights), "--views", str(folder / "views.npy")]
    return subprocess.Popen(
        [*command, "--results", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ask(process: subprocess.Popen[str]) -> float:
    """Let a process key one take and return its median seconds a frame."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process was started without pipes")
    process.stdin.write("\n")
    process.stdin.flush()
    return statistics.median(map(float, process.stdout.readline().split()[_SETTLING:]))


def views_of(options: argparse.Namespace, count: int) -> Iterator[_Image]:
    """Yield model views, (H, W, 3) float32, [0, 1], of the plate or of moving noise."""
    if options.plate is None:
        width, height = map(int, options.size.split("x"))
        coarse = np.random.default_rng(1).random((height // 20 + 2, width // 20 + 12, 3))
        large = np.kron(coarse, np.ones((20, 20, 1))).astype(np.float32)
        for step in range(count):
            yield np.ascontiguousarray(large[:height, 8 * step : 8 * step + width])
        return
    from robust_matte.colour.model_view import ModelView
    from robust_matte.jobs.plate_space import assume_space
    from robust_matte.media.plates import open_plate

    plate = open_plate(options.plate)
    seen = ModelView(assume_space(plate, None).space)
    for task in plate.tasks(plate.numbers[:count]):
        yield seen.view(task().pixels)


def compare(folder: Path, count: int, rival: str) -> None:
    """Print how far the results of both are apart."""
    for plane in ("alpha", "fgr"):
        mean = most = 0.0
        for index in range(count):
            one, other = (
                np.load(folder / f"{child}{index}.npz")[plane] for child in ("ours", rival)
            )
            difference = np.abs(one - other)
            mean, most = max(mean, float(difference.mean())), max(most, float(difference.max()))
        print(f"{plane}: difference at most {mean:.1e} on average, {most:.1e} in one pixel")


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Key the takes in both processes, in turn, and print."""
    views = list(views_of(options, _FRAMES))
    np.save(folder / "views.npy", np.stack(views))
    if options.weights is None:
        from benchmarks.memory import write_weights

        options.weights = folder / "weights.safetensors"
        write_weights(options.weights)
    processes = {child: start(child, options, folder) for child in (options.rival, "ours")}
    takes = [
        {child: ask(process) for child, process in processes.items()}
        for _ in range(options.takes + 1)
    ][1:]
    for process in processes.values():
        process.communicate()
    height, width, _ = views[0].shape
    print(f"{len(takes)} takes of {width}x{height}, {options.threads} threads, medians:")
    for child in processes:
        print(f"{child}: {statistics.median(one[child] for one in takes) * 1e3:.1f} ms a frame")
    ratios = sorted(one["ours"] / one[options.rival] for one in takes)
    middle = statistics.median(ratios)
    print(f"ours to {options.rival}: {middle:.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})")
    compare(folder, len(views), options.rival)


def main() -> None:
    """Measure and print, or be one of the two processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plate")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--takes", type=int, default=6)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument("--rival", choices=["plain", "draft"], default="plain")
    parser.add_argument("--child", choices=["ours", "plain", "draft"], help=argparse.SUPPRESS)
    parser.add_argument("--views", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--results", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        serve(options)
        return
    with tempfile.TemporaryDirectory() as name:
        measure(options, Path(name))


if __name__ == "__main__":
    main()
