"""Bakes in real Blenders by the real worker: what is composited is what the worker wrote.

One process of each version bakes and renders (scripts/bakes.py); the tests judge files, read by
OpenImageIO.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte import KeySettings, key

WIDTH, HEIGHT = 64, 48
SCRIPT = Path(__file__).with_name("scripts") / "bakes.py"
LAYERS = {"Image": "rgba", "Alpha": "alpha", "Foreground": "foreground"}
EXTENDED = [f"p_matte.{number}.exr" for number in (1001, 1002, 1003, 1004)]
Run = Callable[..., Any]
Image = NDArray[np.float32]


@pytest.fixture
def worker(root: Path, tmp_path: Path) -> dict[str, str]:
    """The variables by which the engine of this tree is the worker."""
    start = tmp_path / "worker.py"
    start.write_text(
        f"import sys\nsys.path[:0] = {[str(root / 'plugin'), str(root / 'rvm')]!r}\n"
        "from robust_matte.__main__ import main\nsys.exit(main())\n",
        "utf-8",
    )
    return {"ROBUST_MATTE_WORKER": f'"{sys.executable}" "{start}"'}


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four EXR frames and a movie of ten, of a soft blob that moves."""
    folder = tmp_path_factory.mktemp("plates")
    for number in range(1001, 1005):
        picture = blob(number - 1000) * 4 - 0.25  # light past white, and below black
        image = oiio.ImageBuf(np.ascontiguousarray(picture))
        assert image.write(str(folder / f"p.{number}.exr"), "float")
    with av.open(str(folder / "m.mp4"), "w") as file:
        stream = file.add_stream("mpeg4", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(10):
            codes = (blob(number) * 255).astype(np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(codes, "rgb24")))
        file.mux(stream.encode(None))
    return folder


def blob(number: int) -> Image:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = np.exp(-((columns - 20 - 3 * number) ** 2 + (rows - 24) ** 2) / 200)
    return np.stack([light, light * 0.8, 1 - light], axis=-1).astype(np.float32)


def part_of(path: Path, name: str) -> Image:
    """Read one part of a file."""
    source = oiio.ImageInput.open(str(path))
    assert source is not None, oiio.geterror()
    for index in range(len(LAYERS)):
        assert source.seek_subimage(index, 0), f"{path} has no part {name}"
        if source.spec().getattribute("oiio:subimagename") == name:
            return np.asarray(source.read_image(index, 0, 0, 99, oiio.FLOAT))
    raise AssertionError(name)


def same(rendered: Path, written: Path, socket: str) -> None:
    """Compare what a socket gave to the worker's layer, to the bit."""
    layer = part_of(written, LAYERS[socket])
    found = np.asarray(oiio.ImageBuf(str(rendered)).get_pixels(oiio.FLOAT))
    wanted = layer[..., :1] if socket == "Alpha" else layer
    np.testing.assert_array_equal(found[..., : wanted.shape[2]], wanted, str(rendered))
    assert np.ptp(wanted) > 0


@dataclass(frozen=True)
class Blends:
    """A Blender that runs cases of the script.

    Args:
        out: Where they render to.
        run: Runs them in one process, with one worker; returns what each told.
    """

    out: Path
    run: Callable[..., dict[str, Any]]


@pytest.fixture
def blends(
    blender: Path,
    extension: Any,
    run_in_blender: Run,
    plates: Path,
    worker: dict[str, str],
    tmp_path: Path,
) -> Blends:
    out = tmp_path / "out"
    out.mkdir()

    def run(*cases: str) -> dict[str, Any]:
        ran = run_in_blender(
            blender, SCRIPT, plates, out, *cases, extension=extension, environment=worker
        )
        assert "matches no enum" not in ran.text  # which fills an artist's console
        found: dict[str, Any] = ran.found()
        return found

    return Blends(out, run)


def test_a_node_gives_what_the_worker_wrote(blends: Blends, plates: Path, tmp_path: Path) -> None:
    told = blends.run("sequence", "movie", "preview", "upstream", "cut")
    folder = judge_sequence(blends.out, told["sequence"])
    judge_movie(blends.out, told["movie"])
    judge_preview(blends.out, told["preview"])
    judge_upstream(blends.out, told["upstream"], plates)

    judge_cut(blends.out, told["cut"])

    # The same by the command line, in its other shape of file.
    done = tmp_path / "cli" / "p_matte.####.exr"
    settings = {"model": "draft", "warm_up": 2, "device": "cpu", "contact_sheet": "none"}
    plate, space = str(plates / "p.####.exr"), "lin_rec709_scene"
    key(KeySettings(plate=plate, output=str(done), output_space=space, **settings))
    for name in EXTENDED:
        whole = np.asarray(oiio.ImageBuf(str(done.with_name(name))).get_pixels())
        np.testing.assert_array_equal(part_of(folder / name, "rgba"), whole[..., :4], name)


