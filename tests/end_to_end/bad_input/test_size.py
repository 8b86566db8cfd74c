"""Jobs that are too large for the machine, and plates that change under a running job."""

import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FREE = 23 * 2**30


def claim(path: Path, width: int, height: int) -> Path:
    """Let an EXR's header say another size."""
    content = path.read_bytes()
    for name in (b"dataWindow", b"displayWindow"):
        at = content.index(name + b"\0box2i\0") + len(name) + 7 + 4
        bounds = struct.pack("<4i", 0, 0, width - 1, height - 1)
        content = content[:at] + bounds + content[at + 16 :]
    path.write_bytes(content)
    return path


def vast(show: Any) -> Any:
    return [claim(show.frame(), 16384, 16384)]


def overscan(show: Any) -> Any:
    path = claim(show.frame(), 10000, 10000)
    content = path.read_bytes()
    at = content.index(b"displayWindow\0box2i\0") + 24
    path.write_bytes(content[:at] + struct.pack("<4i", 0, 0, 6999, 6999) + content[at + 16 :])
    return [path]


def detailed(show: Any) -> Any:
    return [claim(show.frame(), 6144, 6144), "--downsample", "1"]


ROWS = [
    pytest.param(vast, id="a plate of 16384x16384 pixels on a machine with 23 GiB free"),
    pytest.param(overscan, id="overscan of 10000x10000 pixels on a machine with 23 GiB free"),
    pytest.param(detailed, id="--downsample 1 at 6144x6144 on a machine with 23 GiB free"),
]


@pytest.mark.parametrize("prepare", ROWS)
def test_row(
    prepare: Any, show: Any, key_here: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robust_matte.jobs.memory.free_memory", lambda: FREE)
    check(key_here(*prepare(show)))
    assert not show.out.exists()


TIGHT = [pytest.param(400, id="a plate that takes over two thirds of the free memory")]


@pytest.mark.parametrize("free_mib", TIGHT)
def test_tight(
    free_mib: int, show: Any, key_here: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robust_matte.jobs.memory.free_memory", lambda: free_mib * 2**20)
    check(key_here(show.frames()))
    assert len(list(show.out.glob("*.exr"))) == 3


RUNS_OUT = [pytest.param(1 << 50, id="memory that runs out while keying")]


@pytest.mark.parametrize("size", RUNS_OUT)
def test_running_out(
    size: int, show: Any, key_here: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from robust_matte.keying.network import Network

    done: list[int] = []
    matte = Network.matte

    def greedy(self: Network, *given: Any) -> Any:
        done.append(1)
        return matte(self, *given) if len(done) < 3 else torch.empty(size, dtype=torch.uint8)

    monkeypatch.setattr(Network, "matte", greedy)
    check(key_here(show.frames()))
    assert [path.name[-8:-4] for path in sorted(show.out.glob("*.exr"))] == ["1001", "1002"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process so")
def test_a_limit_of_the_shell_is_seen(show: Any) -> None:
    import resource

    limit = 40 * 2**30
    done = subprocess.run(
        [sys.executable, "-m", "robust_matte", *show.words(claim(show.frame(), 30000, 30000))[1:]],
        capture_output=True,
        text=True,
        cwd=show.root,
        env=show.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        check=False,
    )
    assert done.returncode == 5, done.stderr
    *_, what, hint = done.stderr.splitlines()
    match = re.fullmatch(
        r"Keying 30000x30000 needs about (\d+) GiB of memory, ([\d.]+) GiB are free\.", what
    )
    assert match is not None, what
    assert float(match[2]) <= 40
    assert hint.startswith("Close other programs")


DELETED = [pytest.param(60, id="a frame deleted while the plate is keyed")]


@pytest.mark.parametrize("count", DELETED)
def test_deleted(count: int, show: Any, check: Any) -> None:
    numbers = range(1001, 1001 + count)
    words = show.words(show.frames(numbers), "--progress", "jsonl", "--warm-up", "0")
    with subprocess.Popen(
        [sys.executable, "-m", "robust_matte", *words[1:]],
        env=show.environment(),
        cwd=show.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "frame":
                break
        (show.plate / f"shot.{numbers[-1]}.exr").unlink()
        _, rest = process.communicate()
    check(show.told(process.returncode, rest))
    assert len(list(show.out.glob("*.exr"))) == count - 1


INSIDE = [
    pytest.param(["{plate}", "-o", "{plate}"], id="an output in the plate's own folder, run twice"),
    pytest.param(
        ["{plate}", "-o", "{plate}/result.####.exr"],
        id="an output pattern in the plate's own folder, run twice",
    ),
]


@pytest.mark.parametrize("words", INSIDE)
def test_inside(words: list[str], show: Any, key_here: Any, check: Any) -> None:
    show.frames()
    given = [word.format(plate=show.plate) for word in words]
    assert key_here(*given).code == 0
    results = {path: path.read_bytes() for path in show.plate.glob("*.exr")}
    assert len(results) == 6
    check(key_here(*given))
    assert {path: path.read_bytes() for path in show.plate.glob("*.exr")} == results
