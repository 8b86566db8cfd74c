"""Jobs and folders of bakes, as the Blender extension makes them; needs no Blender."""

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from robust_matte import KeySettings, __version__

Part = Callable[[str], Any]


@pytest.fixture
def documents(part: Part) -> Any:
    return part("job_document")


@pytest.fixture
def folders(part: Part) -> Any:
    return part("bake_folders")


@pytest.fixture
def host_error(part: Part) -> Any:
    return part("errors").HostError


@pytest.fixture
def source(part: Part) -> Any:
    frames = part("frames").FrameMapping(start=5, offset=1000, duration=24)
    return SimpleNamespace(
        plate="/shots/sh 010.####.exr",
        first=1001,
        last=1024,
        kind="sequence",
        frames=frames,
        space="Linear Rec.709",
        is_rendered=False,
    )


@pytest.fixture
def settings() -> SimpleNamespace:
    """What a new node has."""
    return SimpleNamespace(
        model="auto",
        cuts="auto",
        plate_space="",
        gain="0",
        warm_up=16,
        downsample="auto",
        despill="none",
        range_mode="PLATE",
        first=1,
        last=100,
    )


# --- names of files


@pytest.mark.parametrize(
    ("name", "number", "wanted"),
    [
        pytest.param("sh0010_m.0010.exr", 10, "sh0010_m.####.exr", id="the number twice"),
        pytest.param("m.10010.exr", 10010, "m.#####.exr", id="five digits"),
        pytest.param("m.-010.exr", -10, "m.####.exr", id="before 0"),
        pytest.param("m.####.exr", 10, "m.####.exr", id="a pattern"),
        pytest.param("sh0010_m.exr", 10, "sh0010_m.exr", id="no number"),
        pytest.param("m.0011.exr", 10, "m.0011.exr", id="another number"),
    ],
)
def test_a_pattern_has_its_digits_where_the_number_is(
    part: Part, name: str, number: int, wanted: str
) -> None:
    sequences = part("sequences")
    assert sequences.pattern_of(Path("/sh0010") / name, number) == Path("/sh0010") / wanted


def test_a_version_is_no_frame_number(part: Part) -> None:
    names = ("p.1004.exr", "shot_v002.png", "shotV2.png", "2k_plate.png", "plate.png")
    found = [part("sequences").still_number(Path(name)) for name in names]
    assert found == [1004, 1, 1, 1, 1]


def test_what_is_missing_of_a_long_sequence(part: Part) -> None:
    missing = part("sequences").missing
    assert missing([3, 4, 8, 10]) == [5, 6, 7, 9]
    assert missing([*range(1, 200_000), 200_001]) == [200_000]  # with a look at each it takes hours


# --- job documents


def test_a_job_is_what_the_engine_takes(documents: Any, settings: Any, source: Any) -> None:
    job = documents.job_for(settings, source, Path("/bakes/x"), "cpu", (1003, 1010))
    told = KeySettings(**json.loads(json.dumps(job)))
    assert told.plate == "/shots/sh 010.####.exr"
    assert told.output == os.path.join("/bakes/x", "sh_010_matte.####.exr")  # noqa: PTH118
    assert (told.frames, told.layers, told.output_space) == (
        "1003-1010",
        "multipart",
        "lin_rec709_scene",
    )
    assert (told.plate_space, told.device, told.warm_up) == ("lin_rec709_scene", "cpu", 16)


@pytest.mark.parametrize(
    ("chosen", "found", "is_rendered", "wanted"),
    [
        pytest.param("", "sRGB", False, "srgb_rec709_scene", id="as Blender has it"),
        pytest.param("", "", False, None, id="nothing said"),
        pytest.param("ACEScg", "sRGB", False, "ACEScg", id="chosen"),
        pytest.param("Rec.1886", "", False, "g24_rec709_tx", id="chosen by Blender's name"),
        pytest.param("arri_logc4", "", False, "arri_logc4", id="typed, by the worker's name"),
        pytest.param(
            *("sRGB", "lin_rec709_scene", True, "lin_rec709_scene"), id="rendered by Blender"
        ),
    ],
)
def test_the_plate_space(
    documents: Any,
    settings: Any,
    source: Any,
    chosen: str,
    found: str,
    is_rendered: bool,
    wanted: str | None,
) -> None:
    settings.plate_space, source.space, source.is_rendered = chosen, found, is_rendered
    assert documents.job_for(settings, source, Path("/b"), "auto")["plate_space"] == wanted


