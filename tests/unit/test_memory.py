"""How much memory is free, and how running out of it is told."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch

from robust_matte.errors import OutOfMemoryError
from robust_matte.keying.memory import free_memory, naming_out_of_memory

MACHINE = 8 * 2**30


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with 8 GiB available and no limit of the process."""
    available = SimpleNamespace(available=MACHINE)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: available)
    monkeypatch.delattr(psutil, "RLIMIT_AS", raising=False)


def write_tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


V2 = "sys/fs/cgroup"
V1 = "sys/fs/cgroup/memory"

GROUPS = [
    pytest.param({}, MACHINE, id="no control groups"),
    pytest.param({"proc/self/cgroup": "0::/\n"}, MACHINE, id="no controller"),
    pytest.param(
        {
            "proc/self/cgroup": "0::/job\n",
            f"{V2}/job/memory.max": "max\n",
            f"{V2}/job/memory.current": "5000\n",
        },
        MACHINE,
        id="version 2 without a limit",
    ),
    pytest.param(
        {
            "proc/self/cgroup": "0::/job\n",
            f"{V2}/job/memory.max": "9000\n",
            f"{V2}/job/memory.current": "5000\n",
        },
        4000,
        id="version 2",
    ),
    pytest.param(
        {
            "proc/self/cgroup": "0::/job\n",
            f"{V2}/job/memory.max": "9000\n",
            f"{V2}/job/memory.current": "5000\n",
            f"{V2}/job/memory.stat": "anon 1\nfile 3\ninactive_file 700\nactive_file 9\n",
        },
        4700,
        id="version 2 with files in memory that can go",
    ),
    pytest.param(
        {
            "proc/self/cgroup": "0::/farm/slot/task\n",
            f"{V2}/farm/memory.max": "3000\n",
            f"{V2}/farm/memory.current": "1000\n",
            f"{V2}/farm/slot/task/memory.max": "9000\n",
            f"{V2}/farm/slot/task/memory.current": "500\n",
        },
        2000,
        id="the group above is tighter",
    ),
    pytest.param(
        {
            "proc/self/cgroup": "0::/outside/the/container\n",
            f"{V2}/memory.max": "3000\n",
            f"{V2}/memory.current": "1000\n",
        },
        2000,
        id="a container that sees its own group as the root",
    ),
    pytest.param(
        {
            "proc/self/cgroup": "7:blkio:/x\n4:cpu,memory:/job\n0::/\n",
            f"{V1}/job/memory.limit_in_bytes": "9000\n",
            f"{V1}/job/memory.usage_in_bytes": "5000\n",
            f"{V1}/job/memory.stat": "inactive_file 1\ntotal_inactive_file 200\n",
        },
        4200,
        id="version 1",
    ),
    pytest.param(
        {
            "proc/self/cgroup": "4:memory:/\n",
            f"{V1}/memory.limit_in_bytes": "9223372036854771712\n",
            f"{V1}/memory.usage_in_bytes": "5000\n",
        },
        MACHINE,
        id="version 1 without a limit",
    ),
    pytest.param(
        {
            "proc/self/cgroup": "0::/job\n",
            f"{V2}/job/memory.max": "4000\n",
            f"{V2}/job/memory.current": "5000\n",
        },
        0,
        id="over its limit already",
    ),
]


@pytest.mark.parametrize(("files", "free"), GROUPS)
def test_the_tightest_limit_counts(files: dict[str, str], free: int, tmp_path: Path) -> None:
    assert free_memory(write_tree(tmp_path, files)) == free


@pytest.mark.parametrize(
    ("soft", "free"),
    [pytest.param(psutil.RLIM_INFINITY, MACHINE, id="none"), pytest.param(5000, 2000, id="set")],
)
def test_the_limit_of_the_process_counts(
    soft: int, free: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = SimpleNamespace(
        rlimit=lambda _: (soft, soft), memory_info=lambda: SimpleNamespace(vms=3000)
    )
    monkeypatch.setattr(psutil, "RLIMIT_AS", 9, raising=False)
    monkeypatch.setattr(psutil, "Process", lambda: process)
    assert free_memory(tmp_path) == free


def ask_torch() -> None:
    torch.empty(1 << 50, dtype=torch.uint8)


def ask_numpy() -> None:
    np.empty(1 << 60, np.uint8)


def ask_card() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def ask_mac() -> None:
    raise RuntimeError("MPS backend out of memory (MPS allocated: 9.0 GB).")


@pytest.mark.parametrize(
    ("ask", "whose"),
    [
        pytest.param(ask_torch, "this machine's", id="torch"),
        pytest.param(ask_numpy, "this machine's", id="numpy"),
        pytest.param(ask_card, "the graphics card's", id="cuda"),
        pytest.param(ask_mac, "the graphics card's", id="mps"),
    ],
)
def test_running_out_of_memory_names_the_frame(ask: object, whose: str) -> None:
    assert callable(ask)
    with pytest.raises(OutOfMemoryError) as caught, naming_out_of_memory(1007):
        ask()
    assert caught.value.what == f"At frame 1007 {whose} memory ran out."
    assert caught.value.frame == 1007
    assert caught.value.exit_code == 5


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="shape"), naming_out_of_memory(1):
        raise RuntimeError("shape mismatch")
