"""`robust-matte weights` and `key --model NAME`, as a user runs them."""

import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from robust_matte.cli.app import main
from robust_matte.weights.known import KNOWN
from robust_matte.weights.places import find_weights

MOBILE, RESNET = "rvm_mobilenetv3.pth", "rvm_resnet50.pth"
SOME = 3.5 * (1 << 20)

# What the published file is, is said on the command line: there is none for tests.
PROGRAM = """
import sys
from dataclasses import replace
from robust_matte.weights.known import KNOWN
KNOWN["mobilenetv3"] = replace(KNOWN["mobilenetv3"], git_blob=sys.argv.pop(1))
from robust_matte.cli.app import main
main()
"""


@dataclass
class Told:
    """What a command said."""

    code: int
    out: str
    err: str


Run = Callable[..., Told]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""

    def command(*words: str | Path) -> Told:
        monkeypatch.setattr(sys, "argv", ["robust-matte", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            main()
        code = caught.value.code or 0
        assert isinstance(code, int)
        said = capfd.readouterr()
        assert "Traceback" not in said.err
        return Told(code, said.out, said.err)

    return command


@pytest.fixture
def published(filled_weights: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The content that mobilenetv3 was published with."""
    data = filled_weights.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324
    monkeypatch.setitem(KNOWN, "mobilenetv3", replace(KNOWN["mobilenetv3"], git_blob=blob))
    return data


@pytest.fixture
def release(published: bytes, serve_files: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The release page, and a network."""
    server = serve_files(files={MOBILE: published})
    monkeypatch.setenv("ROBUST_MATTE_WEIGHTS_URL", server.address)
    monkeypatch.delenv("ROBUST_MATTE_OFFLINE")
    return server


@pytest.fixture
def cache(no_weights_by_name: Path) -> Path:
    return no_weights_by_name


@pytest.fixture
def plate(moving_frames: Any, write_exr_plate: Any) -> list[str]:
    """The words to key a small plate."""
    pattern = write_exr_plate(moving_frames(range(1, 3), height=18, width=32))
    usual = ["-o", str(Path(pattern).parent.parent / "out"), "--contact-sheet", "none"]
    return ["key", pattern, "--threads", "1", "--downsample", "32px", *usual]


def keyed(tmp_path: Path) -> int:
    return len(list((tmp_path / "out").glob("*.exr")))


def assert_told(told: Told, code: int, said: str) -> None:
    assert told.code == code, told.err
    *_, what, hint = told.err.strip().splitlines()
    assert said in what
    assert what.endswith(".")
    assert hint.endswith(".")


def test_fetched_weights_are_listed_verified_and_taken_by_auto(
    run: Run, release: Any, cache: Path, plate: list[str], tmp_path: Path
) -> None:
    assert "not here: robust-matte weights fetch mobilenetv3" in run("weights", "list").out
    fetched = run("weights", "fetch")
    assert fetched.code == 0, fetched.err
    assert f"fetching: {MOBILE} from {release.address}" in fetched.err
    for told in (fetched, run("weights", "list"), run("weights", "verify")):
        assert str(cache / MOBILE) in told.out
        assert "as published" in told.out
    assert run(*plate).code == 0
    assert keyed(tmp_path) == 2
    assert len(release.requests) == 1


def test_named_weights_are_fetched_on_demand_once(
    run: Run, release: Any, plate: list[str], tmp_path: Path
) -> None:
    first = run(*plate, "--model", "mobilenetv3", "--progress", "plain")
    assert first.code == 0, first.err
    assert first.err.count(f"fetching: {MOBILE} from {release.address}, in MiB") >= 1
    assert keyed(tmp_path) == 2
    again = run(*plate, "--model", "mobilenetv3", "--offline")
    assert again.code == 0, again.err
    assert "fetching" not in again.err
    assert len(release.requests) == 1


def test_auto_never_fetches(run: Run, release: Any, plate: list[str], tmp_path: Path) -> None:
    told = run(*plate)
    assert told.code == 0, told.err
    assert keyed(tmp_path) == 2
    assert release.requests == []


def test_draft_is_here_and_neither_fetched_nor_replaced(
    run: Run, release: Any, cache: Path, tmp_path: Path
) -> None:
    draft = KNOWN["draft"]
    for words in (["fetch", "draft"], ["fetch", "draft", "--offline"], ["list"], ["verify"]):
        told = run("weights", *words)
        assert told.code == 0, told.err
        (line,) = [line for line in told.out.splitlines() if line.startswith("draft ")]
        assert "in the package" in line
        assert line.endswith(draft.file)
    mine = tmp_path / "mine.safetensors"
    path = find_weights(draft)
    assert path is not None
    mine.write_bytes(path.read_bytes())
    for name in ([], ["--as", "draft"]):
        told = run("weights", "import", mine, *name)
        assert_told(told, 2, "The weights draft are part of this program")
    assert release.requests == []
    assert not cache.exists()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["key", "{plate}", "--model", "mobilenetv3", "--offline"], id="key"),
        pytest.param(["weights", "fetch", "--offline"], id="fetch"),
    ],
)
def test_offline_never_touches_the_network(
    words: list[str], run: Run, release: Any, plate: list[str]
) -> None:
    told = run(*[plate[1] if word == "{plate}" else word for word in words])
    assert_told(told, 5, "nothing is fetched offline")
    assert "robust-matte weights import FILE" in told.err
    assert release.requests == []


