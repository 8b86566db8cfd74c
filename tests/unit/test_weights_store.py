"""Bringing weights into a folder: whole and right, or not at all."""

import hashlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from robust_matte.errors import (
    DiskFullError,
    RobustMatteError,
    SettingsError,
    WeightsDamagedError,
    WeightsMissingError,
    WriteError,
)
from robust_matte.weights.identity import Standing, StoredWeights
from robust_matte.weights.known import KNOWN, KnownWeights
from robust_matte.weights.store import fetch_weights, import_weights, verify_weights

GOOD = b"good weights " * 20_000
OTHER = b"other weights" * 20_000


def git_blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> KnownWeights:
    """Let mobilenetv3 be published as GOOD."""
    known = replace(KNOWN["mobilenetv3"], git_blob=git_blob(GOOD))
    monkeypatch.setitem(KNOWN, "mobilenetv3", known)
    return known


@pytest.fixture
def unpublished() -> KnownWeights:
    """Weights without a published identity."""
    return KNOWN["resnet50"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "weights"


def network_of(path: Path) -> str:
    """Say which network a file is for, as a loader would."""
    data = path.read_bytes()
    if data == GOOD:
        return "mobilenetv3"
    if data == OTHER:
        return "resnet50"
    raise WeightsDamagedError(f"{path} is neither.", hint="Name another.")


def never(path: Path) -> str:
    raise AssertionError(f"{path} was loaded, although its identity is known")


@pytest.fixture
def fetch(folder: Path) -> Callable[..., StoredWeights]:
    def run(known: KnownWeights, server: Any, check: Any = network_of, **values: Any) -> Any:
        tell = values.get("tell", lambda *_: None)
        return fetch_weights(known, values.get("to", folder), server.address, check, tell)

    return run


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def hidden(folder: Path) -> list[str]:
    """Return what is left beside the weights, but the lock, which stays."""
    names = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    return [name for name in names if not name.endswith(".lock")]


def test_fetched_weights_are_in_their_place_alone(
    published: KnownWeights, serve_files: Any, fetch: Any, folder: Path
) -> None:
    stored = fetch(published, serve_files(files={published.file: GOOD}), never)
    assert (stored.path, stored.standing) == (folder / published.file, Standing.PUBLISHED)
    assert stored.path.read_bytes() == GOOD
    assert visible(folder) == [published.file]
    assert hidden(folder) == []


@pytest.mark.parametrize("name", ["mobilenetv3", "resnet50"])
def test_something_else_is_refused_and_nothing_of_it_kept(
    name: str, serve_files: Any, fetch: Any, folder: Path
) -> None:
    known = KNOWN[name]
    server = serve_files(files={known.file: GOOD[:-1] + b"!"})
    with pytest.raises(WeightsDamagedError) as caught:
        fetch(known, server)
    assert f"{server.address}/{known.file} is " in caught.value.what
    assert ".part" not in caught.value.what
    assert visible(folder) == []
    assert hidden(folder) == []


def test_the_other_networks_file_is_refused(
    unpublished: KnownWeights, serve_files: Any, fetch: Any, folder: Path
) -> None:
    server = serve_files(files={unpublished.file: GOOD})
    with pytest.raises(WeightsDamagedError, match="is for the network mobilenetv3, not for resnet"):
        fetch(unpublished, server)
    assert visible(folder) == []


def test_weights_that_are_there_are_not_fetched(
    published: KnownWeights, serve_files: Any, fetch: Any
) -> None:
    server = serve_files(files={published.file: GOOD})
    fetch(published, server)
    assert fetch(published, server).standing is Standing.PUBLISHED
    assert len(server.requests) == 1


def test_damaged_weights_are_replaced(
    published: KnownWeights, serve_files: Any, fetch: Any, folder: Path
) -> None:
    folder.mkdir()
    (folder / published.file).write_bytes(GOOD[:500])
    fetch(published, serve_files(files={published.file: GOOD}))
    assert (folder / published.file).read_bytes() == GOOD


def test_damaged_weights_stay_where_nothing_better_comes(
    published: KnownWeights, serve_files: Any, fetch: Any, folder: Path
) -> None:
    folder.mkdir()
    (folder / published.file).write_bytes(GOOD[:500])
    with pytest.raises(WeightsMissingError):
        fetch(published, serve_files(faults=[404]))
    assert (folder / published.file).read_bytes() == GOOD[:500]


def test_the_first_file_is_held_on_to_where_none_was_published(
    unpublished: KnownWeights, serve_files: Any, fetch: Any, folder: Path
) -> None:
    server = serve_files(files={unpublished.file: OTHER})
    assert fetch(unpublished, server).standing is Standing.PINNED
    assert visible(folder) == [unpublished.file, f"{unpublished.file}.sha256"]
    assert fetch(unpublished, server, never).standing is Standing.PINNED
    (folder / unpublished.file).unlink()
    server.files[unpublished.file] = OTHER + b" of another day"
    with pytest.raises(WeightsDamagedError, match="that came first"):
        fetch(unpublished, server, never)
    assert visible(folder) == [f"{unpublished.file}.sha256"]


def test_a_file_put_there_by_hand_is_taken_on(
    unpublished: KnownWeights, serve_files: Any, fetch: Any, folder: Path
) -> None:
    folder.mkdir()
    (folder / unpublished.file).write_bytes(OTHER)
    server = serve_files()
    fetch(unpublished, server)
    assert server.requests == []
    assert visible(folder) == [unpublished.file, f"{unpublished.file}.sha256"]


def test_what_came_of_a_broken_fetch_is_kept_hidden(
    published: KnownWeights, serve_files: Any, fetch: Any, folder: Path
) -> None:
    server = serve_files(files={published.file: GOOD}, faults=[90_000.0, 404])
    with pytest.raises(WeightsMissingError):
        fetch(published, server)
    assert visible(folder) == []
    assert f".{published.file}.part" in hidden(folder)
    fetch(published, server)
    assert server.requests[-1][1] == "bytes=90000-"
    assert hidden(folder) == []


def test_a_second_start_waits_and_takes_what_the_first_fetched(
    published: KnownWeights, serve_files: Any, fetch: Any, folder: Path
) -> None:
    waiting, told = threading.Event(), []

    def tell(text: str, *_: int) -> None:
        told.append(text)
        waiting.set()

    folder.mkdir()
    server = serve_files(files={published.file: GOOD})
    second = threading.Thread(target=fetch, args=(published, server, never), kwargs={"tell": tell})
    with FileLock(folder / f".{published.file}.lock"):
        second.start()
        assert waiting.wait(30)
        (folder / published.file).write_bytes(GOOD)
    second.join(30)
    assert not second.is_alive()
    assert told == [f"waiting for the process that is getting {published.file}"]
    assert server.requests == []


def test_the_address_is_told_before_anything_comes(
    published: KnownWeights, serve_files: Any, fetch: Any
) -> None:
    server, told = serve_files(faults=[404]), []
    with pytest.raises(WeightsMissingError):
        fetch(published, server, tell=lambda *now: told.append((*now, len(server.requests))))
    assert told == [(f"{published.file} from {server.address}", 0, 0, 0)]


@pytest.mark.parametrize("name", [None, "mobilenetv3"])
def test_import_copies_what_was_published(
    name: str | None, published: KnownWeights, folder: Path, tmp_path: Path
) -> None:
    source = tmp_path / "download (1).bin"
    source.write_bytes(GOOD)
    known, stored = import_weights(source, name, folder, never, lambda *_: None)
    assert (known, stored.standing) == (published, Standing.PUBLISHED)
    assert stored.path.read_bytes() == GOOD
    assert source.read_bytes() == GOOD
    assert visible(folder) == [published.file]


def test_import_finds_out_by_the_network_what_a_file_is(
    unpublished: KnownWeights, folder: Path, tmp_path: Path
) -> None:
    source = tmp_path / "w"
    source.write_bytes(OTHER)
    known, stored = import_weights(source, None, folder, network_of, lambda *_: None)
    assert (known, stored.path) == (unpublished, folder / unpublished.file)
    assert visible(folder) == [unpublished.file, f"{unpublished.file}.sha256"]


def test_import_of_the_file_in_its_place_pins_it(unpublished: KnownWeights, folder: Path) -> None:
    folder.mkdir()
    place = folder / unpublished.file
    place.write_bytes(OTHER)
    import_weights(place, None, folder, network_of, lambda *_: None)
    assert place.read_bytes() == OTHER
    assert visible(folder) == [unpublished.file, f"{unpublished.file}.sha256"]


@pytest.mark.parametrize(
    ("data", "name", "kind", "said"),
    [
        pytest.param(OTHER, "mobilenetv3", WeightsDamagedError, "that RVM published", id="other"),
        pytest.param(GOOD, "resnet50", WeightsDamagedError, "the network mobilenetv3", id="wrong"),
        pytest.param(b"<html>", None, WeightsDamagedError, "is neither", id="page"),
        pytest.param(b"<html>", "resnet50", WeightsDamagedError, "no weights of", id="named page"),
        pytest.param(GOOD, "resnet", SettingsError, "no weights called", id="name"),
    ],
)
def test_import_of_something_else_is_refused(
    data: bytes,
    name: str | None,
    kind: type[RobustMatteError],
    said: str,
    folder: Path,
    tmp_path: Path,
) -> None:
    source = tmp_path / "w"
    source.write_bytes(data)
    with pytest.raises(kind, match=said) as caught:
        import_weights(source, name, folder, network_of, lambda *_: None)
    assert caught.value.hint
    assert not folder.exists() or visible(folder) == []


@pytest.mark.parametrize(
    "name", [pytest.param("draft", id="by name"), pytest.param(None, id="own")]
)
def test_no_file_takes_the_place_of_packaged_weights(
    name: str | None, folder: Path, tmp_path: Path
) -> None:
    source = tmp_path / "fine-tuned.safetensors"
    source.write_bytes(OTHER)
    with pytest.raises(SettingsError, match="draft are part of this program") as caught:
        import_weights(source, name, folder, lambda _: "draft", lambda *_: None)
    assert caught.value.hint == f"Use yours by its path, --model {source}."
    assert not folder.exists()


def test_weights_of_draft_are_never_told_to_be_imported_under_that_name(
    unpublished: KnownWeights, folder: Path, tmp_path: Path
) -> None:
    source = tmp_path / "w"
    source.write_bytes(OTHER)
    with pytest.raises(WeightsDamagedError, match="for the network draft, not") as caught:
        import_weights(source, unpublished.name, folder, lambda _: "draft", lambda *_: None)
    assert caught.value.hint == "Use it by its path, --model FILE."


def test_a_file_that_changes_while_it_is_copied_is_refused(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "w"
    source.write_bytes(OTHER)

    def check_and_change(path: Path) -> str:
        path.write_bytes(OTHER + b" and more")
        return "resnet50"

    with pytest.raises(WeightsDamagedError, match="changed while it was copied"):
        import_weights(source, "resnet50", folder, check_and_change, lambda *_: None)
    assert visible(folder) == []


def test_import_of_nothing_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match="absent cannot be read"):
        import_weights(tmp_path / "absent", None, folder, never, lambda *_: None)


def test_verifying_loads_even_what_was_published(published: KnownWeights, tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(GOOD)
    assert verify_weights(published, path, network_of).standing is Standing.PUBLISHED
    assert verify_weights(None, path, network_of).standing is Standing.UNKNOWN
    path.write_bytes(OTHER)
    with pytest.raises(WeightsDamagedError):
        verify_weights(published, path, network_of)


def test_verifying_refuses_another_network(unpublished: KnownWeights, tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(GOOD)
    with pytest.raises(WeightsDamagedError, match=f"{path} is for the network mobilenetv3"):
        verify_weights(unpublished, path, network_of)


def test_a_folder_that_cannot_be_made_is_told(
    published: KnownWeights, serve_files: Any, fetch: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    server = serve_files(files={published.file: GOOD})
    with pytest.raises(WriteError) as caught:
        fetch(published, server, to=tmp_path / "file" / "weights")
    assert "a part of its folder's name is a file" in caught.value.what
    assert "ROBUST_MATTE_WEIGHTS" in caught.value.hint
    assert server.requests == []


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount small file systems; skips where that is not allowed."""
    mounts: list[Path] = []

    def mount(options: str) -> Path:
        path = tmp_path / f"disk{len(mounts)}"
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError:
            pytest.skip("there is no mount command")
        if done.returncode:
            pytest.skip("file systems may not be mounted here")
        mounts.append(path)
        return path

    yield mount
    for path in mounts:
        subprocess.run(["umount", str(path)], check=True)  # noqa: S607


def test_a_full_disk_is_told_and_given_back(
    published: KnownWeights, serve_files: Any, fetch: Any, mounted: Any
) -> None:
    disk = mounted("size=128k")
    with pytest.raises(DiskFullError) as caught:
        fetch(published, serve_files(files={published.file: GOOD}), to=disk)
    assert caught.value.what.startswith(f"The disk that holds {disk} is full: {published.file}")
    assert "ROBUST_MATTE_WEIGHTS name a folder on another disk" in caught.value.hint
    assert visible(disk) == []
    assert hidden(disk) == []


def test_a_read_only_folder_is_told_before_anything_is_fetched(
    published: KnownWeights, serve_files: Any, fetch: Any, mounted: Any
) -> None:
    disk = mounted("size=128k,ro")
    server = serve_files(files={published.file: GOOD})
    with pytest.raises(WriteError, match="Read-only file system") as caught:
        fetch(published, server, to=disk)
    assert f"whoever keeps {disk}" in caught.value.hint
    assert server.requests == []


def test_weights_in_a_read_only_folder_need_nothing_written(
    published: KnownWeights, serve_files: Any, fetch: Any, mounted: Any
) -> None:
    disk = mounted("size=1m")
    (disk / published.file).write_bytes(GOOD)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)  # noqa: S607
    assert fetch(published, serve_files(), to=disk).standing is Standing.PUBLISHED


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else_is_told(
    published: KnownWeights, serve_files: Any, fetch: Any, folder: Path
) -> None:
    folder.mkdir()
    folder.chmod(0o500)
    with pytest.raises(WriteError, match="Permission denied"):
        fetch(published, serve_files(files={published.file: GOOD}))
