"""Masks and annotations of COCO, YouTube-VIS and mask folders, against pixels known beforehand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from robust_matte_rvm.errors import DataSetError
from robust_matte_rvm.training import segmentation
from robust_matte_rvm.training.annotations import read_coco, read_youtube_vis
from robust_matte_rvm.training.masks import Region, paint_regions, read_polygons, read_runs
from robust_matte_rvm.training.motion import Framing
from robust_matte_rvm.training.segmentation import AnnotatedShot, SegmentedClips
from robust_matte_rvm.training.shots import FrameStore

HIGH, WIDE = 40, 60
PEOPLE = ("person",)
CATEGORIES = [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}]

# Packed by pycocotools 2.0.11: an ellipse, ((y - 20) / 15)^2 + ((x - 30) / 22)^2 < 1, and a block
# with a hole.
ELLIPSE = (
    "h;9m04M2N2N2N2O0O2N2O000O2O000O2O0000000000000000000000000001N10001N10001N2N101N2N2N2N3Lb9"
)
HOLED = ";32NO012004"

Mask = NDArray[np.uint8]


def paint(region: Any, size: tuple[int, int] = (HIGH, WIDE)) -> Mask:
    return paint_regions([region], size, size)[:, :, 0]


def rectangle(left: int, top: int, right: int, bottom: int) -> list[float]:
    return [left, top, right, top, right, bottom, left, bottom]


def runs_of(mask: NDArray[np.bool_]) -> list[int]:
    """Return the runs of a mask as COCO writes them, found pixel by pixel."""
    lengths, inside = [0], False
    for pixel in mask.T.ravel().tolist():
        if pixel != inside:
            lengths.append(0)
            inside = pixel
        lengths[-1] += 1
    return lengths


# --- masks


def test_a_packed_mask_is_the_ellipse_it_was_made_from() -> None:
    y, x = np.mgrid[:HIGH, :WIDE]
    wanted = ((y - 20) / 15) ** 2 + ((x - 30) / 22) ** 2 < 1
    mask = paint(read_runs(ELLIPSE, (HIGH, WIDE), "it"))
    assert np.array_equal(mask, wanted * np.uint8(255))


def test_a_packed_mask_keeps_its_hole() -> None:
    wanted = np.zeros((5, 7), np.uint8)
    wanted[1:4, 2:6] = 255
    wanted[2, 3] = 0
    assert np.array_equal(paint(read_runs(HOLED, (5, 7), "it"), (5, 7)), wanted)


def test_listed_runs_go_down_the_columns(rng: Generator) -> None:
    for _ in range(20):
        wanted = rng.random((6, 9)) > 0.5
        mask = paint(read_runs(runs_of(wanted), (6, 9), "it"), (6, 9))
        assert np.array_equal(mask, wanted * np.uint8(255))


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param([], id="nothing"),
        pytest.param([30], id="too long"),
        pytest.param([3, 4], id="too short"),
        pytest.param([20, -4, 19], id="backwards"),
        pytest.param("", id="no text"),
        pytest.param("0", id="text too short"),
        pytest.param(HOLED + "1", id="text too long"),
        pytest.param(HOLED[:-1] + "T", id="text goes on"),
        pytest.param("~" + HOLED[1:], id="no such character"),
    ],
)
def test_runs_that_are_no_mask_are_refused(counts: list[int] | str) -> None:
    with pytest.raises(DataSetError, match=r"It cannot be decoded: it is no mask of 7x5"):
        read_runs(counts, (5, 7), "It")


def test_a_rectangle_covers_its_pixels() -> None:
    wanted = np.zeros((HIGH, WIDE))
    wanted[8:30, 10:50] = 255
    mask = paint(read_polygons([rectangle(10, 8, 50, 30)], "it"))
    # Pillow paints the outline itself, a quarter of a pixel.
    assert abs(mask[9:29, 11:49] - 255.0).max() == 0
    assert abs(mask - wanted).max() <= 64
    assert not mask[:7].any()


def test_the_edge_of_a_polygon_is_between() -> None:
    mask = paint(read_polygons([rectangle(10, 8, 20, 30)], "it"))
    half = paint(read_polygons([[10, 8, 20.5, 8, 20.5, 30, 10, 30]], "it"))
    assert half[20, 20] - mask[20, 20] == pytest.approx(128, abs=64)


def test_polygons_shrink_with_the_picture() -> None:
    region = read_polygons([rectangle(0, 0, 30, 20)], "it")
    mask = paint_regions([region], (HIGH, WIDE), (HIGH // 2, WIDE // 2))
    assert mask.shape == (HIGH // 2, WIDE // 2, 1)
    assert mask.sum() / 255 == pytest.approx(150, rel=0.05)


def test_runs_shrink_with_the_picture() -> None:
    region = read_runs(ELLIPSE, (HIGH, WIDE), "it")
    mask = paint_regions([region], (HIGH, WIDE), (HIGH // 2, WIDE // 2))
    assert mask.sum() / 255 == pytest.approx(1023 / 4, rel=0.01)


def test_subjects_are_united() -> None:
    regions: list[Region] = [
        read_polygons([rectangle(0, 0, 10, HIGH)], "it"),
        read_runs(ELLIPSE, (HIGH, WIDE), ""),
    ]
    both = paint_regions(regions, (HIGH, WIDE), (HIGH, WIDE))
    for region in regions:
        assert (both[:, :, 0] >= paint(region)).all()
    assert not paint_regions([], (HIGH, WIDE), (HIGH, WIDE)).any()


@pytest.mark.parametrize(
    "outline", [pytest.param([0, 0, 1, 1], id="line"), pytest.param([0] * 7, id="half a corner")]
)
def test_outlines_that_are_none_are_refused(outline: list[float]) -> None:
    with pytest.raises(DataSetError, match=rf"It has an outline of {len(outline)} numbers"):
        read_polygons([outline], "It")


# --- COCO


def write_picture(path: Path, box: tuple[int, int, int, int] | None) -> None:
    """Write a blue picture with a red box."""
    pixels = np.zeros((HIGH, WIDE, 3), np.uint8)
    pixels[:] = (0, 0, 200)
    if box:
        left, top, right, bottom = box
        pixels[top:bottom, left:right] = (200, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def picture(number: int) -> dict[str, object]:
    name = f"{number:012d}.png"
    return {"id": number, "file_name": name, "width": WIDE, "height": HIGH}


def instance(number: int, image: int, told: object, **more: object) -> dict[str, object]:
    return {"id": number, "image_id": image, "category_id": 1, "segmentation": told} | more


@pytest.fixture
def coco(tmp_path: Path) -> dict[str, Any]:
    """A set of five: polygons, runs, a dog, a crowd, and two people."""
    pictures = [picture(n) for n in range(5)]
    for number, one in enumerate(pictures):
        write_picture(tmp_path / str(one["file_name"]), (10 + number, 8, 40, 30))
    mask = np.zeros((HIGH, WIDE), np.bool_)
    mask[8:30, 11:40] = True
    packed = {"size": [HIGH, WIDE], "counts": runs_of(mask)}
    annotations = [
        instance(1, 0, [rectangle(10, 8, 40, 30)], iscrowd=0),
        instance(2, 1, packed),
        instance(3, 2, [rectangle(12, 8, 40, 30)], category_id=18),
        instance(4, 3, packed, iscrowd=1),
        instance(5, 4, [rectangle(14, 8, 30, 30)]),
        instance(6, 4, [rectangle(30, 8, 40, 20), rectangle(30, 20, 40, 30)]),
    ]
    return {"images": pictures, "annotations": annotations, "categories": CATEGORIES}


def write_json(folder: Path, document: object) -> Path:
    path = folder / "instances.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


def is_red(pixels: NDArray[Any]) -> NDArray[np.bool_]:
    red: NDArray[np.bool_] = pixels[..., 0] > pixels[..., 2]
    return red


def test_coco_marks_its_persons(tmp_path: Path, coco: dict[str, Any]) -> None:
    shots = read_coco(write_json(tmp_path, coco), tmp_path, PEOPLE)
    assert [shot[0].file.name for shot in shots] == [f"{n:012d}.png" for n in (0, 1, 4)]
    for frames in shots:
        pixels = AnnotatedShot(frames[0].file, frames, FrameStore(512)).read([0])
        assert pixels.shape == (1, HIGH, WIDE, 4)
        assert np.array_equal(pixels[..., 3] > 127, is_red(pixels))


def test_coco_marks_what_is_asked_for(tmp_path: Path, coco: dict[str, Any]) -> None:
    file = write_json(tmp_path, coco)
    dogs = read_coco(file, tmp_path, ["dog"])
    assert [shot[0].file.name for shot in dogs] == ["000000000002.png"]
    assert len(read_coco(file, tmp_path, ["dog", "person"])) == 4


def test_masks_shrink_with_their_pictures(tmp_path: Path, coco: dict[str, Any]) -> None:
    for frames in read_coco(write_json(tmp_path, coco), tmp_path, PEOPLE):
        pixels = AnnotatedShot(frames[0].file, frames, FrameStore(30)).read([0])[0]
        assert pixels.shape == (20, 30, 4)
        assert np.mean((pixels[..., 3] > 127) != is_red(pixels)) < 0.06


def without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != key}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda _: "{", r"instances\.json are no JSON, or were cut off", id="cut off"),
        pytest.param(
            lambda d: without(d, "images"), r"instances\.json lack images, or", id="no images"
        ),
        pytest.param(
            lambda d: d | {"annotations": [instance(1, 0, 7)]},
            r"lack annotations\.0\.segmentation, or",
            id="no mask",
        ),
        pytest.param(
            lambda d: d | {"categories": CATEGORIES[1:]},
            r'instances\.json have no category "person"',
            id="no persons",
        ),
        pytest.param(
            lambda d: d | {"annotations": []},
            r"No picture of .*instances\.json has a silhouette of person",
            id="nobody",
        ),
        pytest.param(
            lambda d: (
                d | {"images": [*d["images"][1:], d["images"][0] | {"file_name": "gone.png"}]}
            ),
            r"lacks 1 of the pictures in .*instances\.json: the first is .*gone\.png",
            id="no such picture",
        ),
        pytest.param(
            lambda d: d | {"annotations": [instance(9, 0, {"size": [8, 8], "counts": [64]})]},
            r"Annotation 9 of .*instances\.json is a mask of 8x8, its picture is 60x40",
            id="another size",
        ),
        pytest.param(
            lambda d: d | {"annotations": [instance(9, 0, {"size": [HIGH, WIDE], "counts": "0"})]},
            r"Annotation 9 of .*instances\.json cannot be decoded",
            id="broken mask",
        ),
    ],
)
def test_annotations_that_cannot_be_used_are_named(
    tmp_path: Path,
    coco: dict[str, Any],
    change: Callable[[dict[str, Any]], Any],
    words: str,
) -> None:
    changed = change(coco)
    path = write_json(tmp_path, changed)
    if isinstance(changed, str):
        path.write_text(changed)
    with pytest.raises(DataSetError, match=words) as caught:
        read_coco(path, tmp_path, PEOPLE)
    assert caught.value.hint


def test_missing_annotations_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r"The annotations .*none\.json cannot be read: No such"):
        read_coco(tmp_path / "none.json", tmp_path, PEOPLE)


def test_a_picture_of_another_size_than_annotated_is_named(
    tmp_path: Path, coco: dict[str, Any]
) -> None:
    frames = read_coco(write_json(tmp_path, coco), tmp_path, PEOPLE)[0]
    Image.new("RGB", (30, 20)).save(frames[0].file)
    with pytest.raises(DataSetError, match=r"0\.png is 30x20, its annotations are for 60x40"):
        AnnotatedShot(frames[0].file, frames, FrameStore(512)).read([0])


# --- YouTube-VIS


@pytest.fixture
def videos(tmp_path: Path) -> dict[str, Any]:
    """A walk of five frames whose box runs to the right and leaves, and a dog."""
    told: list[object] = []
    names = [f"walk/{n * 5:05d}.png" for n in range(5)]
    for number, name in enumerate(names):
        box = (5 + 10 * number, 8, 15 + 10 * number, 30) if number < 4 else None
        write_picture(tmp_path / name, box)
        told.append([rectangle(*box)] if box and number == 1 else None)
        if box and number != 1:
            mask = np.zeros((HIGH, WIDE), np.bool_)
            mask[box[1] : box[3], box[0] : box[2]] = True
            told[-1] = {"size": [HIGH, WIDE], "counts": runs_of(mask)}
    write_picture(tmp_path / "dog/00000.png", (1, 1, 9, 9))
    shown = [{"id": 1, "file_names": names}, {"id": 2, "file_names": ["dog/00000.png"]}]
    tracks = [
        {"id": 1, "video_id": 1, "category_id": 1, "segmentations": told},
        {"id": 2, "video_id": 2, "category_id": 18, "segmentations": [[rectangle(1, 1, 9, 9)]]},
    ]
    size = {"width": WIDE, "height": HIGH}
    return {
        "videos": [one | size for one in shown],
        "annotations": tracks,
        "categories": CATEGORIES,
    }


def test_tracked_persons_are_marked_in_every_frame(tmp_path: Path, videos: dict[str, Any]) -> None:
    (frames,) = read_youtube_vis(write_json(tmp_path, videos), tmp_path, PEOPLE)
    shot = AnnotatedShot(tmp_path / "walk", frames, FrameStore(512))
    assert len(shot) == 5
    pixels = shot.read([4, 2, 1, 0, 2])
    assert np.array_equal(pixels[..., 3] > 127, is_red(pixels))
    assert (pixels[1:, ..., 3] > 127).any((1, 2)).all()
    assert not pixels[0, ..., 3].any()


def test_a_video_without_frames_is_left_out(tmp_path: Path, videos: dict[str, Any]) -> None:
    empty = {"id": 3, "file_names": [], "width": WIDE, "height": HIGH}
    videos["videos"].insert(0, empty)
    videos["annotations"].append({"id": 3, "video_id": 3, "category_id": 1, "segmentations": []})
    (frames,) = read_youtube_vis(write_json(tmp_path, videos), tmp_path, PEOPLE)
    assert len(frames) == 5


def test_a_track_with_frames_missing_is_named(tmp_path: Path, videos: dict[str, Any]) -> None:
    videos["annotations"][0]["segmentations"].pop()
    with pytest.raises(DataSetError, match=r"Annotation 1 of .* has 4 masks for 5 frames"):
        read_youtube_vis(write_json(tmp_path, videos), tmp_path, PEOPLE)


# --- clips


@pytest.fixture
def clips(tmp_path: Path, videos: dict[str, Any]) -> SegmentedClips:
    (frames,) = read_youtube_vis(write_json(tmp_path, videos), tmp_path, PEOPLE)
    shot = AnnotatedShot(tmp_path / "walk", frames, FrameStore(512))
    return SegmentedClips([shot], Framing(0.9, 1.0))


def test_mask_and_picture_move_together(
    clips: SegmentedClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segmentation, "finish", lambda _, clip: clip)
    seen = 0
    for seed in range(20):
        clip = clips.draw(np.random.default_rng(seed), 4, (32, 48))
        assert clip.src.shape == (4, 3, 32, 48)
        assert clip.pha.shape == (4, 1, 32, 48)
        red = clip.src[:, 0] / (200 / 255)
        assert float((red - clip.pha[:, 0]).abs().mean()) < 0.004
        seen += bool(clip.pha.max() > 0.9)
    assert seen > 10


def test_a_segmented_clip_has_its_source_for_a_foreground(clips: SegmentedClips) -> None:
    clip = clips.draw(np.random.default_rng(0), 3, (32, 48))
    assert clip.fgr is clip.src
    assert clip.src.min() >= 0
    assert clip.src.max() <= 1
