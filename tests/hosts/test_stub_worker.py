"""The stand-in for the worker is held to the worker: both are told the same and answer in kind."""

import json
import os
import queue
import runpy
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest

from robust_matte.settings.key_settings import KeySettings
from robust_matte.worker.messages import MESSAGES

STUB = Path(__file__).with_name("stub_worker.py")
FRAMES = range(1001, 1006)
LAST = {"done", "cancelled", "failed"}
LONG_S = 120.0

Said = dict[str, Any]


class Talk:
    """One worker that is told lines and whose answers are kept."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [*command, "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.answers: list[Said] = []

    def tell(self, *lines: bytes | Said) -> None:
        assert self._process.stdin is not None
        for line in lines:
            sent = line if isinstance(line, bytes) else json.dumps({"v": 1, **line}).encode()
            self._process.stdin.write(sent + b"\n")
        self._process.stdin.flush()

    def hear(self, is_it: Callable[[Said], bool]) -> list[Said]:
        """Return all answers up to the one that is waited for."""
        heard: list[Said] = []
        while not any(map(is_it, heard)):
            line = self._lines.get(timeout=LONG_S)
            assert line, f"it left after {heard}"
            heard.append(json.loads(line))
        self.answers += heard
        return heard

    def leave(self) -> int:
        """Wait for the end of a worker that was told to leave."""
        code = self._process.wait(LONG_S)
        self.close()
        return code

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")


@pytest.fixture
def plate(tmp_path: Path) -> str:
    """Five small frames, 1001-1005."""
    pixels = np.full((48, 64, 3), 0.18, np.float32)
    pixels[10:40, 20:40] = 0.6
    for number in FRAMES:
        channels = {name: pixels[..., place].copy() for place, name in enumerate("RGB")}
        header = {"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.scanlineimage}
        OpenEXR.File(header, channels).write(str(tmp_path / f"plate.{number}.exr"))
    return str(tmp_path / "plate.####.exr")


@pytest.fixture
def talk(root: Path, tmp_path: Path) -> Iterator[Callable[[str], Talk]]:
    """Starts either of the two."""
    places = [str(root / "plugin"), str(root / "rvm")]
    code = f"import sys; sys.path[:0] = {places!r}; from robust_matte.__main__ import main; main()"
    commands = {"stub": [str(STUB)], "worker": ["-c", code]}
    talks = []

    def begin(which: str) -> Talk:
        home = {"ROBUST_MATTE_STUB_PACE": "0.05", "XDG_CACHE_HOME": str(tmp_path / "cache")}
        talks.append(Talk([sys.executable, *commands[which]], home))
        return talks[-1]

    yield begin
    for one in talks:
        one.close()


def anything(_: Said) -> bool:
    return True


def first(is_last_of: str | None) -> Callable[[Said], bool]:
    return lambda said: said["event"] in LAST and said["id"] == is_last_of


def complaint(said: Said) -> tuple[str, str | None, str | None]:
    """What of an answer hosts act upon."""
    return said["event"], said.get("id"), said.get("code")


def mistakes(job: Said) -> dict[str, bytes | Said]:
    """Lines that no job comes of, by what is wrong."""
    return {
        "text": b"hello",
        "half": b'{"v": 1, "do"',
        "list": b"[1]",
        "no UTF-8": b'{"v": 1, "do": "quit\xff"}',
        "long": b"x" * (1 << 20) + b"x",
        "no version": {"v": None, "do": "bake", "id": "a", "job": job},
        "later version": {"v": 2, "do": "bake", "id": "a", "job": job},
        "true version": {"v": True, "do": "probe", "id": "a"},
        "other verb": {"do": "dance", "id": "a"},
        "no verb": {"id": "a"},
        "other key": {"do": "bake", "id": "a", "job": job, "fast": True},
        "key of quit": {"do": "quit", "id": "a"},
        "no id": {"do": "probe"},
        "empty id": {"do": "probe", "id": ""},
        "number id": {"do": "probe", "id": 7},
        "no job": {"do": "bake", "id": "a"},
        "two jobs": {"do": "bake", "id": "a", "job": job, "job_file": "/a"},
        "text job": {"do": "bake", "id": "a", "job": "/a"},
        "no frame": {"do": "preview", "id": "a", "job": job},
        "half frame": {"do": "preview", "id": "a", "job": job, "frame": 1001.5},
        "true frame": {"do": "preview", "id": "a", "job": job, "frame": True},
        "quick text": {"do": "preview", "id": "a", "job": job, "frame": 1001, "quick": "yes"},
        "other setting": {"do": "bake", "id": "a", "job": {**job, "fast": True}},
        "relative plate": {"do": "bake", "id": "a", "job": {**job, "plate": "plate.####.exr"}},
        "no plate": {"do": "bake", "id": "a", "job": {**job, "plate": None}},
        "no output": {"do": "bake", "id": "a", "job": {**job, "output": None}},
        "gone plate": {"do": "bake", "id": "a", "job": {**job, "plate": "/gone/a.####.exr"}},
        "gone frames": {"do": "bake", "id": "a", "job": {**job, "frames": "1001-1010"}},
        "bad frames": {"do": "bake", "id": "a", "job": {**job, "frames": "all"}},
        "gone file": {"do": "bake", "id": "a", "job_file": "/gone/job.json"},
        "frame outside": {"do": "preview", "id": "a", "job": job, "frame": 2000},
        "preview without output": {
            "do": "preview",
            "id": "a",
            "job": {**job, "output": None},
            "frame": 1001,
        },
        "folder of the bake": {
            "do": "preview",
            "id": "a",
            "job": job,
            "frame": 1001,
            "folder": str(Path(job["output"]).parent),
        },
        "relative folder": {
            "do": "preview",
            "id": "a",
            "job": job,
            "frame": 1001,
            "folder": "here",
        },
    }


def answers_to_mistakes(one: Talk, job: Said) -> dict[str, object]:
    found: dict[str, object] = {}
    for wrong, line in mistakes(job).items():
        one.tell(line)
        found[wrong] = complaint(one.hear(lambda said: said["event"] in {*LAST, "warning"})[-1])
    return found


def keys_by_kind(answers: list[Said]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for said in answers:
        found.setdefault(said["event"], set()).update(said)
    return found


def whole_talk(one: Talk, job: Said) -> dict[str, object]:
    """Tell a worker all there is, right and wrong, and return what hosts see of its answers."""
    found: dict[str, object] = {}
    found["ready"] = complaint(one.hear(anything)[-1])
    found.update(answers_to_mistakes(one, job))
    one.tell({"do": "cancel", "id": "gone"})
    found["cancel"] = complaint(one.hear(anything)[-1])
    for name, message in good(job).items():
        one.tell({**message, "id": name})
        found |= told_of(name, one.hear(first(name)))
    found |= two_at_once(one, job)
    one.tell({"do": "quit"})
    found["left with"] = one.leave()
    return found


def good(job: Said) -> dict[str, Said]:
    """Messages that are answered with `done`, in this order."""
    folder = Path(job["output"]).parent / "previews"
    return {
        "probe": {"do": "probe"},
        "plate": {"do": "probe", "job": {"plate": job["plate"]}},
        "preview": {"do": "preview", "job": job, "frame": 1003, "folder": str(folder)},
        "other preview": {"do": "preview", "job": job, "frame": 1001, "folder": str(folder)},
        "quick": {"do": "preview", "job": job, "frame": 1004, "quick": True},
        "bake": {"do": "bake", "job": job},
        "again": {"do": "bake", "job": job},
    }


def told_of(name: str, heard: list[Said]) -> dict[str, object]:
    """Return what hosts see of a job that is done."""
    assert heard[-1]["event"] == "done", heard[-1]
    manifest = heard[-1]["manifest"]
    frames = [said for said in heard if said["event"] == "frame"]
    outcome = ("frames", "written", "kept", "outputs", "approximate", "frame")
    return {
        name: sorted(manifest),
        f"{name}: outcome": [manifest.get(key) for key in outcome],
        f"{name}: frames": [(said["number"], said["done"], said["total"]) for said in frames],
        f"{name}: files": [said["files"] for said in frames],
    }


def two_at_once(one: Talk, job: Said) -> dict[str, object]:
    other = {**job, "output": str(Path(job["output"]).parent / "other")}
    one.tell({"do": "bake", "id": "b", "job": other}, {"do": "probe", "id": "c"})
    busy = one.hear(first("c"))[-1]
    one.tell({"do": "probe", "id": "b"})
    same = one.hear(first(None))[-1]
    one.tell({"do": "cancel", "id": "b"})
    cancelled = one.hear(first("b"))[-1]
    return {
        "busy": complaint(busy),
        "same id": complaint(same),
        "cancelled": (*complaint(cancelled), cancelled["resumable"]),
    }


def test_stub_answers_as_the_worker_does(
    talk: Callable[[str], Talk], plate: str, tmp_path: Path
) -> None:
    shared = {"plate": plate, "model": "draft", "device": "cpu", "layers": "multipart"}
    found, keys = {}, {}
    for which in ("worker", "stub"):
        one = talk(which)
        job = {**shared, "output": str(tmp_path / "out" / "matte.####.exr")}
        found[which] = whole_talk(one, job)
        keys[which] = keys_by_kind(one.answers)
        left = (tmp_path / "out" / "previews").glob("*.exr")
        assert [path.name for path in left] == ["matte.1001.exr"]
        (tmp_path / "out").rename(tmp_path / which)
    assert found["stub"] == found["worker"]
    assert keys["stub"] == keys["worker"]
    for number in FRAMES:
        assert parts(tmp_path / "stub" / f"matte.{number}.exr") == parts(
            tmp_path / "worker" / f"matte.{number}.exr"
        )


def parts(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Return name and channels of each part of an EXR."""
    image = oiio.ImageInput.open(str(path))
    assert image, oiio.geterror()
    found: list[tuple[str, tuple[str, ...]]] = []
    while image.seek_subimage(len(found), 0):
        spec = image.spec()
        found.append((spec.get_string_attribute("oiio:subimagename"), tuple(spec.channelnames)))
    image.close()
    return found


