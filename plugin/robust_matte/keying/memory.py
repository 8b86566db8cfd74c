"""How much memory this process may still take, and what it means when there is no more."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import psutil

from robust_matte.errors import OutOfMemoryError
from robust_matte.keying.kernel_files import kernel_text

__all__ = ["free_memory", "naming_out_of_memory"]

# Of each version of control groups: where it is mounted, the names of limit and usage, and the line
# of memory.stat that says how much of the usage is files kept in case they are read again.
_GROUPS = {
    1: (Path("sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    2: (Path("sys/fs/cgroup"), "memory.max", "memory.current", ""),
}
# torch's processor, CUDA, ROCm and MPS; none but CUDA's has a class of its own.
_TORCH_SAYS = re.compile(r"out of memory|not enough memory|can't allocate memory", re.IGNORECASE)
_PROCESSOR = "DefaultCPUAllocator"


def free_memory(root: Path = Path("/")) -> int:
    """Return how many bytes this process may still take.

    That is what the machine has available, less where a control group (a container, a farm's slot)
    or the process's own limit (`ulimit -v`) holds it to less.

    Args:
        root: Where /proc and /sys are.

    Source:
        https://docs.kernel.org/admin-guide/cgroup-v2.html, memory; cgroup-v1/memory.html.
    """
    return max(0, min([psutil.virtual_memory().available, *_groups_left(root), *_limit_left()]))


@contextmanager
def naming_out_of_memory(number: int) -> Iterator[None]:
    """Name the frame at which the memory ran out, whichever library says so.

    Raises:
        OutOfMemoryError: Memory was asked for and there was none.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not _TORCH_SAYS.search(str(error)):
            raise
        if isinstance(error, MemoryError) or _PROCESSOR in str(error):
            what = f"At frame {number} this machine's memory ran out."
            hint = "Close other programs or take a machine with more memory, then run the same "
        else:
            what = f"At frame {number} the graphics card's memory ran out."
            hint = "Close other programs that use the card or take --device cpu, then run the same "
        hint += "command again: finished frames are kept."
        raise OutOfMemoryError(what, hint=hint, frame=number) from error


def _groups_left(root: Path) -> Iterator[int]:
    """Yield what each control group of this process, and each one above it, has left."""
    for line in kernel_text(root / "proc/self/cgroup").splitlines():
        _, controllers, own = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        mount, limit, usage, prefix = _GROUPS[1 if controllers else 2]
        inside = PurePosixPath(own.lstrip("/"))
        for group in (inside, *inside.parents):  # the last one is the mount itself
            folder = root / mount / group
            most, used = kernel_text(folder / limit).strip(), kernel_text(folder / usage).strip()
            if most.isdigit() and used.isdigit():
                told = kernel_text(folder / "memory.stat")
                kept = re.search(rf"^{prefix}inactive_file (\d+)$", told, re.MULTILINE)
                yield int(most) - int(used) + (int(kept[1]) if kept else 0)


def _limit_left() -> Iterator[int]:
    """Yield what is left of `ulimit -v`, where there is such a thing."""
    if hasattr(psutil, "RLIMIT_AS"):
        process = psutil.Process()
        soft, _ = process.rlimit(psutil.RLIMIT_AS)
        if soft != psutil.RLIM_INFINITY:
            yield soft - process.memory_info().vms
