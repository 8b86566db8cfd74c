"""Sharing the machine's cores with decoding, encoding and other programs."""

import os
from pathlib import Path, PurePosixPath

from robust_matte.keying.kernel_files import kernel_text

__all__ = ["available_cores", "core_quota", "default_threads", "share_cores"]


def share_cores() -> None:
    """Let the network's idle threads soon sleep; call it before torch is imported.

    Torch's OpenMP threads wait for each other by spinning, and where a decoding thread or another
    program has one of their cores, all of them spin until it is done: on two cores with one of them
    busy, 100 small frames took 58 s so and 3 s with threads that sleep at once. But waking up costs
    more than most of the network's steps, so where the library is GNU's, threads spin for a moment
    first: on two idle cores a 1080p frame took 58 ms so, and 88 ms with threads that sleep at once.
    What the user has set stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # 10000 was 4 times slower on busy cores
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # other libraries know no count


def available_cores() -> int:
    """Return how many cores this process may use, which a farm may keep below the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_threads() -> int:
    """Return how many threads the network takes when it is not told: one for each core it may use.

    More threads than the control group's time allows would all be stopped at once.
    """
    quota = core_quota()
    return available_cores() if quota is None else max(1, min(available_cores(), int(quota)))


def core_quota(root: Path = Path("/")) -> float | None:
    """Return how many cores' worth of time a control group allows; None if it sets no bound.

    A container or a farm's slot may see all cores and be stopped for most of each moment.

    Args:
        root: Where /proc and /sys are.

    Source:
        https://docs.kernel.org/admin-guide/cgroup-v2.html, cpu.max; cgroup-v1, cpu.cfs_quota_us.
    """
    quotas = []
    for line in kernel_text(root / "proc/self/cgroup").splitlines():
        _, controllers, own = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / ("cpu" if controllers else "")
        inside = PurePosixPath(own.lstrip("/"))
        for group in (inside, *inside.parents):  # the last one is the mount itself
            quotas += _quota(mount / group, is_first=bool(controllers))
    return min(quotas, default=None)


def _quota(folder: Path, *, is_first: bool) -> list[float]:
    """Return the bound that one group of version 1 or 2 sets, if it sets one."""
    if is_first:
        words = [kernel_text(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")]
    else:
        words = kernel_text(folder / "cpu.max").split()
    if len(words) != 2 or not all(word.isdigit() for word in words) or words[1] == "0":
        return []  # "max", -1 or no such file
    return [int(words[0]) / int(words[1])]