def test_every_space_that_is_named_is_one_of_the_engine(part: Part) -> None:
    from robust_matte.colour.configs import find_space, open_config

    spaces = part("plate_spaces")
    config = open_config(None)
    for name in {*spaces._RENAMED, *spaces._SAME}:
        known = spaces.plate_space_of(name)
        assert find_space(config, known), name
    assert spaces.plate_space_of("Filmic Log") is None


@pytest.mark.parametrize(
    ("mode", "custom", "scene", "wanted"),
    [
        pytest.param("PLATE", (1, 2), (1, 2), (1001, 1024), id="all of the plate"),
        pytest.param("SCENE", (1, 2), (1, 10), (1001, 1006), id="scene begins before it"),
        pytest.param("SCENE", (1, 2), (10, 300), (1006, 1024), id="scene ends after it"),
        pytest.param("CUSTOM", (14, 14), (1, 2), (1010, 1010), id="one frame"),
    ],
)
def test_the_range(
    documents: Any, settings: Any, source: Any, mode: str, custom: Any, scene: Any, wanted: Any
) -> None:
    settings.range_mode = mode
    settings.first, settings.last = custom
    assert documents.plate_range(settings, source, *scene) == wanted


@pytest.mark.parametrize(
    ("mode", "custom", "scene", "what"),
    [
        pytest.param(
            "SCENE", (1, 2), (1, 4), "frames 1-4 lies none of the plate's 1001-1024", id="before it"
        ),
        pytest.param(
            "CUSTOM", (90, 99), (1, 2), "90-99 lies none of the plate's", id="where it is held"
        ),
        pytest.param("CUSTOM", (9, 8), (1, 2), "The range 9-8 is empty.", id="backwards"),
    ],
)
def test_ranges_that_cannot_be(
    host_error: Any,
    documents: Any,
    settings: Any,
    source: Any,
    mode: str,
    custom: Any,
    scene: Any,
    what: str,
) -> None:
    settings.range_mode = mode
    settings.first, settings.last = custom
    with pytest.raises(host_error, match="range") as caught:
        documents.plate_range(settings, source, *scene)
    assert what in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("mode", "there", "is_refused"),
    [
        pytest.param("SCENE", (1003, 1024), True, id="none at the head"),
        pytest.param("CUSTOM", (1001, 1008), True, id="none at the tail"),
        pytest.param("PLATE", (1003, 1008), False, id="what is there"),
    ],
)
def test_frames_that_are_asked_for_are_there(
    host_error: Any,
    documents: Any,
    settings: Any,
    source: Any,
    mode: str,
    there: tuple[int, int],
    is_refused: bool,
) -> None:
    settings.range_mode, settings.first, settings.last = mode, 5, 20
    source.first, source.last = there
    if not is_refused:
        assert documents.plate_range(settings, source, 1, 250) == there
        return
    with pytest.raises(
        host_error, match=r"lie the frames 1001-10.. of .* on disk are 100.-1"
    ) as told:
        documents.plate_range(settings, source, 1, 250)
    assert told.value.code == "missing_frames"


def test_the_hash_tells_bakes_apart(
    documents: Any, settings: Any, source: Any, tmp_path: Path
) -> None:
    plate = tmp_path / "p.0001.exr"
    plate.write_bytes(b"light")

    def digest(device: str = "cpu", folder: str = "/a", frames: Any = None, **changed: Any) -> str:
        wishes = SimpleNamespace(**{**vars(settings), **changed})
        job = documents.job_for(wishes, source, Path(folder), device, frames)
        return str(documents.settings_hash(job, [plate, tmp_path / "gone.exr"]))

    first = digest()
    assert first == digest(device="cuda") == digest(folder="/b")
    assert first == digest(range_mode="CUSTOM", frames=(1003, 1010))
    changed = {
        digest(gain="1"),
        digest(cuts="1010"),
        digest(model="draft"),
        digest(plate_space="ACEScg"),
    }
    assert len(changed) == 4
    assert first not in changed
    plate.write_bytes(b"other light")
    assert digest() != first