def test_stub_knows_the_settings_and_messages_there_are() -> None:
    stub = runpy.run_path(str(STUB))
    assert stub["SETTINGS"] == KeySettings.model_fields.keys()
    assert {name: set(keys) for name, keys in stub["MESSAGES"].items()} == {
        name: set(message.model_fields) - {"v", "do"} for name, message in MESSAGES.items()
    }


def test_made_up_frames_tell_their_number(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    path.write_bytes(runpy.run_path(str(STUB))["made_up"](1007))
    with OpenEXR.File(str(path), separate_channels=True) as file:
        found = {
            part.name(): {name: float(one.pixels[3, 5]) for name, one in part.channels.items()}
            for part in file.parts
        }
    assert found == {
        "rgba": {"R": 503.5, "G": 0.125, "B": 2.0, "A": 0.5},
        "alpha": {"Y": 0.5},
        "foreground": {"R": 1007.0, "G": 0.25, "B": 4.0},
    }


def test_given_frames_are_handed_out(
    talk: Callable[[str], Talk], plate: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    for name in ("a.1002.exr", "b.exr", "c.exr"):
        (given / name).write_bytes(name.encode())
    monkeypatch.setenv("ROBUST_MATTE_STUB_FRAMES", str(given))
    one = talk("stub")
    one.tell({"do": "bake", "id": "a", "job": {"plate": plate, "output": str(tmp_path / "out")}})
    one.hear(first("a"))
    contents = [path.read_text("utf-8") for path in sorted((tmp_path / "out").iterdir())]
    assert contents == ["a.1002.exr", "a.1002.exr", "c.exr", "a.1002.exr", "b.exr"]
