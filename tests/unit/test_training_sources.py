"""Data sets opened by what a configuration says of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from robust_matte_rvm.errors import DataSetError
from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.data_config import CocoData, DataConfig, PhotographsData
from robust_matte_rvm.training.sources import open_source, read_held_out
from robust_matte_rvm.training.teacher import Teacher

SIZE = 24, 32
BOX = [[10, 10, 30, 10, 30, 20, 10, 20]]
CATEGORIES = [{"id": 7, "name": "person"}]


class HalfTeacher(Teacher):
    """Says 0.5 of everything."""

    def __init__(self) -> None:
        pass

    def matte_still(self, picture: torch.Tensor) -> Clip:
        return self.matte_clip(picture[None])

    def matte_clip(self, src: torch.Tensor) -> Clip:
        return Clip(src=src, fgr=src, pha=torch.full_like(src[..., :1, :, :], 0.5))


def write(path: Path, channels: int = 3, value: int = 90) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (30, 40) if channels == 1 else (30, 40, channels)
    Image.fromarray(np.full(shape, value, np.uint8)).save(path)


def config(**told: Any) -> DataConfig:
    adapter: TypeAdapter[DataConfig] = TypeAdapter(DataConfig)
    return adapter.validate_python(told)


def write_photographs(folder: Path) -> dict[str, Any]:
    for name in ("a.jpg", "b.jpg", "c.png", "not looked into/d.jpg"):
        write(folder / "photos" / name)
    return {"kind": "photographs", "folder": folder / "photos"}


def write_footage(folder: Path) -> dict[str, Any]:
    for name in ("a/1.jpg", "a/2.jpg", "b/1.jpg", "c.png"):
        write(folder / "footage" / name)
    return {"kind": "footage", "folder": folder / "footage"}


def write_mattes(folder: Path) -> dict[str, Any]:
    for name in ("a/1", "a/2", "b/1", "c"):
        write(folder / f"mattes/fgr/{name}.jpg")
        write(folder / f"mattes/pha/{name}.png", 1, 200)
    write(folder / "walls/x.jpg")
    return {"kind": "mattes", "folder": folder / "mattes", "backgrounds": folder / "walls"}


def write_cut_outs(folder: Path) -> dict[str, Any]:
    for name in ("a/1", "a/2", "b", "c"):
        write(folder / f"mattes/{name}.png", 4, 200)
    write(folder / "walls/x.jpg")
    return {"kind": "mattes", "folder": folder / "mattes", "backgrounds": folder / "walls"}


def write_masks(folder: Path) -> dict[str, Any]:
    for name in "abc":
        write(folder / f"img/{name}.jpg")
        write(folder / f"seg/{name}.png", 1, 1)
    return {"kind": "masks", "folder": folder / "img", "masks": folder / "seg"}


def write_json(file: Path, **document: object) -> Path:
    text = TypeAdapter(dict[str, object]).dump_json(document | {"categories": CATEGORIES})
    file.write_bytes(text)
    return file


def write_coco(folder: Path) -> dict[str, Any]:
    images, instances = [], []
    for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        write(folder / "coco" / name)
        images.append({"id": number, "file_name": name, "width": 40, "height": 30})
        known = {"id": number, "image_id": number, "category_id": 7, "iscrowd": 0}
        instances.append(known | {"segmentation": BOX})
    file = write_json(folder / "coco.json", images=images, annotations=instances)
    return {"kind": "coco", "folder": folder / "coco", "annotations": file}


def write_youtube_vis(folder: Path) -> dict[str, Any]:
    videos, tracks = [], []
    for number, video in enumerate("abc"):
        names = [f"{video}/0.jpg", f"{video}/5.jpg"]
        for name in names:
            write(folder / "frames" / name)
        videos.append({"id": number, "file_names": names, "width": 40, "height": 30})
        known = {"id": number, "video_id": number, "category_id": 7}
        tracks.append(known | {"segmentations": [BOX, None]})
    file = write_json(folder / "vis.json", videos=videos, annotations=tracks)
    return {"kind": "youtube_vis", "folder": folder / "frames", "annotations": file}


KINDS = [
    pytest.param(write_photographs, "a.jpg", id="photographs"),
    pytest.param(write_footage, "a", id="footage"),
    pytest.param(write_mattes, "a", id="mattes"),
    pytest.param(write_cut_outs, "b.png", id="cut-outs"),
    pytest.param(write_masks, "a.jpg", id="masks"),
    pytest.param(write_coco, "a.jpg", id="coco"),
    pytest.param(write_youtube_vis, "a", id="youtube_vis"),
]


@pytest.mark.parametrize(("build", "_name"), KINDS)
@pytest.mark.parametrize("frames", [1, 5])
def test_every_kind_gives_clips_that_repeat(
    tmp_path: Path, build: Callable[[Path], dict[str, Any]], _name: str, frames: int
) -> None:
    data = config(**build(tmp_path), longest=32)
    sources = [open_source("set", data, HalfTeacher()) for _ in range(2)]
    for seed in range(4):
        one, other = (src.draw(np.random.default_rng(seed), frames, SIZE) for src in sources)
        assert [tuple(planes.shape) for planes in one] == [(frames, n, *SIZE) for n in (3, 3, 1)]
        assert all(planes.dtype == torch.float32 for planes in one)
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
        assert all(planes.min() >= -1e-6 and planes.max() <= 1 + 1e-6 for planes in one)
        assert one.pha.max() > 0


@pytest.mark.parametrize(("build", "name"), KINDS)
def test_what_is_held_out_is_never_read(
    tmp_path: Path, build: Callable[[Path], dict[str, Any]], name: str
) -> None:
    data = config(**build(tmp_path), held_out=[name])
    source = open_source("set", data, HalfTeacher())
    held = open_source("set", data, HalfTeacher(), held_out=True)
    held.draw(np.random.default_rng(0), 1, SIZE)
    paths = [path for path in tmp_path.rglob(name) if path.parent.name not in ("pha", "seg")]
    assert len(paths) == 1
    for file in [paths[0]] if paths[0].is_file() else list(paths[0].iterdir()):
        file.write_bytes(b"")
    for seed in range(20):
        source.draw(np.random.default_rng(seed), 1, SIZE)
    if data.kind == "photographs":  # those are read when the set is opened
        return
    with pytest.raises(DataSetError, match="cannot be read"):
        open_source("set", data, HalfTeacher(), held_out=True).draw(
            np.random.default_rng(0), 1, SIZE
        )


def test_held_out_photographs_are_matted(tmp_path: Path) -> None:
    told = write_photographs(tmp_path)
    write(tmp_path / "photos" / "a.jpg", value=200)
    data = config(**told, held_out=["c.png", "a.jpg"])
    assert isinstance(data, PhotographsData)
    first, second = read_held_out("set", data, HalfTeacher(), 20)
    assert first.src.shape == (1, 3, 15, 20)
    assert (float(first.src.mean()), float(second.src.mean())) == pytest.approx(
        (90 / 255, 200 / 255), abs=0.01
    )
    assert float(second.pha.mean()) == 0.5


def test_nothing_held_out_needs_no_teacher(tmp_path: Path) -> None:
    data = config(**write_photographs(tmp_path))
    assert isinstance(data, PhotographsData)
    assert read_held_out("set", data, None, 20) == []


@pytest.mark.parametrize("key", ["held_out", "left_out"])
@pytest.mark.parametrize(("build", "name"), KINDS)
def test_a_misspelt_name_is_told(
    tmp_path: Path, build: Callable[[Path], dict[str, Any]], name: str, key: str
) -> None:
    data = config(**build(tmp_path), **{key: [name, "A.jpg"]})
    with pytest.raises(DataSetError, match=r"The data set set is to do without A\.jpg, which"):
        open_source("set", data, HalfTeacher())


def test_holding_everything_out_leaves_nothing(tmp_path: Path) -> None:
    data = config(**write_masks(tmp_path), held_out=["a.jpg", "b.jpg"], left_out=["c.jpg"])
    with pytest.raises(DataSetError, match="has nothing to train on"):
        open_source("set", data)


@pytest.mark.parametrize("build", [write_photographs, write_footage])
def test_a_set_without_mattes_needs_a_teacher(
    tmp_path: Path, build: Callable[[Path], dict[str, Any]]
) -> None:
    with pytest.raises(DataSetError, match=r"The data set set has to be matted") as caught:
        open_source("set", config(**build(tmp_path)))
    assert "teacher =" in caught.value.hint


@pytest.mark.parametrize(
    ("build", "removed", "words"),
    [
        pytest.param(write_mattes, "mattes/pha/c.png", r"fgr/c\.jpg has no comp.*pha", id="alpha"),
        pytest.param(write_mattes, "mattes/fgr/c.jpg", r"pha/c\.png has no comp.*fgr", id="colour"),
        pytest.param(write_masks, "seg/b.png", r"img/b\.jpg has no comp.*seg", id="mask"),
        pytest.param(write_mattes, "mattes/pha/a/1.png", r"a has 2 frames, .*a has 1", id="frame"),
        pytest.param(write_mattes, "walls/x.jpg", r"walls holds no pictures", id="backgrounds"),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, build: Callable[[Path], dict[str, Any]], removed: str, words: str
) -> None:
    data = config(**build(tmp_path))
    (tmp_path / removed).unlink()
    with pytest.raises(DataSetError, match=words) as caught:
        open_source("set", data)
    assert caught.value.hint


def test_folders_of_foregrounds_alone_are_named(tmp_path: Path) -> None:
    data = config(**write_mattes(tmp_path))
    (tmp_path / "mattes/pha").rename(tmp_path / "mattes/alpha")
    with pytest.raises(DataSetError, match=r"There is no folder .*mattes/pha"):
        open_source("set", data)


def test_relative_paths_begin_beside_the_configuration() -> None:
    data = config(kind="coco", folder="img", annotations="a.json").beside(Path("/show"))
    assert isinstance(data, CocoData)
    assert (data.folder, data.annotations) == (Path("/show/img"), Path("/show/a.json"))
    assert data.beside(Path("/other")) == data


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"kind": "mattes", "folder": "a"}, id="no backgrounds"),
        pytest.param({"kind": "photographs", "folder": "a", "masks": "b"}, id="another kind's key"),
        pytest.param({"kind": "videos", "folder": "a"}, id="no such kind"),
        pytest.param({"kind": "footage", "folder": "a", "closest": 0}, id="no window"),
    ],
)
def test_a_set_says_what_its_kind_needs_and_no_more(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**told)
