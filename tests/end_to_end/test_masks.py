"""Garbage, core and a plate's own alpha: what they do to pixels, and how they are paired.

tmp_path/
├── plate/shot.1001.exr …
├── mask/…                  what `write_mask` writes, with OpenImageIO
└── out/
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import (
    FrameSizeError,
    InputError,
    MissingFramesError,
    RobustMatteError,
    WouldOverwriteError,
)
from robust_matte.jobs.key import key
from robust_matte.jobs.progress import Event, Noted

Image = NDArray[np.float32]

HEIGHT, WIDTH = 24, 40
GARBAGE = np.s_[:, :10]  # where the masks of these tests are white
SOFT = np.s_[:, 10:14]
KEPT = np.s_[:, 14:]
SOFTNESS = np.float32(0.25)


@pytest.fixture
def alpha(rng: np.random.Generator) -> Image:
    """An alpha of every kind, the same on each frame."""
    values = rng.random((HEIGHT, WIDTH), np.float32)
    values[::3] = 1.0
    values[1::6] = 0.0
    return values


@pytest.fixture
def mask() -> Image:
    pixels = np.zeros((HEIGHT, WIDTH), np.float32)
    pixels[GARBAGE], pixels[SOFT] = 1.0, SOFTNESS
    return pixels


@pytest.fixture
def write_mask(tmp_path: Path) -> Callable[..., Path]:
    """Write one picture of a mask with OpenImageIO."""

    def write(name: str, pixels: Image, *, kind: str = "half", **attributes: Any) -> Path:
        path = tmp_path / "mask" / name
        path.parent.mkdir(exist_ok=True)
        deep = pixels if pixels.ndim == 3 else pixels[..., None]
        spec = oiio.ImageSpec(deep.shape[1], deep.shape[0], deep.shape[2], kind)
        for key_, value in attributes.items():
            setattr(spec, key_, value) if hasattr(spec, key_) else spec.attribute(key_, value)
        image = oiio.ImageOutput.create(str(path))
        assert image is not None
        assert image.open(str(path), spec), image.geterror()
        assert image.write_image(np.ascontiguousarray(deep)), image.geterror()
        image.close()
        return path

    return write


@pytest.fixture
def shot(moving_frames: Any) -> dict[int, Image]:
    return dict(moving_frames(range(1001, 1004), height=HEIGHT, width=WIDTH))


@pytest.fixture
def keyed(
    shot: dict[int, Image],
    alpha: Image,
    settings: Any,
    write_exr_plate: Any,
    fake_model: Any,
    read_layers: Any,
    tmp_path: Path,
) -> Callable[..., dict[str, Any]]:
    """Key the shot with a fake model; returns the layers of its first frame, and what was seen."""

    plate = write_exr_plate(shot)

    def run(name: str = "out", *, number: int = 1001, **values: Any) -> dict[str, Any]:
        seen: list[Image] = []
        open_fake = fake_model(lambda _: (np.full((HEIGHT, WIDTH, 3), 0.7, np.float32), alpha))

        def opener(*words: Any, **more: Any) -> Any:
            model = open_fake(*words, **more)
            matte = model.matte

            def watched(view: Image, low: Image) -> tuple[Image, Image]:
                seen.append(view)
                made: tuple[Image, Image] = matte(view, low)
                return made

            model.matte = watched
            return model

        out = tmp_path / name
        job = settings(plate, output=str(out), depth="float", warm_up=0, **values)
        key(job, open_model=opener)
        return {**read_layers(number, out), "seen": seen}

    return run


def _same(got: dict[str, Any], wanted: dict[str, Any], where: Any) -> None:
    for name in ("R", "G", "B", "A", "foreground.R", "foreground.G", "foreground.B", "matte.A"):
        np.testing.assert_array_equal(got[name][where], wanted[name][where], err_msg=name)


def test_garbage_is_not_seen_and_not_kept_and_changes_nothing_else(
    keyed: Any, write_mask: Any, mask: Image, alpha: Image, shot: dict[int, Image]
) -> None:
    plain = keyed("plain")
    got = keyed(garbage=str(write_mask("roto.exr", mask)))
    _same(got, plain, KEPT)
    np.testing.assert_array_equal(got["matte.A"], alpha)
    np.testing.assert_array_equal(got["A"][GARBAGE], 0.0)
    np.testing.assert_array_equal(got["A"][SOFT], alpha[SOFT] * (1 - SOFTNESS))
    for index, name in enumerate("RGB"):
        np.testing.assert_array_equal(got[name][GARBAGE], 0.0)
        np.testing.assert_array_equal(
            got[f"foreground.{name}"][GARBAGE], shot[1001][..., index][GARBAGE]
        )
        rgb = got[f"foreground.{name}"] * got["A"]
        np.testing.assert_array_equal(got[name], rgb)
        np.testing.assert_array_equal(
            got[f"foreground.{name}"][SOFT][alpha[SOFT] > 0],
            plain[f"foreground.{name}"][SOFT][alpha[SOFT] > 0],
        )
    view, masked = plain["seen"][0], got["seen"][0]
    np.testing.assert_array_equal(masked[KEPT], view[KEPT])
    np.testing.assert_array_equal(masked[GARBAGE], 0.5)
    wanted = view[SOFT] * (1 - SOFTNESS) + 0.5 * SOFTNESS
    np.testing.assert_allclose(masked[SOFT], wanted, rtol=1e-6)


def test_core_is_solid_and_the_plate_itself(
    keyed: Any, write_mask: Any, mask: Image, alpha: Image, shot: dict[int, Image]
) -> None:
    plain = keyed("plain")
    got = keyed(core=str(write_mask("core.exr", mask)))
    _same(got, plain, KEPT)
    np.testing.assert_array_equal(got["matte.A"], alpha)
    np.testing.assert_array_equal(got["A"][GARBAGE], 1.0)
    np.testing.assert_array_equal(got["A"][SOFT], np.maximum(alpha[SOFT], SOFTNESS))
    np.testing.assert_array_equal(got["seen"][0], plain["seen"][0])
    for index, name in enumerate("RGB"):
        np.testing.assert_array_equal(got[name][GARBAGE], shot[1001][..., index][GARBAGE])


def test_core_wins_over_garbage_and_shaping_comes_last(
    keyed: Any, write_mask: Any, mask: Image
) -> None:
    path = str(write_mask("both.exr", mask))
    got = keyed(garbage=path, core=path)
    np.testing.assert_array_equal(got["A"][GARBAGE], 1.0)
    shrunk = keyed("shrunk", garbage=path, core=path, matte_grow=-3.0)
    assert shrunk["A"][GARBAGE].mean() < 1.0
    np.testing.assert_array_equal(shrunk["matte.A"], got["matte.A"])
    for name in "RGB":  # the foreground is none of shaping's business
        np.testing.assert_array_equal(shrunk[f"foreground.{name}"], got[f"foreground.{name}"])


def test_inverted_garbage_keeps_what_is_white(keyed: Any, write_mask: Any, mask: Image) -> None:
    wanted = keyed("a", garbage=str(write_mask("a.exr", mask)))
    got = keyed("b", garbage=str(write_mask("b.exr", 1 - mask)), invert_garbage=True)
    _same(got, wanted, np.s_[:, :])


def _painted(mask: Image, kind: str) -> tuple[str, Image, dict[str, Any]]:
    """Return name, pixels and attributes of a file that says the same as `mask` over its window."""
    zero, one = np.zeros_like(mask), np.ones_like(mask)
    grey = np.stack([mask] * 3, axis=2)
    match kind:
        case "alpha":
            return "m.exr", np.stack([one, zero, one, mask], axis=2), {}
        case "one channel":
            return "m.exr", mask, {"channelnames": ("roto.white",)}
        case "png":
            return "m.png", grey, {"kind": "uint16"}
        case "straight png":
            pixels = np.stack([one, zero, one, mask], axis=2)
            return "m.png", pixels, {"kind": "uint16", "oiio:UnassociatedAlpha": 1}
        case "tiff":
            return "m.tif", grey, {"kind": "uint8"}
        case "data window":
            window = {"x": -2, "full_x": 0, "full_y": 0, "full_width": WIDTH, "full_height": HEIGHT}
            cut = np.hstack([np.ones((HEIGHT, 2), np.float32), mask[:, :14]])
            return "m.exr", cut, window
        case "other corner":
            return "m.exr", mask, {"x": 7, "y": -5, "full_x": 7, "full_y": -5}
    raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind",
    ["alpha", "one channel", "png", "straight png", "tiff", "data window", "other corner"],
)
def test_masks_of_every_kind_say_the_same(
    kind: str, keyed: Any, write_mask: Any, mask: Image, alpha: Image
) -> None:
    name, pixels, attributes = _painted(mask, kind)
    got = keyed(garbage=str(write_mask(name, pixels, **attributes)))
    step = 1 / 255 if name == "m.tif" else 1e-4
    np.testing.assert_allclose(got["A"], alpha * (1 - mask), atol=step)


@pytest.mark.parametrize("flag", ["garbage", "core"])
def test_frames_are_paired_by_number(flag: str, keyed: Any, write_mask: Any, alpha: Image) -> None:
    """The mask starts before the plate and says its own number by the column that is white."""
    path = Path()
    for number in range(999, 1005):
        column = np.zeros((HEIGHT, WIDTH), np.float32)
        column[:, number - 990] = 1.0
        path = write_mask(f"roto.{number}.exr", column)
    wanted = alpha.copy()
    wanted[:, 1002 - 990] = 0.0 if flag == "garbage" else 1.0
    got = keyed(number=1002, **{flag: str(path.with_name("roto.####.exr"))})
    np.testing.assert_array_equal(got["A"], wanted)


def test_a_movies_first_frame_goes_with_the_plates_first(
    keyed: Any, alpha: Image, tmp_path: Path
) -> None:
    path = tmp_path / "roto.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        stream.codec_context.color_range = 1
        for column in range(3):
            pixels = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
            pixels[..., 0] = 16
            pixels[:, column, 0] = 235
            frame = av.VideoFrame.from_ndarray(pixels, format="yuv444p", channel_last=True)
            frame.color_range = 1
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    got = keyed(number=1002, garbage=str(path))
    wanted = alpha.copy()
    wanted[:, 1] = 0.0
    np.testing.assert_allclose(got["A"], wanted, atol=1e-6)


def test_frames_that_only_warm_up_are_masked_too(
    settings: Any,
    shot: dict[int, Image],
    write_exr_plate: Any,
    write_mask: Any,
    mask: Image,
    tmp_path: Path,
    read_layers: Any,
) -> None:
    """The real network: what is garbage may be anything, on every frame, without a trace."""
    path, results = write_mask("roto.exr", (mask > 0).astype(np.float32)), []
    for name, light in (("a", 0.1), ("b", 3.0)):
        other = {number: pixels.copy() for number, pixels in shot.items()}
        for pixels in other.values():
            pixels[GARBAGE] = pixels[SOFT] = light
        job = settings(
            write_exr_plate(other), output=str(tmp_path / name), garbage=str(path), frames="1002"
        )
        key(job)
        results.append(read_layers(1002, tmp_path / name))
    for name in ("A", "matte.A"):
        np.testing.assert_array_equal(results[0][name][KEPT], results[1][name][KEPT])


def test_source_alpha_is_garbage_on_request(
    shot: dict[int, Image],
    alpha: Image,
    mask: Image,
    settings: Any,
    fake_model: Any,
    read_layers: Any,
    tmp_path: Path,
    write_mask: Any,
) -> None:
    path = Path()
    for number, pixels in shot.items():
        path = write_mask(f"cg.{number}.exr", np.dstack([pixels, 1 - mask]), kind="float")
    fake = fake_model(lambda _: (np.full((HEIGHT, WIDTH, 3), 0.7, np.float32), alpha))
    plate = str(path.with_name("cg.####.exr"))
    for choice, wanted in (("ignore", alpha), ("garbage", alpha * (1 - mask))):
        out = tmp_path / choice
        job = settings(plate, output=str(out), depth="float", warm_up=0, source_alpha=choice)
        key(job, open_model=fake)
        got = read_layers(1002, out, "cg_matte")
        np.testing.assert_array_equal(got["A"], wanted)


def test_a_plate_without_alpha_has_none_to_take(keyed: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no alpha; its channels are B, G, R"):
        keyed(source_alpha="garbage")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("flag", ["garbage", "core"])
@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        pytest.param("hole", MissingFramesError, "lacks the frame 1002 of the plate", id="hole"),
        pytest.param("size", FrameSizeError, "Frame 1002 of the .* is 20x24, the plate", id="size"),
        pytest.param("content", InputError, "cannot be read", id="no image"),
        pytest.param("nothing", InputError, "No file matches", id="nothing there"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_keyed(
    flag: str,
    spoil: str,
    kind: type[RobustMatteError],
    said: str,
    keyed: Any,
    write_mask: Any,
    mask: Image,
    tmp_path: Path,
) -> None:
    path = Path()
    for number in (1001, 1002, 1003):
        path = write_mask(f"roto.{number}.exr", mask)
    second = path.with_name("roto.1002.exr")
    if spoil == "hole":
        second.unlink()
    elif spoil == "size":
        write_mask(second.name, mask[:, :20])
    elif spoil == "content":
        second.write_text("no image")
    name = "none.####.exr" if spoil == "nothing" else "roto.####.exr"
    with pytest.raises(kind, match=said):
        keyed(**{flag: str(path.with_name(name))})
    assert not (tmp_path / "out").exists()


def test_a_core_is_needed_for_the_written_frames_alone(
    keyed: Any, write_mask: Any, mask: Image
) -> None:
    path = write_mask("roto.1002.exr", mask)
    got = keyed(number=1002, frames="1002", core=str(path.with_name("roto.####.exr")))
    np.testing.assert_array_equal(got["A"][GARBAGE], 1.0)


@pytest.mark.parametrize("flag", ["garbage", "core"])
def test_another_mask_is_another_job(flag: str, keyed: Any, write_mask: Any, mask: Image) -> None:
    path = write_mask("roto.exr", mask)
    keyed(**{flag: str(path)})
    before = keyed(**{flag: str(path)})
    assert before["seen"] == []  # nothing to do
    write_mask("roto.exr", np.hstack([mask, mask])[:, 5 : 5 + WIDTH], kind="float")
    with pytest.raises(WouldOverwriteError, match=f"differs in --{flag}"):
        keyed(**{flag: str(path)})


def test_files_say_what_was_laid_on_the_alpha(
    keyed: Any, read_attributes: Any, write_mask: Any, mask: Image
) -> None:
    path = write_mask("roto.exr", mask)
    keyed(garbage=str(path), invert_garbage=True, core=str(path), matte_grow=1.5, matte_white=0.9)
    said = read_attributes(1001)
    assert said["robust_matte/garbage"] == "roto.exr (inverted)"
    assert said["robust_matte/core"] == "roto.exr"
    assert said["robust_matte/shaping"] == "white 0.9, grow 1.5"


def test_the_summary_says_which_way_round_a_mask_was_taken(
    keyed: Any, settings: Any, fake_model: Any, write_mask: Any, mask: Image, tmp_path: Path
) -> None:
    keyed("plain")
    path, events = write_mask("roto.exr", mask), list[Event]()
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    fake = fake_model(lambda _: (np.zeros((HEIGHT, WIDTH, 3), np.float32), alpha))
    masks = {"garbage": str(path), "invert_garbage": True, "core": str(path)}
    job = settings(str(tmp_path / "plate" / "shot.####.exr"), warm_up=0, **masks)
    result = key(job, events.append, open_model=fake)
    assert result.masks == {
        "garbage": f"{path}: black is kept out",
        "core": f"{path}: white is solid",
    }
    notes = [event.text for event in events if isinstance(event, Noted)]
    assert f"garbage {path}: black is kept out" in notes


@pytest.mark.parametrize("is_idle", [True, False])
def test_an_alpha_that_says_nothing_is_told(
    is_idle: bool,
    keyed: Any,
    write_mask: Any,
    mask: Image,
    caplog: Any,
    settings: Any,
    fake_model: Any,
    tmp_path: Path,
) -> None:
    keyed("plain")
    full = np.ones_like(mask)
    pixels = np.stack([mask, mask, mask, full if is_idle else mask], axis=2)
    path = write_mask("roto.png", pixels, kind="uint8")
    fake = fake_model(lambda _: (np.zeros((HEIGHT, WIDTH, 3), np.float32), full))
    job = settings(str(tmp_path / "plate" / "shot.####.exr"), garbage=str(path), warm_up=0)
    said = [text for text in key(job, open_model=fake).warnings if "is 1 in every pixel" in text]
    assert len(said) == is_idle
    assert not caplog.records


def test_a_region_keeps_its_masks_in_place(
    write_mask: Any,
    mask: Image,
    alpha: Image,
    settings: Any,
    fake_model: Any,
    write_exr_plate: Any,
    shot: dict[int, Image],
    read_layers: Any,
) -> None:
    part = np.s_[4:22, 6:30]
    plate, path = write_exr_plate(shot), str(write_mask("roto.exr", mask))
    fake = fake_model(lambda _: (np.full((18, 24, 3), 0.7, np.float32), alpha[part].copy()))
    job = settings(plate, depth="float", warm_up=0, garbage=path, roi="6,4,24,18")
    key(job, open_model=fake)
    wanted = np.zeros_like(alpha)
    wanted[part] = (alpha * (1 - mask))[part]
    np.testing.assert_array_equal(read_layers(1001)["A"], wanted)