def judge_sequence(out: Path, found: dict[str, Any]) -> Path:
    folder = Path(found["first"]["folder"])
    assert folder.parent.parent == out / "robust_matte"
    assert found["settings"].startswith("//robust_matte")
    assert found["first"] == found["again"]
    assert found["other"]["folder"] != found["first"]["folder"]
    (anew, inodes), again = found["anew"]
    assert anew == found["other"]["folder"] + "_2"  # the engine refused the first one
    assert again == [anew, inodes]
    frames = [name for name in found["first"]["files"] if name.endswith(".exr")]
    assert frames == [f"p_matte.{number}.exr" for number in (1001, 1002, 1003)]
    assert found["first"]["baked_frames"] == "1001-1003"
    judge_extended(out, found)
    for scene_frame in (5, 6, 7):
        for socket in LAYERS:
            rendered = out / "sequence" / f"{socket}_{scene_frame:04d}.exr"
            same(rendered, folder / f"p_matte.{scene_frame + 996}.exr", socket)
    return folder


def judge_extended(out: Path, found: dict[str, Any]) -> None:
    """More frames of the same bake: what is there stays the same file. Fewer are only shown."""
    folder = Path(found["first"]["folder"])
    kept, more, less = found["inodes"]
    assert sorted(kept) == EXTENDED[:3]
    assert sorted(more) == EXTENDED
    assert {name: more[name] for name in kept} == kept
    assert less == more
    for name, frames in (("extended", "1001-1004"), ("shrunk", "1002-1004")):
        assert (found[name]["folder"], found[name]["baked_frames"]) == (str(folder), frames)
    for scene_frame in (5, 6, 7, 8):
        for socket in LAYERS:
            file, named = folder / f"p_matte.{scene_frame + 996}.exr", f"{socket}_000{scene_frame}"
            same(out / "extended" / f"{named}.exr", file, socket)
            if scene_frame > 5:
                same(out / "shrunk" / f"{named}.exr", file, socket)
    passed = np.asarray(oiio.ImageBuf(str(out / "shrunk" / "Alpha_0005.exr")).get_pixels())
    assert (passed == 1).all()


def judge_movie(out: Path, found: dict[str, Any]) -> Path:
    folder = Path(found["folder"])
    assert out.parent / "resources" in folder.parents  # a file that was never saved
    for scene_frame in (1, 2, 3):
        for socket in LAYERS:
            rendered = out / "movie" / f"{socket}_{scene_frame:04d}.exr"
            same(rendered, folder / f"m_matte.{scene_frame + 2:04d}.exr", socket)
    return folder


def judge_preview(out: Path, found: dict[str, Any]) -> None:
    approximate = [found[name]["baked_approximate"] for name in ("exact", "quick", "bake")]
    assert approximate == [False, True, False]
    assert found["exact"]["baked_frames"] == found["quick"]["baked_frames"] == "preview 4"
    assert found["left"] == [False, False]
    assert found["frame"] == 2
    folder = Path(found["bake"]["folder"])
    for socket in LAYERS:
        same(out / "preview" / f"{socket}_0002.exr", folder / "m_matte.0004.exr", socket)
    for other in ("0001", "0003"):  # which pass through
        file = out / "preview" / f"Alpha_{other}.exr"
        assert (np.asarray(oiio.ImageBuf(str(file)).get_pixels()) == 1).all()


def judge_cut(out: Path, found: dict[str, Any]) -> None:
    """Frames 2 to 15, a cut at 6 and a warm-up of 4: the preview of 6 needs 6 to 10, no more."""
    assert found["preview"]["baked_approximate"] is False
    assert found["plates"][-1] == "plate_0013.exr"
    assert found["measured"] == 14
    for socket in LAYERS:
        same(
            out / "cut" / f"{socket}_0006.exr", Path(found["bake"]) / "plate_matte.0006.exr", socket
        )


def judge_upstream(out: Path, found: dict[str, Any], plates: Path) -> None:
    assert found["again"] == found["first"]  # the same comp, which goes on where it was
    folder = Path(found["again"]["folder"])
    assert found["places"] == [folder.name]  # nothing is left of renders
    for scene_frame in (2, 3, 4):
        for socket in LAYERS:
            rendered = out / "upstream" / f"{socket}_{scene_frame:04d}.exr"
            same(rendered, folder / f"plate_matte.{scene_frame:04d}.exr", socket)
    given = np.asarray(oiio.ImageBuf(str(folder / "plate/plate_0002.exr")).get_pixels(oiio.FLOAT))
    source = np.asarray(oiio.ImageBuf(str(plates / "p.1001.exr")).get_pixels(oiio.FLOAT))
    np.testing.assert_array_equal(given[..., :3], 2 * source)
    assert found["quick"]["baked_frames"] == "preview 3"
    assert found["quick"]["baked_approximate"] is True