def test_a_bake_of_another_engine_is_another_bake(
    part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers_of = part("makers").makers_of
    monkeypatch.delenv("OCIO", raising=False)
    weights, config = tmp_path / "own.safetensors", tmp_path / "config.ocio"
    weights.write_bytes(b"1")
    config.write_bytes(b"1")

    def told(model: str = "auto", version: str = "0.9", present: bool = False) -> tuple[str, ...]:
        models = [{"name": "draft", "present": True}, {"name": "resnet50", "present": present}]
        return tuple(makers_of({"model": model}, {"version": version, "models": models}))

    own = str(weights)
    first = [told(), told(version="1.0"), told(present=True), told("draft"), told(own)]
    assert told("draft", present=True) == told("draft")
    weights.write_bytes(b"12")
    monkeypatch.setenv("OCIO", str(config))
    second = [told(), told(own)]
    config.write_bytes(b"12")
    everything = [*first, *second, told()]
    assert len(set(everything)) == len(everything)


def test_files_of_plates_by_their_frames(documents: Any) -> None:
    names = [path.name for path in documents.plate_files("/a/b#1.###.exr", 98, 101)]
    assert names == ["b#1.098.exr", "b#1.099.exr", "b#1.100.exr", "b#1.101.exr"]
    assert documents.plate_files("/a/b.mov", 1, 50) == [Path("/a/b.mov")]


def test_all_files_of_a_plate_are_those_on_disk(documents: Any, tmp_path: Path) -> None:
    for name in ("b.098.exr", "b.100.exr", "b.99.exr", "b.1000.exr", "c.099.exr", "b.mov"):
        (tmp_path / name).touch()
    found = documents.all_plate_files(str(tmp_path / "b.###.exr"), 100)
    assert [path.name for path in found] == ["b.098.exr", "b.100.exr", "b.1000.exr"]
    movie = str(tmp_path / "b.mov")
    assert documents.all_plate_files(movie, 1) == [Path(movie)]
    still = str(tmp_path / "b.1.png")
    assert documents.all_plate_files(still, 1) == [Path(still)]


# --- folders


def bake(folders: Any, parent: Path, name: str) -> Path:
    """A bake as worker and extension leave it."""
    folder: Path = folders.make_folder(parent, name, "uid")
    names = [
        "a_matte.1001.exr",
        "preview.json",
        ".a_matte.1002.tmp-12-0123abcd.exr",
        "plate/plate_1001.exr",
        "a_matte.robust_matte/plan.json",
        "a_matte.robust_matte/checkpoint/1001_1026.safetensors",
        "a_matte.robust_matte/lock/1001-1024.lock",
    ]
    for one in names:
        path = folder / one
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
        if path.suffix == ".lock":
            os.utime(path, (0, 0))  # left by a crash
    age(folder)
    return folder


def age(folder: Path, seconds: float = 3600) -> None:
    """Make the files of a folder older."""
    for path in folder.rglob("*"):
        at = path.lstat().st_mtime - seconds
        os.utime(path, (at, at), follow_symlinks=False)


def test_old_bakes_go_and_what_is_shown_stays(folders: Any, tmp_path: Path) -> None:
    old, shown = (bake(folders, tmp_path, name) for name in ("old", "shown"))
    done = folders.clear([tmp_path, tmp_path / "never made"], ["uid"], [shown])
    assert done == folders.Cleared((old,), (shown,), (), (), (), 35)
    assert not old.exists()
    assert (shown / "a_matte.1001.exr").exists()


@pytest.mark.parametrize(
    "foreign",
    [
        "notes.txt",
        "hero.exr",
        "a_matte.robust_matte/checkpoint/notes.txt",
        "mine/a_matte.1001.exr",
        "plate/notes.txt",
    ],
)
def test_files_of_others_stay_with_their_folder(folders: Any, tmp_path: Path, foreign: str) -> None:
    folder = bake(folders, tmp_path, "old")
    path = folder / foreign
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    done = folders.clear([tmp_path], ["uid"], [])
    assert (done.removed, done.foreign) == ((), (path,))
    left = sorted(one for one in folder.rglob("*") if one.is_file())
    assert left == sorted([path, folder / folders.MARKER])  # to be cleared once it is moved away
    path.unlink()
    assert folders.clear([tmp_path], ["uid"], []).removed == (folder,)
    assert not folder.exists()


def test_a_bake_of_two_files_is_cleared_by_neither(folders: Any, tmp_path: Path) -> None:
    folder = bake(folders, tmp_path, "both")
    folders.make_folder(tmp_path, "both", "of another file")
    age(folder)
    for uids in (["uid"], ["of another file"]):
        assert folders.clear([tmp_path], uids, []).shared == (folder,)
    assert folders.clear([tmp_path], ["uid", "of another file"], []).removed == (folder,)


@pytest.mark.parametrize(
    "young",
    [
        pytest.param(["a_matte.robust_matte/lock/1001-1024.lock"], id="a lock that beats"),
        pytest.param(["plate/plate_1001.exr"], id="a plate that is rendered"),
        pytest.param(["robust_matte_bake.json"], id="a bake that just began"),
    ],
)
def test_a_folder_somebody_works_in_is_kept(folders: Any, tmp_path: Path, young: list[str]) -> None:
    folder = bake(folders, tmp_path, "farm")
    for name in young:
        (folder / name).touch()
    assert folders.clear([tmp_path], ["uid"], []).busy == (folder,)
    (folder / "a_matte.1001.exr").touch()
    is_locked = "lock" in young[0]
    assert folders.clear([tmp_path], ["uid"], []).removed == (() if is_locked else (folder,))


def test_folders_without_a_marker_and_links_are_never_touched(folders: Any, tmp_path: Path) -> None:
    parent, elsewhere = tmp_path / "bakes", tmp_path / "elsewhere"
    real = bake(folders, elsewhere, "real")
    unmarked = bake(folders, parent, "unmarked")
    (unmarked / folders.MARKER).unlink()
    foreign = bake(folders, parent, "foreign")
    (foreign / folders.MARKER).write_text('{"made_by": "somebody"}')
    (parent / "link").symlink_to(real)
    (bake(folders, parent, "old") / "link").symlink_to(elsewhere)
    other = bake(folders, parent, "other")
    (other / folders.MARKER).write_text('{"made_by": "robust_matte", "uid": "of another file"}')
    done = folders.clear([parent], ["uid"], [])
    assert done.removed == ()
    assert done.foreign == (parent / "old" / "link",)
    for folder in (real, unmarked, foreign, other):
        assert (folder / "a_matte.1001.exr").exists()


def test_a_folder_of_others_is_not_baked_into(
    host_error: Any, folders: Any, tmp_path: Path
) -> None:
    (tmp_path / "abc").mkdir()
    (tmp_path / "abc" / "notes.txt").write_text("mine")
    with pytest.raises(host_error, match="holds files that are no bake"):
        folders.make_folder(tmp_path, "abc", "uid")
    assert os.listdir(tmp_path / "abc") == ["notes.txt"]  # noqa: PTH208


def test_a_disk_that_refuses_is_said(host_error: Any, folders: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(host_error, match="cannot be written: "):
        folders.make_folder(tmp_path / "file", "abc", "uid")
    full = folders.disk_error(tmp_path, OSError(28, "No space left on device"))
    assert full.what == f"The disk of {tmp_path} is full."


def test_places_of_bakes(folders: Any, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert folders.node_folder("", "", cache, "ab/c") == cache / "ab_c"
    saved = str(tmp_path / "comp.blend")
    assert folders.node_folder(saved, "", cache, "abc") == tmp_path / "robust_matte" / "abc"
    assert folders.node_folder(saved, "/chosen", cache, "abc") == Path("/chosen")


def test_the_extension_has_the_projects_version(root: Path) -> None:
    text = (root / "nodes" / "blender" / "blender_manifest.toml").read_text("utf-8")
    assert tomllib.loads(text)["version"] == __version__
