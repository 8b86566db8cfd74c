"""Whether a job fits into memory, told before it starts instead of when the system ends it."""

from collections.abc import Callable
from functools import partial

from robust_matte.errors import OutOfMemoryError
from robust_matte.jobs.framing import view_size
from robust_matte.jobs.opening import OpenedJob
from robust_matte.jobs.progress import Listener, Warned
from robust_matte.keying.memory import free_memory
from robust_matte.keying.model import ModelIdentity
from robust_matte.media.windows import Size
from robust_matte.settings.low_res import Downsample

__all__ = ["check_memory", "memory_needed"]

# Bytes on top of a loaded network, fitted to what `benchmarks/memory.py` measures: 1.1 GiB at
# 1080p, 3.3 at 4K, 11.2 at 8K with two cores, where frames wait for the network. A model that takes
# no time, as a graphics card nearly does, fills all that waits to be written: 4.1 GiB at 4K.
_NETWORK = 350 * 2**20
_PER_PIXEL = 380  # of the work area: what is read ahead, keyed and written at a time
_PER_PIXEL_BESIDE_A_CARD = 540
_PER_PIXEL_AROUND = 240  # of what is read and written around a region, but not keyed
_PER_PIXEL_MASKED = 110  # of garbage, core and what the network is shown, where there are masks
_PER_LOW_PIXEL = 300  # of the network's low-resolution view
_PER_WARM_UP_PIXEL = 12  # of each low-resolution view that is held for the warm-up
_TIGHT = 2 / 3  # of what is free: many cores may need half as much again as two


def memory_needed(
    keyed: Size,
    low: Size,
    warm_up: int,
    *,
    is_cpu: bool = True,
    around: int = 0,
    is_masked: bool = False,
) -> int:
    """Estimate how many bytes keying takes at most, on top of the loaded network.

    Args:
        keyed: The work area, or the region of it that is keyed.
        low: The network's low-resolution view.
        warm_up: Frames of warm-up.
        is_cpu: Whether the network runs in this machine's memory, not on a graphics card.
        around: Pixels of the work area around a region.
        is_masked: Whether there is garbage or core.
    """
    pixels, low_pixels = keyed.width * keyed.height, low.width * low.height
    held = low_pixels * warm_up * _PER_WARM_UP_PIXEL + around * _PER_PIXEL_AROUND
    held += pixels * _PER_PIXEL_MASKED if is_masked else 0
    if not is_cpu:
        return _NETWORK + pixels * _PER_PIXEL_BESIDE_A_CARD + held
    return _NETWORK + pixels * _PER_PIXEL + low_pixels * _PER_LOW_PIXEL + held


def check_memory(opened: OpenedJob, model: ModelIdentity, listener: Listener) -> None:
    """Refuse a job that cannot fit into memory, and warn of one that hardly does.

    Args:
        opened: The job.
        model: What it is keyed with; a model on the device `cpu` shares the machine's memory.
        listener: Told where it will be tight.

    Raises:
        OutOfMemoryError: It needs more than there is.
    """
    keyed, area = opened.windows.keyed.size, opened.windows.area.size
    around = area.width * area.height - keyed.width * keyed.height
    is_cpu = model.device == "cpu"
    needs = partial(
        memory_needed,
        warm_up=opened.settings.warm_up,
        is_cpu=is_cpu,
        around=around,
        is_masked=opened.masks.are_any,
    )
    needed, free = needs(keyed, opened.low_size(model.usual_side)), free_memory()
    told = f"Keying {keyed} needs about {_gib(needed)} GiB of memory, {_gib(free)} GiB are free"
    if needed > free:
        raise OutOfMemoryError(
            f"{told}.", hint=_way_out(opened, model, lambda *sizes: needs(*sizes) <= free)
        )
    if needed > _TIGHT * free:
        listener(Warned(f"{told}: it may not suffice if other programs take some."))


def _way_out(opened: OpenedJob, model: ModelIdentity, fits: Callable[[Size, Size], bool]) -> str:
    """Name what makes this very job fit, where that is known."""
    windows, auto = opened.windows, Downsample.parse("auto")
    low = view_size(windows.keyed.size, windows.pixel_aspect, auto, model.usual_side)
    ways = ["close other programs", "key a smaller plate", "take a machine with more memory"]
    if fits(windows.keyed.size, low):
        ways = ["take --downsample auto", *ways]
    elif windows.region is None and fits(windows.display.size, low):
        ways = ["key the display window alone with --work-area display", *ways]
    text = f"{', '.join(ways[:-1])}, or {ways[-1]}."
    return text[0].upper() + text[1:]


def _gib(count: int) -> str:
    gib = count / 2**30
    return f"{gib:.1f}" if gib < 10 else f"{gib:.0f}"