def test_the_environment_forbids_the_network(
    run: Run, release: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBUST_MATTE_OFFLINE", "1")
    assert_told(run("weights", "fetch"), 5, "nothing is fetched offline")
    assert release.requests == []


def test_offline_finds_what_is_there(run: Run, release: Any, cache: Path) -> None:
    run("weights", "fetch")
    told = run("weights", "fetch", "--offline")
    assert told.code == 0
    assert str(cache / MOBILE) in told.out
    assert len(release.requests) == 1


def test_changed_bytes_are_refused_and_not_kept(
    run: Run, release: Any, plate: list[str], cache: Path, tmp_path: Path
) -> None:
    body = bytearray(release.files[MOBILE])
    body[len(body) // 2] ^= 1
    release.files[MOBILE] = bytes(body)
    said = f"{release.address}/{MOBILE} is not the {MOBILE} that RVM published"
    assert_told(run(*plate, "--model", "mobilenetv3"), 5, said)
    assert [path.name for path in cache.iterdir()] == [f".{MOBILE}.lock"]
    assert keyed(tmp_path) == 0


def test_weights_that_were_changed_on_disk_are_not_keyed_with(
    run: Run, release: Any, plate: list[str], cache: Path, tmp_path: Path
) -> None:
    assert release
    run("weights", "fetch")
    with (cache / MOBILE).open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    assert_told(run(*plate), 5, f"{cache / MOBILE} is not the {MOBILE} that RVM published")
    assert keyed(tmp_path) == 0
    listed = run("weights", "list").out
    assert "WRONG" in listed
    assert "\nmobilenetv3: Run robust-matte weights fetch mobilenetv3, " in listed
    assert_told(run("weights", "verify"), 5, f"{cache / MOBILE} is not the {MOBILE}")
    assert run("weights", "fetch").code == 0  # which is what the hint says
    assert run("weights", "verify").code == 0


def test_absent_on_the_mirror_is_told(run: Run, release: Any, cache: Path) -> None:
    del release.files[MOBILE]
    told = run("weights", "fetch")
    assert_told(told, 5, "the server answers 404 (Not Found)")
    assert f"fetching: {MOBILE} from {release.address}\n" in told.err
    assert [path.name for path in cache.iterdir()] == [f".{MOBILE}.lock"]


def test_unknown_name_is_told(run: Run, release: Any) -> None:
    assert_told(run("weights", "fetch", "resnet"), 2, "There are no weights called 'resnet'")
    assert release.requests == []


def test_weights_go_to_the_shared_folder(
    run: Run, release: Any, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert release
    monkeypatch.setenv("ROBUST_MATTE_WEIGHTS", str(tmp_path / "studio"))
    assert str(tmp_path / "studio" / MOBILE) in run("weights", "fetch").out
    assert not cache.exists()


def test_a_shared_folder_that_cannot_be_written_is_told(
    run: Run, release: Any, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ROBUST_MATTE_WEIGHTS", str(tmp_path / "file" / "studio"))
    assert_told(run("weights", "fetch"), 6, f"{tmp_path / 'file' / 'studio' / MOBILE} cannot")
    assert release.requests == []
    assert not cache.exists()


def test_import_brings_weights_without_a_network(
    run: Run, published: bytes, plate: list[str], cache: Path, tmp_path: Path
) -> None:
    source = tmp_path / "from a stick.pth"
    source.write_bytes(published)
    told = run("weights", "import", source)
    assert told.code == 0, told.err
    assert str(cache / MOBILE) in told.out
    assert run(*plate).code == 0


def test_import_of_a_file_of_ones_own_names_its_path(
    run: Run, published: bytes, cache: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.pth"
    other.write_bytes(published + b"more")
    told = run("weights", "import", other, "--as", "mobilenetv3")
    assert_told(told, 5, f"{other} is not the {MOBILE} that RVM published")
    assert f"\nUse it by its path, --model {other}; or run robust-matte weights fetch" in told.err
    assert not (cache / MOBILE).exists()


def test_verify_of_absent_weights_is_never_said_to_be_offline(run: Run, release: Any) -> None:
    told = run("weights", "verify", "mobilenetv3")
    assert_told(told, 5, f"The weights {MOBILE} are not in ")
    assert "offline" not in told.err
    assert release.requests == []


def test_list_is_json_for_programs(run: Run, release: Any, published: bytes, cache: Path) -> None:
    assert release
    run("weights", "fetch")
    (cache / RESNET).write_bytes(b"?")
    (cache / f"{RESNET}.sha256").write_text("0\n")
    document = json.loads(run("weights", "list", "--json").out)
    assert document["schema_version"] == 1
    assert document["folders"] == [str(cache)]
    assert "never stated separately" in document["licence"]
    draft, mobile, resnet = document["weights"]
    assert (draft["identity"], draft["published_git_id"]) == ("packaged", None)
    assert draft["sha256"] == hashlib.sha256(Path(draft["path"]).read_bytes()).hexdigest()
    assert mobile == {
        "name": "mobilenetv3",
        "file": MOBILE,
        "published_git_id": KNOWN["mobilenetv3"].git_blob,
        "path": str(cache / MOBILE),
        "bytes": len(published),
        "sha256": hashlib.sha256(published).hexdigest(),
        "git_id": KNOWN["mobilenetv3"].git_blob,
        "identity": "published",
    }
    assert (resnet["path"], resnet["identity"]) == (str(cache / RESNET), "wrong")


def test_resnet50_is_held_on_to_by_its_first_file(
    run: Run, release: Any, cache: Path, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import save

    from robust_matte_rvm import MattingNetwork

    with torch.device("meta"):
        wanted = MattingNetwork("resnet50", "deep_guided_filter").state_dict()
    content = save({name: torch.zeros(one.shape, dtype=one.dtype) for name, one in wanted.items()})
    release.files[RESNET] = content
    told = run("weights", "fetch", "resnet50")
    assert told.code == 0, told.err
    assert "none published; as first fetched" in told.out
    assert hashlib.sha256(content).hexdigest() in (cache / f"{RESNET}.sha256").read_text()
    assert run("weights", "verify").code == 0
    other = tmp_path / "other.pth"
    other.write_bytes(content[:-1] + b"\1")
    assert_told(run("weights", "import", other), 5, f"{other} is not the {RESNET} that came first")


class Malicious:
    """Runs a program when it is unpickled."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.witness),)


@pytest.fixture
def bad_file(tmp_path: Path, published: bytes) -> Callable[[str], Path]:
    """Make weights files that are none; what is malicious would make the folder `witness`."""

    def make(kind: str) -> Path:
        path = tmp_path / f"{kind}.pth"
        contents = {
            "malicious": pickle.dumps({"w": Malicious(tmp_path / "witness")}, protocol=2),
            "truncated": published[: len(published) // 2],
            "page": b"<!DOCTYPE html><title>Log in</title>",
            "empty": b"",
        }
        path.write_bytes(contents[kind])
        return path

    return make


@pytest.mark.parametrize("verb", ["import", "verify", "key"])
@pytest.mark.parametrize("kind", ["malicious", "truncated", "page", "empty"])
def test_bad_files_are_refused_and_nothing_in_them_is_run(
    kind: str,
    verb: str,
    run: Run,
    bad_file: Callable[[str], Path],
    cache: Path,
    plate: list[str],
    tmp_path: Path,
) -> None:
    path = bad_file(kind)
    words = [*plate, "--model", path] if verb == "key" else ["weights", verb, path]
    assert_told(run(*words), 5, str(path))
    assert not (tmp_path / "witness").exists()
    assert not cache.exists() or not (cache / MOBILE).exists()
    assert keyed(tmp_path) == 0


def test_malice_would_be_seen(bad_file: Callable[[str], Path], tmp_path: Path) -> None:
    pickle.loads(bad_file("malicious").read_bytes())  # noqa: S301 - our own
    assert (tmp_path / "witness").exists()


def test_verify_tells_of_every_file(
    run: Run, bad_file: Callable[[str], Path], filled_weights: Path
) -> None:
    files = [bad_file("page"), filled_weights, bad_file("empty")]
    told = run("weights", "verify", *files)
    assert told.code == 5
    assert str(filled_weights) in told.out
    assert [line for line in told.err.splitlines() if "neither a safetensors nor" in line] == [
        f"{files[0]} is neither a safetensors nor a torch file (36 bytes).",
        f"{files[2]} is neither a safetensors nor a torch file (0 bytes).",
    ]


def test_verify_of_absent_weights_speaks_of_fetching_them(run: Run) -> None:
    told = run("weights", "verify", "resnet50")
    assert_told(told, 5, f"The weights {RESNET} are not in ")
    assert "offline" not in told.err
    assert "robust-matte weights fetch resnet50" in told.err


@pytest.fixture
def start(root: Path, release: Any) -> Callable[[], "subprocess.Popen[str]"]:
    """Start `weights fetch` in a process of its own."""
    assert release
    paths = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))
    words = [KNOWN["mobilenetv3"].git_blob or "", "weights", "fetch", "--progress", "jsonl"]

    def begin() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words],
            env=os.environ | {"PYTHONPATH": paths},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


def read_until(process: "subprocess.Popen[str]", wanted: Callable[[Any], bool]) -> None:
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if wanted(json.loads(line)):
            return
    pytest.fail(f"it ended before that: {seen}")


def wait_for_bytes(path: Path) -> None:
    """Wait until something has come; the server holds the rest back."""
    until = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size > 0):
        assert time.monotonic() < until, f"nothing came to {path}"
        time.sleep(0.02)


def test_two_starts_at_once_fetch_once(
    start: Any, release: Any, published: bytes, cache: Path
) -> None:
    release.faults = [-SOME]
    with start() as first:
        assert release.begun.wait(60)
        with start() as second:
            read_until(second, lambda event: event["text"].startswith("waiting for the process"))
            release.released.set()  # the connection ends, and is gone on with
            for process in (first, second):
                _, err = process.communicate(timeout=60)
                assert process.returncode == 0, err
                assert str(cache / MOBILE) in err
    assert [asked for _, asked in release.requests] == [None, f"bytes={int(SOME)}-"]
    assert (cache / MOBILE).read_bytes() == published


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send Ctrl-C to one process")
def test_ctrl_c_keeps_what_came(
    start: Any, run: Run, release: Any, published: bytes, cache: Path
) -> None:
    release.faults = [-SOME]
    with start() as process:
        read_until(process, lambda event: event["stage"] == "fetching")
        wait_for_bytes(cache / f".{MOBILE}.part")
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert err.endswith(
        "Stopped.\nWhat was fetched is kept; the same command goes on from there.\n"
    )
    assert not (cache / MOBILE).exists()
    came = (cache / f".{MOBILE}.part").stat().st_size
    assert 0 < came <= SOME
    assert run("weights", "fetch").code == 0
    assert release.requests[-1][1] == f"bytes={came}-"
    assert (cache / MOBILE).read_bytes() == published


def test_nothing_is_fetched_for_a_plate_that_is_not_there(run: Run, release: Any) -> None:
    assert_told(run("key", "no.####.exr", "--model", "mobilenetv3"), 3, "no.####.exr")
    assert release.requests == []


def test_weights_that_are_not_there_are_told_before_the_plate(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "absent.pth"
    assert_told(run("key", "no.####.exr", "--model", path), 5, f"The weights {path} cannot be read")
